//! Reading a segment from front to back, in large chunks.

use std::ops::Range;
use std::sync::Arc;

use super::disk::SegmentFile;
use super::frame::{HEAD, Head};
use super::header::{HEADER, log_name};
use super::segment::Segment;
use super::{Location, LogError};

/// Bytes per read.
const CHUNK: usize = 1 << 20;

/// What stands at a place in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Frame {
        head: Head,
        at: Location,
    },
    /// The file ends here.
    End,
    /// Bytes that are no whole frame.
    Bad(&'static str),
}

/// A cursor over the frames of a file, with a window of its bytes in memory.
pub(super) struct Cursor {
    file: Arc<dyn SegmentFile>,
    segment: u32,
    /// Where the cursor stands in the file.
    offset: u32,
    /// Where the file ends, as far as the cursor is concerned.
    end: u64,
    window: Vec<u8>,
    /// The part of `window` that is filled, and the file offset of its first byte.
    filled: usize,
    begins: u32,
    /// Bytes from here on stay in the window.
    keep: u32,
}

impl Cursor {
    /// Stands at the first frame; reads no further than `end`.
    pub(crate) fn new(file: Arc<dyn SegmentFile>, segment: u32, end: u64) -> Self {
        Self { file, segment, offset: HEADER, end, window: Vec::new(), filled: 0, begins: HEADER, keep: HEADER }
    }

    pub(crate) fn offset(&self) -> u32 {
        self.offset
    }

    /// What stands at the cursor. A whole frame moves the cursor behind it.
    pub(crate) fn step(&mut self) -> Result<Step, LogError> {
        let left = self.end.saturating_sub(u64::from(self.offset));
        if left == 0 {
            return Ok(Step::End);
        }
        if left < HEAD as u64 {
            return Ok(Step::Bad("the file ends within a record's head"));
        }
        let at = Location { segment: self.segment, offset: self.offset };
        let Some(head) = Head::read(self.ahead(HEAD)?, at) else {
            return Ok(Step::Bad("no record begins here"));
        };
        if head.frame_bytes() as u64 > left {
            return Ok(Step::Bad("the file ends within a record"));
        }
        let bytes = self.ahead(head.frame_bytes())?;
        if !bytes.get(HEAD..).is_some_and(|payload| head.fits(payload)) {
            return Ok(Step::Bad("the record's checksum doesn't match"));
        }
        self.offset += head.frame_bytes() as u32;
        Ok(Step::Frame { head, at })
    }

    /// Everything before the cursor may leave the window.
    pub(crate) fn release(&mut self) {
        self.keep = self.offset;
    }

    /// A payload that a step passed since the last release.
    pub(crate) fn payload(&self, head: Head, at: Location) -> &[u8] {
        let start = (at.offset - self.begins) as usize;
        &self.window[start + HEAD..start + head.frame_bytes()]
    }

    /// At most `bytes` bytes from the cursor on: fewer only where the file turned out shorter than it said.
    fn ahead(&mut self, bytes: usize) -> Result<&[u8], LogError> {
        let start = (self.offset - self.begins) as usize;
        if start + bytes > self.filled {
            self.fill(bytes)?;
        }
        let start = (self.offset - self.begins) as usize;
        Ok(&self.window[start.min(self.filled)..(start + bytes).min(self.filled)])
    }

    fn fill(&mut self, bytes: usize) -> Result<(), LogError> {
        let dropped = (self.keep - self.begins) as usize;
        self.window.copy_within(dropped..self.filled, 0);
        self.filled -= dropped;
        self.begins = self.keep;
        let wanted = (self.offset - self.begins) as usize + bytes;
        let room = (self.end - u64::from(self.begins)).min((wanted.max(self.filled) + CHUNK) as u64) as usize;
        if self.window.len() < room {
            self.window.resize(room, 0);
        }
        let from = u64::from(self.begins) + self.filled as u64;
        let file = &mut self.window[self.filled..room];
        let read = self.file.read_at(file, from).map_err(LogError::io("read", log_name(self.segment)))?;
        self.filled += read;
        Ok(())
    }
}

/// The frames of one segment in order, for a compaction, which moves the live ones on. A scan can pause between any two frames.
pub struct SegmentScan(Cursor);

impl SegmentScan {
    pub(super) fn new(segment: &Segment, file: Arc<dyn SegmentFile>) -> Self {
        Self::until(segment, file, segment.bytes())
    }

    /// The frames before a place in the segment.
    pub(super) fn until(segment: &Segment, file: Arc<dyn SegmentFile>, end: u32) -> Self {
        Self(Cursor::new(file, segment.number, u64::from(end)))
    }

    /// The next frame's place and payload; `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "the payload borrows from the scan")]
    pub fn next(&mut self) -> Result<Option<(Location, &[u8])>, LogError> {
        self.0.release();
        match self.0.step()? {
            Step::Frame { head, at } => Ok(Some((at, self.0.payload(head, at)))),
            Step::End => Ok(None),
            Step::Bad(what) => Err(LogError::damaged(log_name(self.0.segment), self.0.offset, what)),
        }
    }
}

/// The first whole frame that begins within `range` of a file and that `wanted` accepts.
///
/// Tells damage from a torn tail. The length of a damaged frame can't be trusted, so every byte is tried; a head carries
/// its own checksum, so that costs one short sum a byte.
pub(super) fn find_frame(
    file: &Arc<dyn SegmentFile>,
    segment: u32,
    range: Range<u64>,
    wanted: impl Fn(Head) -> bool,
) -> Result<Option<u32>, LogError> {
    let failed = || LogError::io("read", log_name(segment));
    let mut window = vec![0; CHUNK];
    let mut from = range.start;
    while from + HEAD as u64 <= range.end {
        let room = (range.end - from).min(CHUNK as u64) as usize;
        let read = file.read_at(&mut window[..room], from).map_err(failed())?;
        if read < HEAD {
            break;
        }
        for (index, bytes) in window[..read].windows(HEAD).enumerate() {
            let at = Location { segment, offset: from as u32 + index as u32 };
            let Some(head) = Head::read(bytes, at).filter(|head| wanted(*head)) else { continue };
            let begin = u64::from(at.offset) + HEAD as u64;
            if begin + u64::from(head.length) > range.end {
                continue;
            }
            let mut payload = vec![0; head.length as usize];
            let read = file.read_at(&mut payload, begin).map_err(failed())?;
            if head.fits(&payload[..read]) {
                return Ok(Some(at.offset));
            }
        }
        from += (read - HEAD + 1) as u64;
    }
    Ok(None)
}
