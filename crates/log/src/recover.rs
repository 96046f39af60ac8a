//! Opening: replay what is there, cut what a crash left, and say where writing goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::Disk;
use super::files::{Found, Stop, cut_from, find, finish};
use super::header::{HEADER, log_name};
use super::last::{self, Note, note_name};
use super::recovery::Recovery;
use super::replay::{Apply, replay};
use super::segment::Segment;
use super::{Durability, LogError};

/// What a log starts from.
pub(super) struct Recovered {
    pub segments: BTreeMap<u32, Arc<Segment>>,
    pub tail: Arc<Segment>,
    pub offset: u32,
    /// All sealed segments up to this one are synced.
    pub synced_through: u32,
    /// Sealed segments that are yet to be synced.
    pub unsynced: Vec<Arc<Segment>>,
    pub report: Recovery,
}

pub(super) fn recover(disk: &Arc<dyn Disk>, durability: Durability, apply: Apply) -> Result<Recovered, LogError> {
    let (mut found, gone) = find(disk)?;
    let newest = found.iter().rev().find_map(|found| found.header).map(|header| header.boot);
    let unknown = [0; 16];
    let restarted = newest.is_some_and(|boot| boot != disk.boot() && boot != unknown && disk.boot() != unknown);
    let newest = Note::newest(disk)?;
    let end_is_known = newest.is_some() || found.is_empty();
    let mut report = Recovery { restarted, end_is_known, ..Recovery::default() };
    report.lost = lost_last(newest.as_ref(), &found)?;
    let mut stop = None;
    for at in 0..found.len() {
        let (end, bad) = replay(&found, at, restarted, apply, &mut report)?;
        if let Some(why) = bad {
            if found[at].header.is_none() && newest.as_ref().is_some_and(|note| note.proves(found[at].first)) {
                return Err(LogError::damaged(&found[at].name, 0u64, format!("{why}, and it was once")));
            }
            stop = Some(Stop { at, offset: end, why });
            break;
        }
    }
    // Only now: a log that is refused is left as it is.
    finish(disk, &found, &gone)?;
    if let Some(stop) = stop {
        // A start that is killed between this and its end leaves it to the next to know that the log isn't whole.
        last::forget(disk)?;
        cut_from(disk, &mut found, &stop, &mut report)?;
    }
    let mut segments = BTreeMap::new();
    let mut synced_through = 0;
    let mut last = 0;
    let mut tail = None;
    for found in found {
        let Some(header) = found.header else { continue };
        synced_through = synced_through.max(header.synced_through);
        last = found.last;
        tail = None;
        if let Some(file) = found.file {
            let segment = Segment::existing(found.first, header.previous_end, file, found.length as u32);
            segments.insert(found.first, segment.clone());
            // Each segment holds what one boot of the machine wrote.
            tail = Some(segment).filter(|_| header.boot == disk.boot());
        }
    }
    let previous_end = segments.get(&last).map_or(0, |segment: &Arc<Segment>| segment.bytes());
    let tail = tail.unwrap_or_else(|| Segment::planned(last + 1, previous_end));
    segments.insert(tail.number, tail.clone());
    let sealed = tail.number - 1;
    let mut unsynced: Vec<_> = match restarted {
        // All of it was read back after the machine started: it is on the disk.
        true => Vec::new(),
        false => segments.range(synced_through.min(sealed) + 1..=tail.number).map(|(_, it)| it.clone()).collect(),
    };
    if durability == Durability::Power {
        for segment in unsynced.drain(..) {
            if let Some(file) = segment.file() {
                file.sync().map_err(LogError::io("sync", segment.name()))?;
            }
        }
        disk.sync().map_err(LogError::io("sync", "the data folder"))?;
    }
    if unsynced.is_empty() {
        synced_through = sealed;
    }
    unsynced.retain(|segment| segment.number != tail.number);
    if durability != Durability::Memory && report.cuts.is_empty() && report.lost.is_empty() {
        // What was read after the machine started, or synced just now, is on the disk.
        let kept = if restarted || durability == Durability::Power { last } else { synced_through.min(last) };
        last::renew(disk, newest.as_ref(), last, kept, durability == Durability::Power);
    }
    let offset = if tail.file().is_some() { tail.bytes() } else { HEADER };
    Ok(Recovered { segments, tail, offset, synced_through, unsynced, report })
}

/// The segments behind the last one that a note tells of. An error unless it may be that a power cut took them.
fn lost_last(newest: Option<&Note>, found: &[Found]) -> Result<Vec<String>, LogError> {
    let Some(newest) = newest else { return Ok(Vec::new()) };
    let first = found.last().map_or(0, |found| found.last) + 1;
    match (first..=newest.segment).rev().find(|segment| newest.proves(*segment)) {
        Some(lost) => Err(LogError::LastMissing { file: log_name(lost), note: note_name(newest.segment) }),
        None => Ok((first..=newest.segment).map(log_name).collect()),
    }
}
