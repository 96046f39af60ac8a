//! An object's bytes on their way out: looked at before anything is promised.
//!
//! A missing or short file fails the request before its answer begins. An object of up to [`AT_ONCE`] bytes is read and compared
//! with its checksum first as well, whatever part of it is wanted; the whole of a larger one is compared on the way, and its last
//! bytes are held back if they don't fit. Parts of larger objects aren't compared.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use bytes::Bytes;
use futures::future::Either;
use futures::{Stream, StreamExt};

use super::checksum::{Checksum, Hasher, Kind};
use super::error::{Failure, Result};
use super::record::Object;
use super::service::S3;
use super::store::Store;
use crate::blobs::{Blob, Pinned};

/// The largest object that is read at once, in bytes.
const AT_ONCE: u64 = 1 << 20;

/// Compares the bytes of an object with the checksums that are kept of it.
struct Comparison {
    /// The pieces that are still to come: how many bytes each has, and its checksum.
    pieces: VecDeque<(u64, Checksum)>,
    current: Option<(u64, Hasher)>,
}

impl S3 {
    /// The bytes `offset..offset + length` of an object.
    pub(super) async fn body(
        &self,
        object: &Object,
        offset: u64,
        length: u64,
        pinned: Pinned,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + Sync + use<>> {
        let told = Told { store: self.store.clone(), key: object.key.clone() };
        if object.size <= AT_ONCE {
            let bytes = self.blobs.read_whole(object.blobs.clone()).await.map_err(|error| told.failure(&error))?;
            let mut comparison = Comparison::of(object);
            if bytes.len() as u64 != object.size || !comparison.fits(&bytes) {
                return Err(told.failure(&DIFFERENT));
            }
            let part = Bytes::from(bytes).slice(offset as usize..(offset + length) as usize);
            let whole = if part.is_empty() { None } else { Some(Ok(part)) };
            return Ok(Either::Left(futures::stream::iter(whole)));
        }
        self.check_blobs(&told, wanted(&object.blobs, offset, length)).await?;
        let is_whole = length == object.size;
        let mut comparison = if is_whole { Comparison::of(object) } else { Comparison::default() };
        let read = self.blobs.read(&object.blobs, offset, length, pinned);
        Ok(Either::Right(read.map(move |bytes| {
            let bytes = bytes.inspect_err(|error| told.notice(error))?;
            if !comparison.fits(&bytes) {
                told.notice(&DIFFERENT);
                return Err(io::Error::other(DIFFERENT));
            }
            Ok(bytes)
        })))
    }

    /// Fails as [`body`](Self::body) would for want of a file.
    pub(super) async fn check_body(&self, object: &Object) -> Result<()> {
        let told = Told { store: self.store.clone(), key: object.key.clone() };
        self.check_blobs(&told, object.blobs.clone()).await
    }

    async fn check_blobs(&self, told: &Told, blobs: Vec<Blob>) -> Result<()> {
        self.blobs.check(blobs).await.map_err(|error| told.failure(&error))
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
