//! PostObject: an object put by a browser's form.
//!
//! `s3s` decodes the form. The gateway has checked its signature and its policy before, by [`Form`](super::fields::Form).

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::S3Response;
use s3s::dto::*;
use s3s::stream::ByteStream;

use super::call::{Call, FormExtras};
use super::xml;
use crate::request::host_of;
use crate::s3::address::host_bucket;
use crate::s3::error::{Failure, Result};
use crate::s3::put::{Upload, Uploaded};
use crate::s3::service::S3;
use crate::s3::tagging;

/// The largest file of a form, in bytes: `s3s` holds it in memory. S3 takes 5 GiB.
pub(super) const MAX_FILE: u64 = 64 * 1024 * 1024;

impl S3 {
    pub(super) async fn post_object(
        &self,
        call: &Call,
        input: PostObjectInput,
    ) -> Result<S3Response<PostObjectOutput>> {
        if let Some(sizes) = &call.form_sizes {
            let length = input.body.as_ref().map(StreamingBlob::remaining_length);
            let size = length.map_or(Some(0), |length| length.exact()).ok_or_else(|| Failure::internal("no size"))?;
            sizes.check(size as u64)?;
        }
        let mut headers = headers(&input, &call.form_extras);
        if let Some(tags) = call.form_extras.tagging.as_deref().map(tagging::of_form).transpose()? {
            let header = HeaderValue::try_from(tagging::header(&tags)).map_err(|_| Failure::malformed_xml())?;
            headers.insert("x-amz-tagging", header);
        }
        let request = call.with_headers(headers);
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let upload = Upload {
            bucket: input.bucket,
            key: input.key,
            body: input.body.into(),
            length: None,
            event: "ObjectCreated:Post",
        };
        let Uploaded { headers, etag, version, .. } = self.upload_object(&request, upload).await?;
        let mut response = S3Response::new(PostObjectOutput::default());
        response.headers = headers;
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers.insert(name, value);
            }
        };
        put("etag", &format!("\"{etag}\""));
        put("x-amz-checksum-type", ChecksumType::FULL_OBJECT);
        if let Some(version) = &version {
            put("x-amz-version-id", version);
        }
        let (status, location, document) = answer(call, &bucket, &key, &etag);
        put("location", &location);
        *call.status.lock() = Some(status);
        *call.xml.lock() = document;
        Ok(response)
    }
}

/// What stays in the path of a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How a form is answered: the status, where the object is or where the browser shall go, and a document with 201.
fn answer(call: &Call, bucket: &str, key: &str, etag: &str) -> (StatusCode, String, Option<Vec<u8>>) {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let extras = &call.form_extras;
    // What isn't a URL is as if it weren't there.
    let to = extras.redirect.as_ref().filter(|to| to.starts_with("http://") || to.starts_with("https://"));
    if let Some(to) = to {
        let joint = if to.contains('?') { '&' } else { '?' };
        let etag = encoded(&format!("\"{etag}\""));
        let place = format!("{to}{joint}bucket={}&key={}&etag={etag}", encoded(bucket), encoded(key));
        return (StatusCode::SEE_OTHER, place, None);
    }
    let folder = if host_bucket(host_of(call.host())).is_some() { String::new() } else { format!("/{bucket}") };
    let place = format!("{}{folder}/{}", call.cx.host, utf8_percent_encode(key, PATH));
    match extras.status.as_deref() {
        Some("200") => (StatusCode::OK, place, None),
        Some("201") => {
            let document = xml::document("PostResponse", "", |xml| {
                xml.element("Location", &place);
                xml.element("Bucket", bucket);
                xml.element("Key", key);
                xml.element("ETag", &format!("\"{etag}\""));
            });
            (StatusCode::CREATED, place, Some(document))
        }
        _ => (StatusCode::NO_CONTENT, place, None),
    }
}

/// A form's fields as the headers that PutObject would have; `extras` are those that `s3s` may not know.
fn headers(input: &PostObjectInput, extras: &FormExtras) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: Option<&str>| {
        let value = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value) {
            headers.insert(name, value);
        }
    };
    put("cache-control", input.cache_control.as_deref());
    put("content-disposition", input.content_disposition.as_deref());
    put("content-encoding", input.content_encoding.as_deref());
    put("content-language", input.content_language.as_deref());
    put("content-md5", input.content_md5.as_deref());
    put("content-type", input.content_type.as_deref());
    put("x-amz-acl", extras.acl.as_deref());
    for (algorithm, value) in &extras.checksums {
        put(algorithm.header(), Some(value));
    }
    put("x-amz-server-side-encryption", input.server_side_encryption.as_ref().map(ServerSideEncryption::as_str));
    put("x-amz-server-side-encryption-aws-kms-key-id", input.ssekms_key_id.as_deref());
    put("x-amz-server-side-encryption-customer-algorithm", input.sse_customer_algorithm.as_deref());
    put("x-amz-server-side-encryption-customer-key", input.sse_customer_key.as_deref());
    put("x-amz-server-side-encryption-customer-key-md5", input.sse_customer_key_md5.as_deref());
    put("x-amz-storage-class", input.storage_class.as_ref().map(StorageClass::as_str));
    put("x-amz-tagging", input.tagging.as_deref());
    put("x-amz-website-redirect-location", input.website_redirect_location.as_deref());
    let mut expires = Vec::new();
    let formatted = input.expires.as_ref().map(|at| at.format(TimestampFormat::HttpDate, &mut expires).is_ok());
    put("expires", formatted.filter(|done| *done).and_then(|_| std::str::from_utf8(&expires).ok()));
    for (name, value) in input.metadata.iter().flatten() {
        put(&format!("x-amz-meta-{name}"), Some(value));
    }
    headers
}
