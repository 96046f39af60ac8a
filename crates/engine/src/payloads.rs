//! Where each payload lies in the log and how many still refer to it: 16 bytes a payload.

use std::collections::BTreeMap;

use super::segments::Segments;
use super::{Place, Seq};

/// Slots of a chunk.
const CHUNK: u64 = 256;

/// One payload: its frame's place and length, and its references.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    segment: u32,
    offset: u32,
    bytes: u32,
    references: u32,
}

/// The slots of neighbouring payloads.
#[derive(Debug)]
struct Chunk {
    /// Slots that have references.
    live: u32,
    slots: Box<[Slot; CHUNK as usize]>,
}

/// Every live payload by its sequence number. Sequence numbers are dense, so chunks of slots beat a hash map in space
/// and time.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    chunks: BTreeMap<u64, Chunk>,
    live_bytes: u64,
    /// Where those lie that have a place.
    segments: Segments,
}

impl Payloads {
    /// Adds references to a payload; the first makes it live.
    pub(crate) fn retain(&mut self, seq: Seq, references: u32) {
        if references == 0 {
            return;
        }
        let chunk = self
            .chunks
            .entry(seq / CHUNK)
            .or_insert_with(|| Chunk { live: 0, slots: Box::new([Slot::default(); CHUNK as usize]) });
        let slot = &mut chunk.slots[(seq % CHUNK) as usize];
        if slot.references == 0 {
            chunk.live += 1;
            self.live_bytes += u64::from(slot.bytes);
        }
        slot.references += references;
    }

    /// Drops one reference; with the last the payload is dead.
    pub(crate) fn release(&mut self, seq: Seq) {
        let Some(chunk) = self.chunks.get_mut(&(seq / CHUNK)) else { return };
        let slot = &mut chunk.slots[(seq % CHUNK) as usize];
        match slot.references {
            0 => {}
            1 => {
                self.live_bytes -= u64::from(slot.bytes);
                if slot.bytes > 0 {
                    self.segments.remove(slot.segment);
                }
                *slot = Slot::default();
                chunk.live -= 1;
                if chunk.live == 0 {
                    self.chunks.remove(&(seq / CHUNK));
                }
            }
            _ => slot.references -= 1,
        }
    }

    /// Says where a live payload's frame lies now.
    pub(crate) fn place(&mut self, seq: Seq, place: Place, bytes: u32) {
        let Some(chunk) = self.chunks.get_mut(&(seq / CHUNK)) else { return };
        let slot = &mut chunk.slots[(seq % CHUNK) as usize];
        if slot.references > 0 {
            self.live_bytes = self.live_bytes - u64::from(slot.bytes) + u64::from(bytes);
            // No frame is empty.
            if slot.bytes > 0 {
                self.segments.remove(slot.segment);
            }
            self.segments.add(place.segment);
            slot.segment = place.segment;
            slot.offset = place.offset;
            slot.bytes = bytes;
        }
    }

    /// Where a payload lies, if anything still refers to it.
    pub(crate) fn get(&self, seq: Seq) -> Option<Place> {
        let slot = &self.chunks.get(&(seq / CHUNK))?.slots[(seq % CHUNK) as usize];
        (slot.references > 0).then_some(Place { segment: slot.segment, offset: slot.offset })
    }

    /// How many references a payload has.
    pub(crate) fn references(&self, seq: Seq) -> u32 {
        self.chunks.get(&(seq / CHUNK)).map_or(0, |chunk| chunk.slots[(seq % CHUNK) as usize].references)
    }

    /// Whether a live payload lies in a segment.
    pub(crate) fn lie_in(&self, segment: u32) -> bool {
        self.segments.hold(segment)
    }

    /// The number of live payloads.
    #[cfg(test)]
    pub(crate) fn live(&self) -> u64 {
        self.chunks.values().map(|chunk| u64::from(chunk.live)).sum()
    }

    /// The bytes of the frames of the live payloads.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_lives_as_long_as_it_is_referred_to() {
        let mut payloads = Payloads::default();
        payloads.retain(300, 2);
        payloads.place(300, Place { segment: 1, offset: 9 }, 70);
        assert_eq!((payloads.live(), payloads.live_bytes()), (1, 70));
        payloads.release(300);
        assert_eq!(payloads.get(300), Some(Place { segment: 1, offset: 9 }));
        payloads.release(300);
        payloads.release(300);
        assert_eq!((payloads.get(300), payloads.live(), payloads.live_bytes()), (None, 0, 0));
        assert!(payloads.chunks.is_empty());
    }

    #[test]
    fn a_moved_payload_counts_its_new_length() {
        let mut payloads = Payloads::default();
        payloads.retain(1, 1);
        payloads.place(1, Place { segment: 1, offset: 0 }, 70);
        payloads.place(1, Place { segment: 4, offset: 0 }, 90);
        assert_eq!(payloads.live_bytes(), 90);
        assert_eq!((payloads.lie_in(1), payloads.lie_in(4)), (false, true));
        payloads.release(1);
        assert!(!payloads.lie_in(4));
    }
}
