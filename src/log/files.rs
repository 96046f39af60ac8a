//! The files of the log: finding them, and cutting off what a crash left unfinished.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::LogError;
use super::disk::{Disk, SegmentFile};
use super::header::{HEADER, Header, log_name, parse_name, stone_name};
use super::recover::{Cut, Recovery};

/// A file of a segment, or its stone.
pub(super) struct Found {
    pub number: u32,
    /// `None` for a stone, whose segment was removed on purpose.
    pub file: Option<Arc<dyn SegmentFile>>,
    pub length: u64,
    /// `None` when it isn't whole.
    pub header: Option<Header>,
}

/// Where the log stops being whole.
pub(super) struct Stop {
    /// Index into what was found.
    pub at: usize,
    /// The first byte that goes; 0: the whole file.
    pub offset: u64,
    pub why: String,
}

/// The files of the log in order, from the oldest segment that was not removed; finishes removals.
pub(super) fn find(disk: &Arc<dyn Disk>) -> Result<Vec<Found>, LogError> {
    let mut files: BTreeMap<u32, [bool; 2]> = BTreeMap::new();
    for name in disk.list().map_err(LogError::io("list", "the data folder"))? {
        if let Some((number, stone)) = parse_name(&name) {
            files.entry(number).or_default()[usize::from(stone)] = true;
        }
    }
    let mut all = Vec::new();
    for (number, [mut log, mut stone]) in files {
        if log && stone {
            // A removal that was interrupted: the stone decides, if it is whole.
            if open(disk, number, true)?.header.is_some() {
                disk.remove(&log_name(number)).map_err(LogError::io("remove", log_name(number)))?;
                log = false;
            } else {
                disk.remove(&stone_name(number)).map_err(LogError::io("remove", stone_name(number)))?;
                stone = false;
            }
            disk.sync().map_err(LogError::io("sync", "the data folder"))?;
        }
        if log || stone {
            all.push(open(disk, number, stone)?);
        }
    }
    // Stones below the oldest segment say nothing but that it is the oldest.
    let oldest = all.iter().position(|found| found.file.is_some()).unwrap_or(all.len());
    Ok(all.split_off(oldest.saturating_sub(1)))
}

fn open(disk: &Arc<dyn Disk>, number: u32, stone: bool) -> Result<Found, LogError> {
    let name = if stone { stone_name(number) } else { log_name(number) };
    let file = disk.open(&name).map_err(LogError::io("open", &name))?;
    let length = file.length().map_err(LogError::io("read", &name))?;
    if length > u64::from(u32::MAX) {
        return Err(LogError::damaged(name, u32::MAX, "no segment is so long"));
    }
    let mut bytes = [0; HEADER as usize];
    let read = file.read_at(&mut bytes, 0).map_err(LogError::io("read", &name))?;
    let header = Header::decode(&bytes[..read], &name, number)?;
    Ok(Found { number, file: (!stone).then_some(file), length, header })
}

/// Cuts the log: later segments go, from the last one; then the end of the one that isn't whole.
pub(super) fn cut_from(
    disk: &Arc<dyn Disk>,
    found: &mut Vec<Found>,
    stop: &Stop,
    report: &mut Recovery,
) -> Result<(), LogError> {
    let first = found[stop.at].number;
    for later in found[stop.at..].iter().rev() {
        let is_first = later.number == first;
        let (name, offset, why) = match is_first {
            true => (log_name(first), stop.offset, stop.why.clone()),
            false => (log_name(later.number), 0, format!("{} before it was cut", log_name(first))),
        };
        match &later.file {
            // Synced, so that what was cut can't come back behind what is written next.
            Some(file) if offset > 0 => {
                file.truncate(offset).and_then(|()| file.sync()).map_err(LogError::io("cut", &name))?;
            }
            Some(_) => disk.remove(&name).map_err(LogError::io("remove", &name))?,
            None => disk.remove(&stone_name(later.number)).map_err(LogError::io("remove", stone_name(later.number)))?,
        }
        report.cuts.insert(0, Cut { file: name, offset, bytes: later.length - offset, why });
    }
    found[stop.at].length = stop.offset;
    found.truncate(if stop.offset > 0 { stop.at + 1 } else { stop.at });
    disk.sync().map_err(LogError::io("sync", "the data folder"))
}
