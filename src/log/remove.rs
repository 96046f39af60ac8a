//! Removing segments, and the stones that say that it was on purpose.
//!
//! Every segment that is gone while a later one exists has its stone, or a later stone: so a file that got lost is never
//! taken for one that was removed. Stones below the oldest segment are of no use but the last of them.

use std::sync::atomic::Ordering;

use super::header::{HEADER, log_name, parse_name, stone_name};
use super::shared::Shared;
use super::{Durability, Location, LogError};

impl Shared {
    /// Deletes a sealed segment once everything appended before this call would survive a power cut, in `process` too:
    /// what was moved out of an old segment must not be worse off than it was there. Blocks.
    pub fn remove(&self, number: u32) -> Result<(), LogError> {
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
        let mut header = [0; HEADER as usize];
        file.read_at(&mut header, 0).map_err(LogError::io("read", log_name(number)))?;
        let stone = self.disk.create(&stone_name(number)).map_err(LogError::io("create", stone_name(number)))?;
        stone.write_at(&header, 0).map_err(LogError::io("write", stone_name(number)))?;
        stone.sync().map_err(LogError::io("sync", stone_name(number)))?;
        self.sync_names()?;
        self.segments.write().remove(&number);
        self.disk.remove(&log_name(number)).map_err(LogError::io("remove", log_name(number)))?;
        self.remove_stones()?;
        self.sync_names()
    }

    /// Syncs every segment up to and including the tail that may not be.
    fn sync_all(&self, tail: u32) -> Result<(), LogError> {
        let first = self.synced_through.load(Ordering::Acquire) + 1;
        let unsynced: Vec<_> = self.segments.read().range(first..=tail).map(|(_, segment)| segment.clone()).collect();
        for segment in unsynced {
            self.sync(&segment)?;
        }
        self.sync_names()?;
        self.synced_through.fetch_max(tail - 1, Ordering::AcqRel);
        Ok(())
    }

    /// Deletes the stones below the oldest segment, but the last of them.
    fn remove_stones(&self) -> Result<(), LogError> {
        let Some(oldest) = self.segments.read().keys().next().copied() else { return Ok(()) };
        let names = self.disk.list().map_err(LogError::io("list", "the data folder"))?;
        for name in names {
            if let Some((number, true)) = parse_name(&name)
                && number + 1 < oldest
            {
                self.disk.remove(&name).map_err(LogError::io("remove", name))?;
            }
        }
        Ok(())
    }
}
