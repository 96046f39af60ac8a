//! What a full disk leaves for deletions.
//!
//! While there is little room the log takes only what frees space; and it holds a file of its own, the reserve, that it
//! gives away when a write finds no room at all, because something else on the disk was faster. So a disk that is full
//! can be emptied again through the log that filled it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::disk::{Disk, SegmentFile};
use super::space::{Space, is_full};
use super::{LogError, shared::Shared};

/// The name of the reserve's file.
pub const NAME: &str = "reserve";
/// At the most so many bytes are appended before the disk is looked at again.
const FURTHEST: u64 = 16 << 20;
/// With so many times the floor free, space is given back early.
const TIGHT: u64 = 4;

#[derive(Default)]
pub(super) struct Reserve {
    /// Bytes of the file; 0 when it is given away.
    held: Mutex<u64>,
    /// Only what frees space is taken.
    low: AtomicBool,
}

impl Reserve {
    pub fn is_low(&self) -> bool {
        self.low.load(Ordering::Relaxed)
    }

    /// Bytes that a write could have at the worst.
    fn available(&self, space: Space) -> u64 {
        space.free + *self.held.lock()
    }

    /// Takes the reserve, or as much as there is already, if that leaves enough to go on.
    fn take(&self, disk: &dyn Disk, space: Space) -> bool {
        let mut held = self.held.lock();
        let wanted = space.floor();
        if *held >= wanted {
            return space.free >= 2 * wanted;
        }
        if space.free + *held < 3 * wanted {
            return false;
        }
        match disk.create(NAME).and_then(|file| file.allocate(wanted)) {
            Ok(()) => *held = wanted,
            Err(_) => _ = disk.remove(NAME),
        }
        *held == wanted
    }

    /// Gives the reserve away; false if there was none.
    fn give(&self, disk: &dyn Disk) -> bool {
        self.low.store(true, Ordering::Relaxed);
        let mut held = self.held.lock();
        *held > 0 && disk.remove(NAME).map(|()| *held = 0).is_ok()
    }
}

impl Shared {
    /// Takes the reserve at start. One that a former life left is there already.
    pub fn begin_reserve(&self) {
        let Some(space) = self.disk.space() else { return };
        *self.reserve.held.lock() = self.disk.open(NAME).and_then(|file| file.length()).unwrap_or(0);
        self.reserve.take(&*self.disk, space);
    }

    /// Whether a transaction is taken, by the room that there is. It seldom looks at the disk: only after so many bytes that
    /// these could have filled it.
    pub fn admit_by_room(&self, frees: bool, room: u64) -> Result<(), LogError> {
        if room == 0 && !(frees && self.reserve.is_low()) {
            self.look();
        }
        match self.reserve.is_low() && !frees {
            true => Err(self.full()),
            false => Ok(()),
        }
    }

    /// Looks at the disk: how many bytes may come before the next look, and whether there is enough to go on.
    pub fn look(&self) {
        let space = self.disk.space();
        let mut queue = self.queue.lock();
        let Some(mut space) = space else {
            // All that it can tell is that a write fails.
            queue.room = u64::MAX;
            self.reserve.low.store(false, Ordering::Relaxed);
            return;
        };
        space.free = space.free.saturating_sub(queue.pending as u64);
        let low = match self.reserve.is_low() {
            true => !self.reserve.take(&*self.disk, space),
            false => space.free < space.floor(),
        };
        self.reserve.low.store(low, Ordering::Relaxed);
        queue.room = if low { 0 } else { (space.free.saturating_sub(space.floor()) / 2).clamp(1, FURTHEST) };
    }

    /// After a write that found no room: whether it is worth another try.
    pub fn makes_room(&self, error: &LogError) -> bool {
        let (LogError::Write { cause, .. } | LogError::Io { cause, .. }) = error else { return false };
        if !is_full(cause) || self.disk.space().is_none() {
            return false;
        }
        self.queue.lock().room = 0;
        self.reserve.give(&*self.disk)
    }

    pub fn full(&self) -> LogError {
        LogError::Full { place: self.disk.place() }
    }

    /// Bytes that can still be written; all there are where the disk doesn't say.
    pub fn available(&self) -> u64 {
        self.disk.space().map_or(u64::MAX, |space| self.reserve.available(space))
    }

    /// Whether space should be given back even where that costs something.
    pub fn is_tight(&self) -> bool {
        self.reserve.is_low() || self.disk.space().is_some_and(|space| space.free < TIGHT * space.floor())
    }
}

/// Writes so many bytes that no file system can make smaller.
pub(super) fn fill<F: SegmentFile + ?Sized>(file: &F, bytes: u64) -> io::Result<()> {
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut block = vec![0; 64 << 10];
    for piece in block.chunks_exact_mut(8) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        piece.copy_from_slice(&seed.to_le_bytes());
    }
    for offset in (0..bytes).step_by(block.len()) {
        let length = (bytes - offset).min(block.len() as u64) as usize;
        file.write_at(&block[..length], offset)?;
    }
    Ok(())
}
