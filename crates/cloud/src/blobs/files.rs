//! The files of blobs: `<2 hex>/<id>` in the folder of objects. No link is followed on the way to one.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Blob;
use directory::{Directory, Kind};
use log::Space;

/// The folder of objects.
#[derive(Clone)]
pub(crate) struct Files {
    folder: Arc<Directory>,
    /// Its folders are made when a blob needs them, not at the start.
    sparse: bool,
    /// Bytes that are being written.
    writing: Arc<AtomicU64>,
}

/// A reservation of disk space for bytes that are being written. Dropping it gives it up.
pub(crate) struct Room {
    writing: Arc<AtomicU64>,
    bytes: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.writing.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Files {
    /// Opens a folder, and makes the folders in it that aren't there.
    pub(crate) fn open(folder: Arc<Directory>) -> io::Result<Self> {
        for name in shards() {
            folder.folder_or_new(&name).map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        }
        Ok(Self { folder, sparse: false, writing: Arc::default() })
    }

    /// Opens a folder whose folders are made when they are needed: to make and remove 256 of them takes longer than most tests.
    pub(crate) fn sparse(folder: Arc<Directory>) -> Self {
        Self { folder, sparse: true, writing: Arc::default() }
    }

    /// The folder of objects itself.
    pub(crate) fn folder(&self) -> &Directory {
        &self.folder
    }

    /// The first of the folders in it that is gone.
    pub(crate) fn missing(&self) -> io::Result<Option<String>> {
        if self.sparse {
            return Ok(None);
        }
        let there: HashSet<_> = self.folder.names()?.into_iter().flatten().collect();
        Ok(shards().find(|name| !there.contains(name)))
    }

    /// The folder of the blobs whose ids begin as this one does.
    pub(crate) fn shard(&self, id: &str) -> io::Result<Directory> {
        self.folder.folder(id.get(..2).unwrap_or("00"))
    }

    /// The same for a blob that is new.
    fn shard_of_new(&self, id: &str) -> io::Result<Directory> {
        match self.shard(id) {
            Err(error) if self.sparse && error.kind() == io::ErrorKind::NotFound => {
                self.folder.folder_or_new(id.get(..2).unwrap_or("00"))
            }
            found => found,
        }
    }

    /// Makes the file of a new blob.
    pub(crate) fn create(&self, id: &str) -> io::Result<File> {
        self.shard_of_new(id)?.new_file(id)
    }

    /// The blob's file: there, and as long as it was when it was written.
    pub(crate) fn read(&self, blob: &Blob) -> io::Result<File> {
        let file = self.shard(&blob.id)?.read(&blob.id)?;
        has_length(blob.length, file.metadata()?.len())?;
        Ok(file)
    }

    /// Whether [`read`](Self::read) would find it.
    pub(crate) fn check(&self, blob: &Blob) -> io::Result<()> {
        match self.shard(&blob.id)?.entry(&blob.id)? {
            Some(entry) if entry.kind != Kind::File => Err(io::Error::other(entry.kind.isnt(Kind::File))),
            Some(entry) => has_length(blob.length, entry.length),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "it is gone")),
        }
    }

    /// Removes the file of a blob.
    pub(crate) fn remove(&self, id: &str) -> io::Result<()> {
        self.shard(id)?.remove(id)
    }

    /// Gives a blob's bytes a second id.
    pub(crate) fn link(&self, id: &str, new: &str) -> io::Result<()> {
        self.shard(id)?.link(id, &self.shard_of_new(new)?, new)
    }

    /// Reserves disk space for a write, which holds the reservation to its end. Refuses bytes that, with all others being
    /// written, would take the last of the disk: the log needs that, also for changes that free space.
    pub(crate) fn room_for(&self, bytes: u64) -> io::Result<Room> {
        let room = Room { writing: self.writing.clone(), bytes };
        let all = self.writing.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        match Space::of(&*self.folder) {
            Some(space) if !space.has_room_for(all) => {
                let room = space.free.saturating_sub(space.kept());
                let message = format!("the disk takes {room} more bytes: what is left is kept for deletions");
                Err(io::Error::new(io::ErrorKind::StorageFull, message))
            }
            _ => Ok(room),
        }
    }

    /// Syncs the folder of a blob, so that its name survives a power cut.
    pub(crate) fn sync_folder_of(&self, id: &str) -> io::Result<()> {
        self.shard(id)?.sync()
    }

    /// The same for the folders of blobs.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.folder.sync()
    }
}

/// The names of the folders in the folder of objects.
fn shards() -> impl Iterator<Item = String> {
    (0..=255u8).map(|shard| format!("{shard:02x}"))
}

/// Whether a file is as long as it was when it was written.
pub(crate) fn has_length(written: u64, length: u64) -> io::Result<()> {
    match length == written {
        true => Ok(()),
        false => Err(io::Error::other(format!("it has {length} bytes instead of {written}"))),
    }
}
