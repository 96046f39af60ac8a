//! The files of the log: finding them, and cutting off what a crash left unfinished.

use std::sync::Arc;

use super::LogError;
use super::disk::{Disk, SegmentFile};
use super::header::{HEADER, Header, parse_name};
use super::recovery::{Cut, Recovery};

/// A segment's file, or the stone of some that were removed.
pub(super) struct Found {
    pub first: u32,
    /// The same as the first, unless it is a stone.
    pub last: u32,
    pub name: String,
    /// `None` for a stone.
    pub file: Option<Arc<dyn SegmentFile>>,
    pub length: u64,
    /// Of the first segment; `None` when it isn't whole.
    pub header: Option<Header>,
}

impl Found {
    fn covers(&self, first: u32, last: u32) -> bool {
        self.first <= first && last <= self.last
    }
}

/// Where the log stops being whole.
pub(super) struct Stop {
    /// Index into what was found.
    pub at: usize,
    /// The first byte that goes; 0: the whole file.
    pub offset: u64,
    pub why: String,
}

/// The files of the log in order, and the names of those that an interrupted removal left: for [`finish`].
pub(super) fn find(disk: &Arc<dyn Disk>) -> Result<(Vec<Found>, Vec<String>), LogError> {
    let mut stones = Vec::new();
    let mut found = Vec::new();
    for name in disk.list().map_err(LogError::io("list", "the data folder"))? {
        if let Some((first, last, stone)) = parse_name(&name) {
            let file = open(disk, name, first, last, stone)?;
            if stone { stones.push(file) } else { found.push(file) }
        }
    }
    let mut gone = Vec::new();
    // The widest first: a stone that covers another was written to replace it. One that isn't whole was being written,
    // before anything was removed.
    stones.sort_by_key(|stone| (stone.header.is_none(), stone.first, std::cmp::Reverse(stone.last)));
    for stone in stones {
        let covered = |by: &Found| by.file.is_none() && by.covers(stone.first, stone.last);
        let all_there = || (stone.first..=stone.last).all(|number| found.iter().any(|it| it.covers(number, number)));
        if found.iter().any(covered) || (stone.header.is_none() && all_there()) {
            gone.push(stone.name);
            continue;
        }
        if stone.header.is_none() {
            return Err(LogError::damaged(stone.name, 0u64, "the header's checksum doesn't match"));
        }
        gone.extend(found.extract_if(.., |it| stone.covers(it.first, it.last)).map(|it| it.name));
        found.push(stone);
    }
    found.sort_by_key(|found| found.first);
    Ok((found, gone))
}

/// Finishes removals that were interrupted.
pub(super) fn finish(disk: &Arc<dyn Disk>, found: &[Found], gone: &[String]) -> Result<(), LogError> {
    if gone.is_empty() {
        return Ok(());
    }
    // Whoever wrote a stone may have been killed before it was synced.
    for stone in found.iter().filter(|it| it.file.is_none()) {
        disk.open(&stone.name).and_then(|file| file.sync()).map_err(LogError::io("sync", &stone.name))?;
    }
    disk.sync().map_err(LogError::io("sync", "the data folder"))?;
    for name in gone {
        disk.remove(name).map_err(LogError::io("remove", name))?;
    }
    disk.sync().map_err(LogError::io("sync", "the data folder"))
}

fn open(disk: &Arc<dyn Disk>, name: String, first: u32, last: u32, stone: bool) -> Result<Found, LogError> {
    let file = disk.open(&name).map_err(LogError::io("open", &name))?;
    let length = file.length().map_err(LogError::io("read", &name))?;
    if length > u64::from(u32::MAX) {
        return Err(LogError::damaged(name, u32::MAX, "no segment is so long"));
    }
    let mut bytes = [0; HEADER as usize];
    let read = file.read_at(&mut bytes, 0).map_err(LogError::io("read", &name))?;
    let header = Header::decode(&bytes[..read], &name, first)?;
    Ok(Found { first, last, name, file: (!stone).then_some(file), length, header })
}

/// Cuts the log: later files go, from the last one; then the end of the one that isn't whole.
pub(super) fn cut_from(
    disk: &Arc<dyn Disk>,
    found: &mut Vec<Found>,
    stop: &Stop,
    report: &mut Recovery,
) -> Result<(), LogError> {
    let broken = found[stop.at].name.clone();
    let remove = |name: &str| disk.remove(name).map_err(LogError::io("remove", name));
    let mut cuts = Vec::new();
    for later in found.drain(stop.at + 1..).rev() {
        remove(&later.name)?;
        let why = format!("{broken} before it was cut");
        cuts.push(Cut { file: later.name, offset: 0, bytes: later.length, why });
    }
    if let Some(first) = found.last_mut() {
        let bytes = first.length - stop.offset;
        cuts.push(Cut { file: broken, offset: stop.offset, bytes, why: stop.why.clone() });
        first.length = stop.offset;
        match &first.file {
            // Synced, so that what was cut can't come back behind what is written next.
            Some(file) if stop.offset > 0 => {
                file.truncate(stop.offset).and_then(|()| file.sync()).map_err(LogError::io("cut", &first.name))?;
            }
            _ => {
                remove(&first.name)?;
                found.pop();
            }
        }
    }
    report.cuts.extend(cuts.into_iter().rev());
    disk.sync().map_err(LogError::io("sync", "the data folder"))
}
