//! A segment file's first 64 bytes, and the files' names.
//!
//! ```text
//! 0   magic "MSGLOG\r\n"
//! 8   format version
//! 12  number of this segment
//! 16  where the segment before it ended, 0 when unknown
//! 20  all segments up to this one were synced when this one was created
//! 24  the boot of the machine that wrote the segment (16 bytes; zeros when unknown)
//! 40  zeros
//! 60  crc32c of all the above
//! ```
//!
//! In every version the header is 64 bytes, with magic, version and sum where they are now.

use super::LogError;
use super::frame::u32_at;

/// Bytes of a segment before its first frame.
pub const HEADER: u32 = 64;
/// The format that this program writes, and the only one that it reads.
pub(crate) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"MSGLOG\r\n";
const SUM: usize = 60;

/// What a segment's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub segment: u32,
    /// Where the segment before it ended, in bytes; 0 when unknown.
    pub previous_end: u32,
    /// All segments up to this number were synced when this one was created.
    pub synced_through: u32,
    /// [`Disk::boot`](super::Disk::boot) of the writer.
    pub boot: [u8; 16],
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER as usize] {
        let mut bytes = [0; HEADER as usize];
        bytes[..8].copy_from_slice(MAGIC);
        for (at, number) in [(8, VERSION), (12, self.segment), (16, self.previous_end), (20, self.synced_through)] {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        bytes[24..40].copy_from_slice(&self.boot);
        let sum = crc32c::crc32c(&bytes[..SUM]);
        bytes[SUM..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The header in a file's first bytes; `None` when it was never whole, or is no more.
    ///
    /// A whole header of another version, or of another segment, is an error: that file must not be touched.
    pub(crate) fn decode(bytes: &[u8], file: &str, segment: u32) -> Result<Option<Self>, LogError> {
        let Some(bytes) = bytes.get(..HEADER as usize) else { return Ok(None) };
        if &bytes[..8] != MAGIC || u32_at(bytes, SUM) != crc32c::crc32c(&bytes[..SUM]) {
            return Ok(None);
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(LogError::UnknownFormat { file: file.to_owned(), version, known: VERSION });
        }
        let mut boot = [0; 16];
        boot.copy_from_slice(&bytes[24..40]);
        let header = Self {
            segment: u32_at(bytes, 12),
            previous_end: u32_at(bytes, 16),
            synced_through: u32_at(bytes, 20),
            boot,
        };
        if header.segment != segment {
            let what = format!("it is the file of segment {}", header.segment);
            return Err(LogError::damaged(file, 12u64, what));
        }
        Ok(Some(header))
    }
}

/// `00000001.log`: a segment.
pub(crate) fn log_name(segment: u32) -> String {
    format!("{segment:08}.log")
}

/// `00000001-00000003.removed`, a stone: says that these segments were removed on purpose; holds the first one's header.
pub(crate) fn stone_name(first: u32, last: u32) -> String {
    format!("{first:08}-{last:08}.removed")
}

/// The segments that a file of [`log_name`] or [`stone_name`] stands for, and whether it is a stone.
pub(crate) fn parse_name(name: &str) -> Option<(u32, u32, bool)> {
    let (numbers, kind) = name.split_once('.')?;
    let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let number = |digits: &str| digits.parse().ok().filter(|segment| (1..u32::MAX / 2).contains(segment));
    let (first, last) = (number(first)?, number(last)?);
    let stone = kind == "removed";
    let known = if stone { stone_name(first, last) } else { log_name(first) };
    (known == name && first <= last).then_some((first, last, stone))
}

/// Whether a file of the log's folder has the name of a segment.
pub fn is_segment(name: &str) -> bool {
    parse_name(name).is_some_and(|(.., stone)| !stone)
}

/// Whether a file with these first bytes and this name is a segment of a log, of this version or another.
pub fn begins_segment(name: &str, bytes: &[u8]) -> bool {
    let Some((segment, _, false)) = parse_name(name) else { return false };
    matches!(Header::decode(bytes, name, segment), Ok(Some(_)) | Err(LogError::UnknownFormat { .. }))
}

/// Whether a file with this name and these first bytes, fewer than a header has, may be what the very first moment of a log
/// leaves.
pub fn is_begun(name: &str, bytes: &[u8]) -> bool {
    name == log_name(1) && bytes.len() < HEADER as usize && bytes.iter().zip(MAGIC).all(|(byte, magic)| byte == magic)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER_7: Header = Header { segment: 7, previous_end: 900, synced_through: 6, boot: [9; 16] };

    #[test]
    fn a_header_is_read_as_written_and_every_flipped_bit_shows() {
        let bytes = HEADER_7.encode();
        assert_eq!(Header::decode(&bytes, "f", 7).unwrap(), Some(HEADER_7));
        assert_eq!(Header::decode(&bytes[..63], "f", 7).unwrap(), None);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&flipped, "f", 7).unwrap(), None, "bit {bit}");
        }
    }

    #[test]
    fn other_versions_and_other_segments_are_refused_by_name() {
        let mut bytes = HEADER_7.encode();
        assert!(Header::decode(&bytes, "f", 8).unwrap_err().to_string().contains("segment 7"));
        bytes[8] = 2;
        let sum = crc32c::crc32c(&bytes[..SUM]);
        bytes[SUM..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(
            Header::decode(&bytes, "00000007.log", 7).unwrap_err().to_string(),
            "00000007.log has log format 2; this program reads format 1"
        );
    }

    #[test]
    fn names() {
        assert_eq!(parse_name("00000001.log"), Some((1, 1, false)));
        assert_eq!(parse_name("00000012-00000012.removed"), Some((12, 12, true)));
        assert_eq!(parse_name("00000001-123456789.removed"), Some((1, 123_456_789, true)));
        for other in ["1.log", "00000000.log", "lock", "00000001.log.bak", "+0000001.log", "99999999999.log"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
        for other in ["00000001.removed", "00000002-00000001.removed", "00000001-00000001.log", "-.removed"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }
}
