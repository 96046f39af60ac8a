//! The reserve: a file that holds room on the disk for what frees space.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::disk::Disk;
use super::space::{Space, is_full};

/// The name of the reserve's file.
pub(crate) const NAME: &str = "reserve";
/// The reserve is given away in pieces of this many bytes: another program could take all that is given at once.
const PIECE: u64 = 64 << 10;
/// A quarter of the floor stays free when the reserve is taken again: for new files, such as the log's next segment.
const FOR_FILES: u64 = 4;

/// How much room the reserve holds at the moment.
#[derive(Default)]
pub(super) struct Reserve {
    /// Bytes of the file; fewer than the floor only while `low` is set. Locked for as long as somebody checks the room.
    pub held: Mutex<u64>,
    /// Only what frees space is admitted.
    pub low: AtomicBool,
}

impl Reserve {
    pub(crate) fn is_low(&self) -> bool {
        self.low.load(Ordering::Relaxed)
    }

    /// Gives away what a write of so many bytes needs; false if there is nothing left.
    pub(crate) fn give(&self, disk: &dyn Disk, bytes: u64) -> bool {
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

/// Makes the reserve grow from `held` bytes to the floor, or as far as there is room. False if it isn't whole then.
pub(super) fn take_reserve(disk: &dyn Disk, held: &mut u64, space: &mut Space) -> bool {
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

/// Bytes of the reserve that an earlier process left: none if they are not really there, as in a folder that was copied
/// without its holes. A reserve from a larger disk is cut.
pub(super) fn find_reserve(disk: &dyn Disk, floor: u64) -> u64 {
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
