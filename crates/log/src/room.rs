//! What a full disk leaves for deletions.
//!
//! While there is little room the log takes only what frees space; and it holds a file of its own, the reserve, of which it
//! gives a piece away when a write finds no room at all, because something else on the disk was faster. So a disk that is
//! full can be emptied again through the log that filled it.
//!
//! What is dead between what is alive frees nothing before its segment goes, and that only after a copy of what is alive: so
//! there is also room for a copy of the largest segment, and segments are small where the disk is.

use std::sync::atomic::Ordering;

use super::LogError;
use super::reserve::{find_reserve, take_reserve};
use super::shared::Shared;
use super::space::{Space, is_full};

/// The most bytes that are appended between two checks of the room on the disk.
const MAX_UNCHECKED: u64 = 1 << 20;
/// Between two checks no more is appended than this part of the room beyond the floor: a sixteenth. Uploads and other programs
/// fill the same disk meanwhile.
const SHARE: u64 = 16;
/// With less than so many times the floor free besides the room for a copy, space is given back even where that costs something.
const TIGHT: u64 = 4;

impl Shared {
    /// Takes the reserve at start, and looks whether there is room.
    pub(crate) fn begin_reserve(&self) {
        if let Some(space) = self.disk.space() {
            *self.reserve.held.lock() = find_reserve(&*self.disk, space.floor());
        }
        self.check_room();
    }

    /// Whether a transaction is taken, by the room that there is, and how many bytes it may have. The disk is asked only once
    /// `room`, the bytes that may be appended without asking, is used up.
    pub(crate) fn admit_by_room(&self, frees: bool, room: u64) -> Result<u64, LogError> {
        if room == 0 && !(frees && self.reserve.is_low()) {
            self.check_room();
        }
        match self.reserve.is_low() && !frees {
            true => Err(self.full()),
            false => Ok(self.queue.lock().max_transaction),
        }
    }

    /// Asks the disk how much room there is, and sets how many bytes may be appended before the next check.
    ///
    /// There is little room while less than the floor is free besides the room for a copy, or the reserve isn't whole. That ends
    /// when the reserve is whole and twice the floor is free beside it, and the room for a copy.
    pub(crate) fn check_room(&self) {
        let largest = self.largest();
        let mut held = self.reserve.held.lock();
        // Before the disk is asked: what is written between the two is counted twice then, rather than not at all.
        let waiting = self.queue.lock().unwritten();
        let Some(mut space) = self.disk.space() else {
            // Such a disk tells of no room only by failing a write.
            let mut queue = self.queue.lock();
            (queue.room, queue.max_transaction) = (u64::MAX, u64::MAX);
            self.reserve.low.store(false, Ordering::Relaxed);
            return;
        };
        space.free = space.free.saturating_sub(waiting);
        let whole = take_reserve(&*self.disk, &mut held, &mut space);
        let (floor, copy) = (space.floor(), space.copy(largest));
        let enough = copy + if self.reserve.is_low() { 2 * floor } else { floor };
        let low = !whole || space.free < enough;
        self.reserve.low.store(low, Ordering::Relaxed);
        let room = (space.free.saturating_sub(floor + copy) / SHARE).clamp(1, MAX_UNCHECKED);
        let mut queue = self.queue.lock();
        queue.room = if low { 0 } else { room };
        // The largest transaction leaves the reserve as it is, half of the floor, and the room for a copy.
        queue.max_transaction = space.free.saturating_sub(room + floor / 2 + copy);
    }

    /// Whether a write of `bytes` bytes that found no room is worth another try, since the reserve gave some room away.
    ///
    /// What was decided is written in its turn, and what frees space may wait behind it. So a write gets room from the reserve
    /// whatever it is for; from now on only what frees space is admitted.
    pub(crate) fn makes_room(&self, error: &LogError, bytes: u64) -> bool {
        let (LogError::Write { cause, .. } | LogError::Io { cause, .. }) = error else { return false };
        if !is_full(cause) || self.disk.space().is_none() {
            return false;
        }
        self.queue.lock().room = 0;
        self.reserve.give(&*self.disk, bytes)
    }

    /// The error that tells of a full disk.
    pub(crate) fn full(&self) -> LogError {
        LogError::Full { place: self.disk.place() }
    }

    /// Bytes that can still be written to give space back, half of the reserve included; all there are where the disk doesn't
    /// say.
    pub(crate) fn available(&self) -> u64 {
        self.disk.space().map_or(u64::MAX, |space| space.free + *self.reserve.held.lock() / 2)
    }

    /// Whether space should be given back even where that costs something.
    pub(crate) fn is_tight(&self) -> bool {
        let tight = |space: Space| space.free < TIGHT * space.floor() + space.copy(self.largest());
        self.reserve.is_low() || self.disk.space().is_some_and(tight)
    }

    /// Bytes of the largest segment.
    fn largest(&self) -> u64 {
        self.segments.read().values().map(|segment| segment.bytes()).max().unwrap_or(0).into()
    }
}
