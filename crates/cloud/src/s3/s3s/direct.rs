//! What clients ask most often: an object as a whole, with headers that say nothing of the operation. Of all that `s3s` decodes and
//! encodes nothing is left to do for it, so it goes past it. Everything else goes the long way, to the same operations.

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use percent_encoding::percent_decode_str;
use s3s::dto::*;
use s3s::{Body, S3, S3Request, S3Response, S3Result};

use super::operations::Operations;
use crate::s3::put::check_key;

/// Headers that no operation on an object takes for its input, or that it takes from the [`Call`](super::call::Call) alone.
const PLAIN: [&str; 27] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "connection",
    "content-length",
    "date",
    "expect",
    "host",
    "user-agent",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-md5",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-sha512",
    "x-amz-checksum-xxhash128",
    "x-amz-checksum-xxhash3",
    "x-amz-checksum-xxhash64",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// The operation that a request is for, where it is one of these.
pub(super) enum Direct {
    Get(GetObjectInput),
    Head(HeadObjectInput),
    Put(PutObjectInput),
}

impl Direct {
    /// Whether a request for `s3s` can go past it.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let is_plain = |name: &HeaderName| PLAIN.binary_search(&name.as_str()).is_ok();
        if request.uri().query().is_some() || !request.headers().keys().all(is_plain) {
            return None;
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
        let path = decode(request.uri().path())?;
        let (bucket, key) = path.strip_prefix('/')?.split_once('/')?;
        if bucket.is_empty() || key.is_empty() || check_key(key).is_err() {
            return None;
        }
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        match *request.method() {
            Method::GET => Some(Self::Get(GetObjectInput { bucket, key, ..Default::default() })),
            Method::HEAD => Some(Self::Head(HeadObjectInput { bucket, key, ..Default::default() })),
            Method::PUT => {
                let length = request.headers().get("content-length");
                let content_length = match length {
                    Some(length) => Some(length.to_str().ok()?.parse().ok()?),
                    None => None,
                };
                Some(Self::Put(PutObjectInput { bucket, key, content_length, ..Default::default() }))
            }
            _ => None,
        }
    }

    /// Answers it. What the operation refuses waits in the call.
    pub(super) async fn answer(self, request: Request<Body>) -> Response<Body> {
        let answered = match self {
            Self::Get(input) => Operations.get_object(with(input, request.map(drop))).await.map(|it| {
                let body = it.output.body.map(Body::from).unwrap_or_default();
                response(it.headers, body)
            }),
            Self::Head(input) => {
                let answered = Operations.head_object(with(input, request.map(drop))).await;
                answered.map(|it| response(it.headers, Body::empty()))
            }
            Self::Put(mut input) => {
                let (parts, body) = request.into_parts();
                input.body = Some(body.into());
                put(Operations.put_object(with(input, Request::from_parts(parts, ()))).await)
            }
        };
        answered.unwrap_or_else(|_| Response::new(Body::empty()))
    }
}

fn with<T>(input: T, request: Request<()>) -> S3Request<T> {
    let (parts, ()) = request.into_parts();
    S3Request {
        input,
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        extensions: parts.extensions,
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

fn response(headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

/// The headers that an output stands for.
fn put(answered: S3Result<S3Response<PutObjectOutput>>) -> S3Result<Response<Body>> {
    let S3Response { output, mut headers, .. } = answered?;
    let etag = output.e_tag.as_ref().map(|etag| format!("\"{}\"", etag.value()));
    let kind = output.checksum_type.as_ref().map(|kind| kind.as_str().to_owned());
    for (name, value) in [
        ("etag", etag),
        ("x-amz-checksum-type", kind),
        ("x-amz-expiration", output.expiration),
        ("x-amz-version-id", output.version_id),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(response(headers, Body::empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_requests_for_whole_objects_go_past_the_library() {
        let of = |method: &str, uri: &str, header: &str| {
            let request = Request::builder().method(method).uri(uri).header(header, "1").body(Body::empty()).unwrap();
            match Direct::of(&request) {
                Some(Direct::Get(input)) => Some(("GET", input.bucket, input.key)),
                Some(Direct::Head(input)) => Some(("HEAD", input.bucket, input.key)),
                Some(Direct::Put(input)) => Some(("PUT", input.bucket, input.key)),
                None => None,
            }
        };
        for method in ["GET", "HEAD", "PUT"] {
            assert_eq!(of(method, "/b/a%20/%c3%a4", "host"), Some((method, "b".into(), "a /\u{e4}".into())));
            assert_eq!(of(method, "/b//k", "x-amz-date"), Some((method, "b".into(), "/k".into())));
        }
        for (method, uri, header) in [
            ("POST", "/b/k", "host"),
            ("DELETE", "/b/k", "host"),
            ("GET", "/b/k?acl", "host"),
            ("GET", "/b/", "host"),
            ("GET", "/b", "host"),
            ("GET", "//k", "host"),
            ("GET", "/b/%ff", "host"),
            ("GET", &format!("/b/{}", "k".repeat(1025)), "host"),
            ("PUT", "/b/k", "x-amz-copy-source"),
            ("PUT", "/b/k", "x-amz-write-offset-bytes"),
            ("GET", "/b/k", "range"),
        ] {
            assert_eq!(of(method, uri, header), None, "{method} {uri} {header}");
        }
        assert!(PLAIN.is_sorted());
    }
}
