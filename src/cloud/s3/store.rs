//! The documents of S3 in the cloud's document store: typed reads, and atomic durable changes.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::blobs::Blob;
use super::error::{Failure, Result};
use super::record::{Bucket, Object, Part, Upload, key};
use crate::cloud::core::Millis;

/// The documents, ordered by the bytes of their keys.
pub type Map = BTreeMap<String, Arc<[u8]>>;

/// The door to the documents.
#[derive(Clone, Default)]
pub struct Store {
    docs: Arc<Mutex<Map>>,
}

/// A look at the documents.
#[derive(Clone, Copy)]
pub struct Docs<'a>(&'a Map);

/// A change in the making: sees the documents as they were before it.
pub struct Tx<'a> {
    docs: Docs<'a>,
    writes: Vec<(String, Option<Vec<u8>>)>,
    orphans: Vec<Blob>,
}

/// What a change leaves behind once it is durable: blobs that nothing names any more.
#[must_use]
pub struct Changed<T> {
    pub reply: T,
    pub orphans: Vec<Blob>,
}

impl Store {
    /// Looks at the documents, all of one moment.
    pub fn read<R>(&self, look: impl FnOnce(Docs<'_>) -> R) -> R {
        look(Docs(&self.docs.lock()))
    }

    /// Changes documents, all or nothing; durable when it returns.
    pub async fn write<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R>) -> Result<Changed<R>> {
        let mut docs = self.docs.lock();
        let mut tx = Tx { docs: Docs(&docs), writes: Vec::new(), orphans: Vec::new() };
        let reply = change(&mut tx)?;
        let Tx { writes, orphans, .. } = tx;
        for (key, value) in writes {
            match value {
                Some(value) => docs.insert(key, value.into()),
                None => docs.remove(&key),
            };
        }
        Ok(Changed { reply, orphans })
    }

    #[expect(clippy::disallowed_methods, reason = "until the cloud's core has landed")]
    pub fn now(&self) -> Millis {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |since| since.as_millis() as Millis)
    }

    /// 32 hex digits that nobody else has.
    pub fn unique(&self) -> String {
        format!("{:032x}", rand::random::<u128>())
    }
}

impl<'a> Docs<'a> {
    pub fn bucket(self, name: &str) -> Result<Bucket> {
        match self.get(&key::bucket(name))? {
            Some(bucket) => Ok(bucket),
            None if super::names::is_bucket_name(name) => Err(Failure::no_such_bucket(name)),
            None => Err(Failure::invalid_bucket_name(name)),
        }
    }

    /// The current version of a key, which may be a delete marker.
    pub fn current(self, bucket: &str, key: &str) -> Result<Option<Object>> {
        self.get(&key::object(bucket, key))
    }

    /// The noncurrent versions of a key, newest first.
    pub fn noncurrent(self, bucket: &str, key: &str) -> impl Iterator<Item = Result<Object>> + use<'a> {
        let prefix = key::versions(bucket, key);
        let length = prefix.len() + 16;
        // A key may itself contain NUL and more: only what has the length of a sequence number belongs to this one.
        self.range(prefix).filter(move |(key, _)| key.len() == length).map(|(key, value)| decode(key, value))
    }

    /// A version of a key by its id; `null` names the one without.
    pub fn version(self, bucket: &str, key: &str, version: &str) -> Result<Option<Object>> {
        let matches = |object: &Object| object.version.as_deref().unwrap_or("null") == version;
        if let Some(object) = self.current(bucket, key)?.filter(matches) {
            return Ok(Some(object));
        }
        for object in self.noncurrent(bucket, key) {
            let object = object?;
            if matches(&object) {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }

    pub fn upload(self, bucket: &str, key: &str, id: &str) -> Result<Upload> {
        self.get(&key::upload(bucket, key, id))?.ok_or_else(|| Failure::no_such_upload(id))
    }

    /// The parts of an upload whose numbers are greater than `after`, in order.
    pub fn parts(self, upload: &str, after: i32) -> impl Iterator<Item = Result<Part>> + use<'a> {
        let prefix = key::parts(upload);
        let from = key::part(upload, after);
        self.0
            .range((Bound::Excluded(from), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(key, value)| decode(key, value))
    }

    pub fn get<T: DeserializeOwned>(self, key: &str) -> Result<Option<T>> {
        self.0.get(key).map(|value| decode(key, value)).transpose()
    }

    /// The documents whose keys start with `prefix`, in order.
    pub fn range(self, prefix: String) -> impl Iterator<Item = (&'a str, &'a Arc<[u8]>)> + use<'a> {
        self.0
            .range((Bound::Included(prefix.clone()), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(&prefix))
            .map(|(key, value)| (key.as_str(), value))
    }

    /// The first document at or after `from` (after, if `beyond`) whose key starts with `prefix`.
    pub fn seek(self, prefix: &str, from: &str, beyond: bool) -> Option<(&'a str, &'a Arc<[u8]>)> {
        let start = if beyond { Bound::Excluded(from) } else { Bound::Included(from) };
        let (key, value) = self.0.range::<str, _>((start, Bound::Unbounded)).next()?;
        key.starts_with(prefix).then_some((key.as_str(), value))
    }

    /// Every blob that a document names.
    pub fn live_blobs(self) -> Result<HashSet<String>> {
        let mut live = HashSet::new();
        for prefix in [key::OBJECTS, key::VERSIONS] {
            for (key, value) in self.range(prefix.into()) {
                let object: Object = decode(key, value)?;
                live.extend(object.blobs.into_iter().map(|blob| blob.id));
            }
        }
        for (key, value) in self.range(key::PARTS.into()) {
            let part: Part = decode(key, value)?;
            live.extend(part.blobs.into_iter().map(|blob| blob.id));
        }
        Ok(live)
    }
}

impl<'a> Tx<'a> {
    pub fn docs(&self) -> Docs<'a> {
        self.docs
    }

    pub fn put<T: Serialize>(&mut self, key: String, value: &T) -> Result<()> {
        let value = serde_json::to_vec(value).map_err(Failure::internal)?;
        self.writes.push((key, Some(value)));
        Ok(())
    }

    pub fn put_bucket(&mut self, bucket: &Bucket) -> Result<()> {
        self.put(key::bucket(&bucket.name), bucket)
    }

    pub fn delete(&mut self, key: String) {
        self.writes.push((key, None));
    }

    /// Nothing names these blobs once this change is durable.
    pub fn orphan(&mut self, blobs: impl IntoIterator<Item = Blob>) {
        self.orphans.extend(blobs);
    }
}

pub fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(|error| Failure::internal(format_args!("document {key:?}: {error}")))
}
