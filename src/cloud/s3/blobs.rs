//! The bytes of objects and parts: one file a blob, in `<data-dir>/objects/<2 hex>/<id>`.
//!
//! A blob is invisible until a document names it: it is written whole first, then the document is put. A blob that
//! no document names is garbage of a crash, see [`survey`](super::survey). Who reads a blob pins it, so that an object
//! that is overwritten meanwhile can still be read to its end.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::files::Files;
use crate::directory::Directory;

/// How much of a body is held in memory at a time, in bytes.
const CHUNK: usize = 256 * 1024;

/// The name of a blob: 32 hex digits.
pub type BlobId = String;

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

/// Readers per blob, and the blobs to remove once nobody reads them.
#[derive(Default)]
struct Pins {
    readers: HashMap<BlobId, usize>,
    doomed: HashSet<BlobId>,
}

/// A blob that is being written; removed again unless [`kept`](Draft::keep).
pub struct Draft {
    blobs: Blobs,
    id: BlobId,
    file: Option<File>,
    length: u64,
    buffer: BytesMut,
}

/// Keeps blobs readable as long as it lives.
pub struct Pinned {
    blobs: Blobs,
    ids: Vec<BlobId>,
}

impl Blobs {
    /// Blobs in this folder. `sync`: what is kept survives a power cut.
    pub fn open(folder: Arc<Directory>, sync: bool) -> io::Result<Self> {
        let files = Files::open(folder)?;
        if sync {
            files.sync()?;
        }
        Ok(Self { files, sync, pins: Arc::default() })
    }

    /// Starts a blob with an id that was never used.
    pub fn draft(&self, id: BlobId) -> Draft {
        Draft { blobs: self.clone(), id, file: None, length: 0, buffer: BytesMut::new() }
    }

    /// A blob with the same bytes as `blob`, without copying them where the file system can.
    pub async fn duplicate(&self, blob: &Blob, id: BlobId) -> io::Result<Blob> {
        let (from, to, this) = (blob.clone(), id.clone(), self.clone());
        let length = blob.length;
        blocking(move || {
            let mut source = this.files.read(&from)?;
            if this.files.link(&from.id, &to).is_err() {
                let mut copy = this.files.create(&to)?;
                io::copy(&mut source, &mut copy)?;
                if this.sync {
                    copy.sync_all()?;
                }
            }
            if this.sync { this.files.sync_folder_of(&to) } else { Ok(()) }
        })
        .await?;
        Ok(Blob { id, length })
    }

    /// Looks whether the files are there and as long as they were.
    pub async fn check(&self, blobs: Vec<Blob>) -> io::Result<()> {
        if blobs.is_empty() {
            return Ok(());
        }
        let files = self.files.clone();
        blocking(move || blobs.iter().try_for_each(|blob| files.check(blob))).await
    }

    /// All bytes of the blobs laid end to end: for few.
    pub async fn read_whole(&self, blobs: Vec<Blob>) -> io::Result<Vec<u8>> {
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
        let mut pins = self.pins.lock();
        for id in &ids {
            *pins.readers.entry(id.clone()).or_default() += 1;
        }
        Pinned { blobs: self.clone(), ids }
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
                if pins.readers.contains_key(&blob.id) {
                    pins.doomed.insert(blob.id);
                } else {
                    free.push(blob.id);
                }
            }
        }
        // A file that can't be removed is garbage for the next start.
        let files = self.files.clone();
        let _ = blocking(move || free.iter().try_for_each(|id| files.remove(id))).await;
    }

    /// The bytes `offset..offset + length` of the blobs laid end to end.
    pub fn read(
        &self,
        blobs: &[Blob],
        offset: u64,
        length: u64,
        pinned: Pinned,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + use<> {
        let mut pieces = Vec::new();
        let (mut skip, mut left) = (offset, length);
        for blob in blobs {
            if skip >= blob.length {
                skip -= blob.length;
                continue;
            }
            let take = left.min(blob.length - skip);
            if take == 0 {
                break;
            }
            pieces.push((blob.clone(), skip, take));
            left -= take;
            skip = 0;
        }
        let state = (pieces.into_iter(), None::<(File, u64)>, pinned);
        futures::stream::try_unfold(
            state,
            |(mut pieces, mut open, pinned): (std::vec::IntoIter<(Blob, u64, u64)>, _, Pinned)| async move {
                let piece = match open.take() {
                    Some(piece) => piece,
                    None => match pieces.next() {
                        None => return Ok(None),
                        Some((blob, from, left)) => {
                            let files = pinned.blobs.files.clone();
                            let file = blocking(move || {
                                let mut file = files.read(&blob)?;
                                if from > 0 {
                                    file.seek(SeekFrom::Start(from))?;
                                }
                                Ok(file)
                            })
                            .await?;
                            (file, left)
                        }
                    },
                };
                let (mut file, left) = piece;
                let (file, bytes) = blocking(move || {
                    let mut bytes = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
                    file.read_exact(&mut bytes)?;
                    Ok((file, Bytes::from(bytes)))
                })
                .await?;
                let left = left - bytes.len() as u64;
                if left > 0 {
                    open = Some((file, left));
                }
                Ok(Some((bytes, (pieces, open, pinned))))
            },
        )
    }
}

impl Draft {
    /// Takes the next bytes of the body.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK { self.flush(false).await } else { Ok(()) }
    }

    /// Finishes the file. It stays on disk from here on: a document must name it, or it must be discarded.
    pub async fn keep(mut self) -> io::Result<Blob> {
        self.flush(true).await?;
        self.file = None;
        Ok(Blob { id: std::mem::take(&mut self.id), length: self.length })
    }

    async fn flush(&mut self, last: bool) -> io::Result<()> {
        let (buffer, id, file, blobs) = (self.buffer.split(), self.id.clone(), self.file.take(), self.blobs.clone());
        let file = blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => blobs.files.create(&id)?,
            };
            file.write_all(&buffer)?;
            if last && blobs.sync {
                file.sync_all()?;
                blobs.files.sync_folder_of(&id)?;
            }
            Ok(file)
        })
        .await?;
        self.file = Some(file);
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.file.is_some() {
            // What can't be removed here is garbage for the next start.
            let _ = self.blobs.files.remove(&self.id);
        }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let mut pins = self.blobs.pins.lock();
        for id in &self.ids {
            let Some(readers) = pins.readers.get_mut(id) else { continue };
            *readers -= 1;
            if *readers == 0 {
                pins.readers.remove(id);
                if pins.doomed.remove(id) {
                    let _ = self.blobs.files.remove(id);
                }
            }
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    fn open(folder: &tempfile::TempDir, sync: bool) -> Blobs {
        Blobs::open(Arc::new(Directory::open(folder.path()).unwrap()), sync).unwrap()
    }

    async fn put(blobs: &Blobs, id: &str, bytes: &[u8]) -> Blob {
        let mut draft = blobs.draft(id.into());
        draft.write(bytes).await.unwrap();
        draft.keep().await.unwrap()
    }

    async fn get(blobs: &Blobs, of: &[Blob], offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let chunks: Vec<Bytes> = blobs.read(of, offset, length, blobs.pin(of)).try_collect().await?;
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
        let read = blobs.read(std::slice::from_ref(&blob), 0, blob.length, pinned);
        assert_eq!(read.try_collect::<Vec<_>>().await.unwrap().concat().len(), CHUNK * 2);
        assert!(get(&blobs, std::slice::from_ref(&blob), 0, 1).await.is_err());
    }

    #[tokio::test]
    async fn an_unfinished_blob_vanishes_and_a_copy_outlives_its_source() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder, false);
        let mut draft = blobs.draft("aa01".into());
        draft.write(&vec![1; CHUNK]).await.unwrap();
        drop(draft);
        let named = put(&blobs, "aa02", b"x").await;
        let copy = blobs.duplicate(&named, "ab03".into()).await.unwrap();
        blobs.discard(vec![named]).await;
        assert_eq!(std::fs::read_dir(folder.path().join("aa")).unwrap().count(), 0);
        assert_eq!(get(&blobs, &[copy], 0, 1).await.unwrap(), b"x");
    }
}
