//! States that are being loaded.

use std::borrow::Cow;

use super::*;
use crate::Adoption;
use crate::change::{EntryState, Restated};

/// All that a state is made of, as a file of it holds it.
fn saved(kept: &Kept) -> Vec<Vec<u8>> {
    let mut saved: Vec<_> = kept.engine.declarations().map(|change| postcard::to_stdvec(&change).unwrap()).collect();
    for (segment, records) in kept.segments.iter().enumerate() {
        for (offset, record) in records.iter().enumerate() {
            let place = Place { segment: segment as u32, offset: offset as u32 };
            let Some(old) = OldRecord::read(place, record) else { continue };
            saved.extend(kept.engine.restate(&old, kept.now).iter().map(|change| postcard::to_stdvec(change).unwrap()));
        }
    }
    saved
}

/// Begins a load into `kept`; the records that make it, as ones of its own.
fn adopted(kept: &mut Kept, saved: &[Vec<u8>], declared: u32, later: i64) -> Vec<Vec<u8>> {
    kept.apply(&Change::IncomingGone);
    let (salt, next_seq, first) = (kept.engine.salt(), kept.engine.next_seq(), kept.engine.next_id());
    let (queues, streams) = (vec![], vec![]);
    kept.apply(&Change::Counters { salt, next_seq, next_id: first + declared, queues, streams });
    let mut adoption = Adoption::new(first, first + declared, next_seq, 1_000, later);
    let adopt = |record: &Vec<u8>| match postcard::from_bytes::<Change<'_>>(record).unwrap() {
        Change::Restated(restated) => adoption.adopt_payload(&restated).unwrap(),
        change => postcard::to_stdvec(&adoption.adopt(change).unwrap()).unwrap(),
    };
    saved.iter().map(adopt).collect()
}

/// Everything that can be told of a state.
fn told(engine: &Engine) -> Vec<String> {
    let mut told: Vec<String> = engine
        .queues("")
        .flat_map(|queue| {
            queue.messages().map(|(at, entry)| {
                let entry = (entry.seq, entry.sent_at, entry.visible_at, entry.count, queue.group_of(entry).to_owned());
                format!("{} {at} {entry:?}", queue.config.arn)
            })
        })
        .collect();
    told.extend(engine.docs("", "").map(|(key, value)| format!("{key} {value:?}")));
    told.extend(engine.subscriptions().map(|it| it.config.arn.clone()));
    told.sort();
    told
}

fn seed() -> Kept {
    let mut seed = Kept::new();
    let (fifo, plain) = (seed.queue("f.fifo", &[("FifoQueue", "true")]), seed.queue("plain", &[]));
    let topic = seed.topic("t", &["plain"]);
    for n in 0..20 {
        seed.send(fifo, &format!("f{n}"), Some(&format!("g{}", n % 3)), None).unwrap();
        seed.send(plain, &format!("p{n}"), None, (n % 4 == 0).then_some(9_000));
        seed.apply(&Change::Doc { key: &format!("doc/{n}"), value: b"value" });
        if n % 5 == 0 {
            seed.roll();
        }
    }
    seed.publish(topic, "published");
    seed.receive(plain, 3, 30_000);
    let gone = seed.receive(fifo, 1, 30_000)[0].position;
    seed.delete(fifo, gone);
    seed
}

/// Whatever is compacted and whenever a replay comes: before the switch nothing of the new state is seen, and after it nothing of the old.
#[test]
fn a_state_is_loaded_beside_the_old_one_and_switched_to_at_once() {
    let seed = seed();
    let expected = told(&seed.engine);
    let saved = saved(&seed);
    for every in [1, 3, 7, 1_000] {
        for replays in [false, true] {
            let mut kept = Kept::new();
            let old = kept.queue("plain", &[]);
            kept.send(old, "old", None, None).unwrap();
            let before = told(&kept.engine);
            let records = adopted(&mut kept, &saved, 4, 0);
            for (n, record) in records.iter().enumerate() {
                kept.apply(&Change::Incoming { change: Cow::Borrowed(record) });
                if n % every == every - 1 {
                    kept.compact();
                }
                if replays && n % 5 == 0 {
                    kept.replay();
                }
                assert_eq!(told(&kept.engine), before, "{n}");
            }
            kept.apply(&Change::Doc { key: "own", value: b"goes" });
            kept.roll();
            kept.apply(&Change::Loaded);
            for round in 0..6 {
                assert_eq!(told(&kept.engine), expected, "{every} {replays} {round}");
                if round % 2 == 0 {
                    kept.replay();
                } else {
                    for _ in 0..kept.segments.len() / 2 {
                        kept.compact();
                    }
                }
            }
            assert!(kept.engine.queue(old).is_none() && kept.engine.incoming().is_none());
            assert_eq!(kept.engine.salt(), seed.engine.salt());
            let (seq, id) = (kept.engine.next_seq(), kept.engine.next_id());
            assert!(seq > seed.engine.next_seq() && seq > 1_000 && id > seed.engine.next_id());
        }
    }
}

/// A load that was given up, or that a restart ended, leaves nothing that a later one could take for its own.
#[test]
fn a_load_that_is_given_up_leaves_nothing() {
    let seed = seed();
    let saved = saved(&seed);
    let mut kept = Kept::new();
    let records = adopted(&mut kept, &saved, 4, 0);
    let ids = kept.engine.next_id();
    for record in &records[..records.len() / 2] {
        kept.apply(&Change::Incoming { change: Cow::Borrowed(record) });
    }
    kept.replay();
    let again = adopted(&mut kept, &saved, 4, 0);
    assert!(kept.engine.next_id() >= ids + 4 && kept.engine.incoming().is_none());
    for record in &again {
        kept.apply(&Change::Incoming { change: Cow::Borrowed(record) });
    }
    kept.apply(&Change::Loaded);
    for _ in 0..3 {
        assert_eq!(told(&kept.engine), told(&seed.engine));
        kept.compact();
        kept.replay();
    }
}

/// What waits has to wait as long as there; a deduplication window is open as long.
#[test]
fn times_move_and_what_has_none_stays_without() {
    let mut seed = Kept::new();
    let (fifo, plain) = (seed.queue("f.fifo", &[("FifoQueue", "true")]), seed.queue("plain", &[]));
    seed.send(fifo, "once", Some("g"), None).unwrap();
    seed.send(plain, "later", None, Some(9_000)).unwrap();
    let saved = saved(&seed);
    let mut kept = Kept::new();
    kept.now = seed.now + 5_000_000;
    for record in adopted(&mut kept, &saved, 2, 5_000_000) {
        kept.apply(&Change::Incoming { change: Cow::Owned(record) });
    }
    kept.apply(&Change::Loaded);
    let fifo = kept.engine.queue_id("arn:aws:sqs:us-east-1:000000000000:f.fifo").unwrap();
    let plain = kept.engine.queue_id("arn:aws:sqs:us-east-1:000000000000:plain").unwrap();
    assert_eq!(kept.send(fifo, "once", Some("g"), None), None, "the window is open");
    kept.now += limits::DEDUPLICATION_WINDOW;
    assert!(kept.send(fifo, "once", Some("g"), None).is_some());
    let (_, entry) = kept.engine.queue(plain).unwrap().messages().next().unwrap();
    assert_eq!((entry.visible_at, entry.first_received), (seed.now + 9_000 + 5_000_000, 0));
}

#[test]
fn what_cannot_be_part_of_a_state_is_refused() {
    let mut kept = Kept::new();
    let queue = kept.queue("q", &[]);
    kept.send(queue, "a", None, None).unwrap();
    let saved = saved(&kept);
    let wrong = |alter: &dyn Fn(&mut Restated<'_>)| {
        let mut adoption = Adoption::new(1, 9, 1, 0, 0);
        saved.iter().any(|record| match postcard::from_bytes::<Change<'_>>(record).unwrap() {
            Change::Restated(mut restated) => {
                alter(&mut restated);
                adoption.adopt_payload(&restated).is_err()
            }
            change => adoption.adopt(change).is_err(),
        })
    };
    let entry = |alter: fn(&mut EntryState)| move |it: &mut Restated<'_>| it.entries.iter_mut().for_each(alter);
    assert!(!wrong(&|_| {}));
    assert!(wrong(&|it| it.seq = u64::MAX) && wrong(&|it| it.seq += 1) && wrong(&|it| it.payload = b"none"));
    assert!(wrong(&entry(|it| it.position = u64::MAX)) && wrong(&entry(|it| it.index = 1)));
    assert!(wrong(&entry(|it| it.sent_at = u64::MAX)) && wrong(&entry(|it| it.visible_at = 1 << 60)));
    let refused = |end, changes: &[Change<'static>]| {
        let mut adoption = Adoption::new(1, end, 1, 0, 0);
        changes.iter().any(|change| adoption.adopt(change.clone()).is_err())
    };
    let config =
        |id, arn: &str| QueueConfig { arn: arn.to_owned(), id, ..kept.engine.queue(queue).unwrap().config.clone() };
    let declared = |id, name: &str| Change::Queue(Cow::Owned(config(QueueId(id), &format!("arn:aws:sqs:r:0:{name}"))));
    assert!(!refused(3, &[declared(7, "a"), declared(8, "b")]));
    assert!(refused(3, &[declared(7, "a"), declared(7, "b")]) && refused(3, &[declared(7, "a"), declared(8, "a")]));
    assert!(refused(2, &[declared(7, "a"), declared(8, "b")]), "more than it says");
    assert!(refused(3, &[Change::Queue(Cow::Owned(config(QueueId(7), "q")))]));
    for other in [
        Change::Loaded,
        Change::IncomingGone,
        Change::QueueGone(queue),
        Change::Incoming { change: Cow::Borrowed(b"") },
    ] {
        assert!(refused(3, &[other]));
    }
    let counters = |salt, next_seq| Change::Counters { salt, next_seq, next_id: 1, queues: vec![], streams: vec![] };
    assert!(
        refused(3, &[counters(0, 1)])
            && refused(3, &[counters(1, u64::MAX)])
            && !refused(3, &[counters(1, u64::from(u32::MAX))])
    );
}
