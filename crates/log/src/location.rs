//! Places in the log, and how much of it is meant.

use serde::{Deserialize, Serialize};

use super::frame;

/// Where a frame begins: segment number and byte offset within the segment's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
pub struct Location {
    /// The segment's number, from 1.
    pub segment: u32,
    /// The byte in the segment's file at which the frame begins.
    pub offset: u32,
}

/// How much of the log is meant: everything up to one transaction. Counts transactions since the log was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position(pub(super) u64);

/// What an appended transaction was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Where its first frame will lie; the others follow, see [`locations`].
    pub first: Location,
    /// What to [`commit`](super::Log::commit) before it is acknowledged.
    pub position: Position,
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
    (frame::HEAD + payload) as u32
}
