//! What the log does when nothing goes wrong.

use std::sync::atomic::Ordering;

use super::*;

const ALL: [Durability; 3] = [Durability::Memory, Durability::Process, Durability::Power];

#[test]
fn what_was_committed_is_replayed_and_read_in_order() {
    for durability in ALL {
        let disk = FaultyDisk::default();
        let (log, recovery, _) = open(&disk, durability).unwrap();
        assert_eq!(recovery, Recovery { end_is_known: true, ..Recovery::default() });
        let mut written = Vec::new();
        for id in 0..40 {
            let frames = transaction(id);
            let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            let appended = log.append(&frames).unwrap();
            written.extend(locations(appended.first, frames.iter().copied()).zip(transaction(id)));
            commit(&log, appended.position).unwrap();
        }
        assert!(log.tail() > 5, "{durability}");
        for (location, payload) in &written {
            assert_eq!(log.read(*location).unwrap(), payload);
        }
        let mut wanted: Vec<_> = written.iter().step_by(3).rev().collect();
        wanted.rotate_left(5);
        let places: Vec<Location> = wanted.iter().map(|(location, _)| *location).collect();
        for (read, (_, payload)) in read(&log, &places).unwrap().iter().zip(wanted) {
            assert_eq!(read, payload);
        }
        let mut scanned = Vec::new();
        for (segment, _) in log.segments() {
            let mut scan = log.scan(segment).unwrap();
            while let Some((location, payload)) = scan.next().unwrap() {
                scanned.push((location, payload.to_vec()));
            }
        }
        assert_eq!(scanned, written);
        drop(log);
        let (log, recovery, replayed) = open(&disk, durability).unwrap();
        assert_eq!(replayed, written);
        assert_eq!((recovery.transactions, recovery.frames), (40, written.len() as u64));
        assert_eq!(recovery.cuts, []);
        // Writing goes on where it stopped.
        let appended = append_and_commit(&log, 41).unwrap();
        assert!(appended.first > written.last().unwrap().0);
    }
}

#[test]
fn large_frames_are_read_whole() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let (log, _) = Log::open(disk.clone(), Options::default(), &mut |_, _| Ok(())).unwrap();
    let sizes = [0, 1, 2_000, 2_036, 2_037, 5_000, 70_000, 3_000_000, 10];
    let payloads: Vec<Vec<u8>> = sizes.iter().map(|size| vec![*size as u8; *size]).collect();
    let frames: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    let appended = log.append(&frames).unwrap();
    commit(&log, appended.position).unwrap();
    let places: Vec<Location> = locations(appended.first, frames.iter().copied()).collect();
    assert_eq!(read(&log, &places).unwrap(), payloads);
    drop(log);
    let mut replayed = Vec::new();
    Log::open(disk, Options::default(), &mut |_, payload| {
        replayed.push(payload.to_vec());
        Ok(())
    })
    .unwrap();
    assert_eq!(replayed, payloads);
}

#[test]
fn a_transaction_never_spans_segments_and_a_large_one_has_its_own() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    let mut segments = Vec::new();
    for size in [100, 100, 1_000, 10, 370, 10] {
        segments.push(log.append(&[&vec![0; size], b"x"]).unwrap().first.segment);
    }
    assert_eq!(segments, [1, 1, 2, 3, 4, 5]);
    log.retry().unwrap();
    assert_eq!(log.segments().len(), 5);
    assert_eq!(log.segments()[1], (2, 64 + 12 + 1_000 + 12 + 1));
}

#[test]
fn what_the_format_can_not_hold_is_refused() {
    let (log, ..) = open(&FaultyDisk::default(), Durability::Process).unwrap();
    let largest = vec![0; MAX_PAYLOAD + 1];
    let error = log.append(&[&largest]).unwrap_err();
    assert!(matches!(error, LogError::TooLarge { what: "record", .. }), "{error}");
    let error = log.append(&[&largest[1..]; 4]).unwrap_err();
    assert!(matches!(error, LogError::TooLarge { what: "transaction", .. }), "{error}");
    log.append(&[&largest[1..]; 3]).unwrap();
    let error = log.append(&[&largest[1..]]).unwrap_err();
    assert!(matches!(error, LogError::Behind { .. }), "{error}");
}

#[test]
fn a_removed_segment_is_gone_but_for_those_who_hold_it() {
    let disk = FaultyDisk::default();
    let (log, ..) = open(&disk, Durability::Process).unwrap();
    let places: Vec<Location> = (0..40).map(|id| append_and_commit(&log, id).unwrap().first).collect();
    let first_of = |segment| places.iter().position(|place| place.segment == segment).unwrap();
    let held = log.open_segment(2).unwrap();
    assert!(matches!(log.remove(log.tail()), Err(LogError::Unsealed(_))));
    for segment in [2, 1, 4] {
        log.remove(segment).unwrap();
    }
    assert!(matches!(log.remove(2), Err(LogError::NoSegment(_))));
    let of_two = first_of(2);
    assert!(matches!(log.read(places[of_two]), Err(LogError::NoSegment(_))));
    assert_eq!(held.read(places[of_two].offset).unwrap(), transaction(of_two as u32)[0]);
    assert_eq!(disk.names()[..3], ["00000001-00000002.removed", "00000003.log", "00000004-00000004.removed"]);
    drop(log);
    let (_, _, replayed) = open(&disk, Durability::Process).unwrap();
    let kept = (0..40).filter(|id| ![1, 2, 4].contains(&places[*id as usize].segment));
    assert_eq!(ids(&replayed), kept.collect::<Vec<u32>>());
}

/// The log had rolled on and its thread had synced beyond what a removal asked for: the removal panicked.
#[test]
fn a_removal_may_find_more_synced_than_it_asks_for() {
    let (log, ..) = open(&FaultyDisk::default(), Durability::Process).unwrap();
    for id in 0..20 {
        append_and_commit(&log, id).unwrap();
    }
    let tail = log.tail();
    log.shared.synced_through.store(tail, Ordering::Release);
    log.shared.sync_all(tail - 1).unwrap();
    assert_eq!(log.shared.synced_through.load(Ordering::Acquire), tail, "what is synced stays so");
}

#[test]
fn many_tasks_share_few_writes() {
    for durability in ALL {
        let disk = FaultyDisk::default();
        let (log, ..) = open(&disk, durability).unwrap();
        let log = Arc::new(log);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let log = log.clone();
                runtime.spawn(async move {
                    for id in 0..20 {
                        let appended = append(&log, id).unwrap();
                        log.commit(appended.position).await.unwrap();
                    }
                })
            })
            .collect();
        runtime.block_on(futures::future::try_join_all(tasks)).unwrap();
        drop(log);
        let (_, recovery, _) = open(&disk, durability).unwrap();
        assert_eq!(recovery.transactions, 32 * 20);
    }
}

#[test]
fn a_folder_keeps_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 300, ..Options::default() };
    let open = |replayed: &mut Vec<u32>| {
        let disk = Arc::new(DirectoryDisk::open(folder.path()).unwrap());
        let mut frames = Vec::new();
        let (log, _) = Log::open(disk, options, &mut |location, payload| {
            frames.push((location, payload.to_vec()));
            Ok(())
        })
        .unwrap();
        replayed.extend(ids(&frames));
        log
    };
    let directory = directory::Directory::open(folder.path()).unwrap();
    let _held = lock_directory(&directory, folder.path()).unwrap();
    for round in 0..3 {
        let mut replayed = Vec::new();
        let log = open(&mut replayed);
        assert_eq!(replayed.first().map(|first| *first > 0), [None, Some(false), Some(true)][round as usize]);
        assert_eq!(replayed.last().copied(), (round > 0).then(|| round * 20 - 1));
        for id in round * 20..(round + 1) * 20 {
            append_and_commit(&log, id).unwrap();
        }
        if round == 1 {
            log.remove(1).unwrap();
        }
    }
}
