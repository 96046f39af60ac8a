//! GetObject and HeadObject.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderName, HeaderValue};
use s3s::S3Response;
use s3s::dto::*;

use super::checksum::{Checksum, Kind};
use super::conditions;
use super::describe;
use super::error::{Failure, Result};
use super::object_body::{Outgoing, Pinned};
use super::range::Range;
use super::record::{Bucket, Object, Versioning};
use super::s3s::call::Call;
use super::service::S3;
use super::{customer_key, lifecycle, names, restore};
use crate::blobs::pace::Pace;

/// Query parameters that replace a header of the response.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

/// The object that a request names, or a version or a part of it.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'r> {
    pub bucket: &'r str,
    pub key: &'r str,
    pub version: Option<&'r str>,
    pub part: Option<i32>,
}

/// The part of an object that a request returns.
pub(super) struct Selection {
    /// The bytes `offset..offset + length`.
    pub offset: u64,
    pub length: u64,
    /// The header `content-range`, unless all of the object is returned.
    content_range: Option<String>,
    parts_count: Option<i32>,
    /// The checksum of what is returned, if it has one.
    checksum: Option<Checksum>,
}

impl S3 {
    pub(super) async fn get_object(&self, call: &Call, input: GetObjectInput) -> Result<S3Response<GetObjectOutput>> {
        check_overrides(call)?;
        let GetObjectInput { bucket, key, version_id, part_number, .. } = input;
        let wanted = Wanted { bucket: &bucket, key: &key, version: version_id.as_deref(), part: part_number };
        let pace = Pace::of_client(&call.cx.cloud.unread);
        let (headers, body) = self.get(call, wanted, pace).await?;
        let body = StreamingBlob::wrap(body.shared(&call.cx.cloud)?.into_stream());
        let mut response = S3Response::new(GetObjectOutput { body: Some(body), ..Default::default() });
        response.headers = headers;
        Ok(response)
    }

    /// An object's headers and bytes.
    pub(super) async fn get(&self, call: &Call, wanted: Wanted<'_>, pace: Pace) -> Result<(HeaderMap, Outgoing)> {
        let (bucket, object, pinned) = self.find_pinned(call, wanted)?;
        let now = self.store.now();
        if restore::is_archived(&object, now) {
            let message = "The operation is not valid for the object's storage class";
            let class = object.storage_class.clone().unwrap_or_default();
            return Err(Failure::new(403, "InvalidObjectState", message).with("StorageClass", class));
        }
        customer_key::check(call, customer_key::OWN, &object.encryption)?;
        conditions::check_read(call, &object, now)?;
        let selection = select(call, &object, wanted.part, true)?;
        let body = self.body(&object, selection.offset, selection.length, pinned, pace).await?;
        Ok((answer(call, &bucket, &object, selection)?, body))
    }

    pub(super) async fn head_object(
        &self,
        call: &Call,
        input: HeadObjectInput,
    ) -> Result<S3Response<HeadObjectOutput>> {
        check_overrides(call)?;
        let HeadObjectInput { bucket, key, version_id, part_number, .. } = input;
        let wanted = Wanted { bucket: &bucket, key: &key, version: version_id.as_deref(), part: part_number };
        let mut response = S3Response::new(HeadObjectOutput::default());
        response.headers = self.head(call, wanted).await?;
        Ok(response)
    }

    /// An object's headers.
    pub(super) async fn head(&self, call: &Call, wanted: Wanted<'_>) -> Result<HeaderMap> {
        let (bucket, object) = self.find(call, wanted.bucket, wanted.key, wanted.version)?;
        customer_key::check(call, customer_key::OWN, &object.encryption)?;
        conditions::check_read(call, &object, self.store.now())?;
        let selection = select(call, &object, wanted.part, true)?;
        self.check_body(&object).await?;
        answer(call, &bucket, &object, selection)
    }

    /// Finds an object and keeps its blobs readable.
    pub(super) fn find_pinned(&self, call: &Call, wanted: Wanted<'_>) -> Result<(Arc<Bucket>, Arc<Object>, Pinned)> {
        let Wanted { bucket, key, version, .. } = wanted;
        names::check_version_id(version)?;
        self.store.read(|docs| {
            let (bucket, object) = Self::open_in(docs, call, bucket, key, version)?;
            let pinned = self.pin(docs, &object);
            Ok((bucket, object, pinned))
        })
    }
}

/// Whom S3 doesn't know, for him no header is replaced, whatever he may read. Source: "GetObject" (Amazon S3 API Reference); the words are
/// those that S3 answered users with.
fn check_overrides(call: &Call) -> Result<()> {
    if !call.is_signed && OVERRIDES.iter().any(|(query, _)| call.query(query).is_some()) {
        let message = "Request specific response headers cannot be used for anonymous GET requests.";
        return Err(Failure::invalid_request(message));
    }
    Ok(())
}

/// The selection that a range (if it is looked at) or a part number makes.
pub(super) fn select(call: &Call, object: &Object, part: Option<i32>, ranged: bool) -> Result<Selection> {
    let header = call.header("range").filter(|_| ranged);
    if let Some(number) = part {
        if header.is_some() {
            return Err(Failure::invalid_request("Cannot specify both Range header and partNumber query parameter"));
        }
        return select_part(object, number);
    }
    let range = header.map_or(Ok(None), |header| Range::parse(&header, object.size))?;
    let whole = range.is_none_or(|range| range.length() == object.size);
    Ok(Selection {
        offset: range.map_or(0, |range| range.start),
        length: range.map_or(object.size, Range::length),
        content_range: range.map(|range| range.content_range(object.size)),
        parts_count: None,
        checksum: object.checksum.clone().filter(|_| whole),
    })
}

fn select_part(object: &Object, number: i32) -> Result<Selection> {
    if !(1..=10_000).contains(&number) {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(Failure::invalid_argument(message, "partNumber", number.to_string()));
    }
    let count = object.parts.len().max(1);
    let at = usize::try_from(number).unwrap_or(0) - 1;
    if at >= count {
        return Err(Failure::new(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
            .with("PartNumberRequested", number.to_string())
            .with("ActualPartCount", count.to_string()));
    }
    let Some(part) = object.parts.get(at) else {
        let range = Range { start: 0, end: object.size };
        return Ok(Selection {
            offset: 0,
            length: object.size,
            content_range: (object.size > 0).then(|| range.content_range(object.size)),
            parts_count: None,
            checksum: object.checksum.clone(),
        });
    };
    let offset: u64 = object.parts[..at].iter().map(|part| part.size).sum();
    let range = Range { start: offset, end: offset + part.size };
    // A part of a whole whose checksum isn't composed of its parts' has none to show.
    let checksum = part.checksum.clone().filter(|sum| sum.kind == Kind::Composite);
    Ok(Selection {
        offset,
        length: part.size,
        content_range: (part.size > 0).then(|| range.content_range(object.size)),
        parts_count: i32::try_from(count).ok(),
        checksum,
    })
}

/// The headers of a response that carries the selection.
pub(super) fn answer(call: &Call, bucket: &Bucket, object: &Object, selection: Selection) -> Result<HeaderMap> {
    let mut headers =
        describe::response_headers(object, bucket.versioning != Versioning::Off || object.version.is_some());
    headers.insert(CONTENT_LENGTH, HeaderValue::from(selection.length));
    if let Some(range) = selection.content_range.and_then(|range| HeaderValue::try_from(range).ok()) {
        headers.insert(CONTENT_RANGE, range);
    }
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    // A noncurrent version has an expiration of its own, which S3 doesn't tell.
    if let Some(expiration) = lifecycle::expiration(bucket, object).filter(|_| call.query("versionId").is_none()) {
        put("x-amz-expiration", &expiration);
    }
    let restored = object.restored_until.and_then(|_| restore::header(object, call.cx.cloud.core.now()));
    if let Some(restored) = restored {
        put("x-amz-restore", &restored);
    }
    if let Some(count) = selection.parts_count {
        put("x-amz-mp-parts-count", &count.to_string());
    }
    let wanted = call.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("ENABLED"));
    if let Some(checksum) = selection.checksum.filter(|_| wanted) {
        put(checksum.algorithm.header(), &checksum.value);
        put("x-amz-checksum-type", checksum.kind.name());
    }
    // A website doesn't know them.
    for (query, header) in OVERRIDES.into_iter().filter(|_| call.is_signed && !call.query.is_empty()) {
        let Some(value) = call.query(query) else { continue };
        if value.chars().any(|c| u32::from(c) > 0xFF) {
            return Err(Failure::invalid_argument(
                "Header value cannot be represented using ISO-8859-1.",
                query,
                value,
            ));
        }
        let latin: Vec<u8> = value.chars().map(|c| c as u32 as u8).collect();
        if let Ok(value) = HeaderValue::from_bytes(&latin) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
    Ok(headers)
}
