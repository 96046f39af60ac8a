//! The way in: turns a client's request into one that `s3s` can decode, unsigned and path style, and keeps the rest in a [`Call`].

use std::sync::Arc;

use ::text::query;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use s3s::Body;

use super::call::{Call, text};
use super::presigned::Scheme;
use super::stream::{gathered, hashed, patient, wrap};
use super::{chunked, copy_source, elements, fields, well_formed};
use crate::http::body::too_much;
use crate::request::{Context, host_of};
use crate::s3::address::host_bucket;
use crate::s3::checksum::Algorithm;
use crate::s3::error::{Failure, Result};
use crate::s3::order;
use crate::s3::subresources::OF_BUCKETS;
use crate::s3::upload_body;
use crate::s3::visitor::Visitor;
use crate::sigv4::Chunks;
use engine::Millis;

/// The largest object that one request can put: 5 GiB ("Amazon S3 multipart upload limits").
const MAX_PUT: u64 = 5 * 1024 * 1024 * 1024;

/// Headers that operations read from the [`Call`], because `s3s` refuses values that S3 accepts or ignores.
pub(super) const OURS: [&str; 27] = [
    "authorization",
    "range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-range",
    "expires",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "content-md5",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-mp-object-size",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-bypass-governance-retention",
];

/// The request for `s3s`, and the call that goes with it.
pub(crate) fn prepare(request: Request<Body>, cx: Context) -> (Arc<Call>, Result<Request<Body>>) {
    let (mut parts, body) = request.into_parts();
    let scheme = Scheme::of(&parts);
    let is_form = fields::is_form(&parts);
    let raw = parts.uri.query().unwrap_or_default().to_owned();
    let query = pairs(&raw);
    let mut headers = std::mem::take(&mut parts.headers);
    if scheme.is_some() {
        hoist(&query, &mut headers);
    }
    let now = cx.cloud.core.clients_now();
    let mut call = Call::new(cx, headers, query);
    call.method = parts.method.clone();
    call.is_signed = scheme.is_some() || call.headers.contains_key(AUTHORIZATION);
    call.is_visit = parts.extensions.remove::<Visitor>().is_some();
    call.form_sizes = parts.extensions.remove();
    call.form_extras = parts.extensions.remove().unwrap_or_default();
    let call = Arc::new(call);
    let result = check(&call, scheme, now).and_then(|()| {
        parts.uri = uri(parts.uri.path(), &raw, &call, scheme)?;
        if let Some(told) = &call.cx.told {
            told.resource(parts.uri.path().trim_start_matches('/'));
        }
        known(&call, parts.uri.path(), is_form)?;
        order::before_document(&call, parts.uri.path())?;
        parts.headers = headers_for_s3s(&call, is_form)?;
        let chunks = parts.extensions.remove::<Chunks>();
        let mut body = body_for_s3s(&call, &mut parts, is_form, body, chunks)?;
        if is_create_bucket(&parts.method, &parts.uri) {
            // `s3s` doesn't know the tags in it.
            *call.body.lock() = Some(std::mem::take(&mut body));
            parts.headers.remove(CONTENT_LENGTH);
        } else if is_complete_upload(&parts.method, &call.query) {
            // `s3s` doesn't know all of the checksums in it.
            keep(&call, &mut parts, &mut body, NO_PARTS);
        } else if parts.method == Method::PUT && call.query("tagging").is_some() {
            // `s3s` doesn't know that a set may be missing.
            keep(&call, &mut parts, &mut body, NO_TAGS);
        }
        parts.extensions.insert(call.clone());
        Ok(Request::from_parts(parts, body))
    });
    (call, result)
}

/// The call of a request that doesn't go through `s3s`.
pub(crate) fn bare(parts: Parts, cx: Context) -> Call {
    let query = pairs(parts.uri.query().unwrap_or_default());
    let mut call = Call::new(cx, parts.headers, query);
    call.method = parts.method;
    call
}

fn is_create_bucket(method: &Method, uri: &Uri) -> bool {
    let path = uri.path().trim_matches('/');
    let sub_resource =
        uri.query().unwrap_or_default().split('&').any(|pair| !pair.is_empty() && !pair.starts_with("x-id="));
    *method == Method::PUT && !path.is_empty() && !path.contains('/') && !sub_resource
}

/// What `s3s` reads instead of the parts that complete an upload, and of tags: it wants a document all the same.
const NO_PARTS: &str = "<CompleteMultipartUpload></CompleteMultipartUpload>";
const NO_TAGS: &str = "<Tagging><TagSet></TagSet></Tagging>";

/// Keeps a body for the operation, and puts `instead` in its place.
fn keep(call: &Call, parts: &mut Parts, body: &mut Body, instead: &'static str) {
    *call.body.lock() = Some(std::mem::replace(body, Body::from(instead.to_owned())));
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(instead.len()));
}

fn is_complete_upload(method: &Method, query: &[(String, String)]) -> bool {
    *method == Method::POST && query.iter().any(|(name, _)| name == "uploadId")
}

pub(super) fn check(call: &Call, scheme: Option<Scheme>, now: Millis) -> Result<()> {
    if let Some(scheme) = scheme {
        scheme.check(&call.query, now)?;
    }
    if let Some(hash) = call.header("x-amz-content-sha256").filter(|hash| !is_content_hash(hash)) {
        let message = format!("x-amz-content-sha256 must be {} or a valid sha256 value.", CONTENT_HASHES.join(", "));
        return Err(Failure::invalid_argument(message, "x-amz-content-sha256", hash));
    }
    for (name, source) in [("x-amz-expected-bucket-owner", false), ("x-amz-source-expected-bucket-owner", true)] {
        let Some(owner) = call.header(name) else { continue };
        if owner.len() != 12 || !owner.bytes().all(|b| b.is_ascii_digit()) {
            let which = if source { "expected source bucket owner" } else { "expected bucket owner" };
            let message = format!("The value of the {which} parameter must be an AWS Account ID... [{owner}]");
            return Err(Failure::new(400, "InvalidBucketOwnerAWSAccountID", message));
        }
    }
    Ok(())
}

/// What may stand where the hash of a body would.
const CONTENT_HASHES: [&str; 6] = [
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
];

fn is_content_hash(hash: &str) -> bool {
    CONTENT_HASHES.contains(&hash) || is_sha256(hash)
}

/// Whether this is a SHA-256 in hexadecimal.
pub(super) fn is_sha256(hash: &str) -> bool {
    hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Subresources that `s3s` doesn't know. It would take them for the bucket or the object itself: delete it, or write it.
const UNKNOWN: [&str; 8] = [
    "abac",
    "annotation",
    "metadataAnnotationTable",
    "metadataConfiguration",
    "metadataInventoryTable",
    "metadataJournalTable",
    "metadataTable",
    "renameObject",
];

/// Refuses a subresource that isn't one here. `path` is path style.
fn known(call: &Call, path: &str, is_form: bool) -> Result<()> {
    // A slash behind a bucket's name names no object.
    let of_object = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let unknown = |name: &str| UNKNOWN.contains(&name) || (of_object && name == "encryption");
    if let Some((name, _)) = call.query.iter().find(|(name, _)| unknown(name)) {
        return Err(Failure::not_implemented(&format!("The subresource {name}")));
    }
    // With a key `s3s` would take it for the object itself: delete it, or write it. AWS's text is recorded for `uploads` alone
    // (cinely/mule-uploader 17).
    let of_bucket = |name: &str| match name {
        "uploads" => call.method != Method::POST,
        "versions" => true,
        _ => OF_BUCKETS.contains(&name),
    };
    if of_object && let Some((name, _)) = call.query.iter().find(|(name, _)| of_bucket(name)) {
        let what = format!("Key is not expected for the {} method ?{name} subresource", call.method);
        return Err(Failure::invalid_request(what));
    }
    let to_bucket = call.method == Method::POST && !of_object && path.len() > 1;
    if to_bucket && !is_form && !call.query.iter().any(|(name, _)| name == "delete") {
        return Err(Failure::precondition("Bucket POST must be of the enclosure-type multipart/form-data"));
    }
    Ok(())
}

/// The query as (name, value), decoded, in order.
pub(super) fn pairs(raw: &str) -> Vec<(String, String)> {
    query::pairs(raw).map(|(name, value)| (text(&query::decode(name)), text(&query::decode(value)))).collect()
}

/// Adds the headers that a presigned URL carries in its query to those of the request.
fn hoist(query: &[(String, String)], headers: &mut HeaderMap) {
    for (name, value) in query {
        let name = name.to_ascii_lowercase();
        let carries =
            (name.starts_with("x-amz-") && !Scheme::V4.signs(&name)) || name == "if-match" || name == "if-none-match";
        if !carries || is_checksum(&name) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(&name), HeaderValue::from_bytes(value.as_bytes())) {
            headers.entry(name).or_insert(value);
        }
    }
}

/// Whether a header says what bytes will come. S3 reads it as a header only: who signs a URL has no bytes yet, and SDKs put the
/// checksum of none into it (aws-sdk-go-v2, "PresignedPutObject ignores ChecksumAlgorithm").
fn is_checksum(name: &str) -> bool {
    name == "x-amz-sdk-checksum-algorithm" || Algorithm::ALL.iter().any(|algorithm| algorithm.header() == name)
}

/// Parameters that are numbers. S3 takes an empty one for none.
const NUMBERS: [&str; 5] = ["max-buckets", "max-keys", "max-parts", "max-uploads", "part-number-marker"];

/// The URI in path style, without the parameters that sign it or override headers of the response.
fn uri(path: &str, raw: &str, call: &Call, scheme: Option<Scheme>) -> Result<Uri> {
    let mut uri = match host_bucket(host_of(call.host())) {
        Some(bucket) => format!("/{bucket}{path}"),
        None => path.to_owned(),
    };
    let mut separator = '?';
    for pair in raw.split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        let empty = pair.split_once('=').is_none_or(|(_, value)| value.is_empty());
        let ours = name.is_empty()
            || name.starts_with("response-")
            || (empty && NUMBERS.contains(&name))
            || scheme.is_some_and(|scheme| scheme.signs(name));
        if !ours {
            uri.push(separator);
            uri.push_str(pair);
            separator = '&';
        }
    }
    uri.parse().map_err(|_| Failure::new(400, "InvalidURI", "Couldn't parse the specified URI.").with("URI", uri))
}

pub(super) fn headers_for_s3s(call: &Call, is_form: bool) -> Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(call.headers.len());
    for (name, value) in &call.headers {
        let name_text = name.as_str();
        // A form's content type says where its parts begin.
        let form = name_text == "content-type" && is_form;
        if (OURS.contains(&name_text) || name_text.starts_with("x-amz-meta-")) && !form {
            continue;
        }
        headers.append(name, value.clone());
    }
    if let Some(source) = call.header("x-amz-copy-source") {
        headers.insert("x-amz-copy-source", copy_source::normalize(&source)?);
    }
    Ok(headers)
}

/// The body with its transfer undone: chunks joined, and the hash that the client sent verified as it passes.
pub(super) fn body_for_s3s(
    call: &Arc<Call>,
    Parts { method, headers, uri, .. }: &mut Parts,
    is_form: bool,
    body: Body,
    chunks: Option<Chunks>,
) -> Result<Body> {
    let length = match headers.get(CONTENT_LENGTH) {
        Some(length) => Some(parse_length(length)?),
        None => None,
    };
    let sent = matches!(*method, Method::PUT | Method::POST);
    if !sent {
        headers.remove(CONTENT_LENGTH);
        return Ok(Body::empty());
    }
    let hash = call.header("x-amz-content-sha256").unwrap_or_default();
    let (whole, is_chunked) = (is_sha256(&hash), is_chunked(call, &hash));
    let plain = patient(body);
    if is_form {
        return settled(call, Document::No, counted(call, gathered(plain)));
    }
    let document = Document::of(method, &call.query, uri.path());
    if is_chunked {
        let decoded = headers.remove("x-amz-decoded-content-length").ok_or_else(missing_length)?;
        let length = parse_length(&decoded)?;
        check_size(length)?;
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        let seen = call.clone();
        let on_trailer = move |name: &str, value: &str| seen.trailers.lock().push((name.to_owned(), value.to_owned()));
        return settled(call, document, gathered(chunked::decode(plain, length, chunks, on_trailer)));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(Failure::new(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        )
        .with("Header", "Transfer-Encoding"));
    }
    let length = length.unwrap_or(0);
    check_size(length)?;
    if whole {
        return settled(call, document, Box::pin(hashed(plain, hash.to_ascii_lowercase())));
    }
    settled(call, document, plain)
}

/// Whether a body comes in chunks, by what its head says instead of its `hash`.
pub(super) fn is_chunked(call: &Call, hash: &str) -> bool {
    let encoding = call.headers.get(CONTENT_ENCODING).map(|value| text(value.as_bytes())).unwrap_or_default();
    // A body whose hash is signed is that body, whatever a header says that may not be signed.
    hash.starts_with("STREAMING-")
        || (!is_sha256(hash) && encoding.split(',').any(|token| token.trim() == "aws-chunked"))
}

/// Whether a body is a document, which is verified as it comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Document {
    No,
    Xml,
    /// A policy, which is JSON.
    Json,
}

impl Document {
    fn of(method: &Method, query: &[(String, String)], path: &str) -> Self {
        if order::carries_document(method, query, path) {
            return Self::Xml;
        }
        let policy = *method == Method::PUT && query.iter().any(|(name, _)| name == "policy");
        if policy { Self::Json } else { Self::No }
    }
}

/// The end of every way in: a document's digests, characters and elements are checked, and a failure is noted for the answer.
fn settled<S>(call: &Arc<Call>, document: Document, body: S) -> Result<Body>
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static,
{
    let noting = call.clone();
    let note = move |failure: &Failure| *noting.failure.lock() = Some(failure.clone());
    if document == Document::No {
        return Ok(wrap(body.inspect_err(note)));
    }
    let body = upload_body::verified(call.clone(), counted(call, body))?;
    Ok(match document {
        Document::Xml => wrap(elements::checked(well_formed::checked(body)).inspect_err(note)),
        _ => wrap(body.inspect_err(note)),
    })
}

/// A body that is read whole takes its share of what all may hold.
fn counted<S>(call: &Arc<Call>, body: S) -> impl Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static,
{
    *call.share.lock() = Some(call.cx.cloud.sent.share());
    let (call, mut length) = (call.clone(), 0);
    body.map(move |piece| {
        let piece = piece?;
        length += piece.len();
        if call.share.lock().as_mut().is_some_and(|share| !share.grows_to(length)) {
            call.cx.cloud.notice_too_much();
            return Err(too_much().into());
        }
        Ok(piece)
    })
}

pub(super) fn parse_length(value: &HeaderValue) -> Result<u64> {
    value.to_str().ok().and_then(|value| value.parse().ok()).ok_or_else(missing_length)
}

fn missing_length() -> Failure {
    Failure::new(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
}

fn check_size(length: u64) -> Result<()> {
    if length <= MAX_PUT {
        return Ok(());
    }
    Err(Failure::new(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        .with("ProposedSize", length.to_string())
        .with("MaxSizeAllowed", MAX_PUT.to_string()))
}
