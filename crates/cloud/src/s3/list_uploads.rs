//! ListMultipartUploads.

use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::list::{Encoding, Last, Listing, Page, Step, page_size};
use super::names;
use super::parts::initiator;
use super::record::{Bucket, Upload, key};
use super::s3s::call::Call;
use super::service::S3;
use super::store::{Docs, decode};
use super::time;

impl S3 {
    pub(super) async fn list_multipart_uploads(
        &self,
        call: &Call,
        input: ListMultipartUploadsInput,
    ) -> Result<S3Response<ListMultipartUploadsOutput>> {
        let encoding = Encoding::of(call)?;
        let max_uploads = page_size("max-uploads", input.max_uploads)?;
        let prefix = input.prefix.unwrap_or_default();
        let key_marker = input.key_marker.unwrap_or_default();
        // Without a key, the upload's marker is ignored.
        let upload_marker = input.upload_id_marker.filter(|_| !key_marker.is_empty()).unwrap_or_default();
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        // Uploads of the marker's key go on after the upload's marker; without one they are all done.
        let after = format!("{key_marker}\0{}", if upload_marker.is_empty() { "\u{10FFFF}" } else { &upload_marker });
        let after = if key_marker.is_empty() { "" } else { &after };
        let listing = Listing {
            prefix: &prefix,
            delimiter: delimiter.as_deref(),
            after,
            max: max_uploads as usize,
            nul_ends: true,
        };
        let (bucket, page) = self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, &input.bucket)?;
            let page = page(docs, &bucket, &listing)?;
            Ok::<_, Failure>((bucket, page))
        })?;

        // S3 names where to go on only if the page ends with an upload.
        let last = page.entries.last().filter(|_| matches!(page.last, Some(Last::Key(_))));
        let (next_key, next_upload) =
            last.map_or_else(Default::default, |upload| (upload.key.clone(), upload.id.clone()));
        let uploads: Vec<_> = page.entries.into_iter().map(|upload| shown(upload, encoding)).collect();
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(bucket.name.clone()),
            prefix: (!prefix.is_empty()).then(|| encoding.write(&prefix)),
            delimiter: delimiter.as_deref().map(|text| encoding.write(text)),
            key_marker: Some(encoding.write(&key_marker)),
            upload_id_marker: Some(upload_marker),
            next_key_marker: Some(encoding.write(&next_key)),
            next_upload_id_marker: Some(next_upload),
            max_uploads: Some(max_uploads),
            is_truncated: Some(page.truncated),
            uploads: (!uploads.is_empty()).then_some(uploads),
            common_prefixes: encoding.prefixes(page.prefixes),
            encoding_type: encoding.shown(),
            ..Default::default()
        }))
    }
}

/// Walks the uploads by `key NUL id`.
fn page(docs: Docs<'_>, bucket: &Bucket, listing: &Listing<'_>) -> Result<Page<Upload>> {
    let base = key::uploads(&bucket.name);
    let prefix = format!("{base}{}", listing.prefix);
    listing.walk(|from, beyond| {
        let Some((place, value)) = docs.seek(&prefix, &format!("{base}{from}"), beyond) else { return Ok(None) };
        let upload: Upload = decode(place, value)?;
        Ok(Some(Step { key: place[base.len()..].to_owned(), entry: Some(upload) }))
    })
}

fn shown(upload: Upload, encoding: Encoding) -> MultipartUpload {
    MultipartUpload {
        key: Some(encoding.write(&upload.key)),
        initiated: Some(time::shown(upload.initiated)),
        initiator: Some(initiator(&upload)),
        owner: Some(Owner { display_name: None, id: Some(names::canonical_id(&upload.account)) }),
        checksum_algorithm: upload.checksum.map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload.checksum.map(|(_, kind)| ChecksumType::from_static(kind.name())),
        storage_class: Some(StorageClass::from(upload.storage_class.unwrap_or_else(|| "STANDARD".into()))),
        upload_id: Some(upload.id),
    }
}
