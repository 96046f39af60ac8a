//! Places in the log, and how much of it is meant.

use serde::{Deserialize, Serialize};

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
    /// Where its first frame will lie; the others follow, see [`super::locations`].
    pub first: Location,
    /// What to [`commit`](super::Log::commit) before it is acknowledged.
    pub position: Position,
}
