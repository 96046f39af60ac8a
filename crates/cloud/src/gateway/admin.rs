//! What isn't AWS's: the paths of the server itself.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use crate::core::Cloud;
use crate::sns;
use engine::Millis;

/// A page of the server's own.
pub(super) enum Page {
    /// Whether it is up: anybody may know.
    Health,
    /// The certificate (PEM) that SNS's signatures are checked with, at the path of their SigningCertURL: as on AWS anybody's.
    Certificate(String),
    /// The certificate that whoever speaks TLS to the server trusts: anybody's.
    Authority,
    /// What would have been sent by mail, text message or push.
    Outbox,
    /// What didn't go as somebody may have expected.
    Notices,
}

impl Page {
    /// The page that a request is for. Where a bucket could have the path, a request that is `signed` is S3's.
    pub(super) fn of(cloud: &Cloud, parts: &Parts, signed: bool) -> Option<Page> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return None;
        }
        match parts.uri.path() {
            // No bucket has this name.
            "/_messaging/outbox" => Some(Page::Outbox),
            "/_messaging/notices" => Some(Page::Notices),
            "/_messaging/ca.pem" => Some(Page::Authority),
            _ if signed || parts.uri.query().is_some() => None,
            "/health" => Some(Page::Health),
            path => cloud.certificate(path).map(Page::Certificate),
        }
    }

    /// Whether it is for those alone who may use the server.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Page::Outbox | Page::Notices)
    }

    /// Its status, content type and text. Of `account` alone, if there is one.
    pub(super) async fn answer(self, cloud: &Arc<Cloud>, account: Option<&str>) -> (u16, &'static str, Bytes) {
        match self {
            Page::Health => health(cloud),
            Page::Certificate(pem) => (200, "application/x-pem-file", pem.into()),
            Page::Authority => match cloud.authority().await {
                Ok(authority) => (200, "application/x-pem-file", authority.pem().to_owned().into()),
                Err(error) => (error.status, "text/plain; charset=utf-8", error.message.into()),
            },
            Page::Notices => (200, "application/json", notices(cloud)),
            Page::Outbox => match Box::pin(sns::outbox::page(cloud, account)).await {
                Ok(page) => (200, "application/json", page.to_string().into()),
                Err(error) => (error.status, "text/plain; charset=utf-8", error.message.into()),
            },
        }
    }
}

/// 503 while no change is taken, with the reason: reads may still be answered.
pub(crate) fn health(cloud: &Cloud) -> (u16, &'static str, Bytes) {
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
