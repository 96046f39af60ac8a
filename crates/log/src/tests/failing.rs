//! Full disks and broken ones.

use super::*;

const ON_DISK: [Durability; 2] = [Durability::Process, Durability::Power];

#[test]
fn a_full_disk_fails_the_requests_and_writing_goes_on_when_there_is_space() {
    // At every fill: within a record, before a new segment's file, within its header.
    for durability in ON_DISK {
        for space in 0..900 {
            let disk = FaultyDisk::default();
            let (log, ..) = open(&disk, durability).unwrap();
            disk.with(|state| state.space = Some(space));
            let mut id = 0;
            let error = loop {
                let appended = append(&log, id).unwrap();
                id += 1;
                if let Err(error) = commit(&log, appended.position) {
                    break error;
                }
            };
            let LogError::Write { ref file, offset, cause } = error else { panic!("{error}") };
            assert!(offset == 0 || disk.bytes(file).len() as u64 == offset, "what was written of it is cut");
            assert_eq!(cause.kind(), std::io::ErrorKind::StorageFull);
            let refused = append(&log, id).unwrap_err();
            assert!(matches!(&refused, LogError::Unavailable { reason } if reason.contains(file)), "{refused}");
            assert!(log.retry().is_err());
            assert!(append(&log, id).is_err());
            // What a kill leaves now: everything that was acknowledged.
            let (_, _, replayed) = open(&disk.copy(), durability).unwrap_or_else(|error| panic!("{space}: {error}"));
            assert!(ids(&replayed).len() as u32 >= id - 1);

            disk.with(|state| state.space = None);
            log.retry().unwrap();
            assert!(log.refusal().is_none());
            append_and_commit(&log, id).unwrap();
            drop(log);
            let (_, recovery, replayed) = open(&disk, durability).unwrap();
            assert_eq!(ids(&replayed), (0..=id).collect::<Vec<_>>());
            assert_eq!(recovery.cuts, []);
        }
    }
}

#[test]
fn the_oldest_segments_can_be_removed_from_a_full_disk() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    for id in 0..40 {
        append_and_commit(&log, id).unwrap();
    }
    log.remove(1).unwrap();
    disk.with(|state| state.space = Some(0));
    log.remove(2).unwrap();
    log.remove(3).unwrap();
    assert_eq!(disk.names()[..2], ["00000001-00000003.removed", "00000004.log"]);
    // Elsewhere it takes a stone of its own; without one, nothing is removed.
    assert!(matches!(log.remove(5), Err(LogError::Io { .. })));
    assert!(log.open_segment(5).is_some());
    drop(log);
    open(&disk, Durability::Process).unwrap();
    assert_eq!(disk.names()[1..3], ["00000004.log", "00000005.log"]);
}

/// A group of two segments whose second could not be written was tried again from its first, which then was cut off when that
/// failed as well: the second one's header told where it should end, and no start would read the log any more.
#[test]
fn what_is_written_of_a_group_is_not_written_again() {
    for durability in ON_DISK {
        let disk = FaultyDisk::default();
        let (log, ..) = open(&disk, durability).unwrap();
        log.append(&[&[b'a'; 123]]).unwrap();
        let position = log.append(&[&[b'b'; 300]]).unwrap().position;
        disk.with(|state| state.space = Some(250));
        assert!(commit(&log, position).is_err());
        assert!(log.retry().is_err());
        let (_, _, replayed) = open(&disk.copy(), durability).unwrap();
        assert_eq!(replayed.len(), 1);
        disk.with(|state| state.space = None);
        log.retry().unwrap();
        drop(log);
        assert_eq!(open(&disk, durability).unwrap().2.len(), 2);
    }
}

/// A stone that a full disk left unfinished was taken for one that stood: the next removal beside it claimed a segment that was
/// still there, and the next start found a damaged stone.
#[test]
fn a_stone_that_was_not_finished_says_nothing() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    for id in 0..40 {
        append_and_commit(&log, id).unwrap();
    }
    disk.with(|state| state.space = Some(10));
    assert!(matches!(log.remove(4), Err(LogError::Io { .. })));
    disk.with(|state| state.space = None);
    log.remove(5).unwrap();
    log.remove(3).unwrap();
    drop(log);
    let (log, recovery, replayed) = open(&disk, Durability::Process).unwrap();
    assert_eq!(recovery.cuts, []);
    assert!(log.open_segment(4).is_some() && replayed.iter().any(|(place, _)| place.segment == 4));
    assert!(replayed.iter().all(|(place, _)| ![3, 5].contains(&place.segment)));
}

#[test]
fn a_failed_sync_poisons_the_log_for_good() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Power).unwrap();
    let committed = append_and_commit(&log, 0).unwrap();
    disk.with(|state| state.syncs_fail = true);
    let lost = append(&log, 1).unwrap();
    let error = commit(&log, lost.position).unwrap_err();
    assert!(matches!(&error, LogError::Poisoned { reason } if reason.contains("00000001.log")), "{error}");
    disk.with(|state| state.syncs_fail = false);
    assert!(matches!(append(&log, 2), Err(LogError::Poisoned { .. })));
    assert!(matches!(commit(&log, lost.position), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.retry(), Err(LogError::Poisoned { .. })));
    assert!(log.refusal().is_some());
    // What was promised stays so, and can be read.
    commit(&log, committed.position).unwrap();
    assert_eq!(log.read(committed.first).unwrap(), transaction(0)[0]);
}

#[test]
fn a_failed_sync_of_a_sealed_segment_poisons_process_as_well() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    disk.with(|state| state.syncs_fail = true);
    let mut id = 0;
    let error = loop {
        // The thread notices in its own time.
        if let Err(error) = append_and_commit(&log, id) {
            break error;
        }
        id += 1;
        std::thread::yield_now();
    };
    assert!(matches!(&error, LogError::Poisoned { .. }), "{error}");
}

#[test]
fn a_receiver_that_refuses_a_record_stops_the_start_with_its_place() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    append_and_commit(&log, 0).unwrap();
    let second = append_and_commit(&log, 1).unwrap().first;
    drop(log);
    let error = Log::open(Arc::new(disk), Options::default(), &mut |location, _| match location == second {
        true => Err("what is this".to_owned()),
        false => Ok(()),
    })
    .err()
    .unwrap();
    let expected = format!("00000001.log: the record at byte {} can't be applied: what is this", second.offset);
    assert_eq!(error.to_string(), expected);
}

/// A poisoned log let the next request through as long as nothing waited: it was decided, and could never be written.
#[test]
fn who_asks_a_log_that_gave_up_is_refused_before_anything_is_decided() {
    let (log, ..) = open(&FaultyDisk::default(), Durability::Process).unwrap();
    append_and_commit(&log, 0).unwrap();
    log.admit(false).unwrap();
    log.give_up("the folder is gone".to_owned());
    assert!(log.admit(false).unwrap_err().to_string().contains("the folder is gone"));
}

#[test]
fn a_file_that_is_taken_away_is_missed_while_the_log_runs() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    for id in 0..40 {
        append_and_commit(&log, id).unwrap();
    }
    log.remove(1).unwrap();
    assert_eq!(log.find_harm().unwrap(), None);
    for segment in [3, log.tail()] {
        let taken = header::log_name(segment);
        let inode = disk.with(|state| state.take_away(&taken));
        assert_eq!(log.find_harm().unwrap(), Some(format!("{taken} was removed")));
        disk.with(|state| state.put_back(&taken, inode));
        assert_eq!(log.find_harm().unwrap(), None);
    }
    // A cut shows at once, and also when what was written since has made the file as long again.
    let tail = header::log_name(log.tail());
    let whole = disk.bytes(&tail);
    disk.set_bytes(&tail, whole[..whole.len() - 1].to_vec());
    assert_eq!(log.find_harm().unwrap(), Some(format!("{tail} was cut short")));
    let mut holed = whole.clone();
    holed.resize(whole.len() + 30, b'x');
    holed[whole.len() - 40..whole.len()].fill(0);
    disk.set_bytes(&tail, holed);
    assert_eq!(log.find_harm().unwrap(), Some(format!("{tail} was cut short or written by another")));
    disk.set_bytes(&tail, whole);
    // Another file in its place isn't it.
    disk.create(&tail).unwrap();
    assert_eq!(log.find_harm().unwrap(), Some(format!("{tail} was replaced")));
}

/// A disk of so many bytes that tells of its space, with so many free: its floor is 1 MiB.
fn small_disk(free: usize) -> FaultyDisk {
    let disk = FaultyDisk::default();
    disk.with(|state| (state.space, state.total) = (Some(free), Some(16 << 20)));
    disk
}

/// Bytes of the reserve's file.
fn reserve(disk: &FaultyDisk) -> usize {
    disk.names().iter().find(|name| *name == reserve::NAME).map_or(0, |name| disk.bytes(name).len())
}

fn free(disk: &FaultyDisk) -> usize {
    disk.with(|state| state.space.unwrap())
}

/// As the cloud does it: asked for, decided, written.
fn admitted(log: &Log, frees: bool, bytes: usize) -> Result<(), LogError> {
    log.admit(frees)?;
    let position = log.append_decided(&[&vec![b'x'; bytes]], u32::MAX)?.position;
    commit(log, position)
}

const FLOOR: usize = 1 << 20;

/// Up to 16 MiB were admitted after one look at the disk: what else was written to it meanwhile, the reserve paid for.
#[test]
fn what_fills_the_disk_takes_nothing_of_the_reserve() {
    for durability in ON_DISK {
        for bytes in [100, 20_000, 400_000] {
            let disk = small_disk(12 << 20);
            let (log, ..) = open(&disk, durability).unwrap();
            // Uploads take the disk while the log has looked at it.
            admitted(&log, false, bytes).unwrap();
            disk.with(|state| state.space = Some(2 * FLOOR + FLOOR / 4));
            while admitted(&log, false, bytes).is_ok() {}
            assert_eq!(reserve(&disk), FLOOR);
            let left = free(&disk);
            assert!(left + bytes > FLOOR / 2 && log.low().is_some(), "{left} bytes are left, of {bytes} each");
            assert!(log.refusal().is_none(), "it waits for nothing");
        }
    }
}

/// The whole reserve went with the first write that found no room, and a program that filled the disk took it at once.
#[test]
fn the_reserve_is_given_in_pieces_and_taken_again() {
    for durability in ON_DISK {
        let disk = small_disk(6 << 20);
        let (log, ..) = open(&disk, durability).unwrap();
        admitted(&log, false, 100).unwrap();
        disk.with(|state| state.space = Some(0));
        for n in 0..500 {
            admitted(&log, true, 100).unwrap_or_else(|error| panic!("{n}: {error}"));
            // Another program takes whatever it can.
            disk.with(|state| state.space = Some(0));
            assert!(matches!(log.admit(false), Err(LogError::Full { .. })));
            if reserve(&disk) < FLOOR / 2 {
                break;
            }
        }
        let kept = reserve(&disk);
        assert!((1..FLOOR).contains(&kept), "{kept}");
        // Killed and started again it is full from the beginning.
        drop(log);
        let (log, ..) = open(&disk, durability).unwrap();
        assert!(log.low().is_some() && reserve(&disk) == kept);
        admitted(&log, true, 100).unwrap();
        // What becomes free is the reserve's first, and only then anybody's.
        disk.with(|state| state.space = Some(FLOOR * 3 / 2));
        log.check_room();
        assert_eq!(reserve(&disk), FLOOR);
        assert!(matches!(log.admit(false), Err(LogError::Full { .. })));
        disk.with(|state| state.space = Some(2 * FLOOR + 1));
        log.check_room();
        assert!(log.low().is_none());
        admitted(&log, false, 100).unwrap();
    }
}

/// Only the first refused write showed that a disk was full, and a reserve without its blocks was taken for one.
#[test]
fn a_start_looks_at_the_disk() {
    let disk = small_disk(6 << 20);
    drop(open(&disk, Durability::Process).unwrap());
    assert_eq!(reserve(&disk), FLOOR);
    disk.with(|state| state.space = Some(FLOOR / 2));
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    assert!(log.low().is_some());
    drop(log);
    // There is room for one of the two.
    disk.delete(reserve::NAME);
    disk.with(|state| state.space = Some(FLOOR * 2 - 100));
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    assert!(log.low().is_some() && reserve(&disk) == FLOOR);
}

/// One large request, admitted with little room, was decided and could not be written: all that frees space waited behind it.
#[test]
fn a_transaction_is_told_how_large_it_may_be() {
    let disk = small_disk(6 << 20);
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    assert_eq!(log.admit(true).unwrap(), u64::MAX);
    disk.with(|state| state.space = Some(FLOOR + 1));
    log.check_room();
    let most = log.admit(false).unwrap() as usize;
    assert!((FLOOR / 3..=FLOOR / 2 + 1).contains(&most), "{most}");
    admitted(&log, false, most).unwrap();
    assert_eq!(reserve(&disk), FLOOR);
}
