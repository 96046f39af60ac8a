//! Opening: which files there are, replay, and what a crash left is cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::disk::{Disk, SegmentFile};
use super::frame::Head;
use super::header::{HEADER, Header, log_name, parse_name, stone_name};
use super::judge::Evidence;
use super::scan::{Cursor, Step};
use super::segment::Segment;
use super::{Durability, Location, LogError};

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

/// A file of a segment, or its stone.
struct Found {
    number: u32,
    /// `None` for a stone, whose segment was removed on purpose.
    file: Option<Arc<dyn SegmentFile>>,
    length: u64,
    /// `None` when it isn't whole.
    header: Option<Header>,
}

/// Where the log stops being whole.
struct Stop {
    /// Index into what was found.
    at: usize,
    /// The first byte that goes; 0: the whole file.
    offset: u64,
    why: String,
}

type Apply<'a> = &'a mut dyn FnMut(Location, &[u8]) -> Result<(), String>;

pub(super) fn recover(disk: &Arc<dyn Disk>, durability: Durability, apply: Apply) -> Result<Recovered, LogError> {
    let found = find(disk)?;
    let newest = found.iter().rev().find_map(|found| found.header).map(|header| header.boot);
    let restarted = newest.is_some_and(|boot| boot != disk.boot() && boot != [0; 16] && disk.boot() != [0; 16]);
    let mut report = Recovery::default();
    let mut ends = BTreeMap::new();
    let mut stop = None;
    for at in 0..found.len() {
        let (end, bad) = replay(&found, at, restarted, apply, &mut report)?;
        ends.insert(found[at].number, end);
        if let Some(why) = bad {
            stop = Some(Stop { at, offset: end, why });
            break;
        }
    }
    let cut = stop.is_some();
    if let Some(stop) = stop {
        cut_from(disk, &found, stop, &mut ends, &mut report)?;
    }
    arrange(disk, durability, restarted, cut, found, ends, report)
}

/// The files of the log in order, from the oldest segment that was not removed; finishes removals.
fn find(disk: &Arc<dyn Disk>) -> Result<Vec<Found>, LogError> {
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

/// Replays one segment. Returns where it ends, and why it ends too early, if it does and that is no damage.
fn replay(
    found: &[Found],
    at: usize,
    restarted: bool,
    apply: Apply,
    report: &mut Recovery,
) -> Result<(u64, Option<String>), LogError> {
    let this = &found[at];
    let later = &found[at + 1..];
    let synced_through = later.iter().filter_map(|found| found.header).map(|header| header.synced_through).max();
    let mut evidence = Evidence {
        segment: this.number,
        file: None,
        length: 0,
        offset: 0,
        restarted,
        later: !later.is_empty(),
        synced_through: synced_through.unwrap_or(0),
    };
    // Are all files there that should stand before this one?
    let expected = at.checked_sub(1).map_or(1, |before| found[before].number + 1);
    if this.number != expected && (at > 0 || this.file.is_some()) {
        evidence.segment = this.number - 1;
        evidence.later = true;
        let file = log_name(expected.max(if at == 0 { this.number - 1 } else { expected }));
        if evidence.is_damage()? || this.header.is_some_and(|header| header.synced_through >= this.number - 1) {
            return Err(LogError::Missing { file });
        }
        return Ok((0, Some(format!("{file}, which came before, was lost"))));
    }
    let Some(file) = &this.file else {
        // A stone is written and synced before its segment goes.
        return match this.header {
            Some(_) => Ok((0, None)),
            None => Err(LogError::damaged(stone_name(this.number), 0u64, "the header's checksum doesn't match")),
        };
    };
    evidence.file = Some(file);
    evidence.length = this.length;
    let (end, offset, why) = if this.header.is_some() {
        let next = later.first().filter(|next| next.number == this.number + 1).and_then(|next| next.header);
        let planned = next.map_or(0, |next| u64::from(next.previous_end));
        let read = read_frames(this.number, file, this.length, apply, report)?;
        match read {
            (end, offset, None) if planned == 0 || planned == offset => return Ok((end, None)),
            (end, offset, None) => {
                (end, offset, format!("the segment should have {planned} bytes and has {}", this.length))
            }
            (end, offset, Some(why)) => (end, offset, why),
        }
    } else {
        let why = "the header isn't whole";
        if !restarted && this.length > u64::from(HEADER) {
            return Err(LogError::damaged(log_name(this.number), 0u64, why));
        }
        (0, 0, why.to_owned())
    };
    evidence.offset = offset;
    if evidence.is_damage()? {
        return Err(LogError::damaged(log_name(this.number), offset, why));
    }
    Ok((end, Some(why)))
}

/// Hands whole transactions to `apply`. Returns the end of the last of them, the place where reading stopped, and why
/// it stopped there if not at a transaction's end.
fn read_frames(
    segment: u32,
    file: &Arc<dyn SegmentFile>,
    length: u64,
    apply: Apply,
    report: &mut Recovery,
) -> Result<(u64, u64, Option<String>), LogError> {
    report.segments += 1;
    let mut cursor = Cursor::new(file.clone(), segment, length);
    let mut transaction: Vec<(Head, Location)> = Vec::new();
    loop {
        let end = u64::from(cursor.offset());
        cursor.release();
        transaction.clear();
        loop {
            let why = match cursor.step()? {
                Step::Frame { head, at } => {
                    transaction.push((head, at));
                    if head.continues {
                        continue;
                    }
                    break;
                }
                Step::End if transaction.is_empty() => return Ok((end, end, None)),
                Step::End => "the file ends within a transaction",
                Step::Bad(why) => why,
            };
            return Ok((end, cursor.offset().into(), Some(why.to_owned())));
        }
        for (head, at) in &transaction {
            apply(*at, cursor.payload(*head, *at)).map_err(|reason| LogError::Rejected {
                file: log_name(segment),
                offset: at.offset.into(),
                reason,
            })?;
            report.bytes += head.frame_bytes() as u64;
        }
        report.frames += transaction.len() as u64;
        report.transactions += 1;
    }
}

/// Cuts the log: later segments go, from the last one; then the end of the one that isn't whole.
fn cut_from(
    disk: &Arc<dyn Disk>,
    found: &[Found],
    stop: Stop,
    ends: &mut BTreeMap<u32, u64>,
    report: &mut Recovery,
) -> Result<(), LogError> {
    let first = &found[stop.at];
    for later in found[stop.at..].iter().rev() {
        let (name, keep) = (log_name(later.number), if later.number == first.number { stop.offset } else { 0 });
        let why = if later.number == first.number {
            stop.why.clone()
        } else {
            format!("{} before it was cut", log_name(first.number))
        };
        if keep == 0 {
            let name = if later.file.is_some() { name.clone() } else { stone_name(later.number) };
            disk.remove(&name).map_err(LogError::io("remove", name))?;
            ends.remove(&later.number);
        } else if let Some(file) = &later.file {
            // Synced, so that what was cut can't come back behind what is written next.
            file.truncate(keep).and_then(|()| file.sync()).map_err(LogError::io("cut", &name))?;
        }
        report.cuts.insert(0, Cut { file: name, offset: keep, bytes: later.length - keep, why });
    }
    disk.sync().map_err(LogError::io("sync", "the data folder"))
}

/// Where writing goes on, and what is yet to be synced.
fn arrange(
    disk: &Arc<dyn Disk>,
    durability: Durability,
    restarted: bool,
    cut: bool,
    found: Vec<Found>,
    ends: BTreeMap<u32, u64>,
    report: Recovery,
) -> Result<Recovered, LogError> {
    let mut segments = BTreeMap::new();
    let mut synced_through = 0;
    let mut last = 0;
    let mut tail = None;
    for found in found {
        let (Some(header), Some(end)) = (found.header, ends.get(&found.number)) else { continue };
        synced_through = synced_through.max(header.synced_through);
        last = found.number;
        tail = None;
        if let Some(file) = found.file {
            let segment = Segment::existing(found.number, header.previous_end, file, *end as u32);
            segments.insert(found.number, segment.clone());
            tail = Some(segment).filter(|_| header.boot == disk.boot());
        }
    }
    let previous = segments.get(&last).map_or(0, |segment| segment.bytes());
    // Each segment holds what one boot of the machine wrote, so a new boot begins a new one.
    let tail = tail.unwrap_or_else(|| Segment::planned(last + 1, previous));
    let offset = if tail.file().is_some() { tail.bytes() } else { HEADER };
    segments.insert(tail.number, tail.clone());
    let sealed = tail.number - 1;
    let mut unsynced = Vec::new();
    if restarted {
        // All of it was read back after the machine started: it is on the disk.
        synced_through = sealed;
    } else {
        unsynced.extend(segments.range(synced_through + 1..tail.number).map(|(_, segment)| segment.clone()));
    }
    if durability == Durability::Power && !restarted {
        for segment in unsynced.drain(..).chain([tail.clone()]) {
            if let Some(file) = segment.file() {
                file.sync().map_err(LogError::io("sync", segment.name()))?;
            }
        }
        disk.sync().map_err(LogError::io("sync", "the data folder"))?;
        synced_through = sealed;
    }
    let _ = cut;
    Ok(Recovered { segments, tail, offset, synced_through, unsynced, report })
}
