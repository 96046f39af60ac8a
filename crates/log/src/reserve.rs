//! What a full disk leaves for deletions.
//!
//! While there is little room the log takes only what frees space; and it holds a file of its own, the reserve, of which it
//! gives a piece away when a write finds no room at all, because something else on the disk was faster. So a disk that is
//! full can be emptied again through the log that filled it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::disk::{Disk, SegmentFile};
use super::space::{Space, is_full};
use super::{LogError, shared::Shared};

/// The name of the reserve's file.
pub const NAME: &str = "reserve";
/// At the most so many bytes are appended before the disk is looked at again,
const FURTHEST: u64 = 1 << 20;
/// and no more than this part of what there is beyond the floor: uploads and other programs fill the same disk meanwhile.
const SHARE: u64 = 16;
/// With so many times the floor free, space is given back early.
const TIGHT: u64 = 4;
/// The reserve is given away in pieces of so many bytes: what is given at once somebody else can take at once.
const PIECE: u64 = 64 << 10;
/// This part of the floor stays free when the reserve is taken again: files are made of it, such as the log's next segment.
const FOR_FILES: u64 = 4;

#[derive(Default)]
pub(super) struct Reserve {
    /// Bytes of the file; fewer than the floor only while `low` is set. Held as long as somebody looks at the disk.
    held: Mutex<u64>,
    /// Only what frees space is taken.
    low: AtomicBool,
}

impl Reserve {
    pub fn is_low(&self) -> bool {
        self.low.load(Ordering::Relaxed)
    }

    /// Gives away what a write of so many bytes needs; false if there is nothing left.
    fn give(&self, disk: &dyn Disk, bytes: u64) -> bool {
        let mut held = self.held.lock();
        self.low.store(true, Ordering::Relaxed);
        if *held == 0 {
            return false;
        }
        let left = held.saturating_sub(bytes.next_multiple_of(PIECE) + PIECE);
        let given = match left {
            0 => disk.remove(NAME),
            _ => disk.open(NAME).and_then(|file| file.truncate(left)),
        };
        match &given {
            Ok(()) => *held = left,
            // Somebody took it away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => *held = 0,
            Err(_) => {}
        }
        given.is_ok()
    }
}

/// Takes the reserve, or as much of it as there is room for; `held` of it is there. False if it isn't whole then.
fn take(disk: &dyn Disk, held: &mut u64, space: &mut Space) -> bool {
    let wanted = space.floor();
    let goal = wanted.min(*held + space.free.saturating_sub(wanted / FOR_FILES));
    if *held >= wanted || goal < wanted.min(*held + PIECE) {
        return *held >= wanted;
    }
    // What is held stays so all the while: others may wait for it.
    let file = if *held > 0 { disk.open(NAME) } else { disk.create(NAME) };
    match file.and_then(|file| file.allocate(goal).inspect_err(|_| _ = file.truncate(*held))) {
        Ok(()) => {
            space.free -= goal - *held;
            *held = goal;
            *held == wanted
        }
        // Where there can be none, the log goes on without.
        Err(error) => !is_full(&error),
    }
}

/// Bytes of the reserve that a former life left: none if they are not really there, as in a folder copied without its
/// holes. One of a larger disk is cut.
fn left_by_a_former_life(disk: &dyn Disk, floor: u64) -> u64 {
    let there = || {
        let file = disk.open(NAME)?;
        let bytes = file.length()?.min(floor);
        file.truncate(bytes)?;
        file.allocate(bytes)?;
        Ok::<_, io::Error>(bytes)
    };
    there().unwrap_or_else(|_| {
        _ = disk.remove(NAME);
        0
    })
}

impl Shared {
    /// Takes the reserve at start, and looks whether there is room.
    pub fn begin_reserve(&self) {
        if let Some(space) = self.disk.space() {
            *self.reserve.held.lock() = left_by_a_former_life(&*self.disk, space.floor());
        }
        self.look();
    }

    /// Whether a transaction is taken, by the room that there is, and how many bytes it may have. It seldom looks at the disk:
    /// only after so many bytes that these could have filled a part of it.
    pub fn admit_by_room(&self, frees: bool, room: u64) -> Result<u64, LogError> {
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
    pub fn look(&self) {
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
    pub fn makes_room(&self, error: &LogError, bytes: u64) -> bool {
        let (LogError::Write { cause, .. } | LogError::Io { cause, .. }) = error else { return false };
        if !is_full(cause) || self.disk.space().is_none() {
            return false;
        }
        self.queue.lock().room = 0;
        self.reserve.give(&*self.disk, bytes)
    }

    pub fn full(&self) -> LogError {
        LogError::Full { place: self.disk.place() }
    }

    /// Bytes that can still be written to give space back, half of the reserve included; all there are where the disk doesn't
    /// say.
    pub fn available(&self) -> u64 {
        self.disk.space().map_or(u64::MAX, |space| space.free + *self.reserve.held.lock() / 2)
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
