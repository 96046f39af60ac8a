//! An object's bytes on their way out: looked at before anything is promised.
//!
//! A missing or short file fails the request before its answer begins. An object of up to [`AT_ONCE`] bytes is read and compared
//! with its checksum first as well, whatever part of it is wanted; the whole of a larger one is compared on the way, and its last
//! bytes are held back if they don't fit. Parts of larger objects aren't compared.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures::future::Either;
use futures::{Stream, TryStreamExt};

use super::checksum::{self, Checksum, Hasher, Kind};
use super::error::{Failure, Result};
use super::record::Object;
use super::service::S3;
use super::store::{Docs, Store};
use crate::blobs::pace::Pace;
use crate::blobs::{self, Blob};
use crate::core::Cloud;
use crate::core::kept::Held;
use crate::http::body::too_much;

/// The largest object that is read at once, in bytes.
const AT_ONCE: u64 = 1 << 20;

/// Keeps the bytes of an object readable as long as it lives, whatever becomes of the object.
pub(super) struct Pinned {
    files: blobs::Pinned,
    kept: Option<Held>,
}

/// Bytes of an object on their way out.
pub(super) enum Outgoing {
    /// All of them, compared already.
    Whole(Bytes),
    Stream(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + Sync>>),
}

impl Outgoing {
    /// With a share of what clients may leave unread, which a stream has anyhow.
    ///
    /// # Errors
    /// `ServiceUnavailable` where there is no room for it.
    pub(super) fn shared(self, cloud: &Cloud) -> Result<Self> {
        let Self::Whole(bytes) = self else { return Ok(self) };
        let mut share = cloud.unread.share();
        if !share.grows_to(bytes.len()) {
            cloud.notice_too_much();
            return Err(too_much().into());
        }
        Ok(Self::Whole(share.of(bytes)))
    }

    /// One piece after the other.
    pub(super) fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync {
        match self {
            Self::Whole(bytes) => {
                let whole = if bytes.is_empty() { None } else { Some(Ok(bytes)) };
                Either::Left(futures::stream::iter(whole))
            }
            Self::Stream(stream) => Either::Right(stream),
        }
    }
}

/// Compares the bytes of an object with the checksums that are kept of it.
struct Comparison {
    /// The pieces that are still to come: how many bytes each has, and its checksum.
    pieces: VecDeque<(u64, Checksum)>,
    current: Option<(u64, Hasher)>,
}

impl S3 {
    /// Keeps the bytes of an object readable. Call it in the same read as the document.
    pub(super) fn pin(&self, docs: Docs<'_>, object: &Object) -> Pinned {
        let kept = object.kept.and_then(|seq| self.store.hold(docs, seq));
        Pinned { files: self.blobs().pin(&object.blobs), kept }
    }

    /// All bytes of a small object.
    async fn whole(&self, object: &Object, pinned: &Pinned) -> io::Result<Bytes> {
        match (&pinned.kept, object.kept) {
            (Some(held), _) => self.store.kept(held).await.map_err(|error| io::Error::other(error.message)),
            (None, Some(_)) => Err(io::Error::other("the log doesn't hold them")),
            (None, None) => self.blobs().read_whole(object.blobs.clone()).await.map(Bytes::from),
        }
    }

    /// The bytes of an object that lie in the log, if they do.
    pub(super) async fn kept(&self, object: &Object, pinned: &Pinned) -> Result<Option<Bytes>> {
        let Some(_) = object.kept else { return Ok(None) };
        let told = Told { store: self.store.clone(), key: object.key.clone() };
        self.whole(object, pinned).await.map(Some).map_err(|error| told.failure(&error))
    }

    /// The bytes `offset..offset + length` of an object.
    pub(super) async fn body(
        &self,
        object: &Object,
        offset: u64,
        length: u64,
        pinned: Pinned,
        pace: Pace,
    ) -> Result<Outgoing> {
        let told = || Told { store: self.store.clone(), key: object.key.clone() };
        if object.size <= AT_ONCE {
            let bytes = self.whole(object, &pinned).await.map_err(|error| told().failure(&error))?;
            if bytes.len() as u64 != object.size || !is_as_summed(object, &bytes) {
                return Err(told().failure(&DIFFERENT));
            }
            return Ok(Outgoing::Whole(bytes.slice(offset as usize..(offset + length) as usize)));
        }
        let told = told();
        self.check_blobs(&told, wanted(&object.blobs, offset, length)).await?;
        let is_whole = length == object.size;
        let mut comparison = if is_whole { Comparison::of(object) } else { Comparison::default() };
        let check = move |bytes: &[u8]| {
            if comparison.fits(bytes) { Ok(()) } else { Err(io::Error::other(DIFFERENT)) }
        };
        let read = self.blobs().read(&object.blobs, offset, length, pinned.files, pace, check);
        Ok(Outgoing::Stream(Box::pin(read.inspect_err(move |error| told.notice(error)))))
    }

    /// Fails as [`body`](Self::body) would for want of a file.
    pub(super) async fn check_body(&self, object: &Object) -> Result<()> {
        if object.blobs.is_empty() {
            return Ok(());
        }
        let told = Told { store: self.store.clone(), key: object.key.clone() };
        self.check_blobs(&told, object.blobs.clone()).await
    }

    async fn check_blobs(&self, told: &Told, blobs: Vec<Blob>) -> Result<()> {
        self.blobs().check(blobs).await.map_err(|error| told.failure(&error))
    }
}

const DIFFERENT: &str = "they aren't those that its checksum was made of";

/// Tells the operator of an object whose file is damaged.
struct Told {
    store: Store,
    key: String,
}

impl Told {
    fn notice(&self, why: &dyn fmt::Display) {
        let key = self.key.escape_debug();
        self.store.notice(&format!("the bytes of the object {key} are missing or damaged: {why}"));
    }

    fn failure(&self, why: &dyn fmt::Display) -> Failure {
        self.notice(why);
        damaged()
    }
}

/// What a client is told.
pub(super) fn damaged() -> Failure {
    Failure::internal("the bytes of this object are missing or damaged")
}

/// The blobs that hold the bytes `offset..offset + length`.
fn wanted(blobs: &[Blob], offset: u64, length: u64) -> Vec<Blob> {
    let mut begin = 0;
    let within = |blob: &&Blob| {
        let from = begin;
        begin += blob.length;
        begin > offset && from < offset + length
    };
    blobs.iter().filter(within).cloned().collect()
}

/// Whether all bytes of an object fit to the checksums that are kept of it.
fn is_as_summed(object: &Object, bytes: &[u8]) -> bool {
    match &object.checksum {
        Some(sum) if sum.kind == Kind::FullObject => checksum::digest(sum.algorithm, bytes) == sum.value,
        Some(_) => Comparison::of(object).fits(bytes),
        None => true,
    }
}

impl Comparison {
    /// The comparison for a whole object. Where S3 keeps no checksum of its bytes, everything fits.
    fn of(object: &Object) -> Self {
        let pieces = match &object.checksum {
            Some(sum) if sum.kind == Kind::FullObject => VecDeque::from([(object.size, sum.clone())]),
            Some(_) => {
                let parts = object.parts.iter().map(|part| Some((part.size, part.checksum.clone()?)));
                parts.collect::<Option<_>>().unwrap_or_default()
            }
            None => VecDeque::new(),
        };
        Self { pieces, current: None }
    }

    /// Nothing to compare with.
    fn default() -> Self {
        Self { pieces: VecDeque::new(), current: None }
    }

    /// Takes the next bytes, and says whether they fit as far as that can be told yet.
    fn fits(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((length, sum)) = self.pieces.front() {
            let (left, hasher) = self.current.get_or_insert_with(|| (*length, Hasher::new(sum.algorithm)));
            let now = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
            hasher.update(&bytes[..now]);
            *left -= now as u64;
            bytes = &bytes[now..];
            if *left > 0 {
                return true;
            }
            let Some((_, hasher)) = self.current.take() else { return true };
            if hasher.finish() != sum.value {
                return false;
            }
            self.pieces.pop_front();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use futures::stream;
    use http::HeaderMap;
    use s3s::dto::StreamingBlob;

    use super::*;
    use crate::core::compaction;
    use crate::s3::Buckets;
    use crate::s3::put::Upload;
    use crate::s3::s3s::call::Call;
    use crate::s3::store::scratch;
    use crate::s3::upload_body::Sending;
    use crate::testing::call::context;
    use log::Durability;

    async fn put(cloud: &Arc<Cloud>, key: &str, bytes: &[u8]) {
        let call = Call::new(context(cloud.clone(), "000000000000"), HeaderMap::new(), Vec::new());
        let body = stream::iter([Ok::<_, io::Error>(Bytes::copy_from_slice(bytes))]);
        let upload = Upload {
            bucket: "bucket".into(),
            key: key.into(),
            body: Sending::Stream(StreamingBlob::wrap(body)),
            length: Some(bytes.len() as i64),
            event: "ObjectCreated:Put",
        };
        S3::of(cloud).upload_object(&call, upload).await.ok().unwrap();
    }

    fn files(folder: &Path) -> usize {
        let shards = std::fs::read_dir(folder.join("objects")).unwrap();
        shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
    }

    /// Copies what is alive of every segment, and removes them.
    async fn give_back(cloud: &Arc<Cloud>) {
        let last = cloud.core.log().tail();
        cloud.core.close_segment().await.unwrap();
        for (segment, _) in cloud.core.log().segments().into_iter().filter(|(segment, _)| *segment <= last) {
            compaction::give_back(cloud, segment).await.unwrap();
        }
    }

    /// A file for each small object took most of what a put costs.
    #[tokio::test]
    async fn small_objects_lie_in_the_log_through_compactions_and_starts() {
        let folder = tempfile::tempdir().unwrap();
        let objects = [("none", 0), ("one", 1), ("few", 4096), ("more", 4097), ("many", 600_000)];
        let bytes = |length: usize| (0..length).map(|n| (n * 7 / 3) as u8).collect::<Vec<_>>();
        let mut cloud = scratch::cloud(folder.path(), Durability::Process);
        Buckets::of(&context(cloud.clone(), "000000000000")).create("bucket", false).await.unwrap();
        for (key, length) in objects {
            put(&cloud, key, b"replaced").await;
            put(&cloud, key, &bytes(length)).await;
        }
        for round in 0..4 {
            assert_eq!(files(folder.path()), 2, "{round}");
            for (key, length) in objects {
                let read = S3::of(&cloud).read_object("bucket", key).await.unwrap();
                assert!(read == bytes(length), "{key} in round {round}");
            }
            match round {
                1 => {
                    drop(cloud);
                    cloud = scratch::cloud(folder.path(), Durability::Process);
                }
                _ => give_back(&cloud).await,
            }
        }
        let live = || cloud.core.read(|engine, _| engine.live_bytes());
        let before = live();
        put(&cloud, "few", b"short").await;
        assert!(live() + 4000 < before, "what was replaced is garbage: {} of {before}", live());
    }

    #[tokio::test]
    async fn a_small_object_that_is_replaced_and_compacted_away_can_be_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let cloud = scratch::cloud(folder.path(), Durability::Process);
        Buckets::of(&context(cloud.clone(), "000000000000")).create("bucket", false).await.unwrap();
        put(&cloud, "k", b"first").await;
        let s3 = S3::of(&cloud);
        let (object, pinned) = s3.store.read(|docs| {
            let object = docs.current("bucket", "k").unwrap().unwrap();
            let pinned = s3.pin(docs, &object);
            (object, pinned)
        });
        put(&cloud, "k", b"second").await;
        give_back(&cloud).await;
        let read: Vec<Bytes> =
            s3.body(&object, 0, 5, pinned, Pace::Full).await.unwrap().into_stream().try_collect().await.unwrap();
        assert_eq!(read, [&b"first"[..]]);
        assert_eq!(s3.read_object("bucket", "k").await.unwrap(), "second");
    }
}
