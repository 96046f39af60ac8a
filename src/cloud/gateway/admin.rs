//! What isn't AWS's: the paths of the server itself.

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use crate::cloud::{Cloud, sns};
use crate::engine::Millis;

/// The answer to a request of the server's own paths with its status and content type; `None` for every other request.
pub async fn answer(cloud: &Cloud, parts: &Parts) -> Option<(u16, &'static str, Bytes)> {
    if parts.method != Method::GET || parts.uri.query().is_some() {
        return None;
    }
    match parts.uri.path() {
        "/health" => Some(health(cloud)),
        // What would have been sent by mail, text message or push.
        "/_messaging/outbox" => Some(match Box::pin(sns::outbox::page(cloud)).await {
            Ok(page) => (200, "application/json", page.to_string().into()),
            Err(error) => (error.status, "text/plain; charset=utf-8", error.message.into()),
        }),
        // What didn't go as somebody may have expected.
        "/_messaging/notices" => Some((200, "application/json", notices(cloud))),
        // The certificate that SNS's signatures are checked with, at the path of their SigningCertURL.
        path => cloud.sns.signer.certificate(cloud, path).map(|pem| (200, "application/x-pem-file", pem.into())),
    }
}

/// 503 while no change is taken, with the reason: reads may still be answered.
pub fn health(cloud: &Cloud) -> (u16, &'static str, Bytes) {
    let mut body = serde_json::json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "durability": cloud.core.durability(),
    });
    let refusal = cloud.core.refusal();
    let status = if refusal.is_some() { 503 } else { 200 };
    if let Some(reason) = refusal {
        body["status"] = "refuses writes".into();
        body["reason"] = reason.into();
    }
    (status, "application/json", body.to_string().into())
}

fn notices(cloud: &Cloud) -> Bytes {
    let all = cloud.notices.all();
    let notices: Vec<_> =
        all.iter().map(|(at, text)| serde_json::json!({"time": timestamp(*at), "notice": text})).collect();
    serde_json::json!({ "notices": notices }).to_string().into()
}

/// RFC 3339, to the millisecond.
fn timestamp(at: Millis) -> String {
    i64::try_from(at)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map_or_else(String::new, |at| at.to_string())
}
