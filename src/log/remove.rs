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
        let (stone, outdated) = self.place_stone(number, file)?;
        self.segments.write().remove(&number);
        for name in outdated.iter().filter(|name| **name != stone).chain([&log_name(number)]) {
            self.disk.remove(name).map_err(LogError::io("remove", name))?;
        }
        self.sync_names()
    }

    /// Writes and syncs the stone of a segment, one for it and all removed ones beside it. Returns its name, and those of
    /// the stones that it replaces.
    fn place_stone(&self, number: u32, file: &Arc<dyn SegmentFile>) -> Result<(String, Vec<String>), LogError> {
        let (mut first, mut last) = (number, number);
        let mut header = [0; HEADER as usize];
        file.read_at(&mut header, 0).map_err(LogError::io("read", log_name(number)))?;
        let mut outdated = Vec::new();
        for name in self.disk.list().map_err(LogError::io("list", "the data folder"))? {
            let Some((from, to, true)) = parse_name(&name) else { continue };
            if to + 1 == number {
                let stone = self.disk.open(&name).map_err(LogError::io("open", &name))?;
                stone.read_at(&mut header, 0).map_err(LogError::io("read", &name))?;
                first = from;
            } else if from == number + 1 {
                last = to;
            } else if !(from..=to).contains(&number) {
                continue;
            }
            outdated.push(name);
        }
        let name = stone_name(first, last);
        let stone = self.disk.create(&name).map_err(LogError::io("create", &name))?;
        stone.write_at(&header, 0).map_err(LogError::io("write", &name))?;
        stone.sync().map_err(LogError::io("sync", &name))?;
        self.sync_names()?;
        Ok((name, outdated))
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
}
