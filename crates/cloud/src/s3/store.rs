//! The documents of S3 in the cloud's document store: typed reads, and atomic durable changes.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use s3s::dto::NotificationConfiguration;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::actor::Actor;
use super::error::{Failure, Result};
use super::events::{self, Event};
use super::record::{Bucket, Object, Part, Upload, key};
use super::seen;
use super::survey::Survey;
use crate::blobs::draft::Fresh;
use crate::blobs::{Blob, BlobId, Blobs, Orphans};
use crate::core::Cloud;
use crate::core::Core;
use crate::core::kept::Held;
use crate::core::transaction::Transaction;
use crate::folder::DataFolder;
use engine::{Change, Engine, Millis, Seq};
use log::Durability;
use wire::AwsError;

/// The largest record of a bucket, in bytes. The largest settings that AWS takes are smaller together.
const MAX_BUCKET: usize = 4 << 20;

/// Reads and changes the documents of a cloud.
#[derive(Clone)]
pub(super) struct Store {
    cloud: Arc<Cloud>,
}

/// The documents of one moment.
#[derive(Clone, Copy)]
pub(super) struct Docs<'a>(&'a Engine);

/// A change of documents that is being put together. It sees the documents as they were before it.
pub(super) struct Edit<'a> {
    docs: Docs<'a>,
    writes: Vec<(String, Option<Vec<u8>>)>,
    orphans: Vec<Blob>,
    adopted: Vec<Fresh>,
    kept: Vec<Bytes>,
    let_go: Vec<Seq>,
    events: Vec<(Bucket, Event)>,
    announced: Option<(Bucket, NotificationConfiguration, Actor)>,
}

/// What a change leaves behind once it is durable.
#[must_use]
pub(crate) struct Changed<T> {
    pub reply: T,
    /// Blobs that nothing names any more.
    pub orphans: Orphans,
    /// Events that couldn't be sent, each with the reason.
    pub refused: Vec<String>,
}

/// Opens the blobs of a data folder, and compares them with the objects. `is_whole` says that the log was read as a whole. Also
/// returns what the operator should know.
pub(crate) fn open_blobs(core: &Core, folder: &DataFolder, is_whole: bool) -> std::io::Result<(Blobs, Vec<String>)> {
    let blobs = Blobs::open(folder.objects().clone(), core.durability() == Durability::Power)?;
    let live = core.read(|engine, _| Docs(engine).live_blobs()).map_err(std::io::Error::other)?;
    let survey = Survey::take(folder, &blobs.files, &live, is_whole)?;
    let named = core.read(|engine, _| Docs(engine).that_name(&survey.bad)).map_err(std::io::Error::other)?;
    let notices = folder.notice(survey.privacy).into_iter().chain(survey.notices(&named)).collect();
    Ok((blobs, notices))
}

/// A bucket's record, whoever owns it: for another service's look into the engine, or its transaction.
pub(crate) fn find_bucket(engine: &Engine, name: &str) -> Result<Option<Bucket>> {
    Docs(engine).get(&key::bucket(name))
}

/// The bytes of all objects, for what takes all documents away: the blobs, and the numbers of those in the log.
pub(crate) fn all_bytes(engine: &Engine) -> Result<(Vec<Blob>, Vec<Seq>)> {
    let (mut blobs, mut kept) = (Vec::new(), Vec::new());
    Docs(engine).each_with_bytes(|_, of, seq| {
        blobs.extend(of);
        kept.extend(seq);
    })?;
    Ok((blobs, kept))
}

impl Store {
    /// The documents of a cloud.
    pub(super) fn of(cloud: &Arc<Cloud>) -> Self {
        Self { cloud: cloud.clone() }
    }

    /// Reads documents, all of one moment.
    pub(super) fn read<R>(&self, look: impl FnOnce(Docs<'_>) -> R) -> R {
        self.cloud.core.read(|engine, _| look(Docs(engine)))
    }

    /// Changes documents, all or nothing; durable when it returns.
    pub(super) async fn write<R>(&self, change: impl FnOnce(&mut Edit<'_>) -> Result<R>) -> Result<Changed<R>> {
        self.cloud.core.execute(|tx| Ok(within(&self.cloud, tx, change))).await?
    }

    /// As [`write`](Self::write), for a change that frees space: it is made on a full disk as well.
    pub(super) async fn write_freeing<R>(&self, change: impl FnOnce(&mut Edit<'_>) -> Result<R>) -> Result<Changed<R>> {
        self.cloud.core.execute_freeing(|tx| Ok(within(&self.cloud, tx, change))).await?
    }

    /// Holds bytes that lie in the log: in the same read as the document that names them.
    pub(super) fn hold(&self, docs: Docs<'_>, seq: Seq) -> Option<Held> {
        self.cloud.core.hold(docs.0, seq)
    }

    /// Reads bytes that lie in the log.
    pub(super) async fn kept(&self, held: &Held) -> std::result::Result<Bytes, AwsError> {
        self.cloud.core.kept(held).await
    }

    /// The bytes of objects that have files.
    pub(super) fn blobs(&self) -> &Blobs {
        &self.cloud.blobs
    }

    /// Whether the log holds all that was changed before this call.
    pub(super) async fn is_settled(&self) -> bool {
        let core = &self.cloud.core;
        core.log().commit(core.log().position()).await.is_ok() && core.fault().is_none()
    }

    /// Fails when the log takes nothing more until a restart. Asked before a body is taken, which no document could name.
    pub(super) fn takes_writes(&self) -> Result<()> {
        match self.cloud.core.log().gave_up() {
            None => Ok(()),
            Some(why) => Err(Failure::new(503, "ServiceUnavailable", format!("the log can't be written: {why}"))),
        }
    }

    /// Tells the operator.
    pub(super) fn notice(&self, text: &str) {
        self.cloud.notice(text);
    }

    /// The time of the cloud's clock.
    pub(super) fn now(&self) -> Millis {
        self.cloud.core.now()
    }

    /// 32 hex digits that nobody else has.
    pub(super) fn unique(&self) -> String {
        self.cloud.core.unique()
    }
}

/// Changes documents as a part of a transaction that may do more: a batch lands and its records are consumed, as one.
///
/// The caller discards the orphans once the transaction is durable. A change that is refused changes nothing, and the blobs that
/// it would have named are removed.
pub(super) fn within<R>(
    cloud: &Cloud,
    tx: &mut Transaction<'_>,
    change: impl FnOnce(&mut Edit<'_>) -> Result<R>,
) -> Result<Changed<R>> {
    let mut edit = Edit {
        docs: Docs(tx.engine()),
        writes: Vec::new(),
        orphans: Vec::new(),
        adopted: Vec::new(),
        kept: Vec::new(),
        let_go: Vec::new(),
        events: Vec::new(),
        announced: None,
    };
    let reply = change(&mut edit)?;
    let Edit { writes, orphans, adopted, kept, let_go, events, announced, .. } = edit;
    // From here on the log may name them.
    adopted.iter().for_each(Fresh::named);
    for data in kept {
        let seq = tx.engine().next_seq();
        tx.apply(&Change::Kept { seq, data: &data });
    }
    for (key, value) in writes {
        match value {
            Some(value) => tx.put_doc(&key, &value),
            None => tx.delete_doc(&key),
        }
    }
    if !let_go.is_empty() {
        tx.apply(&Change::LetGo { seqs: let_go });
    }
    let refused = events.iter().flat_map(|(bucket, event)| event.send(cloud, bucket, tx)).collect();
    if let Some((bucket, configuration, actor)) = announced {
        events::send_test(cloud, &bucket, &configuration, &actor, tx);
    }
    Ok(Changed { reply, orphans: Orphans::new(&cloud.blobs, orphans), refused })
}

impl<'a> Docs<'a> {
    /// The documents of a state that is looked at.
    pub(super) fn of(engine: &'a Engine) -> Self {
        Self(engine)
    }

    /// The state of the other services.
    pub(super) fn engine(self) -> &'a Engine {
        self.0
    }

    /// A bucket by its name, if it is there.
    pub(super) fn find_bucket(self, name: &str) -> Result<Option<Arc<Bucket>>> {
        let key = key::bucket(name);
        let document = self.0.doc(&key);
        document.map(|document| seen::bucket(document, || decode(&key, document))).transpose()
    }

    /// A bucket by its name.
    ///
    /// # Errors
    /// `NoSuchBucket`, or `InvalidBucketName` for a name that no bucket can have.
    pub(super) fn bucket(self, name: &str) -> Result<Arc<Bucket>> {
        match self.find_bucket(name)? {
            Some(bucket) => Ok(bucket),
            None if super::names::is_bucket_name(name) => Err(Failure::no_such_bucket(name)),
            None => Err(Failure::invalid_bucket_name(name)),
        }
    }

    /// The current version of a key, which may be a delete marker.
    pub(super) fn current(self, bucket: &str, key: &str) -> Result<Option<Arc<Object>>> {
        let key = key::object(bucket, key);
        let document = self.0.doc(&key);
        document.map(|document| seen::object(document, || decode(&key, document))).transpose()
    }

    /// The noncurrent versions of a key, newest first.
    pub(super) fn noncurrent(self, bucket: &str, key: &str) -> impl Iterator<Item = Result<Object>> + use<'a> {
        let prefix = key::versions(bucket, key);
        let length = prefix.len() + 16;
        // A key may itself contain NUL and more: only what has the length of a sequence number belongs to this one.
        self.range(prefix).filter(move |(key, _)| key.len() == length).map(|(key, value)| decode(key, value))
    }

    /// A version of a key by its id; `null` names the one without.
    pub(super) fn version(self, bucket: &str, key: &str, version: &str) -> Result<Option<Arc<Object>>> {
        let matches = |object: &Object| object.version.as_deref().unwrap_or("null") == version;
        if let Some(object) = self.current(bucket, key)?.filter(|object| matches(object)) {
            return Ok(Some(object));
        }
        for object in self.noncurrent(bucket, key) {
            let object = object?;
            if matches(&object) {
                return Ok(Some(Arc::new(object)));
            }
        }
        Ok(None)
    }

    /// An upload in progress.
    ///
    /// # Errors
    /// `NoSuchUpload`.
    pub(super) fn upload(self, bucket: &str, key: &str, id: &str) -> Result<Upload> {
        self.get(&key::upload(bucket, key, id))?.ok_or_else(|| Failure::no_such_upload(id))
    }

    /// The parts of an upload whose numbers are greater than `after`, in order.
    pub(super) fn parts(self, upload: &str, after: i32) -> impl Iterator<Item = Result<Part>> + use<'a> {
        self.walk(key::parts(upload), Some(key::part(upload, after))).map(|(key, value)| decode(key, value))
    }

    /// A document by its key.
    pub(super) fn get<T: DeserializeOwned>(self, key: &str) -> Result<Option<T>> {
        self.0.doc(key).map(|value| decode(key, value)).transpose()
    }

    /// The documents whose keys start with `prefix`, in order.
    pub(super) fn range(self, prefix: String) -> impl Iterator<Item = (&'a str, &'a Arc<[u8]>)> + use<'a> {
        self.walk(prefix, None)
    }

    /// The documents with a prefix, in order, after the key `after`.
    pub(super) fn walk(
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
    pub(super) fn seek(self, prefix: &str, from: &str, beyond: bool) -> Option<(&'a str, &'a Arc<[u8]>)> {
        if beyond {
            // Nothing lies between a string and the same with a NUL behind it.
            self.0.docs(prefix, &format!("{from}\0")).next()
        } else {
            self.0.docs(prefix, from).next()
        }
    }

    /// Every blob that a document names, and its length.
    fn live_blobs(self) -> Result<HashMap<BlobId, u64>> {
        let mut live = HashMap::new();
        self.each_with_bytes(|_, blobs, _| live.extend(blobs.into_iter().map(|blob| (blob.id, blob.length))))?;
        Ok(live)
    }

    /// The objects, versions and parts that name one of these blobs, e.g. `bucket/key`.
    fn that_name(self, bad: &HashMap<BlobId, String>) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if !bad.is_empty() {
            self.each_with_bytes(|name, blobs, _| {
                if blobs.iter().any(|blob| bad.contains_key(&blob.id)) {
                    found.push(name);
                }
            })?;
        }
        Ok(found)
    }

    fn each_with_bytes(self, mut each: impl FnMut(String, Vec<Blob>, Option<Seq>)) -> Result<()> {
        for prefix in [key::OBJECTS, key::VERSIONS] {
            for (key, value) in self.range(prefix.into()) {
                let object: Object = decode(key, value)?;
                let bucket = key[prefix.len()..].split('/').next().unwrap_or_default();
                each(format!("{bucket}/{}", object.key), object.blobs, object.kept);
            }
        }
        for (key, value) in self.range(key::PARTS.into()) {
            let part: Part = decode(key, value)?;
            each(format!("part {} of an upload", part.number), part.blobs, None);
        }
        Ok(())
    }
}

impl<'a> Edit<'a> {
    /// The documents as they were before this change.
    pub(super) fn docs(&self) -> Docs<'a> {
        self.docs
    }

    /// Writes a document.
    pub(super) fn put<T: Serialize>(&mut self, key: String, value: &T) -> Result<()> {
        // Most need no more.
        let mut document = Vec::with_capacity(512);
        serde_json::to_writer(&mut document, value).map_err(Failure::internal)?;
        self.writes.push((key, Some(document)));
        Ok(())
    }

    /// Writes a bucket.
    ///
    /// # Errors
    /// `InvalidRequest` for one whose settings are too large together.
    pub(super) fn put_bucket(&mut self, bucket: &Bucket) -> Result<()> {
        if serde_json::to_vec(bucket).is_ok_and(|bytes| bytes.len() > MAX_BUCKET) {
            return Err(Failure::invalid_request("The configurations of the bucket are too large."));
        }
        self.put(key::bucket(&bucket.name), bucket)
    }

    /// Removes a document.
    pub(super) fn delete(&mut self, key: String) {
        self.writes.push((key, None));
    }

    /// Sends an event of an object with this change, if the bucket has a notification configuration.
    pub(super) fn tell(&mut self, bucket: &Bucket, event: impl FnOnce() -> Event) {
        if bucket.notification.is_some() {
            self.events.push((bucket.clone(), event()));
        }
    }

    /// Sends a test event to the destinations of a notification configuration with this change.
    pub(super) fn announce(&mut self, bucket: &Bucket, configuration: &NotificationConfiguration, actor: Actor) {
        self.announced = Some((bucket.clone(), configuration.clone(), actor));
    }

    /// Keeps a blob: a document of this change names it.
    pub(super) fn adopt(&mut self, fresh: &Fresh) {
        self.adopted.push(fresh.clone());
    }

    /// Keeps bytes in the log: a document of this change names them by the number that this returns.
    pub(super) fn keep(&mut self, bytes: Bytes) -> Seq {
        self.kept.push(bytes);
        self.docs.engine().next_seq() + self.kept.len() as Seq - 1
    }

    /// Gives up the bytes of an object: nothing names them once this change is durable.
    pub(super) fn orphan_of(&mut self, object: &Object) {
        self.orphan(object.blobs.iter().cloned());
        self.let_go(object.kept);
    }

    /// Gives up bytes that lie in the log, if there are.
    pub(super) fn let_go(&mut self, kept: Option<Seq>) {
        self.let_go.extend(kept);
    }

    /// Gives up blobs: nothing names them once this change is durable.
    pub(super) fn orphan(&mut self, blobs: impl IntoIterator<Item = Blob>) {
        self.orphans.extend(blobs);
    }
}

/// Reads a document; `key` is for the error.
pub(super) fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T> {
    serde_json::from_slice(value).map_err(|error| Failure::internal(format_args!("document {key:?}: {error}")))
}

#[cfg(test)]
pub(super) mod scratch {
    //! A cloud for a test: in memory, but for the blobs.

    use std::path::Path;

    use super::*;
    use crate::core::clock::Clock;
    use crate::server::Options;

    pub(crate) fn cloud(folder: &Path, durability: Durability) -> Arc<Cloud> {
        let options = Options { durability, clock: Clock::manual(1_704_067_200_000), ..Options::new(folder) };
        Cloud::open(options, |_| {}).unwrap().0
    }

    pub(crate) fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(&cloud(folder.path(), Durability::Memory));
        (folder, store)
    }
}
