//! ListObjectVersions: current and noncurrent versions and delete markers, a key's newest first.

use std::collections::VecDeque;
use std::sync::Arc;

use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::list::{Encoding, Last, Listing, Page, Step, page_size};
use super::names;
use super::record::{self, Bucket, key};
use super::s3s::call::Call;
use super::service::S3;
use super::store::{Docs, decode};
use super::{restore, time};
use engine::Millis;

/// A version, and whether it is the current one of its key.
type Version = (record::Object, bool);

impl S3 {
    pub(super) async fn list_object_versions(
        &self,
        call: &Call,
        input: ListObjectVersionsInput,
    ) -> Result<S3Response<ListObjectVersionsOutput>> {
        let encoding = Encoding::of(call)?;
        let restored = restore::asked(call)?.then(|| self.store.now());
        let max_keys = page_size("maxKeys", input.max_keys)?;
        let prefix = input.prefix.unwrap_or_default();
        let key_marker = input.key_marker.unwrap_or_default();
        let version_marker = input.version_id_marker.unwrap_or_default();
        if !version_marker.is_empty() && key_marker.is_empty() {
            let message = "A version-id marker cannot be specified without a key marker.";
            return Err(Failure::invalid_argument(message, "version-id-marker", version_marker));
        }
        if !version_marker.is_empty() && !names::is_version_id(&version_marker) {
            let message = "Invalid version id specified";
            return Err(Failure::invalid_argument(message, "version-id-marker", version_marker));
        }
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let listing = Listing {
            prefix: &prefix,
            delimiter: delimiter.as_deref(),
            after: &key_marker,
            max: max_keys as usize,
            nul_ends: false,
        };
        let (bucket, page) = self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, &input.bucket)?;
            let page = page(docs, &bucket, &listing, &version_marker)?;
            Ok::<_, Failure>((bucket, page))
        })?;

        let owner = Owner { display_name: None, id: Some(names::canonical_id(&bucket.account)) };
        let next = page.last.filter(|_| page.truncated);
        let next_version = match &next {
            Some(Last::Key(_)) => page.entries.last().map(|(object, _)| shown_version(object)),
            _ => None,
        };
        let mut output = ListObjectVersionsOutput {
            name: Some(bucket.name.clone()),
            prefix: Some(encoding.write(&prefix)),
            delimiter: delimiter.as_deref().map(|text| encoding.write(text)),
            max_keys: Some(max_keys),
            is_truncated: Some(page.truncated),
            key_marker: Some(encoding.write(&key_marker)),
            version_id_marker: Some(version_marker),
            next_key_marker: next.map(|last| encoding.write(&last.into_text())),
            next_version_id_marker: next_version,
            common_prefixes: encoding.prefixes(page.prefixes),
            encoding_type: encoding.shown(),
            ..Default::default()
        };
        for version in page.entries {
            add(&mut output, version, encoding, &owner, restored);
        }
        Ok(S3Response::new(output))
    }
}

fn shown_version(object: &record::Object) -> String {
    object.version.clone().unwrap_or_else(|| "null".into())
}

fn add(
    output: &mut ListObjectVersionsOutput,
    (object, latest): Version,
    encoding: Encoding,
    owner: &Owner,
    restored: Option<Millis>,
) {
    let (key, version_id) = (Some(encoding.write(&object.key)), Some(shown_version(&object)));
    let last_modified = Some(time::shown(object.modified));
    if object.delete_marker {
        output.delete_markers.get_or_insert_default().push(DeleteMarkerEntry {
            key,
            version_id,
            last_modified,
            is_latest: Some(latest),
            owner: Some(owner.clone()),
        });
        return;
    }
    output.versions.get_or_insert_default().push(ObjectVersion {
        key,
        version_id,
        last_modified,
        is_latest: Some(latest),
        owner: Some(owner.clone()),
        restore_status: restored.and_then(|now| restore::status(&object, now)),
        e_tag: Some(ETag::Strong(object.etag)),
        checksum_algorithm: object
            .checksum
            .as_ref()
            .map(|sum| vec![ChecksumAlgorithm::from_static(sum.algorithm.name())]),
        checksum_type: object.checksum.as_ref().map(|sum| ChecksumType::from_static(sum.kind.name())),
        size: i64::try_from(object.size).ok(),
        storage_class: Some(ObjectVersionStorageClass::from(object.storage_class.unwrap_or_else(|| "STANDARD".into()))),
    });
}

/// Walks keys, and each key's versions before the next key.
fn page(docs: Docs<'_>, bucket: &Bucket, listing: &Listing<'_>, version_marker: &str) -> Result<Page<Version>> {
    let base = key::objects(&bucket.name);
    let prefix = format!("{base}{}", listing.prefix);
    // The versions of the key that the walk is at, and haven't been listed.
    let mut pending: VecDeque<Version> = VecDeque::new();
    if !version_marker.is_empty() {
        let is_marker =
            |version: &Result<Version>| version.as_ref().is_ok_and(|(o, _)| shown_version(o) == version_marker);
        pending = versions(docs, bucket, listing.after)?
            .skip_while(|version| version.is_ok() && !is_marker(version))
            .skip(1)
            .take(listing.max + 1)
            .collect::<Result<_>>()?;
    }
    let mut at = listing.after.to_owned();
    listing.walk(|from, beyond| {
        if from != at || !beyond {
            pending.clear();
        }
        if pending.is_empty() {
            let Some((place, value)) = docs.seek(&prefix, &format!("{base}{from}"), beyond) else { return Ok(None) };
            let current: record::Object = decode(place, value)?;
            at = current.key.clone();
            pending = versions(docs, bucket, &current.key)?.take(listing.max + 1).collect::<Result<_>>()?;
        }
        Ok(pending.pop_front().map(|version| Step { key: at.clone(), entry: Some(version) }))
    })
}

/// A key's versions, newest first.
fn versions<'a>(docs: Docs<'a>, bucket: &Bucket, key: &str) -> Result<impl Iterator<Item = Result<Version>> + use<'a>> {
    let current = docs.current(&bucket.name, key)?.map(|object| Ok((Arc::unwrap_or_clone(object), true)));
    Ok(current.into_iter().chain(docs.noncurrent(&bucket.name, key).map(|object| Ok((object?, false)))))
}
