//! Parts of multipart uploads: UploadPart, UploadPartCopy, ListParts.

use futures::TryStreamExt;
use s3s::S3Response;
use s3s::dto::*;

use super::checksum::{Algorithm, Checksum, Kind};
use super::copy;
use super::customer_key;
use super::describe::put_encryption;
use super::error::{Failure, Result};
use super::names;
use super::record::{Part, Upload, key};
use super::s3s::call::Call;
use super::s3s::xml;
use super::service::S3;
use super::time;
use super::upload_body::{Received, Sent};
use crate::blobs::pace::Pace;
use wire::xml::Writer;

/// The highest number of a part ("Amazon S3 multipart upload limits").
const MAX_NUMBER: i32 = 10_000;
/// The most parts of one page.
const MAX_PAGE: i32 = 1000;

impl S3 {
    pub(super) async fn upload_part(
        &self,
        call: &Call,
        input: UploadPartInput,
    ) -> Result<S3Response<UploadPartOutput>> {
        check_number(input.part_number)?;
        let upload = self.upload(call, &input.bucket, &input.key, &input.upload_id)?;
        check_key(call, &upload)?;
        let sent = Sent::of(call)?;
        // A part of a whole whose checksum is composed needs its own; else it is computed.
        if let Some((algorithm, _)) = upload.checksum.filter(|(_, kind)| sent.is_some() || *kind == Kind::Composite) {
            check_type(Some(algorithm), sent.as_ref().map(|sent| sent.algorithm))?;
        }
        let explicit = sent.is_some();
        let received = self.receive(call, input.body, input.content_length, sent, Some(upload.algorithm())).await?;
        let mut response = S3Response::new(UploadPartOutput {
            e_tag: Some(ETag::Strong(received.etag.clone())),
            ..Default::default()
        });
        put_encryption(&mut response.headers, &upload.encryption);
        if explicit {
            received.sent.put_header(&mut response.headers);
        } else if let (Some((algorithm, kind)), Some(value)) = (upload.checksum, &received.also) {
            Checksum { algorithm, kind, value: value.clone() }.put_header(&mut response.headers);
        }
        self.keep_part(call, &input.bucket, &upload, input.part_number, received).await?;
        Ok(response)
    }

    pub(super) async fn upload_part_copy(
        &self,
        call: &Call,
        input: UploadPartCopyInput,
    ) -> Result<S3Response<UploadPartCopyOutput>> {
        check_number(input.part_number)?;
        let upload = self.upload(call, &input.bucket, &input.key, &input.upload_id)?;
        check_key(call, &upload)?;
        let source = self.source(call, &input.copy_source)?;
        let copy_source_version_id = source.version();
        let size = source.object.size;
        let (offset, length) = match call.header("x-amz-copy-source-range") {
            None => (0, size),
            Some(range) => parse_copy_range(&range, size)?,
        };
        let body = self.body(&source.object, offset, length, source.pinned, Pace::Full).await?.into_stream();
        let body = StreamingBlob::wrap(body.map_err(Failure::from));
        let received = self.receive_copy(body, upload.algorithm()).await?;
        let sum = upload.checksum.is_some().then_some(&received.sent);
        *call.xml.lock() = Some(copy::result("CopyPartResult", &received.etag, self.store.now(), sum, false));
        self.keep_part(call, &input.bucket, &upload, input.part_number, received).await?;
        let mut response = S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(CopyPartResult::default()),
            copy_source_version_id,
            ..Default::default()
        });
        put_encryption(&mut response.headers, &upload.encryption);
        Ok(response)
    }

    pub(super) async fn list_parts(&self, call: &Call, input: ListPartsInput) -> Result<S3Response<ListPartsOutput>> {
        let upload = self.upload(call, &input.bucket, &input.key, &input.upload_id)?;
        let after = input.part_number_marker.unwrap_or(0);
        let max_parts = input.max_parts.unwrap_or(MAX_PAGE);
        if max_parts < 0 || after < 0 {
            let (name, value) = if max_parts < 0 { ("max-parts", max_parts) } else { ("part-number-marker", after) };
            let message = format!("Argument {name} must be an integer between 0 and 2147483647");
            return Err(Failure::invalid_argument(message, name, value.to_string()));
        }
        let max_parts = max_parts.min(MAX_PAGE);
        let mut parts: Vec<_> = self
            .store
            .read(|docs| docs.parts(&upload.id, after).take(max_parts as usize + 1).collect::<Result<_>>())?;
        let is_truncated = parts.len() > max_parts as usize;
        parts.truncate(max_parts as usize);
        let page = Page { max_parts, after, is_truncated };
        *call.xml.lock() = Some(document_of(&input.bucket, &upload, &parts, &page));
        Ok(S3Response::new(ListPartsOutput::default()))
    }

    fn upload(&self, call: &Call, bucket: &str, key: &str, id: &str) -> Result<Upload> {
        self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, bucket)?;
            docs.upload(&bucket.name, key, id)
        })
    }

    async fn keep_part(
        &self,
        call: &Call,
        bucket: &str,
        upload: &Upload,
        number: i32,
        received: Received,
    ) -> Result<()> {
        let fresh = received.bytes.keep().await?;
        let part = Part {
            number,
            size: fresh.blob.length,
            blobs: vec![fresh.blob.clone()],
            etag: received.etag,
            digest: received.also.unwrap_or_default(),
            modified: self.store.now(),
        };
        self.change_with(vec![fresh], |edit| {
            let bucket = Self::bucket_in(edit.docs(), call, bucket)?;
            // It may have been completed or aborted while the body came.
            edit.docs().upload(&bucket.name, &upload.key, &upload.id)?;
            let place = key::part(&upload.id, number);
            if let Some(old) = edit.docs().get::<Part>(&place)? {
                edit.orphan(old.blobs);
            }
            edit.put(place, &part)
        })
        .await
    }
}

/// Which parts a page of ListParts has.
struct Page {
    max_parts: i32,
    /// The number after which it begins.
    after: i32,
    is_truncated: bool,
}

/// What ListParts answers.
fn document_of(bucket: &str, upload: &Upload, parts: &[Part], page: &Page) -> Vec<u8> {
    xml::document("ListPartsResult", xml::NAMESPACE, |xml| {
        xml.element("Bucket", bucket);
        xml.element("Key", &upload.key);
        xml.element("UploadId", &upload.id);
        xml.element("PartNumberMarker", &page.after.to_string());
        xml.element("NextPartNumberMarker", &parts.last().map_or(0, |part| part.number).to_string());
        xml.element("MaxParts", &page.max_parts.to_string());
        xml.element("IsTruncated", if page.is_truncated { "true" } else { "false" });
        if let Some((algorithm, kind)) = upload.checksum {
            xml.element("ChecksumAlgorithm", algorithm.name());
            xml.element("ChecksumType", kind.name());
        }
        for part in parts {
            write_part(xml, upload, part);
        }
        xml.open("Initiator");
        xml.element("ID", &initiator_arn(upload));
        xml.element("DisplayName", &upload.account);
        xml.close("Initiator");
        xml.open("Owner");
        xml.element("ID", &names::canonical_id(&upload.account));
        xml.close("Owner");
        xml.element("StorageClass", upload.storage_class.as_deref().unwrap_or("STANDARD"));
    })
}

fn write_part(xml: &mut Writer, upload: &Upload, part: &Part) {
    xml.open("Part");
    xml.element("PartNumber", &part.number.to_string());
    xml.element("LastModified", &time::iso(part.modified));
    xml.element("ETag", &format!("\"{}\"", part.etag));
    xml.element("Size", &part.size.to_string());
    if let Some((algorithm, kind)) = upload.checksum {
        Checksum { algorithm, kind, value: part.digest.clone() }.write(xml);
    }
    xml.close("Part");
}

/// Who started an upload: the account's root, as for requests with an account's own credentials.
pub(super) fn initiator(upload: &Upload) -> Initiator {
    Initiator { display_name: Some(upload.account.clone()), id: Some(initiator_arn(upload)) }
}

fn initiator_arn(upload: &Upload) -> String {
    format!("arn:aws:iam::{}:root", upload.account)
}

/// A part comes with the customer's key that its upload was begun with.
fn check_key(call: &Call, upload: &Upload) -> Result<()> {
    if customer_key::given(call, customer_key::OWN)? == upload.encryption.customer_key {
        return Ok(());
    }
    Err(Failure::invalid_request(
        "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption \
         parameters.",
    ))
}

fn check_number(number: i32) -> Result<()> {
    if (1..=MAX_NUMBER).contains(&number) {
        return Ok(());
    }
    let message = format!("Part number must be an integer between 1 and {MAX_NUMBER}, inclusive");
    Err(Failure::invalid_argument(message, "partNumber", number.to_string()))
}

/// Compares the algorithm of a checksum with that of its upload.
pub(super) fn check_type(expected: Option<Algorithm>, actual: Option<Algorithm>) -> Result<()> {
    if actual == expected {
        return Ok(());
    }
    let shown = |algorithm: Option<Algorithm>| algorithm.map_or("null".into(), |it| it.name().to_ascii_lowercase());
    Err(Failure::invalid_request(format!(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        shown(expected),
        shown(actual)
    )))
}

/// `bytes=first-last` of a source, as (offset, length).
fn parse_copy_range(header: &str, size: u64) -> Result<(u64, u64)> {
    let range = header.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let range = range.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    let Some((first, last)) = range.filter(|(first, last)| first <= last) else {
        return Err(Failure::invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            header,
        ));
    };
    if first >= size {
        let message = "The specified copy range is invalid for the source object size";
        return Err(Failure::invalid_request(message));
    }
    if last >= size {
        return Err(Failure::invalid_argument(
            format!("Range specified is not valid for source object of size: {size}"),
            "x-amz-copy-source-range",
            header,
        ));
    }
    Ok((first, last - first + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_ranges() {
        assert_eq!(parse_copy_range("bytes=0-4", 10).unwrap(), (0, 5));
        assert_eq!(parse_copy_range("bytes=9-9", 10).unwrap(), (9, 1));
        for bad in ["bytes=0-10", "bytes=5-", "bytes=-5", "0-1", "bytes=3-2", "bytes=0-18446744073709551615"] {
            assert_eq!(parse_copy_range(bad, 10).unwrap_err().code, "InvalidArgument", "{bad}");
        }
        assert_eq!(parse_copy_range("bytes=10-20", 10).unwrap_err().code, "InvalidRequest");
    }
}
