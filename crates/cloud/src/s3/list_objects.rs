//! ListObjects and ListObjectsV2.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::list::{Encoding, Last, Listing, MAX_PAGE, Page, Step, page_size};
use super::names;
use super::record::{self, Bucket, key};
use super::s3s::call::Call;
use super::service::S3;
use super::store::{Docs, decode};
use super::{restore, time};
use engine::Millis;

impl S3 {
    pub(super) async fn list_objects(
        &self,
        call: &Call,
        input: ListObjectsInput,
    ) -> Result<S3Response<ListObjectsOutput>> {
        let encoding = Encoding::of(call)?;
        let restored = restore::asked(call)?.then(|| self.store.now());
        let max_keys = page_size("maxKeys", input.max_keys)?;
        let prefix = input.prefix.unwrap_or_default();
        let marker = input.marker.unwrap_or_default();
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let listing = Listing {
            prefix: &prefix,
            delimiter: delimiter.as_deref(),
            after: &marker,
            max: max_keys as usize,
            nul_ends: false,
        };
        let (bucket, page) = self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, &input.bucket)?;
            let page = page(docs, &bucket, &listing)?;
            Ok::<_, Failure>((bucket, page))
        })?;
        // Who signs nothing isn't told whose objects these are.
        let signed = call.cx.access_key.is_some();
        let owner = signed.then(|| Owner { display_name: None, id: Some(names::canonical_id(&bucket.account)) });
        let next = page.last.clone().filter(|_| page.truncated && delimiter.is_some()).map(Last::into_text);
        let mut response = S3Response::new(ListObjectsOutput {
            name: Some(bucket.name.clone()),
            prefix: Some(encoding.write(&prefix)),
            marker: Some(encoding.write(&marker)),
            delimiter: delimiter.as_deref().map(|text| encoding.write(text)),
            max_keys: Some(max_keys),
            is_truncated: Some(page.truncated),
            next_marker: next.map(|text| encoding.write(&text)),
            contents: contents(page.entries, encoding, owner.as_ref(), restored),
            common_prefixes: encoding.prefixes(page.prefixes),
            encoding_type: encoding.shown(),
            ..Default::default()
        });
        put_region(&mut response.headers, &bucket.region);
        Ok(response)
    }

    pub(super) async fn list_objects_v2(
        &self,
        call: &Call,
        input: ListObjectsV2Input,
    ) -> Result<S3Response<ListObjectsV2Output>> {
        let encoding = Encoding::of(call)?;
        let restored = restore::asked(call)?.then(|| self.store.now());
        let max_keys = page_size("maxKeys", input.max_keys)?;
        let prefix = input.prefix.unwrap_or_default();
        let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
        let after = match &input.continuation_token {
            Some(token) => decode_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let listing = Listing {
            prefix: &prefix,
            delimiter: delimiter.as_deref(),
            after: &after,
            max: max_keys as usize,
            nul_ends: false,
        };
        let (bucket, page) = self.store.read(|docs| {
            let bucket = Self::bucket_in(docs, call, &input.bucket)?;
            let page = page(docs, &bucket, &listing)?;
            Ok::<_, Failure>((bucket, page))
        })?;
        let owner = Owner { display_name: None, id: Some(names::canonical_id(&bucket.account)) };
        let owner = input.fetch_owner.unwrap_or(false).then_some(&owner);
        let next = page.last.clone().filter(|_| page.truncated).map(Last::into_text);
        let mut response = S3Response::new(ListObjectsV2Output {
            name: Some(bucket.name.clone()),
            prefix: Some(encoding.write(&prefix)),
            delimiter: delimiter.as_deref().map(|text| encoding.write(text)),
            max_keys: Some(max_keys),
            key_count: i32::try_from(page.entries.len() + page.prefixes.len()).ok(),
            start_after: input
                .start_after
                .filter(|_| input.continuation_token.is_none())
                .map(|text| encoding.write(&text)),
            continuation_token: input.continuation_token,
            is_truncated: Some(page.truncated),
            next_continuation_token: next.map(|text| encode_token(&text)),
            contents: contents(page.entries, encoding, owner, restored),
            common_prefixes: encoding.prefixes(page.prefixes),
            encoding_type: encoding.shown(),
            ..Default::default()
        });
        put_region(&mut response.headers, &bucket.region);
        Ok(response)
    }

    /// The first page of the objects of a bucket whose keys come after `after`, as they are kept.
    pub(super) fn kept_objects(&self, call: &Call, bucket: &str, after: &str) -> Result<Page<record::Object>> {
        let listing = Listing { prefix: "", delimiter: None, after, max: MAX_PAGE as usize, nul_ends: false };
        self.store.read(|docs| page(docs, &*Self::bucket_in(docs, call, bucket)?, &listing))
    }
}

/// Says where a bucket lies, as HeadBucket does.
fn put_region(headers: &mut HeaderMap, region: &str) {
    if let Ok(region) = HeaderValue::from_str(region) {
        headers.insert("x-amz-bucket-region", region);
    }
}

pub(super) fn page(docs: Docs<'_>, bucket: &Bucket, listing: &Listing<'_>) -> Result<Page<record::Object>> {
    let base = key::objects(&bucket.name);
    let prefix = format!("{base}{}", listing.prefix);
    listing.walk(|from, beyond| {
        let Some((place, value)) = docs.seek(&prefix, &format!("{base}{from}"), beyond) else { return Ok(None) };
        let object: record::Object = decode(place, value)?;
        Ok(Some(Step { key: object.key.clone(), entry: (!object.delete_marker).then_some(object) }))
    })
}

fn contents(
    objects: Vec<record::Object>,
    encoding: Encoding,
    owner: Option<&Owner>,
    restored: Option<Millis>,
) -> Option<Vec<Object>> {
    let shown: Vec<_> = objects
        .into_iter()
        .map(|object| Object {
            key: Some(encoding.write(&object.key)),
            last_modified: Some(time::shown(object.modified)),
            restore_status: restored.and_then(|now| restore::status(&object, now)),
            e_tag: Some(ETag::Strong(object.etag)),
            checksum_algorithm: object
                .checksum
                .as_ref()
                .map(|sum| vec![ChecksumAlgorithm::from_static(sum.algorithm.name())]),
            checksum_type: object.checksum.as_ref().map(|sum| ChecksumType::from_static(sum.kind.name())),
            size: i64::try_from(object.size).ok(),
            storage_class: Some(ObjectStorageClass::from(object.storage_class.unwrap_or_else(|| "STANDARD".into()))),
            owner: owner.cloned(),
        })
        .collect();
    (!shown.is_empty()).then_some(shown)
}

/// A continuation token: a version, then the key or prefix after which to go on.
fn encode_token(after: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("1{after}"))
}

fn decode_token(token: &str) -> Result<String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let after = text.as_deref().and_then(|text| text.strip_prefix('1'));
    after.map(str::to_owned).ok_or_else(|| {
        Failure::new(400, "InvalidArgument", "The continuation token provided is incorrect")
            .with("ArgumentName", "continuation-token")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_ours_or_wrong() {
        assert_eq!(decode_token(&encode_token("a/\u{e9}")).unwrap(), "a/\u{e9}");
        for bad in ["", "!", "YWJj"] {
            assert!(decode_token(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn tokens_go_both_ways(key in "(?s).{0,40}", garbage in "\\PC{0,40}") {
            proptest::prop_assert_eq!(decode_token(&encode_token(&key)).ok(), Some(key));
            let _ = decode_token(&garbage);
        }
    }
}
