//! What a full disk leaves for deletions.
//!
//! While there is little room the log takes only what frees space; and it holds a file of its own, the reserve, of which it
//! gives a piece away when a write finds no room at all, because something else on the disk was faster. So a disk that is
//! full can be emptied again through the log that filled it.

use std::sync::atomic::Ordering;

use super::LogError;
use super::reserve::{left_by_a_former_life, take};
use super::shared::Shared;
use super::space::is_full;

/// At the most so many bytes are appended before the disk is looked at again,
const FURTHEST: u64 = 1 << 20;
/// and no more than this part of what there is beyond the floor: uploads and other programs fill the same disk meanwhile.
const SHARE: u64 = 16;
/// With so many times the floor free, space is given back early.
const TIGHT: u64 = 4;

impl Shared {
    /// Takes the reserve at start, and looks whether there is room.
    pub(crate) fn begin_reserve(&self) {
        if let Some(space) = self.disk.space() {
            *self.reserve.held.lock() = left_by_a_former_life(&*self.disk, space.floor());
        }
        self.look();
    }

    /// Whether a transaction is taken, by the room that there is, and how many bytes it may have. It seldom looks at the disk:
    /// only after so many bytes that these could have filled a part of it.
    pub(crate) fn admit_by_room(&self, frees: bool, room: u64) -> Result<u64, LogError> {
        if room == 0 && !(frees && self.reserve.is_low()) {
            self.look();
        }
        match self.reserve.is_low() && !frees {
            true => Err(self.full()),
            false => Ok(self.queue.lock().most),
        }
    }

    /// Looks at the disk: how many bytes may come before the next look, and whether there is enough to go on.
    ///
    /// Little room is less than the floor, or a reserve that isn't whole; it is over when twice the floor is free beside it.
    pub(crate) fn look(&self) {
        let mut held = self.reserve.held.lock();
        // Asked for before the disk: what is written between the two counts twice, and not never.
        let waiting = self.queue.lock().unwritten();
        let Some(mut space) = self.disk.space() else {
            // All that it can tell is that a write fails.
            let mut queue = self.queue.lock();
            (queue.room, queue.most) = (u64::MAX, u64::MAX);
            self.reserve.low.store(false, Ordering::Relaxed);
            return;
        };
        space.free = space.free.saturating_sub(waiting);
        let whole = take(&*self.disk, &mut held, &mut space);
        let floor = space.floor();
        let enough = if self.reserve.is_low() { 2 * floor } else { floor };
        let low = !whole || space.free < enough;
        self.reserve.low.store(low, Ordering::Relaxed);
        let room = (space.free.saturating_sub(floor) / SHARE).clamp(1, FURTHEST);
        let mut queue = self.queue.lock();
        queue.room = if low { 0 } else { room };
        // The largest leaves the reserve as it is, and half of the floor.
        queue.most = space.free.saturating_sub(room + floor / 2);
    }

    /// After a write of so many bytes that found no room: whether it is worth another try.
    ///
    /// What was decided is written in its turn, and what frees space may wait behind it: so it gets of the reserve what it
    /// needs, whatever it is; and from now on only what frees space is taken.
    pub(crate) fn makes_room(&self, error: &LogError, bytes: u64) -> bool {
        let (LogError::Write { cause, .. } | LogError::Io { cause, .. }) = error else { return false };
        if !is_full(cause) || self.disk.space().is_none() {
            return false;
        }
        self.queue.lock().room = 0;
        self.reserve.give(&*self.disk, bytes)
    }

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
        self.reserve.is_low() || self.disk.space().is_some_and(|space| space.free < TIGHT * space.floor())
    }
}
