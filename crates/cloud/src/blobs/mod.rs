//! The bytes of objects and parts: one file a blob, in `<data-dir>/objects/<2 hex>/<id>`.
//!
//! A blob is invisible until a document names it: it is written whole first, then the document is put. A blob that
//! no document names is garbage of a crash, see `s3::survey`. Who reads a blob pins it, so that an object
//! that is overwritten meanwhile can still be read to its end.
//!
//! Short objects that were put at once have none: their bytes lie in the log (`core::kept`).

pub(crate) mod draft;
pub(crate) mod files;
pub(crate) mod pace;
mod reading;

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use self::draft::{Draft, Fresh, Look, Unnamed};
use self::files::Files;
use crate::turns::aside;
use directory::Directory;

/// How much of a body is held in memory at a time, in bytes.
pub(super) const CHUNK: usize = 256 * 1024;

/// The longest object that needs no file of its own, in bytes: a file takes as much of a disk at least.
pub(crate) const SMALL: usize = 4096;

/// The name of a blob: 32 hex digits.
pub(crate) type BlobId = String;

/// A file and how many bytes of an object it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    pub id: BlobId,
    pub length: u64,
}

/// The folder of blobs.
#[derive(Clone)]
pub struct Blobs {
    pub(super) files: Files,
    /// Whether files are synced before they may be named (durability `power`).
    sync: bool,
    pins: Arc<Mutex<Pins>>,
}

/// How many readers each blob has, and the blobs to remove once nobody reads them.
#[derive(Default)]
struct Pins {
    readers: HashMap<BlobId, usize>,
    doomed: HashSet<BlobId>,
    /// Blobs of changes whose requests went away before the change was in the log.
    left: Vec<Blob>,
    /// So many want that no blob is removed.
    held: usize,
    /// Blobs to remove once nobody wants that any more.
    waiting: Vec<BlobId>,
}

/// Keeps all blobs as long as it lives.
pub(crate) struct Hold(Blobs);

/// Blobs that nothing names any more once a change is in the log. Dropped before that, because the client went away, they are
/// left to [`Blobs::take_left`].
#[must_use]
pub(crate) struct Orphans(Option<(Blobs, Vec<Blob>)>);

/// Keeps blobs readable as long as it lives.
pub struct Pinned(Option<(Blobs, Vec<BlobId>)>);

impl Blobs {
    /// Opens the blobs in a folder. With `sync`, a blob that is kept survives a power cut.
    pub fn open(folder: Arc<Directory>, sync: bool) -> io::Result<Self> {
        let files = Files::open(folder)?;
        if sync {
            files.sync()?;
        }
        Ok(Self { files, sync, pins: Arc::default() })
    }

    /// The blobs of a cloud that keeps nothing, in a folder that goes with it.
    pub fn temporary(folder: Arc<Directory>) -> Self {
        Self { files: Files::sparse(folder), sync: false, pins: Arc::default() }
    }

    /// Starts a blob with an id that was never used. `look` sees its bytes as they pass.
    pub fn draft<L: Look>(&self, id: BlobId, look: L) -> Draft<L> {
        Draft::new(self.clone(), id, look)
    }

    /// A blob with the same bytes as `blob`, without copying them where the file system can.
    pub async fn duplicate(&self, blob: &Blob, id: BlobId) -> io::Result<Fresh> {
        let (from, this) = (blob.clone(), self.clone());
        let to = Unnamed::new(self.files.clone(), id);
        blocking(move || {
            let mut source = this.files.read(&from)?;
            to.will_be_made();
            if this.files.link(&from.id, &to.id).is_err() {
                let _room = this.files.room_for(from.length)?;
                let mut copy = this.files.create(&to.id)?;
                io::copy(&mut source, &mut copy)?;
                if this.sync {
                    copy.sync_all()?;
                }
            }
            if this.sync {
                this.files.sync_folder_of(&to.id)?;
            }
            Ok(Fresh::new(from.length, to))
        })
        .await
    }

    /// Checks that the files are there, and as long as when they were written.
    pub async fn check(&self, blobs: Vec<Blob>) -> io::Result<()> {
        if blobs.is_empty() {
            return Ok(());
        }
        let files = self.files.clone();
        blocking(move || blobs.iter().try_for_each(|blob| files.check(blob))).await
    }

    /// All bytes of the blobs, one blob after the other, in memory: for small objects.
    pub async fn read_whole(&self, blobs: Vec<Blob>) -> io::Result<Vec<u8>> {
        if blobs.is_empty() {
            return Ok(Vec::new());
        }
        let files = self.files.clone();
        blocking(move || {
            let mut bytes = Vec::with_capacity(blobs.iter().map(|blob| blob.length as usize).sum());
            for blob in &blobs {
                files.read(blob)?.take(blob.length).read_to_end(&mut bytes)?;
            }
            Ok(bytes)
        })
        .await
    }

    /// Keeps the blobs readable until the guard is dropped. Call it in the same read as the document that names them.
    pub fn pin<'a>(&self, blobs: impl IntoIterator<Item = &'a Blob>) -> Pinned {
        let ids: Vec<_> = blobs.into_iter().map(|blob| blob.id.clone()).collect();
        if ids.is_empty() {
            return Pinned(None);
        }
        let mut pins = self.pins.lock();
        for id in &ids {
            *pins.readers.entry(id.clone()).or_default() += 1;
        }
        drop(pins);
        Pinned(Some((self.clone(), ids)))
    }

    /// Keeps blobs for a later [`discard`](Self::discard).
    pub fn leave(&self, blobs: Vec<Blob>) {
        self.pins.lock().left.extend(blobs);
    }

    /// Takes the blobs that were left behind. They may be discarded once the log has taken all that was changed before.
    pub fn take_left(&self) -> Vec<Blob> {
        std::mem::take(&mut self.pins.lock().left)
    }

    /// Removes blobs that no document names any more: at once, or when their last reader is done.
    pub async fn discard(&self, blobs: Vec<Blob>) {
        if blobs.is_empty() {
            return;
        }
        let mut free = Vec::new();
        {
            let mut pins = self.pins.lock();
            for blob in blobs {
                if pins.held > 0 {
                    pins.waiting.push(blob.id);
                } else if pins.readers.contains_key(&blob.id) {
                    pins.doomed.insert(blob.id);
                } else {
                    free.push(blob.id);
                }
            }
        }
        let files = self.files.clone();
        let remove = move || {
            // A file that can't be removed is garbage for the next start.
            free.iter().for_each(|id| drop(files.remove(id)));
            Ok(())
        };
        let _ = blocking(remove).await;
    }

    /// Keeps all blobs that are named now until the guard is dropped; what is given up meanwhile is removed then.
    pub(crate) fn hold(&self) -> Hold {
        self.pins.lock().held += 1;
        Hold(self.clone())
    }

    /// The file of a blob, as long as it was when it was written.
    pub(crate) fn open_file(&self, blob: &Blob) -> io::Result<std::fs::File> {
        self.files.read(blob)
    }

    /// The name of a folder of blobs that is gone, if somebody removed one.
    pub fn missing(&self) -> io::Result<Option<String>> {
        self.files.missing()
    }

    /// Whether files are synced before they may be named.
    pub(super) fn syncs(&self) -> bool {
        self.sync
    }
}

impl Orphans {
    /// The blobs that a change takes the names of.
    pub(crate) fn new(blobs: &Blobs, ids: Vec<Blob>) -> Self {
        Self((!ids.is_empty()).then(|| (blobs.clone(), ids)))
    }

    #[cfg(test)]
    pub(crate) fn blobs(&self) -> &[Blob] {
        self.0.as_ref().map_or(&[][..], |(_, left)| left)
    }

    /// Removes the files: the change is in the log.
    pub(crate) async fn discard(mut self) {
        if let Some((blobs, left)) = self.0.take() {
            blobs.discard(left).await;
        }
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        if let Some((blobs, left)) = self.0.take() {
            blobs.leave(left);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut pins = self.0.pins.lock();
        pins.held -= 1;
        if pins.held > 0 {
            return;
        }
        let waiting = std::mem::take(&mut pins.waiting);
        let (doomed, free): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|id| pins.readers.contains_key(id));
        pins.doomed.extend(doomed);
        drop(pins);
        // A file that can't be removed is garbage for the next start.
        free.iter().for_each(|id| drop(self.0.files.remove(id)));
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let Some((blobs, ids)) = &self.0 else { return };
        let mut pins = blobs.pins.lock();
        for id in ids {
            let Some(readers) = pins.readers.get_mut(id) else { continue };
            *readers -= 1;
            if *readers == 0 {
                pins.readers.remove(id);
                if pins.doomed.remove(id) {
                    let _ = blobs.files.remove(id);
                }
            }
        }
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    aside(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::pace::Pace;
    use super::*;
    use bytes::Bytes;
    use futures::TryStreamExt;

    fn open(folder: &tempfile::TempDir, sync: bool) -> Blobs {
        Blobs::open(Arc::new(Directory::open(folder.path()).unwrap()), sync).unwrap()
    }

    async fn put(blobs: &Blobs, id: &str, bytes: &[u8]) -> Blob {
        let mut draft = blobs.draft(id.into(), ());
        draft.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        let fresh = draft.end().await.unwrap().0.keep().await.unwrap();
        fresh.named();
        fresh.blob
    }

    async fn get(blobs: &Blobs, of: &[Blob], offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let chunks: Vec<Bytes> =
            blobs.read(of, offset, length, blobs.pin(of), Pace::Full, |_| Ok(())).try_collect().await?;
        Ok(chunks.concat())
    }

    #[tokio::test]
    async fn ranges_cross_blobs() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder, true);
        let of =
            [put(&blobs, "aa01", b"0123").await, put(&blobs, "bb02", b"").await, put(&blobs, "cc03", b"4567").await];
        for (offset, length, expected) in [(0, 8, "01234567"), (2, 4, "2345"), (4, 4, "4567"), (7, 1, "7"), (3, 0, "")]
        {
            assert_eq!(get(&blobs, &of, offset, length).await.unwrap(), expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_pinned_blob_outlives_its_removal() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder, false);
        let blob = put(&blobs, "aa01", &vec![7; CHUNK * 2]).await;
        let pinned = blobs.pin([&blob]);
        blobs.discard(vec![blob.clone()]).await;
        let read = blobs.read(std::slice::from_ref(&blob), 0, blob.length, pinned, Pace::Full, |_| Ok(()));
        assert_eq!(read.try_collect::<Vec<_>>().await.unwrap().concat().len(), CHUNK * 2);
        assert!(get(&blobs, std::slice::from_ref(&blob), 0, 1).await.is_err());
    }

    #[tokio::test]
    async fn an_unfinished_blob_vanishes_and_a_copy_outlives_its_source() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder, false);
        let mut draft = blobs.draft("aa01".into(), ());
        draft.write(vec![1; CHUNK].into()).await.unwrap();
        drop(draft.end().await.unwrap());
        let named = put(&blobs, "aa02", b"x").await;
        let copy = blobs.duplicate(&named, "ab03".into()).await.unwrap();
        drop(blobs.duplicate(&named, "aa04".into()).await.unwrap());
        copy.named();
        blobs.discard(vec![named]).await;
        assert_eq!(std::fs::read_dir(folder.path().join("aa")).unwrap().count(), 0);
        assert_eq!(get(&blobs, &[copy.blob], 0, 1).await.unwrap(), b"x");
    }

    /// A write that failed forgot its file, and a request that was dropped while its file was made left that: the disk
    /// stayed full.
    #[tokio::test]
    async fn a_failed_or_dropped_draft_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder, false);
        let files = || std::fs::read_dir(folder.path().join("aa")).unwrap().count();
        let mut draft = blobs.draft("aa01".into(), ());
        draft.write(vec![1; CHUNK].into()).await.unwrap();
        // The second write finds a file that can't be written.
        draft.set_file(|| File::open(folder.path().join("aa/aa01")).unwrap()).await;
        assert_eq!(files(), 1);
        draft.write(vec![1; CHUNK].into()).await.unwrap();
        assert!(draft.end().await.is_err());
        assert_eq!(files(), 0, "it failed");
        for n in 0..100 {
            // Dropped while a thread makes the file, now or later, for nobody.
            let mut draft = blobs.draft(format!("aa{n:02}"), ());
            let mut write = Box::pin(async move {
                draft.write(Bytes::from_static(&[1; 10])).await.unwrap();
                draft.end().await.unwrap().0.keep().await
            });
            let _ = futures::poll!(&mut write);
        }
        for n in 0..100 {
            // The threads do their work in turn: behind these, it is done.
            drop(blobs.draft(format!("ab{n:02}"), ()).end().await.unwrap().0.keep().await.unwrap());
        }
        let gone = async {
            while files() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.expect("they were dropped");
    }

    #[test]
    fn orphans_that_nobody_waits_for_are_left_for_later() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder, false);
        let blob = Blob { id: "aa01".into(), length: 1 };
        drop(Orphans::new(&blobs, vec![blob.clone()]));
        assert_eq!(blobs.take_left(), [blob]);
        assert_eq!(blobs.take_left(), []);
    }
}
