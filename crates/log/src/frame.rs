//! A frame's bytes: a 12-byte head and the payload.
//!
//! ```text
//! 0   word      bits 0-26 payload length, bit 31 the transaction continues in the next frame,
//!               bit 30 everything before this frame in its segment was synced when it was written
//! 4   crc32c    of the payload
//! 8   crc32c    of segment number, offset, and the two words above
//! 12  payload
//! ```
//!
//! All numbers are little-endian. The second sum makes a head verifiable on its own, and only at its own place: a
//! damaged length is never followed, a search for frames behind a damaged one costs the same for every byte, and bytes of
//! a frame that a client put into a message are not taken for one.

use super::Location;

/// Bytes of a frame before its payload.
pub(crate) const HEAD: usize = 12;
/// The largest payload of one frame.
pub const MAX_PAYLOAD: usize = 64 << 20;

const CONTINUES: u32 = 1 << 31;
const SYNCED: u32 = 1 << 30;
const LENGTH: u32 = (1 << 27) - 1;

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Bytes of payload.
    pub length: u32,
    /// The transaction has at least one more frame, right behind this one.
    pub continues: bool,
    /// Everything before this frame in its segment was synced before this frame was written.
    pub synced: bool,
    sum: u32,
}

impl Head {
    /// The head in `bytes`, if it is one that was written at `location`.
    pub(crate) fn read(bytes: &[u8], location: Location) -> Option<Self> {
        let head = bytes.get(..HEAD)?;
        let (word, sum, check) = (u32_at(head, 0), u32_at(head, 4), u32_at(head, 8));
        let length = word & LENGTH;
        if word & !(CONTINUES | SYNCED | LENGTH) != 0 || length as usize > MAX_PAYLOAD {
            return None;
        }
        (check == check_of(word, sum, location)).then_some(Self {
            length,
            continues: word & CONTINUES != 0,
            synced: word & SYNCED != 0,
            sum,
        })
    }

    /// Whether `payload` is what was written.
    pub(crate) fn fits(&self, payload: &[u8]) -> bool {
        payload.len() == self.length as usize && crc32c::crc32c(payload) == self.sum
    }

    /// Head and payload in bytes.
    pub(crate) fn frame_bytes(&self) -> usize {
        HEAD + self.length as usize
    }
}

/// Appends one frame to `out`. The payload must not exceed [`MAX_PAYLOAD`].
pub(crate) fn put(out: &mut Vec<u8>, location: Location, payload: &[u8], continues: bool, synced: bool) {
    let mut word = payload.len() as u32;
    if continues {
        word |= CONTINUES;
    }
    if synced {
        word |= SYNCED;
    }
    let sum = crc32c::crc32c(payload);
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&word.to_le_bytes());
    head[4..8].copy_from_slice(&sum.to_le_bytes());
    head[8..].copy_from_slice(&check_of(word, sum, location).to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
}

/// Where the frames of a transaction lie whose first frame lies at `first`.
pub fn locations<'a>(first: Location, frames: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Location> {
    let mut offset = first.offset;
    frames.map(move |payload| {
        let at = Location { segment: first.segment, offset };
        offset += frame_bytes(payload.len());
        at
    })
}

/// Bytes of the log that a frame with a payload of `payload` bytes takes: what it costs while it is live.
pub fn frame_bytes(payload: usize) -> u32 {
    (HEAD + payload) as u32
}

/// The little-endian number at `at`; `bytes` must reach that far.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn check_of(word: u32, sum: u32, location: Location) -> u32 {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&location.segment.to_le_bytes());
    bytes[4..8].copy_from_slice(&location.offset.to_le_bytes());
    bytes[8..12].copy_from_slice(&word.to_le_bytes());
    bytes[12..].copy_from_slice(&sum.to_le_bytes());
    crc32c::crc32c(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Location = Location { segment: 3, offset: 64 };

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        for (payload, continues, synced) in [(&b""[..], false, false), (b"a", true, false), (b"order", false, true)] {
            let mut bytes = Vec::new();
            put(&mut bytes, HERE, payload, continues, synced);
            let head = Head::read(&bytes, HERE).unwrap();
            assert_eq!((head.continues, head.synced), (continues, synced));
            assert_eq!(head.frame_bytes(), bytes.len());
            assert!(head.fits(&bytes[HEAD..]));
        }
    }

    #[test]
    fn a_frame_is_valid_only_where_it_was_written() {
        let mut bytes = Vec::new();
        put(&mut bytes, HERE, b"order", false, false);
        assert_eq!(Head::read(&bytes, Location { offset: 65, ..HERE }), None);
        assert_eq!(Head::read(&bytes, Location { segment: 4, ..HERE }), None);
        assert_eq!(Head::read(&bytes[..HEAD - 1], HERE), None);
        assert_eq!(Head::read(&[0; 64], HERE), None);
    }

    #[test]
    fn every_flipped_bit_shows() {
        let mut bytes = Vec::new();
        put(&mut bytes, HERE, b"an order", true, false);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let whole = Head::read(&flipped, HERE).is_some_and(|head| head.fits(&flipped[HEAD..]));
            assert!(!whole, "bit {bit}");
        }
    }
}
