//! The messages that are remembered: their records in chunks, and for each a slot that says where it lies.

use std::collections::VecDeque;

use super::History;
use engine::{Millis, Seq};

/// Bytes of a chunk; a longer record has one of its own.
const CHUNK: usize = 1 << 20;
/// No chunk is more than this part of all: of one that takes all the room nothing could be remembered.
const PART: u64 = 16;

/// A message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub seq: Seq,
    pub at: Millis,
    /// The number of the first of its copies.
    first_copy: u64,
    chunk: u64,
    offset: u32,
    length: u32,
    pub copies: u32,
}

/// The messages, oldest first.
#[derive(Debug)]
pub(super) struct Records {
    most: usize,
    most_bytes: u64,
    /// Bytes of a chunk here.
    chunk: usize,
    slots: VecDeque<Slot>,
    chunks: VecDeque<Vec<u8>>,
    /// The number of the first chunk that is there, and of the first copy.
    first_chunk: u64,
    first_copy: u64,
    /// For each copy the number of its last moment; 0 without one.
    copies: VecDeque<u64>,
    /// A chunk that was emptied: the next is made of it.
    spare: Option<Vec<u8>>,
    chunk_bytes: u64,
    forgot: bool,
}

impl Records {
    pub(super) fn new(bound: History) -> Self {
        Self {
            most: bound.messages,
            // The rest is for what happens to them.
            most_bytes: bound.bytes / 4 * 3,
            chunk: usize::try_from(bound.bytes / PART).map_or(CHUNK, |part| part.min(CHUNK)),
            slots: VecDeque::new(),
            chunks: VecDeque::new(),
            first_chunk: 0,
            first_copy: 0,
            copies: VecDeque::new(),
            spare: None,
            chunk_bytes: 0,
            forgot: false,
        }
    }

    /// Whether anything is remembered at all.
    pub(super) fn is_on(&self) -> bool {
        self.most > 0
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether a message was forgotten that was here.
    pub(super) fn has_forgotten(&self) -> bool {
        self.forgot
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> u64 {
        self.chunk_bytes + (self.slots.len() * size_of::<Slot>() + self.copies.len() * size_of::<u64>()) as u64
    }

    pub(super) fn forget(&mut self) {
        self.forgot |= !self.slots.is_empty();
        self.first_chunk += self.chunks.len() as u64;
        self.first_copy += self.copies.len() as u64;
        (self.slots, self.chunks, self.copies, self.spare) = Default::default();
        self.chunk_bytes = 0;
    }

    /// Remembers a message that is newer than all others.
    pub(super) fn push(&mut self, seq: Seq, at: Millis, copies: usize, record: &[u8]) {
        let is_newest = self.slots.back().is_none_or(|last| last.seq < seq);
        if self.most == 0 || !is_newest || record.len() as u64 > self.most_bytes / 2 {
            return;
        }
        if self.chunks.back().is_none_or(|chunk| chunk.capacity() - chunk.len() < record.len()) {
            let capacity = self.chunk.max(record.len());
            let chunk = self.spare.take().filter(|spare| spare.capacity() >= capacity);
            self.chunks.push_back(chunk.unwrap_or_else(|| Vec::with_capacity(capacity)));
            self.chunk_bytes += self.chunks.back().map_or(0, |chunk| chunk.capacity() as u64);
        }
        let number = self.first_chunk + self.chunks.len() as u64 - 1;
        let Some(chunk) = self.chunks.back_mut() else { return };
        let offset = chunk.len() as u32;
        chunk.extend_from_slice(record);
        let first_copy = self.first_copy + self.copies.len() as u64;
        self.copies.resize(self.copies.len() + copies, 0);
        let (length, copies) = (record.len() as u32, copies as u32);
        self.slots.push_back(Slot { seq, at, first_copy, chunk: number, offset, length, copies });
        while self.slots.len() > self.most || self.bytes() > self.most_bytes {
            self.pop();
        }
    }

    /// Forgets the oldest.
    fn pop(&mut self) {
        let Some(slot) = self.slots.pop_front() else { return };
        self.forgot = true;
        self.copies.drain(..slot.copies as usize);
        self.first_copy += u64::from(slot.copies);
        let next = self.slots.front().map_or(self.first_chunk + self.chunks.len() as u64, |slot| slot.chunk);
        while self.first_chunk < next
            && let Some(mut chunk) = self.chunks.pop_front()
        {
            self.first_chunk += 1;
            self.chunk_bytes -= chunk.capacity() as u64;
            chunk.clear();
            self.spare = Some(chunk).filter(|chunk| chunk.capacity() == self.chunk);
        }
    }

    /// The messages from the `from`th of those that are there, oldest first.
    pub(super) fn slots(&self, from: usize) -> impl DoubleEndedIterator<Item = &Slot> + ExactSizeIterator {
        self.slots.range(from.min(self.slots.len())..)
    }

    /// How many of them have a smaller number.
    pub(super) fn before(&self, seq: Seq) -> usize {
        self.slots.partition_point(|slot| slot.seq < seq)
    }

    /// The message with a number.
    pub(super) fn find(&self, seq: Seq) -> Option<&Slot> {
        let first = self.slots.front()?.seq;
        // Mostly every number is a message's.
        let guess = usize::try_from(seq.checked_sub(first)?).ok()?;
        match self.slots.get(guess) {
            Some(slot) if slot.seq == seq => Some(slot),
            _ => self.slots.get(self.before(seq)).filter(|slot| slot.seq == seq),
        }
    }

    /// A message's record.
    pub(super) fn record(&self, slot: &Slot) -> &[u8] {
        let chunk = slot.chunk.checked_sub(self.first_chunk).and_then(|at| self.chunks.get(at as usize));
        let from = slot.offset as usize;
        chunk.and_then(|chunk| chunk.get(from..from + slot.length as usize)).unwrap_or_default()
    }

    fn place(&self, seq: Seq, index: u16) -> Option<usize> {
        let slot = self.find(seq)?;
        (u32::from(index) < slot.copies).then(|| (slot.first_copy + u64::from(index) - self.first_copy) as usize)
    }

    /// The number of a copy's last moment.
    pub(super) fn copy(&self, seq: Seq, index: u16) -> Option<&u64> {
        self.copies.get(self.place(seq, index)?)
    }

    pub(super) fn copy_mut(&mut self, seq: Seq, index: u16) -> Option<&mut u64> {
        let place = self.place(seq, index)?;
        self.copies.get_mut(place)
    }
}
