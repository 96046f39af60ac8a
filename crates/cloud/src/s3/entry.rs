//! The way in from the gateway: requests to the API, visits of web sites, and the preflight requests of browsers.

use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;

use super::cross_origin::{self, Shared};
use super::s3s::direct::Direct;
use super::s3s::{self as library, front, respond};
use super::site;
use crate::http::body::{Body, full, stream};
use crate::request::{Context, host_of};
use wire::AwsError;

/// Answers every request that no other service claims. Whether its signature is right is the gateway's question.
pub(crate) async fn serve(cx: Context, parts: Parts, body: impl Into<s3s::Body>) -> Response<Body> {
    let host = host_of(cx.authority()).to_owned();
    let shared = Shared::of(&cx.cloud, &host, &parts);
    let mut response = library::answer(cx, Request::from_parts(parts, body.into())).await;
    shared.put(response.headers_mut());
    whole_or_streamed(response)
}

/// An answer's body as it is: in memory, or a stream.
fn whole_or_streamed(response: Response<s3s::Body>) -> Response<Body> {
    match response.body().bytes() {
        Some(bytes) => response.map(|_| full(bytes)),
        None => response.map(stream),
    }
}

/// Answers a request for an object as a whole; puts back what is left of its body. It is a visit where nobody signed it.
pub(crate) async fn serve_directly(
    direct: Direct,
    cx: Context,
    parts: Box<Parts>,
    is_visit: bool,
    incoming: &mut Option<Incoming>,
) -> Response<Body> {
    let shared = Shared::of(&cx.cloud, host_of(cx.authority()), &parts);
    let mut response = direct.answer(cx, parts, is_visit, incoming).await;
    shared.put(response.headers_mut());
    response
}

/// Answers a request that the gateway refuses before any operation, with the error as S3 shows it.
pub(crate) fn refuse(cx: Context, parts: Parts, error: AwsError) -> Response<Body> {
    let (method, call) = (parts.method.clone(), front::bare(parts, cx));
    *call.failure.lock() = Some(error.into());
    respond::finish(&call, &method, Response::new(s3s::Body::empty())).map(stream)
}

/// Whether a request is for the website endpoint of a bucket.
pub(crate) fn is_website(cx: &Context) -> bool {
    site::bucket_of(host_of(cx.authority())).is_some()
}

/// Answers a visitor of a bucket's web site, who has no key. With `public_only` the site shows what the bucket's policy allows
/// everybody; else all of it.
pub(crate) async fn visit(cx: Context, parts: Parts, public_only: bool) -> Response<Body> {
    let host = host_of(cx.authority()).to_owned();
    let shared = Shared::of(&cx.cloud, &host, &parts);
    let mut response = site::answer(cx, parts, site::bucket_of(&host).unwrap_or_default(), public_only).await;
    shared.put(response.headers_mut());
    response.map(stream)
}

/// Answers a preflight request: a browser asks whether a page may send its request to another origin. Nobody signs it.
pub(crate) fn preflight(cx: Context, parts: Parts) -> Response<Body> {
    let answer = cross_origin::preflight(&cx.cloud, host_of(cx.authority()), &parts);
    let (method, call) = (parts.method.clone(), front::bare(parts, cx));
    let response = answer.unwrap_or_else(|failure| {
        *call.failure.lock() = Some(failure);
        Response::new(s3s::Body::empty())
    });
    respond::finish(&call, &method, response).map(stream)
}
