//! Flipped bits, torn ends and lost files: found, named, never skipped.

use super::*;

/// A log of several segments whose last transaction has one frame; returns the disk and how many transactions it has.
fn sample(durability: Durability) -> (FaultyDisk, u32, Location) {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, durability).unwrap();
    for id in 0..18 {
        append_and_commit(&log, id).unwrap();
    }
    let last = append_and_commit(&log, 18).unwrap().first;
    assert!(last.segment > 2 && last.offset > 64 && transaction(18).len() == 1);
    (disk, 19, last)
}

fn damaged(result: Result<Opened, LogError>, name: &str, context: &str) {
    match result.err() {
        Some(LogError::Damaged { file, .. } | LogError::UnknownFormat { file, .. }) => {
            assert_eq!(file, name, "{context}");
        }
        Some(error) => panic!("{context}: {error}"),
        None => panic!("{context}: not noticed"),
    }
}

#[test]
fn every_flipped_bit_is_found() {
    for (durability, restart) in [
        (Durability::Process, false),
        (Durability::Power, false),
        (Durability::Power, true),
        (Durability::Memory, false),
    ] {
        let (disk, count, last) = sample(durability);
        if restart {
            disk.restart();
        }
        for name in disk.names().into_iter().filter(|name| !name.ends_with(".last")) {
            let bytes = disk.bytes(&name);
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                disk.set_bytes(&name, flipped);
                let copy = disk.copy();
                let in_last = name == header::log_name(last.segment) && bit / 8 >= last.offset as usize;
                let context = format!("{durability} {name} byte {} bit {}", bit / 8, bit % 8);
                let result = open(&copy, durability);
                if in_last {
                    // No more than a torn end to whoever looks at it: cut, and said so.
                    let (_, recovery, replayed) = result.unwrap_or_else(|error| panic!("{context}: {error}"));
                    assert_eq!(ids(&replayed), (0..count - 1).collect::<Vec<_>>(), "{context}");
                    let [cut] = recovery.cuts.as_slice() else { panic!("{context}: {recovery:?}") };
                    assert_eq!((&cut.file, cut.offset), (&name, last.offset.into()), "{context}");
                } else {
                    damaged(result, &name, &context);
                    assert_eq!(copy.bytes(&name).len(), bytes.len(), "nothing is cut: {context}");
                }
            }
            disk.set_bytes(&name, bytes);
        }
    }
}

#[test]
fn a_torn_tail_of_any_length_is_cut() {
    for restart in [false, true] {
        let (disk, count, last) = sample(Durability::Process);
        let name = header::log_name(last.segment);
        let bytes = disk.bytes(&name);
        let all = open(&disk, Durability::Process).unwrap().2;
        for length in (0..bytes.len()).rev() {
            // Cut short, or as long as it was and zeros from there.
            for zeros in [false, true] {
                let disk = disk.copy();
                let mut torn = bytes[..length].to_vec();
                if zeros && length >= 64 {
                    torn.resize(bytes.len(), 0);
                }
                disk.set_bytes(&name, torn.clone());
                if restart {
                    disk.restart();
                }
                let context = format!("{length} of {}", bytes.len());
                if length < 64 && !restart {
                    // The note says that its header was whole, and no kill takes that back.
                    damaged(open(&disk, Durability::Process), &name, &context);
                    continue;
                }
                let (log, recovery, replayed) =
                    open(&disk, Durability::Process).unwrap_or_else(|error| panic!("{context}: {error}"));
                let survivors = ids(&replayed);
                assert!(survivors.iter().copied().eq(0..survivors.len() as u32), "{context}");
                let end = all.iter().find(|(place, _)| !replayed.iter().any(|(there, _)| there == place));
                let end = end.map_or(0, |(place, _)| place.offset as usize);
                if length < 64 {
                    assert_eq!(recovery.cuts[0].offset, 0, "{context}");
                } else if torn.len() > end {
                    assert_eq!(recovery.cuts[0].offset, end as u64, "{context}");
                    assert_eq!(recovery.cuts[0].bytes, (torn.len() - end) as u64, "{context}");
                } else {
                    assert_eq!(recovery.cuts, [], "{context}");
                }
                // Writing goes on, and the next start finds nothing wrong.
                append_and_commit(&log, survivors.len() as u32).unwrap();
                drop(log);
                let (_, recovery, replayed) = open(&disk, Durability::Process).unwrap();
                assert_eq!(ids(&replayed).len(), survivors.len() + 1, "{context}");
                assert_eq!(recovery.cuts, [], "{context}");
                assert!(survivors.len() < count as usize);
            }
        }
    }
}

#[test]
fn a_short_or_long_sealed_segment_is_damage() {
    let (disk, ..) = sample(Durability::Power);
    for restart in [false, true] {
        if restart {
            disk.restart();
        }
        let bytes = disk.bytes("00000002.log");
        for length in (0..bytes.len()).chain([bytes.len() + 1, bytes.len() + 80]) {
            let mut other = bytes.clone();
            other.resize(length, 0);
            let disk = disk.copy();
            disk.set_bytes("00000002.log", other);
            damaged(open(&disk, Durability::Power), "00000002.log", &format!("{length} of {}", bytes.len()));
        }
    }
}

#[test]
fn a_lost_file_is_missed() {
    for removed in [None, Some(1), Some(2), Some(3)] {
        let (disk, ..) = sample(Durability::Power);
        if let Some(segment) = removed {
            open(&disk, Durability::Power).unwrap().0.remove(segment).unwrap();
        }
        for name in disk.names() {
            let Some((first, ..)) = header::parse_name(&name) else { continue };
            for restart in [false, true] {
                let disk = disk.copy();
                disk.delete(&name);
                if restart {
                    disk.restart();
                }
                let before = disk.fingerprint();
                let error = open(&disk, Durability::Power).err();
                let lost = header::log_name(first);
                assert!(
                    matches!(&error, Some(LogError::Missing { file } | LogError::LastMissing { file, .. }) if *file == lost),
                    "without {name} (removed {removed:?}): {error:?}"
                );
                assert_eq!(disk.fingerprint(), before, "nothing is touched");
            }
        }
    }
}

/// A lost last segment looked like one that never was: the messages in it were gone without a word.
#[test]
fn a_lost_last_segment_is_missed_unless_a_power_cut_may_have_taken_it() {
    let (disk, _, last) = sample(Durability::Process);
    let name = header::log_name(last.segment);
    disk.delete(&name);
    let error = open(&disk.copy(), Durability::Process).err();
    let Some(LogError::LastMissing { file, note }) = error else { panic!("{error:?}") };
    assert_eq!(file, name);
    // Who removes the note goes on without the segment.
    let without = disk.copy();
    without.delete(&note);
    let (_, recovery, _) = open(&without, Durability::Process).unwrap();
    assert!(recovery.cuts.is_empty() && !recovery.is_whole());
    // It was never synced, and the machine was started anew since.
    disk.restart();
    let (log, recovery, _) = open(&disk, Durability::Process).unwrap();
    assert_eq!((recovery.lost, recovery.restarted), (vec![name.clone()], true));
    append_and_commit(&log, 0).unwrap();
    drop(log);
    // What a start found is on the disk: from now on no power cut excuses its loss.
    disk.restart();
    let (log, recovery, _) = open(&disk, Durability::Process).unwrap();
    assert!(recovery.is_whole());
    drop(log);
    disk.delete(&name);
    disk.restart();
    assert!(matches!(open(&disk, Durability::Process).err(), Some(LogError::LastMissing { .. })));
}

/// Who was killed between the cut and what follows from it left a log that looked whole, and objects that it had named were
/// taken for garbage.
#[test]
fn a_log_that_was_cut_is_not_known_to_be_whole_at_the_next_start() {
    let (disk, _, last) = sample(Durability::Process);
    let name = header::log_name(last.segment);
    let mut bytes = disk.bytes(&name);
    bytes.pop();
    disk.set_bytes(&name, bytes);
    assert_eq!(open(&disk, Durability::Process).unwrap().1.cuts.len(), 1);
    let (_, recovery, _) = open(&disk, Durability::Process).unwrap();
    assert!(recovery.cuts.is_empty() && !recovery.is_whole());
    assert!(open(&disk, Durability::Process).unwrap().1.is_whole());
}

/// A start that refused a log had finished a removal before: it had deleted a file.
#[test]
fn a_refused_log_is_left_as_it_is() {
    let (disk, ..) = sample(Durability::Process);
    let (first, whole) = (header::log_name(1), disk.bytes(&header::log_name(1)));
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    log.remove(1).unwrap();
    drop(log);
    disk.create(&first).unwrap();
    disk.set_bytes(&first, whole);
    let second = header::log_name(2);
    let mut bytes = disk.bytes(&second);
    bytes[100] ^= 1;
    disk.set_bytes(&second, bytes.clone());
    let before = disk.names();
    damaged(open(&disk, Durability::Process), &second, "a removal that was interrupted");
    assert_eq!(disk.names(), before);
    bytes[100] ^= 1;
    disk.set_bytes(&second, bytes);
    open(&disk, Durability::Process).unwrap();
    assert!(!disk.names().contains(&first), "it is finished now");
}

#[test]
fn a_note_that_is_not_whole_says_nothing() {
    let (disk, count, _) = sample(Durability::Process);
    let note = disk.names().into_iter().find(|name| name.ends_with(".last")).unwrap();
    let bytes = disk.bytes(&note);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let copy = disk.copy();
        copy.set_bytes(&note, flipped);
        let (_, recovery, replayed) = open(&copy, Durability::Process).unwrap();
        assert!(recovery.cuts.is_empty() && !recovery.end_is_known && ids(&replayed).len() == count as usize);
    }
}

#[test]
fn a_damaged_record_is_not_read() {
    let (disk, ..) = sample(Durability::Process);
    let (log, _, replayed) = open(&disk, Durability::Process).unwrap();
    let (place, _) = replayed[4];
    let mut bytes = disk.bytes(&header::log_name(place.segment));
    bytes[place.offset as usize + 13] ^= 1;
    disk.set_bytes(&header::log_name(place.segment), bytes);
    for error in [log.read(place).err(), read(&log, &[place, replayed[5].0]).err()] {
        assert!(matches!(error, Some(LogError::Damaged { offset, .. }) if offset == u64::from(place.offset)));
    }
    let elsewhere = Location { offset: place.offset + 1, ..place };
    assert!(matches!(log.read(elsewhere), Err(LogError::Damaged { .. })));
    assert!(matches!(log.read(Location { offset: 1 << 30, ..place }), Err(LogError::Damaged { .. })));
}

#[test]
fn a_record_within_a_torn_record_is_not_taken_for_one_behind_it() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    append_and_commit(&log, 0).unwrap();
    drop(log);
    // The payload is a copy of the log's own bytes.
    let payload = disk.bytes("00000001.log");
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    let place = log.append(&[&payload]).unwrap().first;
    log.retry().unwrap();
    drop(log);
    let mut bytes = disk.bytes("00000001.log");
    bytes.pop();
    disk.set_bytes("00000001.log", bytes);
    let (_, recovery, replayed) = open(&disk, Durability::Process).unwrap();
    assert_eq!(recovery.cuts[0].offset, u64::from(place.offset));
    assert_eq!(ids(&replayed), [0]);
}
