//! One segment: a handle that reads from it, also while the log removes it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::disk::SegmentFile;
use super::frame::{HEAD, Head};
use super::header::log_name;
use super::{Location, LogError};

/// What one read fetches of a frame whose length isn't known yet; most events with their envelope fit.
const GUESS: usize = 2 << 10;
/// Frames that begin within this many bytes are fetched with one read.
const WINDOW: u32 = 64 << 10;

/// A segment of the log. Whoever holds the handle can read from it, also after the log removed the segment.
pub struct Segment {
    pub(super) number: u32,
    /// Where the segment before ended; 0 when unknown.
    pub(super) previous_end: u32,
    /// Set when the file exists: a location is given out before the first write.
    file: OnceLock<Arc<dyn SegmentFile>>,
    /// Bytes of the file that hold whole groups.
    written: AtomicU32,
}

impl Segment {
    pub(super) fn planned(number: u32, previous_end: u32) -> Arc<Self> {
        Arc::new(Self { number, previous_end, file: OnceLock::new(), written: AtomicU32::new(0) })
    }

    pub(super) fn existing(number: u32, previous_end: u32, file: Arc<dyn SegmentFile>, written: u32) -> Arc<Self> {
        Arc::new(Self { number, previous_end, file: OnceLock::from(file), written: AtomicU32::new(written) })
    }

    /// The segment's number, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> u32 {
        self.written.load(Ordering::Acquire)
    }

    pub(super) fn name(&self) -> String {
        log_name(self.number)
    }

    pub(super) fn file(&self) -> Option<&Arc<dyn SegmentFile>> {
        self.file.get()
    }

    /// The file was created and holds its header.
    pub(super) fn created(&self, file: Arc<dyn SegmentFile>, written: u32) {
        if self.file.set(file).is_ok() {
            self.set_bytes(written);
        }
    }

    pub(super) fn set_bytes(&self, bytes: u32) {
        self.written.store(bytes, Ordering::Release);
    }

    /// The payload of the committed frame at `offset`, verified.
    pub fn read(&self, offset: u32) -> Result<Bytes, LogError> {
        let mut buffer = self.fetch(GUESS, offset)?;
        let head = self.head(&buffer, offset)?;
        if head.frame_bytes() > buffer.len() {
            buffer = self.fetch(head.frame_bytes(), offset)?;
        }
        self.payload(&Bytes::from(buffer), 0, head, offset)
    }

    /// The payloads of committed frames, in the order asked for. Neighbours come with one read and share its memory.
    fn read_offsets(&self, offsets: &[u32]) -> Result<Vec<Bytes>, LogError> {
        let mut order: Vec<usize> = (0..offsets.len()).collect();
        order.sort_unstable_by_key(|index| offsets[*index]);
        let mut payloads = vec![Bytes::new(); offsets.len()];
        let mut rest = order.as_slice();
        while let Some(first) = rest.first() {
            let start = offsets[*first];
            let run = rest.iter().take_while(|index| offsets[**index] - start <= WINDOW).count();
            let (together, others) = rest.split_at(run);
            rest = others;
            if let [alone] = together {
                payloads[*alone] = self.read(start)?;
                continue;
            }
            let span = (offsets[together[run - 1]] - start) as usize;
            let buffer = Bytes::from(self.fetch(span + GUESS, start)?);
            for index in together {
                let (offset, at) = (offsets[*index], (offsets[*index] - start) as usize);
                let head = self.head(buffer.get(at..).unwrap_or_default(), offset)?;
                payloads[*index] = if at + head.frame_bytes() <= buffer.len() {
                    self.payload(&buffer, at, head, offset)?
                } else {
                    self.read(offset)?
                };
            }
        }
        Ok(payloads)
    }

    /// So many bytes from an offset, or as many as the file has there.
    fn fetch(&self, bytes: usize, offset: u32) -> Result<Vec<u8>, LogError> {
        let Some(file) = self.file() else {
            return Err(LogError::NoSegment(Location { segment: self.number, offset }));
        };
        file.read(bytes, u64::from(offset)).map_err(|error| LogError::io("read", self.name())(error))
    }

    fn head(&self, bytes: &[u8], offset: u32) -> Result<Head, LogError> {
        Head::read(bytes, Location { segment: self.number, offset })
            .ok_or_else(|| LogError::damaged(self.name(), offset, "no record begins here"))
    }

    fn payload(&self, buffer: &Bytes, at: usize, head: Head, offset: u32) -> Result<Bytes, LogError> {
        let end = at + head.frame_bytes();
        if end > buffer.len() || !head.fits(&buffer[at + HEAD..end]) {
            return Err(LogError::damaged(self.name(), offset, "the record's checksum doesn't match"));
        }
        Ok(buffer.slice(at + HEAD..end))
    }
}

/// The payloads of committed frames, in the order asked for, an empty one for each `None`. A frame is named by its segment and
/// its offset in it; neighbours in a segment come with one read and share its memory.
///
/// # Errors
/// [`LogError::Io`] if a file can't be read, [`LogError::Damaged`] if no whole frame lies at such a place.
pub fn read_many(places: &[Option<(Arc<Segment>, u32)>]) -> Result<Vec<Bytes>, LogError> {
    let mut payloads = vec![Bytes::new(); places.len()];
    let known = places.iter().enumerate().filter_map(|(index, place)| Some((index, place.as_ref()?)));
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|(_, (segment, _))| segment.number);
    for of_one in known.chunk_by(|(_, (segment, _)), (_, (other, _))| segment.number == other.number) {
        let (_, (segment, _)) = of_one[0];
        let offsets: Vec<u32> = of_one.iter().map(|(_, (_, offset))| *offset).collect();
        for ((index, _), payload) in of_one.iter().zip(segment.read_offsets(&offsets)?) {
            payloads[*index] = payload;
        }
    }
    Ok(payloads)
}
