//! The note of where the log ended, outside of the log: a `log/` that somebody put back is older than the folder if it never
//! ended there, and then it knows nothing of the objects that came since.
//!
//! `log.end` is written once a second while the log grows, and at a clean stop. It is a help and no promise: without it, or
//! unreadable, nothing is known, and then nothing that the log doesn't name is taken for dead.

use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};

use directory::Directory;
use log::End;

pub(super) const NAME: &str = "log.end";

/// The end that was noted last.
pub(super) fn read(folder: &Directory) -> io::Result<Option<End>> {
    if folder.entry(NAME)?.is_none() {
        return Ok(None);
    }
    let mut text = Vec::new();
    folder.read(NAME)?.take(100).read_to_end(&mut text)?;
    Ok(std::str::from_utf8(&text).ok().and_then(parse))
}

/// In place: every note has the same length, so one that is torn by a power cut fits no log.
pub(super) fn write(folder: &Directory, end: End) -> io::Result<()> {
    let file = folder.write_or_new(NAME)?;
    match file.metadata()?.nlink() {
        1 => file.write_all_at(text(end).as_bytes(), 0),
        _ => Err(io::Error::other(log::SECOND_NAME)),
    }
}

fn text(end: End) -> String {
    format!("segment {:010} byte {:010} sum {:08x}\n", end.segment, end.offset, end.sum)
}

fn parse(line: &str) -> Option<End> {
    let words: Vec<_> = line.split_whitespace().collect();
    let ["segment", segment, "byte", offset, "sum", sum] = words[..] else { return None };
    let end =
        End { segment: segment.parse().ok()?, offset: offset.parse().ok()?, sum: u32::from_str_radix(sum, 16).ok()? };
    (text(end) == line).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_written_and_any_other_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path()).unwrap();
        assert_eq!(read(&directory).unwrap(), None);
        let (far, near) =
            (End { segment: 12, offset: u32::MAX, sum: 7 }, End { segment: 3, offset: 64, sum: u32::MAX });
        for end in [far, near] {
            write(&directory, end).unwrap();
            assert_eq!(read(&directory).unwrap(), Some(end));
        }
        for other in ["", "segment 1 byte 2 sum 3\n", "segment 0000000003 byte 0000000064 sum ffffff", "\u{0}"] {
            std::fs::write(folder.path().join(NAME), other).unwrap();
            assert_eq!(read(&directory).unwrap(), None, "{other:?}");
        }
        // A backup made of hard links isn't written through.
        write(&directory, near).unwrap();
        std::fs::hard_link(folder.path().join(NAME), folder.path().join("backup")).unwrap();
        write(&directory, far).unwrap_err();
    }
}
