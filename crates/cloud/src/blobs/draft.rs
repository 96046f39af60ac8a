//! Files that no document names yet. Whatever becomes of the request that writes one, the file is removed again unless a
//! document may name it.

use std::fs::File;
use std::io::{self, Write};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::files::Files;
use super::{Blob, BlobId, Blobs, CHUNK, SMALL, blocking};
use crate::turns::{Aside, aside};
use bytes::{Bytes, BytesMut};

/// So many bytes are looked at where they are; more of them by a thread that holds up no other request.
const AT_ONCE: usize = 64 << 10;

/// Removes its file when its last holder is gone: the request, or the thread that is still writing for it.
pub(super) struct Unnamed {
    pub id: BlobId,
    files: Files,
    /// There may be a file.
    made: AtomicBool,
    named: AtomicBool,
}

impl Unnamed {
    /// Takes charge of a file that is about to be made.
    pub(super) fn new(files: Files, id: BlobId) -> Arc<Self> {
        Arc::new(Self { id, files, made: AtomicBool::new(false), named: AtomicBool::new(false) })
    }

    /// Makes the file.
    pub(super) fn create(&self) -> io::Result<File> {
        self.will_be_made();
        self.files.create(&self.id)
    }

    /// The file is about to be made.
    pub(super) fn will_be_made(&self) {
        self.made.store(true, Ordering::Relaxed);
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        if *self.made.get_mut() && !*self.named.get_mut() {
            // What can't be removed here is garbage for the next start.
            let _ = self.files.remove(&self.id);
        }
    }
}

/// A whole blob that no document names yet.
#[derive(Clone)]
pub struct Fresh {
    pub blob: Blob,
    file: Arc<Unnamed>,
}

impl Fresh {
    /// A blob of `length` bytes.
    pub(super) fn new(length: u64, file: Arc<Unnamed>) -> Self {
        Self { blob: Blob { id: file.id.clone(), length }, file }
    }

    /// A document is about to name it, in a transaction that may reach the log: the file stays, come what may.
    pub fn named(&self) {
        self.file.named.store(true, Ordering::Relaxed);
    }
}

/// Looks at the bytes of a body as they pass, e.g. to sum them up.
pub trait Look: Send + 'static {
    /// The next bytes.
    fn look(&mut self, bytes: &[u8]);
}

impl Look for () {
    fn look(&mut self, _: &[u8]) {}
}

/// A blob that is being written. While one thread looks at [`CHUNK`] bytes and another writes them, the next are taken: a digest takes
/// about as long as the write.
pub struct Draft<L> {
    blobs: Blobs,
    unnamed: Arc<Unnamed>,
    length: u64,
    waiting: Pieces,
    at: At<L>,
}

/// Bytes that wait to be written. Long pieces stay as they came, short ones are joined.
#[derive(Default)]
struct Pieces {
    whole: Vec<Bytes>,
    short: BytesMut,
    length: usize,
}

/// What has been taken of a body so far.
struct Taken<L> {
    /// Made with the first bytes that are written.
    file: Option<File>,
    look: L,
}

enum At<L> {
    Rest(Taken<L>),
    /// A thread looks, and another writes.
    Work(Aside<L>, Aside<io::Result<File>>),
    /// It failed.
    Lost,
}

/// The bytes of a body that has come to its end.
pub struct Ended {
    blobs: Blobs,
    unnamed: Arc<Unnamed>,
    length: u64,
    /// What isn't in the file yet.
    rest: Pieces,
    file: Option<File>,
}

impl Pieces {
    fn push(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        if bytes.len() < SMALL {
            self.short.extend_from_slice(&bytes);
            return;
        }
        self.join();
        self.whole.push(bytes);
    }

    /// Puts what was joined behind the others.
    fn join(&mut self) {
        if !self.short.is_empty() {
            self.whole.push(self.short.split().freeze());
        }
    }

    fn take(&mut self) -> Vec<Bytes> {
        self.join();
        self.length = 0;
        mem::take(&mut self.whole)
    }
}

impl<L: Look> Draft<L> {
    /// Begins a blob.
    pub(super) fn new(blobs: Blobs, id: BlobId, look: L) -> Self {
        let unnamed = Unnamed::new(blobs.files.clone(), id);
        let at = At::Rest(Taken { file: None, look });
        Self { blobs, unnamed, length: 0, waiting: Pieces::default(), at }
    }

    /// Takes the next bytes of the body. After an error the draft is of no use.
    pub async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.waiting.push(bytes);
        if self.waiting.length < CHUNK {
            return Ok(());
        }
        let Taken { file, mut look } = self.rest().await?;
        let (pieces, blobs, unnamed) = (self.waiting.take(), self.blobs.clone(), self.unnamed.clone());
        let seen = pieces.clone();
        let looking = aside(move || {
            seen.iter().for_each(|piece| look.look(piece));
            look
        });
        // The thread holds the file as well: when the request is dropped meanwhile, the thread removes it in the end.
        let writing = aside(move || write(&blobs, &unnamed, file, &pieces));
        self.at = At::Work(looking, writing);
        Ok(())
    }

    /// The body has come to its end: its bytes, and who has seen them all.
    pub async fn end(mut self) -> io::Result<(Ended, L)> {
        let Taken { file, mut look } = self.rest().await?;
        let Self { blobs, unnamed, length, waiting: mut rest, .. } = self;
        rest.join();
        if rest.length <= AT_ONCE {
            rest.whole.iter().for_each(|piece| look.look(piece));
            return Ok((Ended { blobs, unnamed, length, rest, file }, look));
        }
        let looked = blocking(move || {
            rest.whole.iter().for_each(|piece| look.look(piece));
            Ok((rest, file, look))
        });
        let (rest, file, look) = looked.await?;
        Ok((Ended { blobs, unnamed, length, rest, file }, look))
    }

    /// Waits for the threads.
    async fn rest(&mut self) -> io::Result<Taken<L>> {
        match mem::replace(&mut self.at, At::Lost) {
            At::Rest(taken) => Ok(taken),
            At::Work(looking, writing) => {
                let look = looking.await.map_err(io::Error::other)?;
                Ok(Taken { file: Some(writing.await.map_err(io::Error::other)??), look })
            }
            At::Lost => Err(io::Error::other("it could not be written")),
        }
    }

    #[cfg(test)]
    pub(super) async fn set_file(&mut self, open: impl FnOnce() -> File) {
        let taken = self.rest().await.unwrap();
        self.at = At::Rest(Taken { file: Some(open()), ..taken });
    }
}

impl Ended {
    /// Bytes in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// All the bytes, if they are so few that they need no file.
    pub fn small(&self) -> Option<Bytes> {
        let is_small = self.length <= SMALL as u64 && self.file.is_none();
        is_small.then(|| match self.rest.whole.as_slice() {
            [one] => one.clone(),
            all => all.concat().into(),
        })
    }

    /// Finishes the file.
    pub async fn keep(mut self) -> io::Result<Fresh> {
        let (pieces, unnamed) = (self.rest.take(), self.unnamed.clone());
        if self.file.is_none() || !pieces.is_empty() || self.blobs.syncs() {
            blocking(move || {
                let file = write(&self.blobs, &unnamed, self.file, &pieces)?;
                if self.blobs.syncs() {
                    file.sync_all()?;
                    self.blobs.files.sync_folder_of(&unnamed.id)?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(Fresh::new(self.length, self.unnamed))
    }
}

/// Writes pieces to the file, which is made with the first of them.
fn write(blobs: &Blobs, unnamed: &Unnamed, file: Option<File>, pieces: &[Bytes]) -> io::Result<File> {
    let _room = blobs.files.room_for(pieces.iter().map(|piece| piece.len() as u64).sum())?;
    let mut file = match file {
        Some(file) => file,
        None => unnamed.create()?,
    };
    for piece in pieces {
        file.write_all(piece)?;
    }
    Ok(file)
}
