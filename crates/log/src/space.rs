//! How much room a file system has, and how much of it is kept for the log.

use std::io;
use std::os::fd::AsFd;

/// The most that is kept free for the log, and for what is in flight when that is reached.
const FLOOR: u64 = 4 << 20;

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

    /// Whether a file of `bytes` bytes leaves the log what it needs: twice the floor.
    pub fn has_room_for(self, bytes: u64) -> bool {
        self.free >= bytes.saturating_add(2 * self.floor())
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
        assert!(disk(9 << 20, 1 << 40).has_room_for(1 << 20));
        assert!(!disk(9 << 20, 1 << 40).has_room_for((1 << 20) + 1));
        assert!(!disk(9 << 20, 1 << 40).has_room_for(u64::MAX));
        assert!(
            Space::of(std::fs::File::open(std::env::temp_dir()).unwrap()).is_none_or(|space| space.free <= space.total)
        );
    }
}
