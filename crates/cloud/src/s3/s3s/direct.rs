//! What clients ask most often: an object as a whole, with headers that say nothing of the operation. Of all that `s3s` decodes and
//! encodes nothing is left to do for it, so it goes past it. Everything else goes the long way, to the same operations.

use std::mem;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use super::call::Call;
use super::few::Few;
use super::{front, operations, respond};
use crate::blobs::pace::Pace;
use crate::http::body::{Body, full, stream};
use crate::http::drain;
use crate::request::{Context, host_of};
use crate::s3::address::host_bucket;
use crate::s3::error::{Failure, Result};
use crate::s3::get::Wanted;
use crate::s3::object_body::Outgoing;
use crate::s3::put::{Upload, Uploaded, check_key};
use crate::s3::service::{S3, tell};
use crate::s3::site;
use crate::s3::upload_body::Sending;
use crate::sigv4::Chunks;

/// Whether no operation on an object takes a header for its input, or takes it from the [`Call`] alone.
fn is_plain(name: &str) -> bool {
    matches!(
        name,
        "accept"
            | "accept-encoding"
            | "accept-language"
            | "amz-sdk-invocation-id"
            | "amz-sdk-request"
            | "connection"
            | "content-length"
            | "date"
            | "expect"
            | "host"
            | "user-agent"
            | "x-amz-checksum-crc32"
            | "x-amz-checksum-crc32c"
            | "x-amz-checksum-crc64nvme"
            | "x-amz-checksum-md5"
            | "x-amz-checksum-mode"
            | "x-amz-checksum-sha1"
            | "x-amz-checksum-sha256"
            | "x-amz-checksum-sha512"
            | "x-amz-checksum-xxhash128"
            | "x-amz-checksum-xxhash3"
            | "x-amz-checksum-xxhash64"
            | "x-amz-content-sha256"
            | "x-amz-date"
            | "x-amz-decoded-content-length"
            | "x-amz-sdk-checksum-algorithm"
            | "x-amz-security-token"
            | "x-amz-trailer"
            | "x-amz-user-agent"
    ) || name.starts_with("x-amz-meta-")
        || front::OURS.contains(&name)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Head,
    Put,
}

impl Verb {
    /// AWS's name of the operation.
    fn operation(self) -> &'static str {
        match self {
            Self::Get => "GetObject",
            Self::Head => "HeadObject",
            Self::Put => "PutObject",
        }
    }
}

/// A request for an object as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Direct {
    verb: Verb,
    bucket: String,
    key: String,
    /// The bucket stands in the host's name.
    by_host: bool,
}

impl Direct {
    /// Whether a request can go past `s3s`.
    pub(crate) fn of(cx: &Context, parts: &Parts) -> Option<Self> {
        Self::at(host_of(cx.authority()), parts)
    }

    /// `host` is without a port.
    fn at(host: &str, parts: &Parts) -> Option<Self> {
        let verb = match parts.method {
            Method::GET => Verb::Get,
            Method::HEAD => Verb::Head,
            Method::PUT => Verb::Put,
            _ => return None,
        };
        // SDKs say the operation's name in the query.
        let query = parts.uri.query();
        let is_named = |query: &str| query.strip_prefix("x-id=") == Some(verb.operation());
        if query.is_some_and(|query| !is_named(query)) || site::bucket_of(host).is_some() {
            return None;
        }
        let headers = &parts.headers;
        if headers.len() != headers.keys_len() || !headers.keys().all(|name| is_plain(name.as_str())) {
            return None;
        }
        let path = percent_decode_str(parts.uri.path()).decode_utf8().ok()?;
        let path = path.strip_prefix('/')?;
        let (bucket, key, by_host) = match host_bucket(host) {
            Some(bucket) => (bucket, path, true),
            None => path.split_once('/').map(|(bucket, key)| (bucket, key, false))?,
        };
        if bucket.is_empty() || key.is_empty() || (by_host && bucket.contains(['%', '/'])) || check_key(key).is_err() {
            return None;
        }
        Some(Self { verb, bucket: bucket.to_owned(), key: key.to_owned(), by_host })
    }

    /// Answers it; puts back what is left of its body. It is a visit where nobody signed it, and it sees only what is open.
    pub(in crate::s3) async fn answer(
        self,
        cx: Context,
        mut parts: Box<Parts>,
        is_visit: bool,
        incoming: &mut Option<Incoming>,
    ) -> Response<Body> {
        let query = front::pairs(parts.uri.query().unwrap_or_default());
        let mut call = Call::new(cx, mem::take(&mut parts.headers), query);
        call.method = parts.method.clone();
        call.is_visit = is_visit;
        let call = Arc::new(call);
        let mut response = match self.operate(&call, parts, incoming).await {
            Ok(response) => response,
            Err(failure) => respond::refuse(&call, &call.method, failure).map(stream),
        };
        respond::stamp(&call, &mut response);
        response
    }

    async fn operate(
        &self,
        call: &Arc<Call>,
        parts: Box<Parts>,
        incoming: &mut Option<Incoming>,
    ) -> Result<Response<Body>> {
        front::check(call, None, 0)?;
        let path = match self.by_host {
            true => &*format!("/{}{}", self.bucket, parts.uri.path()),
            false => parts.uri.path(),
        };
        if let Some(told) = &call.cx.told {
            told.resource(path.trim_start_matches('/'));
        }
        let s3 = S3::of(&call.cx.cloud);
        let wanted = Wanted { bucket: &self.bucket, key: &self.key, version: None, part: None };
        let answered = match self.verb {
            Verb::Get => {
                operations::begin(call, self.verb.operation(), path).await?;
                let pace = Pace::of_client(&call.cx.cloud.unread);
                s3.get(call, wanted, pace).await.map(|(headers, body)| answer(headers, out(body)))
            }
            Verb::Head => {
                operations::begin(call, self.verb.operation(), path).await?;
                s3.head(call, wanted).await.map(|headers| answer(headers, full(Default::default())))
            }
            // Boxed, so that a read isn't as large as an upload.
            Verb::Put => return Box::pin(self.put(&s3, call, &parts, path, incoming)).await,
        };
        answered.inspect_err(|failure| tell_of(call, failure))
    }

    async fn put(
        &self,
        s3: &S3,
        call: &Arc<Call>,
        parts: &Parts,
        path: &str,
        incoming: &mut Option<Incoming>,
    ) -> Result<Response<Body>> {
        let hash = call.header("x-amz-content-sha256").unwrap_or_default();
        let length = call.headers.get(http::header::CONTENT_LENGTH).map(front::parse_length).transpose()?;
        let is_chunked = front::is_chunked(call, &hash) || call.has("x-amz-decoded-content-length");
        let hash = front::is_sha256(&hash).then_some(hash);
        if !is_chunked && let Some(few) = Few::of(incoming, length.unwrap_or(0), hash) {
            return self.upload(s3, call, path, length, Sending::Few(few)).await;
        }
        Box::pin(async {
            let (body, back) = drain::lend(incoming.take());
            let answered = self.put_long(s3, call, parts, path, body).await;
            *incoming = back.take();
            answered
        })
        .await
    }

    /// As [`put`](Self::put), for a body that comes in pieces.
    async fn put_long(
        &self,
        s3: &S3,
        call: &Arc<Call>,
        parts: &Parts,
        path: &str,
        body: drain::Lent,
    ) -> Result<Response<Body>> {
        let chunks = parts.extensions.get::<Chunks>().cloned();
        let (mut head, ()) = http::Request::new(()).into_parts();
        (head.method, head.uri) = (parts.method.clone(), parts.uri.clone());
        head.headers = front::headers_for_s3s(call, false)?;
        let body = front::body_for_s3s(call, &mut head, false, s3s::Body::http_body(body), chunks)?;
        let length = head.headers.get(http::header::CONTENT_LENGTH).map(front::parse_length).transpose()?;
        self.upload(s3, call, path, length, Sending::Stream(body.into())).await
    }

    async fn upload(
        &self,
        s3: &S3,
        call: &Call,
        path: &str,
        length: Option<u64>,
        body: Sending<'_>,
    ) -> Result<Response<Body>> {
        operations::begin(call, self.verb.operation(), path).await?;
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let length = length.and_then(|length| i64::try_from(length).ok());
        let upload = Upload { bucket, key, body, length, event: "ObjectCreated:Put" };
        match s3.upload_object(call, upload).await {
            Ok(uploaded) => Ok(answer(headers_of(uploaded), full(Default::default()))),
            Err(failure) => {
                tell_of(call, &failure);
                // A body that failed has said so itself, and knows better why.
                Err(call.failure.lock().take().unwrap_or(failure))
            }
        }
    }
}

/// Tells the operator of a failure that is no client's fault.
fn tell_of(call: &Call, failure: &Failure) {
    if failure.status >= 500 {
        tell(&call.cx.cloud, failure);
    }
}

fn answer(headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = headers;
    response
}

fn out(body: Outgoing) -> Body {
    match body {
        Outgoing::Whole(bytes) => full(bytes),
        Outgoing::Stream(_) => stream(http_body_util::StreamBody::new(futures::TryStreamExt::map_ok(
            body.into_stream(),
            hyper::body::Frame::data,
        ))),
    }
}

/// The headers of the answer to an upload.
fn headers_of(uploaded: Uploaded) -> HeaderMap {
    let Uploaded { mut headers, etag, expiration, version } = uploaded;
    headers.insert(HeaderName::from_static("x-amz-checksum-type"), HeaderValue::from_static("FULL_OBJECT"));
    for (name, value) in
        [("etag", Some(format!("\"{etag}\""))), ("x-amz-expiration", expiration), ("x-amz-version-id", version)]
    {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_requests_for_whole_objects_go_past_the_library() {
        let at = |host: &str, method: &str, uri: &str, header: &str| {
            let request = http::Request::builder().method(method).uri(uri).header(header, "1").body(()).unwrap();
            let direct = Direct::at(host, &request.into_parts().0)?;
            Some((direct.verb.operation(), direct.bucket, direct.key))
        };
        let of = |method: &str, uri: &str, header: &str| at("localhost", method, uri, header);
        for (method, name) in [("GET", "GetObject"), ("HEAD", "HeadObject"), ("PUT", "PutObject")] {
            assert_eq!(of(method, "/b/a%20/%c3%a4", "host"), Some((name, "b".into(), "a /\u{e4}".into())));
            assert_eq!(of(method, "/b//k", "x-amz-date"), Some((name, "b".into(), "/k".into())));
            assert_eq!(of(method, &format!("/b/k?x-id={name}"), "range"), Some((name, "b".into(), "k".into())));
            assert_eq!(at("b.localhost", method, "/k/l", "if-match"), Some((name, "b".into(), "k/l".into())));
        }
        for (method, uri, header) in [
            ("POST", "/b/k", "host"),
            ("DELETE", "/b/k", "host"),
            ("GET", "/b/k?acl", "host"),
            ("GET", "/b/k?x-id=PutObject", "host"),
            ("GET", "/b/k?x-id=GetObject&acl", "host"),
            ("GET", "/b/", "host"),
            ("GET", "/b", "host"),
            ("GET", "//k", "host"),
            ("GET", "/b/%ff", "host"),
            ("GET", &format!("/b/{}", "k".repeat(1025)), "host"),
            ("PUT", "/b/k", "x-amz-copy-source"),
            ("PUT", "/b/k", "x-amz-write-offset-bytes"),
            ("PUT", "/b/k", "transfer-encoding"),
            ("GET", "/b/k", "x-amz-expected-bucket-owner"),
        ] {
            assert_eq!(of(method, uri, header), None, "{method} {uri} {header}");
        }
        assert_eq!(at("b.s3-website.localhost", "GET", "/k", "host"), None);
        assert_eq!(at("b.localhost", "GET", "/", "host"), None);
    }
}
