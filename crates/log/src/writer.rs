//! Group commit: the first that comes writes the transactions of all that wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::header::{HEADER, Header};
use super::last;
use super::queue::{Chunk, Group};
use super::segment::Segment;
use super::shared::Shared;
use super::{Durability, LogError, Position};

/// Buffers that grew beyond this are given back after they were written.
const KEPT_BUFFER: usize = 4 << 20;

impl Shared {
    /// Makes the first file of a new log, and syncs it: a later start can then always tell when the log was written.
    pub(crate) fn begin(&self) -> Result<(), LogError> {
        let tail = self.queue.lock().tail.clone();
        if self.segments.read().len() > 1 || tail.file().is_some() {
            return Ok(());
        }
        self.create(&tail)?;
        self.sync(&tail)?;
        self.sync_names()?;
        self.note_last(tail.number, tail.number);
        Ok(())
    }

    /// Writes (and in `power`, syncs) what was appended, up to `position` at least. Blocks.
    pub(crate) fn write_through(&self, position: Position) -> Result<(), LogError> {
        let mut group = self.group.lock();
        while self.durable() < position {
            let kept = !group.chunks.is_empty();
            self.write_group(&mut group)?;
            if !kept {
                break;
            }
        }
        Ok(())
    }

    /// Writes the group that an earlier attempt left, or else everything that waits.
    fn write_group(&self, group: &mut Group) -> Result<(), LogError> {
        if let Some(poison) = self.poison.get() {
            return Err(poison.clone());
        }
        if group.chunks.is_empty() {
            let mut queue = self.queue.lock();
            std::mem::swap(&mut queue.chunks, &mut group.chunks);
            queue.writing = std::mem::take(&mut queue.pending);
            group.position = queue.position;
        }
        for at in 0..group.chunks.len() {
            let chunk = &group.chunks[at];
            let written = loop {
                // The reserve gives a piece at a time, and another program may have been faster.
                match self.write_chunk(chunk) {
                    Err(error) if self.makes_room(&error, chunk.bytes.len() as u64) => {}
                    written => break written,
                }
            };
            if let Err(error) = written {
                // What is written stays as it is: a later segment's header may tell of it.
                group.chunks.drain(..at);
                group.failed = true;
                self.refuse(&error);
                return Err(error);
            }
        }
        let spare = group.chunks.drain(..).next_back().map(|chunk| chunk.bytes);
        self.durable.store(group.position.0, Ordering::Release);
        let mut queue = self.queue.lock();
        queue.writing = 0;
        if std::mem::take(&mut group.failed) {
            queue.refusal = None;
        }
        if let Some(mut spare) = spare.filter(|spare| spare.capacity() <= KEPT_BUFFER) {
            spare.clear();
            queue.spare = spare;
        }
        Ok(())
    }

    /// The file of the chunk's segment, its bytes, and in `power` the sync: each only after the one before.
    fn write_chunk(&self, chunk: &Chunk) -> Result<(), LogError> {
        let segment = &chunk.segment;
        let failed = |offset: u32| {
            let file = segment.name();
            move |cause: io::Error| LogError::Write { file, offset: offset.into(), cause: Arc::new(cause) }
        };
        let file = match segment.file() {
            Some(file) => file,
            None => {
                self.create(segment)?;
                segment.file().ok_or_else(|| failed(0)(io::ErrorKind::NotFound.into()))?
            }
        };
        if let Err(error) = file.write_at(&chunk.bytes, chunk.offset.into()) {
            // What is left of it, if this fails as well, is overwritten by the next attempt or cut by the next start.
            let _ = file.truncate(chunk.offset.into());
            return Err(failed(chunk.offset)(error));
        }
        if self.durability == Durability::Power {
            self.sync(segment)?;
        }
        segment.set_bytes(chunk.offset + chunk.bytes.len() as u32);
        Ok(())
    }

    /// A new segment's file with its header. The segment before it is complete, and in `power` synced.
    fn create(&self, segment: &Arc<Segment>) -> Result<(), LogError> {
        let sealed = segment.number - 1;
        if self.durability == Durability::Power {
            self.synced_through.store(sealed, Ordering::Release);
        }
        let header = Header {
            segment: segment.number,
            previous_end: segment.previous_end,
            synced_through: self.synced_through.load(Ordering::Acquire),
            boot: self.disk.boot(),
        };
        let name = segment.name();
        let failed = |cause| LogError::Write { file: name.clone(), offset: 0, cause: Arc::new(cause) };
        let file = self.disk.create(&name).map_err(failed)?;
        file.write_at(&header.encode(), 0).map_err(failed)?;
        if self.durability == Durability::Power {
            file.sync().map_err(|error| self.poison(&name, &error))?;
            self.sync_names()?;
        }
        segment.created(file, HEADER);
        let kept = if self.durability == Durability::Power { segment.number } else { header.synced_through };
        self.note_last(segment.number, kept);
        if self.durability == Durability::Process
            && let Some(sealed) = self.segment(sealed)
        {
            self.work.lock().sealed.push_back(sealed);
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Notes which segment is the last. Where that fails, the loss of this segment wouldn't be noticed, and nothing else.
    fn note_last(&self, segment: u32, kept: u32) {
        if self.durability != Durability::Memory {
            _ = last::note(&self.disk, segment, kept, self.durability == Durability::Power);
        }
    }

    /// Syncs a segment's file. After a failure the log is poisoned: the pages that failed may be gone.
    pub(crate) fn sync(&self, segment: &Segment) -> Result<(), LogError> {
        let Some(file) = segment.file() else { return Ok(()) };
        file.sync().map_err(|error| self.poison(&segment.name(), &error))
    }

    /// Syncs the folder's list of files.
    pub(crate) fn sync_names(&self) -> Result<(), LogError> {
        self.disk.sync().map_err(|error| self.poison("the data folder", &error))
    }

    fn poison(&self, file: &str, error: &io::Error) -> LogError {
        self.give_up(format!("a sync of {file} failed: {error}"))
    }

    /// Nothing more is written until a restart.
    pub(crate) fn give_up(&self, reason: String) -> LogError {
        let poison = self.poison.get_or_init(|| LogError::Poisoned { reason }).clone();
        self.queue.lock().refusal = Some(poison.clone());
        poison
    }

    /// No more appends until what could not be written is.
    fn refuse(&self, error: &LogError) {
        let mut queue = self.queue.lock();
        if self.poison.get().is_none() {
            queue.refusal = Some(LogError::Unavailable { reason: error.to_string() });
        }
    }
}
