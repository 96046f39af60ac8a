//! The durable record: an append-only log of transactions in segments.
//!
//! It knows bytes, not what they mean. A *frame* is one record (length, CRC32C, payload); a *transaction* is one or more
//! frames that a replay sees together or not at all.

use serde::{Deserialize, Serialize};

/// Where a frame begins: segment number and byte offset within the segment's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
pub struct Location {
    pub segment: u32,
    pub offset: u32,
}
