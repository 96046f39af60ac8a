//! The power goes, or the process is killed, at every single operation of a scripted run.

use std::collections::BTreeSet;

use super::*;
use crate::faulty::Left;

/// What a run got done before it was stopped.
#[derive(Default)]
struct Done {
    /// The segment of each transaction that was appended.
    segments: Vec<u32>,
    /// So many were committed.
    committed: usize,
    /// So many were committed when a removal was done: they were synced for it.
    synced: usize,
    removed: BTreeSet<u32>,
    /// A removal was begun.
    removing: Option<u32>,
}

/// Appends, commits one to three at a time, removes the oldest and the middle, reopens in between.
fn run(disk: &FaultyDisk, durability: Durability, done: &mut Done) -> Result<(), LogError> {
    for part in 0..2 {
        let (log, ..) = open(disk, durability)?;
        for round in 0..6 {
            let mut position = Position::default();
            for _ in 0..=round % 3 {
                let appended = append(&log, done.segments.len() as u32)?;
                done.segments.push(appended.first.segment);
                position = appended.position;
            }
            commit(&log, position)?;
            done.committed = done.segments.len();
            let victim = match (part, round) {
                (0, 4) => 1,
                (1, 2) => 3,
                (1, 4) => 2,
                _ => continue,
            };
            done.removing = Some(victim);
            log.remove(victim)?;
            done.removed.insert(victim);
            done.removing = None;
            done.synced = done.committed;
        }
    }
    Ok(())
}

/// Opens what is left and checks it against what was promised.
fn check(disk: &FaultyDisk, durability: Durability, done: &Done, promised: usize, context: &str) {
    let (log, _, replayed) = open(disk, durability).unwrap_or_else(|error| panic!("{context}: {error}"));
    let survivors = ids(&replayed);
    let segment_of = |id: &u32| done.segments[*id as usize];
    assert!(survivors.iter().all(|id| !done.removed.contains(&segment_of(id))), "{context}: removed and back");
    let halfway = |id: &u32| done.removing == Some(segment_of(id));
    let expected: Vec<u32> =
        (0..done.segments.len() as u32).filter(|id| !done.removed.contains(&segment_of(id)) && !halfway(id)).collect();
    let kept: Vec<u32> = survivors.iter().copied().filter(|id| !halfway(id)).collect();
    assert_eq!(kept, expected[..kept.len()], "{context}: a prefix, in order");
    let least = expected.iter().filter(|id| (**id as usize) < promised).count();
    assert!(kept.len() >= least, "{context}: {promised} were promised, {survivors:?} are there");
    let half: Vec<u32> = survivors.iter().copied().filter(halfway).collect();
    let of_segment = done.segments.iter().filter(|segment| Some(**segment) == done.removing).count();
    let later = kept.last() > half.last();
    assert!(half.is_empty() || half.len() == of_segment || !later, "{context}: half a segment");
    // Whatever it was, it goes on from here, and the next start finds it whole.
    let next = done.segments.len() as u32;
    append_and_commit(&log, next).unwrap();
    drop(log);
    let (_, recovery, replayed) = open(disk, durability).unwrap_or_else(|error| panic!("{context}, again: {error}"));
    assert_eq!(recovery.cuts, [], "{context}");
    assert_eq!(ids(&replayed).last(), Some(&next), "{context}");
    assert_eq!(ids(&replayed).len(), survivors.len() + 1, "{context}");
}

fn at_every_operation(durability: Durability) {
    let whole = FaultyDisk::default();
    run(&whole, durability, &mut Done::default()).unwrap();
    let operations = whole.with(|state| state.operations);
    // How many appends share a write is the writer's luck, so a run may be done with fewer operations than the first.
    let mut stopped = 0;
    for at in 1..=operations {
        let disk = FaultyDisk::default();
        disk.with(|state| state.power_goes_at = Some(at));
        let mut done = Done::default();
        stopped += u32::from(run(&disk, durability, &mut done).is_err());
        let context = format!("{durability}, killed at operation {at}");
        check(&disk.copy(), durability, &done, done.committed, &context);
        let promised = if durability == Durability::Power { done.committed } else { done.synced };
        for left in [Left::Nothing, Left::Everything].into_iter().chain((0..12).map(|n| Left::Some(n + 100 * at))) {
            let context = format!("{durability}, power cut at operation {at}, left {left:?}");
            let first = disk.after_power_cut(left);
            check(&first, durability, &done, promised, &context);
        }
    }
    assert!(stopped > 40, "{stopped} of {operations} runs were stopped halfway");
}

#[test]
fn a_power_cut_costs_nothing_that_was_synced() {
    at_every_operation(Durability::Power);
}

#[test]
fn a_power_cut_costs_no_more_than_the_end_where_only_a_kill_was_promised() {
    at_every_operation(Durability::Process);
}

#[test]
fn a_power_cut_during_recovery_is_no_worse() {
    for durability in [Durability::Power, Durability::Process] {
        for at in [20, 27, 35, 41] {
            let disk = FaultyDisk::default();
            disk.with(|state| state.power_goes_at = Some(at));
            let mut done = Done::default();
            let _ = run(&disk, durability, &mut done);
            let promised = if durability == Durability::Power { done.committed } else { done.synced };
            for seed in 0..20 {
                let broken = disk.after_power_cut(Left::Some(seed));
                for again in 1..6 {
                    let disk = broken.copy();
                    disk.with(|state| state.power_goes_at = Some(again));
                    drop(open(&disk, durability));
                    let disk = disk.after_power_cut(Left::Some(seed + again));
                    let context = format!("{durability} at {at}, seed {seed}, again at {again}");
                    check(&disk, durability, &done, promised, &context);
                }
            }
        }
    }
}

/// Opens, writes on, loses power, and opens once more: everything that the second life began with or committed is there.
fn second_life(disk: &FaultyDisk, context: &str) {
    let (log, _, replayed) = open(disk, Durability::Power).unwrap_or_else(|error| panic!("{context}: {error}"));
    let mut expected = ids(&replayed);
    for id in 1_000..1_004 {
        append_and_commit(&log, id).unwrap();
        expected.push(id);
    }
    drop(log);
    for left in [Left::Nothing, Left::Everything].into_iter().chain((0..8).map(Left::Some)) {
        let (_, recovery, replayed) = open(&disk.after_power_cut(left), Durability::Power)
            .unwrap_or_else(|error| panic!("{context}, then left {left:?}: {error}"));
        assert_eq!(ids(&replayed), expected, "{context}, then left {left:?}");
        assert_eq!(recovery.cuts, [], "{context}, then left {left:?}");
    }
}

#[test]
fn what_a_start_found_survives_the_next_power_cut() {
    for first in [Durability::Process, Durability::Power] {
        for at in 1..60 {
            let disk = FaultyDisk::default();
            disk.with(|state| state.power_goes_at = Some(at));
            let _ = run(&disk, first, &mut Done::default());
            second_life(&disk.copy(), &format!("{first}, killed at {at}"));
            for seed in 0..8 {
                let left = Left::Some(seed);
                second_life(&disk.after_power_cut(left), &format!("{first}, power cut at {at}, left {left:?}"));
            }
        }
    }
}
