//! The place where a log ended, by which a later look at it can tell whether it is still the same log.

use std::io;

use super::segment::Segment;

/// The most bytes before an end that are summed. They hold at least one record's head, whose id no other log has.
const SUMMED: u32 = 64 << 10;

/// Where a log ended at some moment. A log that holds these bytes at this place is that log, as it was or grown since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The segment's number.
    pub segment: u32,
    /// In bytes of the segment's file.
    pub offset: u32,
    /// CRC32C of the last bytes before, 64 KiB at the most.
    pub sum: u32,
}

impl End {
    /// Of a segment that has a file, at a place up to which it was written.
    pub(super) fn of(segment: &Segment, offset: u32) -> io::Result<Option<Self>> {
        let Some(file) = segment.file() else { return Ok(None) };
        let summed = offset.min(SUMMED);
        let mut bytes = vec![0; summed as usize];
        let read = file.read_at(&mut bytes, u64::from(offset - summed))?;
        Ok((read == bytes.len()).then(|| Self { segment: segment.number, offset, sum: crc32c::crc32c(&bytes) }))
    }
}
