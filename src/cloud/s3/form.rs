//! PostObject: an object put by a browser's form.
//!
//! `s3s` decodes the form and checks its policy. It can't take a form's signature without the secret key, so that goes
//! before: whether forms are accepted at all is the gateway's question.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::dto::*;
use s3s::{S3Request, S3Response};

use super::call::Call;
use super::error::{Failure, Result};
use super::put::Upload;
use super::service::S3;

/// The largest file of a form, in bytes: `s3s` holds it in memory. S3 takes 5 GiB.
pub const MAX_FILE: u64 = 64 * 1024 * 1024;
/// How much of a form may come before its file.
const MAX_FIELDS: usize = 64 * 1024;

/// Begins the part that is the file.
const FILE: &[u8] = b"name=\"file\"";

/// Names of the fields that sign a form, and what they become: a name of the same length that policies ignore.
const SIGNING: [(&[u8], &[u8]); 3] = [
    (b"name=\"x-amz-signature\"", b"name=\"x-ignore-signat\""),
    (b"name=\"signature\"", b"name=\"x-ignore-\""),
    (b"name=\"awsaccesskeyid\"", b"name=\"x-ignore-acces\""),
];

/// The form without its signature: the fields in front of the file are looked through, the file isn't.
pub fn unsigned<S>(body: S) -> impl Stream<Item = Result<Bytes>> + Send + Sync + 'static
where
    S: Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static,
{
    futures::stream::try_unfold((body, Some(BytesMut::new())), |(mut body, head)| async move {
        let Some(mut head) = head else {
            return Ok(body.next().await.transpose()?.map(|bytes| (bytes, (body, None))));
        };
        let (mut searched, mut file) = (0, None);
        while head.len() < MAX_FIELDS && file.is_none() {
            let Some(bytes) = body.next().await else { break };
            head.extend_from_slice(&bytes?);
            file = find(&head[searched..], FILE).map(|at| searched + at);
            searched = head.len().saturating_sub(FILE.len());
        }
        let fields = file.unwrap_or(head.len());
        for (name, ignored) in SIGNING {
            if let Some(at) = find(&head[..fields], name) {
                head[at..at + name.len()].copy_from_slice(ignored);
            }
        }
        Ok(Some((head.freeze(), (body, None))))
    })
}

/// Where `needle` (lower case) stands first, in any case.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

impl S3 {
    pub(super) async fn post_object(
        &self,
        call: &Call,
        request: S3Request<PostObjectInput>,
    ) -> Result<S3Response<PostObjectOutput>> {
        let input = request.input;
        if input.key.contains("${filename}") {
            return Err(Failure::not_implemented("The variable ${filename} of a form"));
        }
        let call = call.with_headers(headers(&input));
        let upload = Upload {
            bucket: input.bucket,
            key: input.key,
            body: input.body,
            length: None,
            event: "ObjectCreated:Post",
        };
        let output = self.upload_object(&call, upload).await?;
        Ok(S3Response::new(PostObjectOutput {
            e_tag: output.e_tag,
            version_id: output.version_id,
            server_side_encryption: output.server_side_encryption,
            ..Default::default()
        }))
    }
}

/// A form's fields as the headers that PutObject would have.
fn headers(input: &PostObjectInput) -> HeaderMap {
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
    put("x-amz-checksum-crc32", input.checksum_crc32.as_deref());
    put("x-amz-checksum-crc32c", input.checksum_crc32c.as_deref());
    put("x-amz-checksum-crc64nvme", input.checksum_crc64nvme.as_deref());
    put("x-amz-checksum-sha1", input.checksum_sha1.as_deref());
    put("x-amz-checksum-sha256", input.checksum_sha256.as_deref());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_fields_lose_their_signature() {
        let form = "--b\r\nContent-Disposition: form-data; name=\"X-Amz-Signature\"\r\n\r\nabc\r\n--b\r\n\
                    Content-Disposition: form-data; name=\"file\"\r\n\r\nname=\"signature\"\r\n--b--\r\n";
        for cut in [1, 7, 50, 1000] {
            let pieces: Vec<_> = form.as_bytes().chunks(cut).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
            let mut stream = std::pin::pin!(unsigned(futures::stream::iter(pieces)));
            let mut got = Vec::new();
            while let Some(bytes) = stream.next().await {
                got.extend_from_slice(&bytes.unwrap());
            }
            let expected = form.replace("X-Amz-Signature", "x-ignore-signat");
            assert_eq!(String::from_utf8(got).unwrap(), expected, "cut at {cut}");
        }
    }
}
