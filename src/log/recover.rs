//! Opening: replay what is there, cut what a crash left, and say where writing goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::Disk;
use super::files::{Stop, cut_from, find};
use super::header::HEADER;
use super::replay::{Apply, replay};
use super::segment::Segment;
use super::{Durability, LogError};

/// What a start found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    pub segments: usize,
    pub transactions: u64,
    pub frames: u64,
    /// Of the frames, heads included.
    pub bytes: u64,
    /// What a crash left unfinished, and is gone now. Nothing of it was acknowledged under the log's promise.
    pub cuts: Vec<Cut>,
}

/// The end of a file that was cut off, or the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub file: String,
    pub offset: u64,
    pub bytes: u64,
    pub why: String,
}

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
    let mut found = find(disk)?;
    let newest = found.iter().rev().find_map(|found| found.header).map(|header| header.boot);
    let unknown = [0; 16];
    let restarted = newest.is_some_and(|boot| boot != disk.boot() && boot != unknown && disk.boot() != unknown);
    let mut report = Recovery::default();
    let mut stop = None;
    for at in 0..found.len() {
        let (end, bad) = replay(&found, at, restarted, apply, &mut report)?;
        if let Some(why) = bad {
            stop = Some(Stop { at, offset: end, why });
            break;
        }
    }
    if let Some(stop) = stop {
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
    let offset = if tail.file().is_some() { tail.bytes() } else { HEADER };
    Ok(Recovered { segments, tail, offset, synced_through, unsynced, report })
}
