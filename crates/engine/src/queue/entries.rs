//! The messages of one queue by their position: 48 bytes each, in chunks.

use std::collections::BTreeMap;

use crate::{Millis, Position, Seq};

/// Entries of a chunk.
const CHUNK: u64 = 64;

/// What a message in a queue is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// No message at this position.
    #[default]
    Gone,
    /// Never received, not delayed, without a group: found by the queue's cursor.
    Fresh,
    /// Visible in any other way, for instance again: found in the queue's sets, or in its group's.
    Back,
    /// Delayed until `visible_at`: found in the queue's timers.
    Delayed,
    /// In flight until `visible_at`: found in the queue's timers.
    InFlight,
}

/// One message in one queue.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry {
    /// Its payload's number.
    pub seq: Seq,
    /// When it was sent.
    pub sent_at: Millis,
    /// When a delayed message or one in flight is visible (again).
    pub visible_at: Millis,
    /// When it was first received; 0 if never.
    pub first_received: Millis,
    /// How often it was received.
    pub count: u32,
    /// Its message group, a slot of the queue's groups or tenants;
    /// `u32::MAX` without one.
    pub group: u32,
    /// Which of its payload's deliveries it is.
    pub index: u16,
    /// What it is doing.
    pub state: State,
    /// It was redriven from, or restated after it came from, another queue: see [`super::Queue::stray`].
    pub stray: bool,
}

#[derive(Debug)]
struct Chunk {
    live: u32,
    entries: Box<[Entry; CHUNK as usize]>,
}

impl Chunk {
    fn new() -> Self {
        Chunk { live: 0, entries: Box::new([Entry::default(); CHUNK as usize]) }
    }
}

/// The entries of a queue. Positions are dense while messages are young, so a chunk costs little; a chunk without messages is
/// dropped.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// By their numbers, but for the last.
    chunks: BTreeMap<u64, Chunk>,
    /// The chunk behind all others, with its number: where messages come in, and nothing is searched for. With a hundred
    /// queues each search would find its way through cold memory.
    last: Option<(u64, Chunk)>,
    len: usize,
}

impl Entries {
    /// The number of messages.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts a message at a position, replacing what was there.
    pub(crate) fn insert(&mut self, position: Position, entry: Entry) {
        let number = position / CHUNK;
        let comes_last = match &self.last {
            Some((last, _)) => number >= *last,
            None => self.chunks.last_key_value().is_none_or(|(last, _)| number > *last),
        };
        let chunk = if comes_last {
            if let Some((before, chunk)) = self.last.take_if(|(last, _)| *last != number) {
                self.chunks.insert(before, chunk);
            }
            &mut self.last.get_or_insert_with(|| (number, Chunk::new())).1
        } else {
            self.chunks.entry(number).or_insert_with(Chunk::new)
        };
        let slot = &mut chunk.entries[(position % CHUNK) as usize];
        if slot.state == State::Gone {
            chunk.live += 1;
            self.len += 1;
        }
        *slot = entry;
    }

    /// The message at a position.
    pub(crate) fn get(&self, position: Position) -> Option<&Entry> {
        let number = position / CHUNK;
        let chunk = match &self.last {
            Some((last, chunk)) if *last == number => chunk,
            _ => self.chunks.get(&number)?,
        };
        let entry = &chunk.entries[(position % CHUNK) as usize];
        (entry.state != State::Gone).then_some(entry)
    }

    /// The message at a position, to change.
    pub(crate) fn get_mut(&mut self, position: Position) -> Option<&mut Entry> {
        let entry = &mut self.chunk_mut(position / CHUNK)?.entries[(position % CHUNK) as usize];
        (entry.state != State::Gone).then_some(entry)
    }

    /// Takes a message out.
    pub(crate) fn remove(&mut self, position: Position) -> Option<Entry> {
        let number = position / CHUNK;
        let chunk = self.chunk_mut(number)?;
        let slot = &mut chunk.entries[(position % CHUNK) as usize];
        if slot.state == State::Gone {
            return None;
        }
        let entry = std::mem::take(slot);
        chunk.live -= 1;
        let empty = chunk.live == 0;
        self.len -= 1;
        if empty && self.last.take_if(|(last, _)| *last == number).is_none() {
            self.chunks.remove(&number);
        }
        Some(entry)
    }

    /// The messages from a position on, in order.
    pub(crate) fn from(&self, position: Position) -> impl Iterator<Item = (Position, &Entry)> {
        let first = position / CHUNK;
        let last = self.last.as_ref().filter(|(last, _)| *last >= first).map(|(number, chunk)| (number, chunk));
        self.chunks.range(first..).chain(last).flat_map(move |(number, chunk)| {
            let base = number * CHUNK;
            let skip = position.saturating_sub(base).min(CHUNK) as usize;
            chunk.entries[skip..]
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.state != State::Gone)
                .map(move |(i, entry)| (base + (skip + i) as u64, entry))
        })
    }

    fn chunk_mut(&mut self, number: u64) -> Option<&mut Chunk> {
        match &mut self.last {
            Some((last, chunk)) if *last == number => Some(chunk),
            _ => self.chunks.get_mut(&number),
        }
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
        assert_eq!(entries.chunks.len() + usize::from(entries.last.is_some()), 2);
    }

    proptest::proptest! {
        /// As a map does it, whichever chunk is the last.
        #[test]
        fn as_a_map(steps in proptest::collection::vec((0u64..400, 0..3u8), 0..120)) {
            let (mut entries, mut map) = (Entries::default(), BTreeMap::new());
            for (position, step) in steps {
                if step == 0 {
                    proptest::prop_assert_eq!(entries.remove(position).map(|entry| entry.seq), map.remove(&position));
                } else {
                    let seq = position * 3 + u64::from(step);
                    entries.insert(position, Entry { seq, state: State::Fresh, ..Entry::default() });
                    map.insert(position, seq);
                }
                proptest::prop_assert_eq!(entries.len(), map.len());
                proptest::prop_assert_eq!(entries.get(position).map(|entry| entry.seq), map.get(&position).copied());
                proptest::prop_assert_eq!(entries.get_mut(position).map(|entry| entry.seq), map.get(&position).copied());
                let all: Vec<_> = entries.from(position).map(|(position, entry)| (position, entry.seq)).collect();
                let expected: Vec<_> = map.range(position..).map(|(position, seq)| (*position, *seq)).collect();
                proptest::prop_assert_eq!(all, expected);
                let chunks: std::collections::BTreeSet<_> = map.keys().map(|position| position / CHUNK).collect();
                proptest::prop_assert_eq!(entries.chunks.len() + usize::from(entries.last.is_some()), chunks.len());
            }
        }
    }
}
