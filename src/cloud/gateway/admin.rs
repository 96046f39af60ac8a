//! What isn't AWS's: the paths of the server itself.

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use crate::cloud::{Cloud, sns};
use crate::engine::Millis;

/// The answer to a request of the server's own paths with its content type; `None` for every other request.
pub async fn answer(cloud: &Cloud, parts: &Parts) -> Option<(&'static str, Bytes)> {
    if parts.method != Method::GET || parts.uri.query().is_some() {
        return None;
    }
    match parts.uri.path() {
        "/health" => Some(("application/json", health(cloud))),
        // What would have been sent by mail, text message or push.
        "/_messaging/outbox" => Some(match Box::pin(sns::outbox::page(cloud)).await {
            Ok(page) => ("application/json", page.to_string().into()),
            Err(error) => ("text/plain; charset=utf-8", error.message.into()),
        }),
        // What didn't go as somebody may have expected.
        "/_messaging/notices" => Some(("application/json", notices(cloud))),
        // The certificate that SNS's signatures are checked with, at the path of their SigningCertURL.
        path => cloud.sns.signer.certificate(cloud, path).map(|pem| ("application/x-pem-file", pem.into())),
    }
}

fn health(cloud: &Cloud) -> Bytes {
    let body = serde_json::json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "durability": cloud.core.durability(),
    });
    body.to_string().into()
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
