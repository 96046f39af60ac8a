//! How much room a file system has, and how much of it is kept for the log.

use std::io;
use std::os::fd::AsFd;

use super::options::Options;

/// The most that is kept free for the log, and for what is in flight when that is reached.
const FLOOR: u64 = 4 << 20;
/// A segment is no more than this part of a file system, a thirty-second.
const SEGMENT_SHARE: u64 = 32;
/// No disk is so small that its segments are smaller.
const LEAST_SEGMENT: u64 = 64 << 10;

/// The room of a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What may still be written without being root.
    pub free: u64,
    /// The size of the file system.
    pub total: u64,
}

impl Space {
    /// Of the file system that holds an open file or folder; none where it doesn't say, as some network file systems.
    pub fn of(opened: impl AsFd) -> Option<Self> {
        let found = rustix::fs::fstatvfs(opened).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        let space = Self { free: bytes(found.f_bavail), total: bytes(found.f_blocks) };
        (space.total > 0).then_some(space)
    }

    /// With less than this free, the log takes only what frees space: 4 MiB, or a sixteenth of a small file system.
    pub fn floor(self) -> u64 {
        FLOOR.min(self.total / 16)
    }

    /// The most bytes that a segment of the log is to have here: the oldest one is given back only after what is alive in it
    /// was copied, also on a full disk.
    pub(crate) fn segment(self) -> u64 {
        (self.total / SEGMENT_SHARE).max(LEAST_SEGMENT)
    }

    /// What is kept free besides the floor, so that a segment of `bytes` bytes can be copied when nothing else is written any
    /// more: half of the floor does for a small one. A segment that is larger than the disk's ought to be, of an earlier
    /// version or a larger disk, gets no more than those.
    pub(crate) fn copy(self, bytes: u64) -> u64 {
        bytes.min(self.segment()).saturating_sub(self.floor() / 2)
    }

    /// What files beside the log leave it: twice the floor, and the room for a copy of the largest segment that there may be.
    pub fn kept(self) -> u64 {
        2 * self.floor() + self.copy(Options::default().segment_bytes.into())
    }

    /// Whether a file of `bytes` bytes leaves the log what it needs.
    pub fn has_room_for(self, bytes: u64) -> bool {
        self.free >= bytes.saturating_add(self.kept())
    }
}

/// Whether an error says that there is no room.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_disk_keeps_less() {
        let disk = |free: u64, total: u64| Space { free, total };
        assert_eq!(disk(0, 1 << 40).floor(), 4 << 20);
        assert_eq!(disk(0, 16 << 20).floor(), 1 << 20);
        assert_eq!(disk(0, 16 << 20).segment(), 512 << 10);
        assert_eq!(disk(0, 16 << 20).copy(64 << 20), 0, "half of the floor does");
        assert_eq!(disk(0, 1 << 40).copy(64 << 20), 62 << 20);
        assert_eq!(disk(0, 1 << 30).copy(64 << 20), 30 << 20, "what is larger than it ought to be doesn't stop writes");
        assert!(disk(71 << 20, 1 << 40).has_room_for(1 << 20));
        assert!(!disk(71 << 20, 1 << 40).has_room_for((1 << 20) + 1));
        assert!(!disk(71 << 20, 1 << 40).has_room_for(u64::MAX));
        assert!(
            Space::of(std::fs::File::open(std::env::temp_dir()).unwrap()).is_none_or(|space| space.free <= space.total)
        );
    }
}
