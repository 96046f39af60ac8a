//! Notes of the log's last segment: a file beside the segments that says that one was made. Without it, a last segment that
//! got lost would look like one that never was.
//!
//! `00000005.last` holds a header of segment 5, written when its file was there with its header. Its `synced_through` says
//! which segments are known to be on the disk with their headers: those can't be lost to a power cut. A note is a help and no
//! promise: one that isn't whole says nothing, and one that can't be written stops nobody.

use std::io;
use std::sync::Arc;

use super::LogError;
use super::disk::Disk;
use super::header::{HEADER, Header, parse_name};
use super::reserve::NAME as RESERVE;

/// What the newest whole note says.
pub(super) struct Note {
    pub segment: u32,
    /// All segments up to this one were on the disk when the note was written.
    kept: u32,
    boot: [u8; 16],
    /// The machine was started anew since it was written.
    restarted: bool,
}

/// `00000005.last`: segment 5 was made.
pub(super) fn note_name(segment: u32) -> String {
    format!("{segment:08}.last")
}

/// The segment of which a file of [`note_name`] speaks.
fn parse_note(name: &str) -> Option<u32> {
    let segment = name.strip_suffix(".last")?.parse().ok()?;
    (note_name(segment) == name).then_some(segment)
}

/// Whether a file of the log's folder has the name of a note.
fn is_note(name: &str) -> bool {
    parse_note(name).is_some()
}

/// Whether a file of this name stands beside the log and holds nothing of it: a note, or what is kept for a full disk.
pub fn is_aside(name: &str) -> bool {
    is_note(name) || name == RESERVE
}

/// Whether the log makes files of this name in its folder.
pub fn is_ours(name: &str) -> bool {
    parse_name(name).is_some() || is_aside(name)
}

impl Note {
    /// The newest whole note.
    pub(crate) fn newest(disk: &Arc<dyn Disk>) -> Result<Option<Self>, LogError> {
        let names = disk.list().map_err(LogError::io("list", "the data folder"))?;
        let mut notes: Vec<u32> = names.iter().filter_map(|name| parse_note(name)).collect();
        notes.sort_unstable();
        for segment in notes.into_iter().rev() {
            let name = note_name(segment);
            let mut bytes = [0; HEADER as usize];
            let read = disk.open(&name).and_then(|file| file.read_at(&mut bytes, 0));
            let read = read.map_err(LogError::io("read", &name))?;
            if let Some(header) = Header::decode(&bytes[..read], &name, segment)? {
                let known = header.boot != [0; 16] && disk.boot() != [0; 16];
                let restarted = known && header.boot != disk.boot();
                return Ok(Some(Self { segment, kept: header.synced_through, boot: header.boot, restarted }));
            }
        }
        Ok(None)
    }

    /// Whether the segment's file must be there, and its header whole: no crash takes it away.
    pub(crate) fn proves(&self, segment: u32) -> bool {
        segment <= self.segment && (segment <= self.kept || !self.restarted)
    }

    fn says(&self, segment: u32, kept: u32, boot: [u8; 16]) -> bool {
        (self.segment, self.kept, self.boot) == (segment, kept, boot)
    }
}

/// Notes that `segment` is the last, and that those up to `kept` are on the disk; `sync`: so that a power cut can't undo it.
pub(super) fn note(disk: &Arc<dyn Disk>, segment: u32, kept: u32, sync: bool) -> io::Result<()> {
    let header = Header { segment, previous_end: 0, synced_through: kept, boot: disk.boot() };
    let name = note_name(segment);
    let file = disk.create(&name)?;
    file.write_at(&header.encode(), 0)?;
    if sync {
        file.sync()?;
        disk.sync()?;
    }
    for other in disk.list()? {
        if parse_note(&other).is_some() && other != name {
            disk.remove(&other)?;
        }
    }
    Ok(())
}

/// The same at a start, unless the newest note says it already.
pub(super) fn renew(disk: &Arc<dyn Disk>, newest: Option<&Note>, segment: u32, kept: u32, sync: bool) {
    if segment > 0 && !newest.is_some_and(|newest| newest.says(segment, kept, disk.boot())) {
        _ = note(disk, segment, kept, sync);
    }
}

/// Removes all notes: the log's end isn't known.
pub(super) fn forget(disk: &Arc<dyn Disk>) -> Result<(), LogError> {
    let names = disk.list().map_err(LogError::io("list", "the data folder"))?;
    names
        .iter()
        .filter(|name| is_note(name))
        .try_for_each(|name| disk.remove(name).map_err(LogError::io("remove", name)))
}
