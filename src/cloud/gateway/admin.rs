//! What isn't AWS's: the paths of the server itself.

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use crate::cloud::Cloud;

/// The JSON answer to a request of the server's own paths; `None` for every other request.
pub fn answer(cloud: &Cloud, parts: &Parts) -> Option<Bytes> {
    if parts.method != Method::GET || parts.uri.query().is_some() {
        return None;
    }
    match parts.uri.path() {
        "/health" => Some(health(cloud)),
        _ => None,
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
