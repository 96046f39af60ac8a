//! The documents of S3 in the cloud's document store: typed reads, and atomic durable changes.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use s3s::dto::NotificationConfiguration;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::blobs::{Blob, Blobs};
use super::error::{Failure, Result};
use super::events::{self, Actor, Event};
use super::record::{Bucket, Object, Part, Upload, key};
use crate::cloud::Cloud;
use crate::cloud::core::{Core, TOO_LARGE};
use crate::cloud::transaction::Transaction;
use crate::cloud::wire::AwsError;
use crate::engine::{Engine, Millis};
use crate::log::Durability;

/// Bytes of a bucket with all of its configurations: the largest ones that AWS takes have less together.
const MAX_BUCKET: usize = 4 << 20;

/// The door to the documents.
#[derive(Clone)]
pub struct Store {
    cloud: Arc<Cloud>,
}

/// A look at the documents.
#[derive(Clone, Copy)]
pub struct Docs<'a>(&'a Engine);

/// A change in the making: sees the documents as they were before it.
pub struct Tx<'a> {
    docs: Docs<'a>,
    writes: Vec<(String, Option<Vec<u8>>)>,
    orphans: Vec<Blob>,
    events: Vec<(Bucket, Event)>,
    announced: Option<(Bucket, NotificationConfiguration, Actor)>,
}

/// What a change leaves behind once it is durable.
#[must_use]
pub struct Changed<T> {
    pub reply: T,
    /// Blobs that nothing names any more.
    pub orphans: Vec<Blob>,
    /// Events that couldn't be sent, each with the reason.
    pub refused: Vec<String>,
}

/// Why a change wasn't acknowledged.
pub enum NotWritten {
    /// It was decided against: nothing has changed.
    Refused(Failure),
    /// It was made, but the log can't say that it is durable.
    Unlogged(Failure),
}

/// Opens the folder of blobs, and removes those that a crash left behind.
pub fn open_blobs(core: &Core, data_dir: &Path) -> std::io::Result<Blobs> {
    let blobs = Blobs::open(data_dir, core.durability() == Durability::Power)?;
    let live = core.read(|engine, _| Docs(engine).live_blobs()).map_err(std::io::Error::other)?;
    blobs.collect_garbage(&live)?;
    Ok(blobs)
}

impl Store {
    pub fn of(cloud: &Arc<Cloud>) -> Self {
        Self { cloud: cloud.clone() }
    }

    /// Looks at the documents, all of one moment.
    pub fn read<R>(&self, look: impl FnOnce(Docs<'_>) -> R) -> R {
        self.cloud.core.read(|engine, _| look(Docs(engine)))
    }

    /// Changes documents, all or nothing; durable when it returns.
    pub async fn write<R>(
        &self,
        change: impl FnOnce(&mut Tx<'_>) -> Result<R>,
    ) -> std::result::Result<Changed<R>, NotWritten> {
        let written = self.cloud.core.execute(|transaction| Ok(within(&self.cloud, transaction, change))).await;
        let failed = |error: AwsError| match error.status {
            TOO_LARGE => NotWritten::Refused(error.into()),
            _ => NotWritten::Unlogged(error.into()),
        };
        written.map_err(failed)?.map_err(NotWritten::Refused)
    }

    /// Tells the operator.
    pub fn notice(&self, text: &str) {
        self.cloud.notice(text);
    }

    pub fn now(&self) -> Millis {
        self.cloud.core.now()
    }

    /// 32 hex digits that nobody else has.
    pub fn unique(&self) -> String {
        self.cloud.core.uuid().replace('-', "")
    }
}

/// Changes documents as a part of a transaction that may do more: a batch lands and its records are consumed, as one.
///
/// Once the transaction is durable, the orphans are to be discarded. What is refused has changed nothing.
pub fn within<R>(
    cloud: &Cloud,
    transaction: &mut Transaction<'_>,
    change: impl FnOnce(&mut Tx<'_>) -> Result<R>,
) -> Result<Changed<R>> {
    let mut tx = Tx {
        docs: Docs(transaction.engine),
        writes: Vec::new(),
        orphans: Vec::new(),
        events: Vec::new(),
        announced: None,
    };
    let reply = change(&mut tx)?;
    let Tx { writes, orphans, events, announced, .. } = tx;
    for (key, value) in writes {
        match value {
            Some(value) => transaction.put_doc(&key, &value),
            None => transaction.delete_doc(&key),
        }
    }
    let refused = events.iter().flat_map(|(bucket, event)| event.send(cloud, bucket, transaction)).collect();
    if let Some((bucket, configuration, actor)) = announced {
        events::send_test(cloud, &bucket, &configuration, &actor, transaction);
    }
    Ok(Changed { reply, orphans, refused })
}

impl<'a> Docs<'a> {
    /// The state of the other services.
    pub fn engine(self) -> &'a Engine {
        self.0
    }

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
        self.walk(key::parts(upload), Some(key::part(upload, after))).map(|(key, value)| decode(key, value))
    }

    pub fn get<T: DeserializeOwned>(self, key: &str) -> Result<Option<T>> {
        self.0.doc(key).map(|value| decode(key, value)).transpose()
    }

    /// The documents whose keys start with `prefix`, in order.
    pub fn range(self, prefix: String) -> impl Iterator<Item = (&'a str, &'a Arc<[u8]>)> + use<'a> {
        self.walk(prefix, None)
    }

    /// The documents with a prefix, in order, after the key `after`.
    pub fn walk(
        self,
        prefix: String,
        after: Option<String>,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<[u8]>)> + use<'a> {
        let mut last = after;
        std::iter::from_fn(move || {
            let found = match &last {
                Some(last) => self.seek(&prefix, last, true),
                None => self.seek(&prefix, &prefix, false),
            };
            last = Some(found?.0.to_owned());
            found
        })
    }

    /// The first document at or after `from` (after, if `beyond`) whose key starts with `prefix`.
    pub fn seek(self, prefix: &str, from: &str, beyond: bool) -> Option<(&'a str, &'a Arc<[u8]>)> {
        if beyond {
            // Nothing lies between a string and the same with a NUL behind it.
            self.0.docs(prefix, &format!("{from}\0")).next()
        } else {
            self.0.docs(prefix, from).next()
        }
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
        if serde_json::to_vec(bucket).is_ok_and(|bytes| bytes.len() > MAX_BUCKET) {
            return Err(Failure::invalid_request("The configurations of the bucket are too large."));
        }
        self.put(key::bucket(&bucket.name), bucket)
    }

    pub fn delete(&mut self, key: String) {
        self.writes.push((key, None));
    }

    /// Something happened to an object: told with this change, if the bucket tells.
    pub fn tell(&mut self, bucket: &Bucket, event: impl FnOnce() -> Event) {
        if bucket.notification.is_some() {
            self.events.push((bucket.clone(), event()));
        }
    }

    /// A notification configuration is in force: its destinations get a test event.
    pub fn announce(&mut self, bucket: &Bucket, configuration: &NotificationConfiguration, actor: Actor) {
        self.announced = Some((bucket.clone(), configuration.clone(), actor));
    }

    /// Nothing names these blobs once this change is durable.
    pub fn orphan(&mut self, blobs: impl IntoIterator<Item = Blob>) {
        self.orphans.extend(blobs);
    }
}

pub fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(|error| Failure::internal(format_args!("document {key:?}: {error}")))
}

#[cfg(test)]
pub mod scratch {
    //! A cloud for a test: in memory, but for the blobs.

    use super::*;
    use crate::cloud::clock::Clock;
    use crate::cloud::server::Options;

    pub fn cloud(folder: &Path, durability: Durability) -> Arc<Cloud> {
        let options = Options { durability, clock: Clock::manual(1_704_067_200_000), ..Options::new(folder) };
        Cloud::open(options, |_| {}).unwrap().0
    }

    pub fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(&cloud(folder.path(), Durability::Memory));
        (folder, store)
    }
}
