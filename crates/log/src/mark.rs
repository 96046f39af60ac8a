//! All that is appended at a moment: it can be read from then on, while others append and old segments go.

use std::sync::Arc;

use super::Position;
use super::header::HEADER;
use super::scan::SegmentScan;
use super::segment::Segment;

/// What was appended at a moment.
pub struct Mark {
    /// In order; the last is the one that was being written.
    pub(super) segments: Vec<Arc<Segment>>,
    /// Where the last one ended.
    pub(super) offset: u32,
    pub(super) position: Position,
}

impl Mark {
    /// Its end: what to [`commit`](super::Log::commit) before it is read.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The segments in order, each to be read from its first frame on.
    pub fn scans(&self) -> impl Iterator<Item = SegmentScan> + '_ {
        let last = self.segments.last().map(|last| last.number());
        self.segments.iter().filter_map(move |segment| {
            // One that has no file has nothing in it.
            let file = segment.file()?.clone();
            let end = if Some(segment.number()) == last { self.offset.max(HEADER) } else { segment.bytes() };
            Some(SegmentScan::until(segment, file, end))
        })
    }
}
