//! Files that no document names yet. Whatever becomes of the request that writes one, the file is removed again unless a
//! document may name it.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;

use super::files::Files;
use super::{Blob, BlobId, Blobs, CHUNK, blocking};

/// Removes its file when its last holder is gone: the request, or the thread that is still writing for it.
pub(super) struct Unnamed {
    pub id: BlobId,
    files: Files,
    named: AtomicBool,
}

impl Unnamed {
    /// Takes charge of a file that is about to be made.
    pub(super) fn new(files: Files, id: BlobId) -> Arc<Self> {
        Arc::new(Self { id, files, named: AtomicBool::new(false) })
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        if !*self.named.get_mut() {
            // Either it was never made, or what can't be removed here is garbage for the next start.
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

/// A blob that is being written.
pub struct Draft {
    blobs: Blobs,
    unnamed: Arc<Unnamed>,
    file: Option<File>,
    length: u64,
    buffer: BytesMut,
}

impl Draft {
    /// Begins a blob, whose file is made with its first bytes.
    pub(super) fn new(blobs: Blobs, id: BlobId) -> Self {
        let unnamed = Unnamed::new(blobs.files.clone(), id);
        Self { blobs, unnamed, file: None, length: 0, buffer: BytesMut::new() }
    }

    /// Takes the next bytes of the body. After an error the draft is of no use.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK { self.flush(false).await } else { Ok(()) }
    }

    /// Finishes the file.
    pub async fn keep(mut self) -> io::Result<Fresh> {
        self.flush(true).await?;
        Ok(Fresh::new(self.length, self.unnamed))
    }

    #[cfg(test)]
    pub(super) fn set_file(&mut self, file: File) {
        self.file = Some(file);
    }

    async fn flush(&mut self, last: bool) -> io::Result<()> {
        let (buffer, file, blobs) = (self.buffer.split(), self.file.take(), self.blobs.clone());
        // The thread holds the file as well: when the request is dropped meanwhile, the thread removes it in the end.
        let unnamed = self.unnamed.clone();
        let file = blocking(move || {
            let _room = blobs.files.room_for(buffer.len() as u64)?;
            let mut file = match file {
                Some(file) => file,
                None => blobs.files.create(&unnamed.id)?,
            };
            file.write_all(&buffer)?;
            if last && blobs.syncs() {
                file.sync_all()?;
                blobs.files.sync_folder_of(&unnamed.id)?;
            }
            Ok(file)
        })
        .await?;
        self.file = Some(file);
        Ok(())
    }
}
