//! What was appended and waits to be written: the short part of an append, under a short lock.

use std::sync::Arc;

use super::frame::{self, HEAD, MAX_PAYLOAD};
use super::header::HEADER;
use super::segment::Segment;
use super::{Appended, Location, LogError, Position};

/// The largest transaction, in bytes of the log.
pub const MAX_TRANSACTION: usize = 256 << 20;
/// The most bytes that may wait to be written before appends are refused. One transaction is always taken.
pub(crate) const MAX_PENDING: usize = MAX_TRANSACTION;
/// The most bytes of one segment: offsets have 32 bits. Only a folder that declares more than is allowed now needs as many.
const MAX_SEGMENT: usize = 3 << 30;

/// Frames for one segment that are written with one write.
pub(super) struct Chunk {
    pub segment: Arc<Segment>,
    pub offset: u32,
    pub bytes: Vec<u8>,
}

/// The group that is being written; under the long lock.
#[derive(Default)]
pub(super) struct Group {
    /// Not empty between two attempts only when the first failed.
    pub chunks: Vec<Chunk>,
    /// The last transaction in `chunks`.
    pub position: Position,
    /// The last attempt to write it failed.
    pub failed: bool,
}

/// What waits to be written, and what is known of where it will lie; under the short lock.
pub(super) struct Queue {
    /// In order; more than one only when a segment filled up.
    pub chunks: Vec<Chunk>,
    /// Bytes in `chunks`.
    pub pending: usize,
    /// Bytes that are being written, or that a failed write left.
    pub writing: usize,
    /// The segment that the next transaction goes to, and where.
    pub tail: Arc<Segment>,
    pub offset: u32,
    /// Transactions appended since the log was opened.
    pub position: Position,
    /// Why appends are refused.
    pub refusal: Option<LogError>,
    /// An empty buffer that a written chunk left.
    pub spare: Vec<u8>,
    /// Bytes that may be appended before the room on the disk is checked again.
    pub room: u64,
    /// The most bytes that a transaction may have until then, unless it frees space.
    pub max_transaction: u64,
    /// A segment ends before it grows beyond so many bytes, unless the one who appends says otherwise.
    pub segment_bytes: u32,
    /// A group is written only after the one before it was synced, and its first frame says so.
    syncs_groups: bool,
}

impl Queue {
    pub(crate) fn new(tail: Arc<Segment>, offset: u32, segment_bytes: u32, syncs_groups: bool) -> Self {
        Self {
            chunks: Vec::new(),
            pending: 0,
            writing: 0,
            tail,
            offset,
            position: Position(0),
            refusal: None,
            spare: Vec::new(),
            room: 0,
            max_transaction: 0,
            segment_bytes,
            syncs_groups,
        }
    }

    /// Bytes that are not on the disk yet.
    pub(crate) fn unwritten(&self) -> u64 {
        (self.pending + self.writing) as u64
    }

    /// Whether a transaction of `bytes` bytes is taken at the moment.
    pub(crate) fn admit(&self, bytes: usize) -> Result<(), LogError> {
        match &self.refusal {
            Some(refusal) => Err(refusal.clone()),
            None if self.pending > 0 && self.pending + bytes > MAX_PENDING => {
                Err(LogError::Behind { pending: self.pending })
            }
            None => Ok(()),
        }
    }

    /// Adds one transaction, admitted or not, to this segment or, if that would grow beyond `roll_at` bytes, to a new one;
    /// `planned` hears of that.
    pub(crate) fn append(
        &mut self,
        frames: &[&[u8]],
        roll_at: u32,
        planned: impl FnOnce(&Arc<Segment>),
    ) -> Result<Appended, LogError> {
        let mut bytes = 0;
        for payload in frames {
            if payload.len() > MAX_PAYLOAD {
                return Err(LogError::TooLarge { what: "record", bytes: payload.len(), limit: MAX_PAYLOAD });
            }
            bytes += HEAD + payload.len();
        }
        if bytes > MAX_SEGMENT {
            return Err(LogError::TooLarge { what: "transaction", bytes, limit: MAX_SEGMENT });
        }
        if self.offset > HEADER && u64::from(self.offset) + bytes as u64 > u64::from(roll_at) {
            self.tail = Segment::planned(self.tail.number + 1, self.offset);
            self.offset = HEADER;
            planned(&self.tail);
        }
        let first = Location { segment: self.tail.number, offset: self.offset };
        let begins_chunk = self.chunks.last().is_none_or(|chunk| chunk.segment.number != first.segment);
        if begins_chunk && !frames.is_empty() {
            let bytes = std::mem::take(&mut self.spare);
            self.chunks.push(Chunk { segment: self.tail.clone(), offset: self.offset, bytes });
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.bytes.reserve(bytes);
            let mut synced = begins_chunk && self.syncs_groups;
            for (index, payload) in frames.iter().enumerate() {
                let at = Location { segment: first.segment, offset: self.offset };
                frame::put(&mut chunk.bytes, at, payload, index + 1 < frames.len(), synced);
                synced = false;
                self.offset += (HEAD + payload.len()) as u32;
            }
        }
        self.pending += bytes;
        self.room = self.room.saturating_sub(bytes as u64);
        self.position.0 += 1;
        Ok(Appended { first, position: self.position })
    }
}
