//! S3: buckets and objects.

use http::request::Parts;
use hyper::body::Incoming;

use super::gateway::Context;
use super::http::body::{Body, full};

/// Answers every request that no other service claims.
pub async fn serve(_cx: Context, _parts: Parts, _body: Incoming) -> http::Response<Body> {
    let mut response = http::Response::new(full("<Error><Code>NotImplemented</Code></Error>".into()));
    *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
    response
}
