//! Removing segments, and the stones that say that it was on purpose.
//!
//! Every removed segment is named by a stone, so a file that got lost is never taken for one that was removed. One stone
//! names all removed segments that lie side by side, so there are no more stones than gaps.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::disk::SegmentFile;
use super::header::{HEADER, log_name, parse_name, stone_name};
use super::shared::Shared;
use super::{Durability, Location, LogError};

impl Shared {
    /// Deletes a sealed segment once everything appended before this call would survive a power cut, in `process` too:
    /// what was moved out of an old segment must not be worse off than it was there. Blocks.
    pub(crate) fn remove(&self, number: u32) -> Result<(), LogError> {
        let _one_at_a_time = self.removal.lock();
        let no_segment = || LogError::NoSegment(Location { segment: number, offset: 0 });
        let segment = self.segment(number).ok_or_else(no_segment)?;
        let (position, tail) = {
            let queue = self.queue.lock();
            (queue.position, queue.tail.clone())
        };
        if number >= tail.number {
            return Err(LogError::Unsealed(number));
        }
        self.write_through(position)?;
        if self.durability == Durability::Process {
            self.sync_all(tail.number)?;
        }
        let file = segment.file().ok_or_else(no_segment)?;
        let outdated = loop {
            match self.place_stone(number, file) {
                Err(error) if self.makes_room(&error, HEADER.into()) => {}
                placed => break placed?,
            }
        };
        self.segments.write().remove(&number);
        for name in outdated.iter().chain([&log_name(number)]) {
            self.disk.remove(name).map_err(LogError::io("remove", name))?;
        }
        self.sync_names()?;
        // The reserve is taken of what is free now before another program takes that.
        self.check_room();
        Ok(())
    }

    /// Makes a stone name the segment, one for it and all removed ones beside it, and syncs that. Returns the stone that
    /// this one replaces.
    ///
    /// Where the segment before was removed as well, that one's stone is renamed: removing the oldest, and so gaining
    /// space, takes none.
    fn place_stone(&self, number: u32, file: &Arc<dyn SegmentFile>) -> Result<Option<String>, LogError> {
        let names = self.disk.list().map_err(LogError::io("list", "the data folder"))?;
        let segments: Vec<u32> = self.segments.read().keys().copied().collect();
        // A stone of a segment that is still there is what an attempt left that failed: it says nothing.
        let stands = |first: u32, last: u32| !segments.iter().any(|segment| (first..=last).contains(segment));
        let all = || names.iter().filter_map(|name| parse_name(name));
        let stones = || all().filter(|(first, last, stone)| *stone && stands(*first, *last));
        let before = stones().find(|(_, last, _)| last + 1 == number);
        let after = stones().find(|(first, ..)| *first == number + 1);
        let first = before.map_or(number, |(first, ..)| first);
        let last = after.map_or(number, |(_, last, _)| last);
        let name = stone_name(first, last);
        if let Some((first, last, _)) = before {
            let outdated = stone_name(first, last);
            self.disk.rename(&outdated, &name).map_err(LogError::io("rename", outdated))?;
        } else {
            let mut header = [0; HEADER as usize];
            file.read_at(&mut header, 0).map_err(LogError::io("read", log_name(number)))?;
            let stone = self.disk.create(&name).map_err(LogError::io("create", &name))?;
            stone.write_at(&header, 0).map_err(LogError::io("write", &name))?;
            stone.sync().map_err(LogError::io("sync", &name))?;
        }
        self.sync_names()?;
        Ok(after.map(|(first, last, _)| stone_name(first, last)))
    }

    /// Syncs every segment up to and including the tail that may not be.
    pub(super) fn sync_all(&self, tail: u32) -> Result<(), LogError> {
        let first = self.synced_through.load(Ordering::Acquire) + 1;
        // The log may have rolled on meanwhile, and its thread have synced more than this asks for: `first` is beyond `tail` then.
        let unsynced: Vec<_> = {
            let segments = self.segments.read();
            let wanted = segments.range(first..).take_while(|(number, _)| **number <= tail);
            wanted.map(|(_, segment)| segment.clone()).collect()
        };
        for segment in unsynced {
            self.sync(&segment)?;
        }
        self.sync_names()?;
        self.synced_through.fetch_max(tail - 1, Ordering::AcqRel);
        Ok(())
    }
}
