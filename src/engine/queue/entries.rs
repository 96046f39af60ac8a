//! The messages of one queue by their position: 48 bytes each, in chunks.

use std::collections::BTreeMap;

use crate::engine::{Millis, Position, Seq};

const CHUNK: u64 = 64;

/// What a message in a queue is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// No message at this position.
    #[default]
    Gone,
    /// Never received, not delayed, without a group: found by the queue's cursor.
    Fresh,
    /// Visible otherwise, be it again: found in the queue's sets, or its group's.
    Back,
    /// Delayed until `visible_at`: found in the queue's timers.
    Delayed,
    /// In flight until `visible_at`: found in the queue's timers.
    InFlight,
}

/// One message in one queue.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry {
    pub seq: Seq,
    pub sent_at: Millis,
    /// When a delayed message or one in flight is visible (again).
    pub visible_at: Millis,
    /// When it was first received; 0 if never.
    pub first_received: Millis,
    /// How often it was received.
    pub count: u32,
    /// Its message group, a slot of [`super::groups::Groups`] or [`super::tenants::Tenants`];
    /// [`super::groups::NONE`] without one.
    pub group: u32,
    /// Which of its payload's deliveries it is.
    pub index: u16,
    pub state: State,
    /// It was redriven from, or restated after it came from, another queue: see [`super::Queue::strays`].
    pub stray: bool,
}

#[derive(Debug)]
struct Chunk {
    live: u32,
    entries: Box<[Entry; CHUNK as usize]>,
}

/// The entries of a queue. Positions are dense while messages are young, so a chunk costs little; a chunk without messages is
/// dropped.
#[derive(Debug, Default)]
pub struct Entries {
    chunks: BTreeMap<u64, Chunk>,
    len: usize,
}

impl Entries {
    /// The number of messages.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Puts a message at a position, replacing what was there.
    pub fn insert(&mut self, position: Position, entry: Entry) {
        let chunk = self
            .chunks
            .entry(position / CHUNK)
            .or_insert_with(|| Chunk { live: 0, entries: Box::new([Entry::default(); CHUNK as usize]) });
        let slot = &mut chunk.entries[(position % CHUNK) as usize];
        if slot.state == State::Gone {
            chunk.live += 1;
            self.len += 1;
        }
        *slot = entry;
    }

    /// The message at a position.
    pub fn get(&self, position: Position) -> Option<&Entry> {
        let entry = &self.chunks.get(&(position / CHUNK))?.entries[(position % CHUNK) as usize];
        (entry.state != State::Gone).then_some(entry)
    }

    /// The message at a position, to change.
    pub fn get_mut(&mut self, position: Position) -> Option<&mut Entry> {
        let entry = &mut self.chunks.get_mut(&(position / CHUNK))?.entries[(position % CHUNK) as usize];
        (entry.state != State::Gone).then_some(entry)
    }

    /// Takes a message out.
    pub fn remove(&mut self, position: Position) -> Option<Entry> {
        let chunk = self.chunks.get_mut(&(position / CHUNK))?;
        let slot = &mut chunk.entries[(position % CHUNK) as usize];
        if slot.state == State::Gone {
            return None;
        }
        let entry = std::mem::take(slot);
        chunk.live -= 1;
        self.len -= 1;
        if chunk.live == 0 {
            self.chunks.remove(&(position / CHUNK));
        }
        Some(entry)
    }

    /// The messages from a position on, in order.
    pub fn from(&self, position: Position) -> impl Iterator<Item = (Position, &Entry)> {
        self.chunks.range(position / CHUNK..).flat_map(move |(number, chunk)| {
            let base = number * CHUNK;
            let skip = position.saturating_sub(base).min(CHUNK) as usize;
            chunk.entries[skip..]
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.state != State::Gone)
                .map(move |(i, entry)| (base + (skip + i) as u64, entry))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_48_bytes() {
        assert_eq!(size_of::<Entry>(), 48);
    }

    #[test]
    fn positions_may_come_in_any_order_and_leave_holes() {
        let mut entries = Entries::default();
        for position in [1000, 3, 70, 4] {
            entries.insert(position, Entry { seq: position, state: State::Fresh, ..Entry::default() });
        }
        let all: Vec<_> = entries.from(4).map(|(position, entry)| (position, entry.seq)).collect();
        assert_eq!(all, [(4, 4), (70, 70), (1000, 1000)]);
        assert!(entries.remove(3).is_some() && entries.remove(3).is_none());
        assert_eq!((entries.len(), entries.from(0).next().map(|(position, _)| position)), (3, Some(4)));
        entries.remove(70);
        assert_eq!(entries.chunks.len(), 2);
    }
}
