//! Replay: whole transactions of a segment, and what to think of the rest.

use std::sync::Arc;

use super::disk::SegmentFile;
use super::files::Found;
use super::frame::Head;
use super::header::{HEADER, log_name};
use super::recovery::Recovery;
use super::scan::{Cursor, Step};
use super::torn::Evidence;
use super::{Location, LogError};

/// Who receives the frames of a replay; an error stops it.
pub type Apply<'a> = &'a mut dyn FnMut(Location, &[u8]) -> Result<(), String>;

/// Replays the segment `found[at]`. Returns where it ends, and why it ends too early, if it does and that is no damage.
pub(super) fn replay(
    found: &[Found],
    at: usize,
    restarted: bool,
    apply: Apply,
    report: &mut Recovery,
) -> Result<(u64, Option<String>), LogError> {
    let this = &found[at];
    if let Some(lost) = lost_before(found, at, restarted)? {
        return Ok((0, Some(lost)));
    }
    let Some(file) = &this.file else { return Ok((0, None)) };
    let later = &found[at + 1..];
    let (end, offset, why) = if this.header.is_some() {
        let next = later.first().filter(|next| next.first == this.last + 1).and_then(|next| next.header);
        let planned = next.map_or(0, |next| u64::from(next.previous_end));
        match read_frames(this.first, file, this.length, apply, report)? {
            (end, _, None) if planned == 0 || planned == end => return Ok((end, None)),
            (end, offset, None) => (end, offset, format!("the segment ends here, and should at byte {planned}")),
            (end, offset, Some(why)) => (end, offset, why.to_owned()),
        }
    } else {
        (0, 0, "the header isn't whole".to_owned())
    };
    // A header is written before anything else: within one boot nothing can stand behind one that is torn.
    let headless = this.header.is_none() && !restarted && this.length > u64::from(HEADER);
    let evidence = Evidence {
        segment: this.first,
        file: Some(file),
        length: this.length,
        offset,
        restarted,
        later: !later.is_empty(),
        synced_through: synced_through(later),
    };
    if headless || evidence.is_damage()? {
        return Err(LogError::damaged(&this.name, offset, why));
    }
    Ok((end, Some(why)))
}

/// Whether files are gone that should stand before `found[at]`, and no stone says that it was on purpose.
fn lost_before(found: &[Found], at: usize, restarted: bool) -> Result<Option<String>, LogError> {
    let this = &found[at];
    let lost = at.checked_sub(1).map_or(1, |before| found[before].last + 1);
    if lost == this.first {
        return Ok(None);
    }
    let synced_through = synced_through(&found[at..]);
    let evidence = Evidence { segment: lost, file: None, length: 0, offset: 0, restarted, later: true, synced_through };
    if evidence.is_damage()? {
        return Err(LogError::Missing { file: log_name(lost) });
    }
    Ok(Some(format!("{} before it was lost", log_name(lost))))
}

/// The highest segment that one of these knows to be synced.
fn synced_through(found: &[Found]) -> u32 {
    found.iter().filter_map(|found| found.header).map(|header| header.synced_through).max().unwrap_or(0)
}

/// Hands whole transactions to `apply`. Returns the end of the last of them, the place where reading stopped, and why
/// it stopped there if not at a transaction's end.
fn read_frames(
    segment: u32,
    file: &Arc<dyn SegmentFile>,
    length: u64,
    apply: Apply,
    report: &mut Recovery,
) -> Result<(u64, u64, Option<&'static str>), LogError> {
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
            return Ok((end, cursor.offset().into(), Some(why)));
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
