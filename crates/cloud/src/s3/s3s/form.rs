//! PostObject: an object put by a browser's form.
//!
//! `s3s` decodes the form. The gateway has checked its signature and its policy before, by [`Form`](super::fields::Form).

use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::S3Response;
use s3s::dto::*;
use s3s::stream::ByteStream;

use super::call::{Call, FormChecksums};
use crate::s3::error::{Failure, Result};
use crate::s3::put::Upload;
use crate::s3::service::S3;

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
        let call = call.with_headers(headers(&input, &call.form_checksums));
        let upload = Upload {
            bucket: input.bucket,
            key: input.key,
            body: input.body,
            length: None,
            event: "ObjectCreated:Post",
        };
        let output = self.upload_object(&call, upload).await?.output;
        Ok(S3Response::new(PostObjectOutput {
            e_tag: output.e_tag,
            version_id: output.version_id,
            server_side_encryption: output.server_side_encryption,
            ..Default::default()
        }))
    }
}

/// A form's fields as the headers that PutObject would have; `checksums` are those that `s3s` may not know.
fn headers(input: &PostObjectInput, checksums: &FormChecksums) -> HeaderMap {
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
    put("x-amz-acl", input.acl.as_ref().map(ObjectCannedACL::as_str));
    for (algorithm, value) in &checksums.0 {
        put(algorithm.header(), Some(value));
    }
    put("x-amz-server-side-encryption", input.server_side_encryption.as_ref().map(ServerSideEncryption::as_str));
    put("x-amz-server-side-encryption-aws-kms-key-id", input.ssekms_key_id.as_deref());
    put("x-amz-server-side-encryption-customer-algorithm", input.sse_customer_algorithm.as_deref());
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
