//! Files that no document names yet: whatever becomes of the request that writes one, the file goes again unless a
//! document may name it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;

use super::blobs::{Blob, BlobId, Blobs, CHUNK, blocking};

/// Removes its file when its last holder is gone: the request, or the thread that is still writing for it.
#[derive(Debug)]
pub(super) struct Unnamed {
    pub path: PathBuf,
    named: AtomicBool,
}

impl Unnamed {
    /// Takes charge of a file that is about to be made.
    pub fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { path, named: AtomicBool::new(false) })
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        if !*self.named.get_mut() {
            // Either it was never made, or what can't be removed here is garbage for the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A whole blob that no document names yet.
#[derive(Debug, Clone)]
pub struct Fresh {
    pub blob: Blob,
    file: Arc<Unnamed>,
}

impl Fresh {
    pub(super) fn new(blob: Blob, file: Arc<Unnamed>) -> Self {
        Self { blob, file }
    }

    /// A document is about to name it, in a transaction that may reach the log: the file stays, come what may.
    pub fn named(&self) {
        self.file.named.store(true, Ordering::Relaxed);
    }
}

/// A blob that is being written.
pub struct Draft {
    blobs: Blobs,
    id: BlobId,
    unnamed: Arc<Unnamed>,
    file: Option<File>,
    length: u64,
    buffer: BytesMut,
}

impl Draft {
    pub(super) fn new(blobs: Blobs, id: BlobId) -> Self {
        let unnamed = Unnamed::new(blobs.path(&id));
        Self { blobs, id, unnamed, file: None, length: 0, buffer: BytesMut::new() }
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
        Ok(Fresh::new(Blob { id: self.id, length: self.length }, self.unnamed))
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
            blobs.check_room(buffer.len() as u64)?;
            let mut file = match file {
                Some(file) => file,
                None => File::create_new(&unnamed.path)?,
            };
            file.write_all(&buffer)?;
            if last && blobs.syncs() {
                file.sync_all()?;
                blobs.sync_folder_of(&unnamed.path)?;
            }
            Ok(file)
        })
        .await?;
        self.file = Some(file);
        Ok(())
    }
}
