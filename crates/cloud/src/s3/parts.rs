//! Parts of multipart uploads: UploadPart, UploadPartCopy, ListParts.

use futures::TryStreamExt;
use s3s::S3Response;
use s3s::dto::*;

use super::checksum::{Algorithm, set_checksum};
use super::error::{Failure, Result};
use super::names;
use super::record::{Part, Upload, key};
use super::s3s::call::Call;
use super::service::S3;
use super::time;
use super::upload_body::{Received, Sent};

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
        let sent = Sent::of(call)?;
        if let Some((algorithm, _)) = upload.checksum {
            check_type(algorithm, sent.as_ref().map(|sent| sent.algorithm))?;
        }
        let explicit = sent.is_some();
        let received = self.receive(call, input.body, input.content_length, sent, Some(upload.algorithm())).await?;
        let mut output = UploadPartOutput {
            e_tag: Some(ETag::Strong(received.etag.clone())),
            server_side_encryption: Some(upload.encryption.algorithm.clone().into()),
            ssekms_key_id: upload.encryption.kms_key.clone(),
            bucket_key_enabled: upload.encryption.bucket_key.then_some(true),
            ..Default::default()
        };
        if explicit {
            set_checksum!(output, received.sent.0, received.sent.1.clone());
        }
        self.keep_part(call, &input.bucket, &upload, input.part_number, received).await?;
        Ok(S3Response::new(output))
    }

    pub(super) async fn upload_part_copy(
        &self,
        call: &Call,
        input: UploadPartCopyInput,
    ) -> Result<S3Response<UploadPartCopyOutput>> {
        check_number(input.part_number)?;
        let upload = self.upload(call, &input.bucket, &input.key, &input.upload_id)?;
        let source = self.source(call, &input.copy_source)?;
        let copy_source_version_id = source.version();
        let size = source.object.size;
        let (offset, length) = match call.header("x-amz-copy-source-range") {
            None => (0, size),
            Some(range) => parse_copy_range(&range, size)?,
        };
        let body = self.body(&source.object, offset, length, source.pinned).await?;
        let body = StreamingBlob::wrap(body.map_err(Failure::from));
        let algorithm = upload.algorithm();
        let received = self.receive_copy(body, algorithm).await?;

        let mut result = CopyPartResult {
            e_tag: Some(ETag::Strong(received.etag.clone())),
            last_modified: Some(time::shown(self.store.now())),
            ..Default::default()
        };
        if upload.checksum.is_some() {
            set_checksum!(result, algorithm, received.also.clone().unwrap_or_default());
        }
        self.keep_part(call, &input.bucket, &upload, input.part_number, received).await?;
        Ok(S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            copy_source_version_id,
            server_side_encryption: Some(upload.encryption.algorithm.into()),
            ssekms_key_id: upload.encryption.kms_key,
            bucket_key_enabled: upload.encryption.bucket_key.then_some(true),
            ..Default::default()
        }))
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
        let next = parts.last().map_or(0, |part| part.number);
        let shown = parts.into_iter().map(|part| shown_part(&upload, part)).collect::<Vec<_>>();
        let owner = names::canonical_id(&upload.account);
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            checksum_algorithm: upload.checksum.map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
            checksum_type: upload.checksum.map(|(_, kind)| ChecksumType::from_static(kind.name())),
            initiator: Some(initiator(&upload)),
            owner: Some(Owner { display_name: None, id: Some(owner) }),
            storage_class: Some(StorageClass::from(upload.storage_class.unwrap_or_else(|| "STANDARD".into()))),
            is_truncated: Some(is_truncated),
            max_parts: Some(max_parts),
            part_number_marker: Some(after),
            next_part_number_marker: Some(next),
            parts: (!shown.is_empty()).then_some(shown),
            upload_id: Some(upload.id),
            ..Default::default()
        }))
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
        let part = Part {
            number,
            size: received.fresh.blob.length,
            blobs: vec![received.fresh.blob.clone()],
            etag: received.etag,
            digest: received.also.unwrap_or_default(),
            modified: self.store.now(),
        };
        self.change_with(vec![received.fresh], |edit| {
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

fn shown_part(upload: &Upload, part: Part) -> s3s::dto::Part {
    let mut shown = s3s::dto::Part {
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(time::shown(part.modified)),
        part_number: Some(part.number),
        size: i64::try_from(part.size).ok(),
        ..Default::default()
    };
    if let Some((algorithm, _)) = upload.checksum {
        set_checksum!(shown, algorithm, part.digest);
    }
    shown
}

/// Who started an upload: the account's root, as for requests with an account's own credentials.
pub(super) fn initiator(upload: &Upload) -> Initiator {
    Initiator { display_name: Some(upload.account.clone()), id: Some(format!("arn:aws:iam::{}:root", upload.account)) }
}

fn check_number(number: i32) -> Result<()> {
    if (1..=MAX_NUMBER).contains(&number) {
        return Ok(());
    }
    let message = format!("Part number must be an integer between 1 and {MAX_NUMBER}, inclusive");
    Err(Failure::invalid_argument(message, "partNumber", number.to_string()))
}

fn check_type(expected: Algorithm, actual: Option<Algorithm>) -> Result<()> {
    if actual == Some(expected) {
        return Ok(());
    }
    let lower = |algorithm: Algorithm| algorithm.name().to_ascii_lowercase();
    Err(Failure::invalid_request(format!(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        lower(expected),
        actual.map_or("null".into(), lower)
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
            assert!(parse_copy_range(bad, 10).is_err(), "{bad}");
        }
    }
}
