//! S3 from within: requests to this cloud's own buckets, made as a client makes them.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::http::body::Body;
use crate::request::Context;
use crate::s3;
use wire::{AwsError, Protocol};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 2 << 20;
/// What a path holds as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request to S3. `path` is `bucket` or `bucket/key`, `query` a subresource.
pub async fn request(
    cx: &Context,
    method: Method,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Bytes, AwsError> {
    let request = build(method, path, query, headers, body)?;
    let response = serve(Context { protocol: Protocol::Rest, ..cx.clone() }, request).await;
    let status = response.status();
    let mut body = response.into_body();
    let mut answer = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| AwsError::internal(error.to_string()))?;
        answer.extend(frame.into_data().unwrap_or_default());
        if answer.len() > MAX_ANSWER {
            return Err(AwsError::bad("EntityTooLarge", "the object is too large"));
        }
    }
    let answer = answer.freeze();
    if status.is_success() {
        return Ok(answer);
    }
    let text = String::from_utf8_lossy(&answer);
    let element = |name: &str| {
        let start = text.find(&format!("<{name}>"))? + name.len() + 2;
        let length = text[start..].find(&format!("</{name}>"))?;
        Some(unescape(&text[start..start + length]))
    };
    // A HEAD request's errors have no body.
    let code = element("Code").unwrap_or_else(|| status.as_str().to_owned());
    Err(AwsError::new(status.as_u16(), code, element("Message").unwrap_or_default()))
}

fn build(
    method: Method,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Request<Bytes>, AwsError> {
    let path = utf8_percent_encode(path, PATH);
    let uri = if query.is_empty() { format!("/{path}") } else { format!("/{path}?{query}") };
    let mut request = Request::builder().method(method).uri(uri).header("host", "localhost");
    request = request.header(CONTENT_LENGTH, body.len());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body)).map_err(|error| AwsError::internal(error.to_string()))
}

/// Boxed: what is inside holds borrows that the compiler can't show to be `Send` from out here.
fn serve(cx: Context, request: Request<Bytes>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
    let (parts, body) = request.into_parts();
    Box::pin(s3::serve(cx, parts, s3s::Body::from(body)))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}
