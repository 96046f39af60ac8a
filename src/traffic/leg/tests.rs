//! How a leg balances.

use super::*;
use crate::traffic::filtered::Filter;

const LIMIT: Duration = Duration::from_secs(5);

fn place(sequence: u64) -> Place {
    Place { publisher: 0, sequence }
}

#[test]
fn everything_that_can_happen_is_counted_once() {
    let (mut acknowledged, mut leg) = (Places::default(), Leg::new(LIMIT));
    for sequence in 0..6 {
        acknowledged.insert(place(sequence));
    }
    // 3 comes late and before 2, 1 twice, 4 and 5 never; 9 was never acknowledged.
    for (sequence, seconds) in [(0, 1), (1, 1), (3, 6), (2, 1), (1, 1), (9, 1)] {
        leg.arrive(place(sequence), None, Some(Duration::from_secs(seconds)));
    }
    let account = leg.balance(&acknowledged);
    assert_eq!((account.received, account.lost, account.duplicated), (6, Some(2), 1));
    assert_eq!((account.out_of_order, account.late, account.unacknowledged), (1, Some(1), Some(1)));
    assert_eq!(account.missing, ["0:4", "0:5"]);
    assert!(!leg.is_complete(&acknowledged));
}

/// Events that a filter policy keeps out were called lost.
#[test]
fn what_a_filter_keeps_out_is_not_lost() {
    use crate::event::story::Story;
    let filter = Filter::parse(r#"{"kind": ["order"]}"#, None).unwrap();
    let (mut acknowledged, mut leg) = (Places::default(), Leg::new(LIMIT).fed(vec![Fed::Filtered(filter)]));
    let mut story = Story::new(5, 0, &[]);
    let mut orders = 0;
    for sequence in 0..40 {
        let event = Event::new(story.next_event(), "r", place(sequence), jiff::Timestamp::UNIX_EPOCH);
        acknowledged.insert(event.place);
        leg.expect(&event, true);
        if event.kind().name() == "order" && sequence < 30 {
            leg.arrive(event.place, None, None);
        }
        orders += u64::from(event.kind().name() == "order");
    }
    let account = leg.balance(&acknowledged);
    assert_eq!(account.filtered, Some(40 - orders));
    assert_eq!(account.lost, Some(orders - account.received));
    assert!(account.lost > Some(0) && account.unacknowledged == Some(0), "{account:?}");
}

/// What is published twice comes twice, what nobody can handle stays: neither is the cloud's fault.
#[test]
fn what_is_wrong_on_purpose_is_counted_apart() {
    use crate::event::story::Story;
    let (mut acknowledged, mut leg, mut story) = (Places::default(), Leg::new(LIMIT), Story::new(5, 0, &[]));
    let mut acknowledge = |leg: &mut Leg, sequence, again, poison| {
        let mut event = Event::new(story.next_event(), "r", place(sequence), jiff::Timestamp::UNIX_EPOCH);
        (event.again, event.poison) = (again, poison);
        acknowledged.insert(event.place);
        leg.expect(&event, true);
    };
    for (sequence, again, poison) in [(0, false, false), (0, true, false), (1, false, true), (2, false, true)] {
        acknowledge(&mut leg, sequence, again, poison);
    }
    acknowledge(&mut leg, 3, false, false);
    for sequence in [0, 3] {
        leg.arrive(place(sequence), None, None);
    }
    assert!(leg.fail(place(1), "x", false) && leg.fail(place(3), "x", false) && !leg.fail(place(3), "x", false));
    // It lies in a dead-letter queue, and was named among the dead.
    assert!(leg.bury(place(1), None));
    let account = leg.balance(&acknowledged);
    assert_eq!((account.dead, account.offenders.dead.len()), (None, 0));
    // The poison that nobody saw is lost, and what failed at first and was handled then is neither.
    assert_eq!((account.lost, &account.missing[..], account.poison), (Some(1), &["0:2".to_owned()][..], Some(1)));
    assert_eq!((account.duplicated, account.duplicated_on_purpose), (0, Some(0)));
    assert!(leg.fail(place(2), "x", false) && !leg.is_complete(&acknowledged), "the second of a pair is still to come");
    for sequence in [0, 3] {
        leg.arrive(place(sequence), None, None);
    }
    let account = leg.balance(&acknowledged);
    assert_eq!((account.duplicated, account.duplicated_on_purpose), (1, Some(1)));
    assert_eq!((account.lost, account.poison, account.unacknowledged), (Some(0), Some(2), Some(0)));
    assert!(leg.is_complete(&acknowledged));
}

/// An event of which a worker dies is delivered twice, and handled once.
#[test]
fn delivered_twice_and_handled_twice_are_told_apart() {
    let mut leg = Leg::new(LIMIT);
    leg.die(place(0));
    leg.die(place(0));
    let again: Vec<_> = [0, 1, 1].map(|sequence| leg.handle(place(sequence), None, None)).into();
    assert_eq!(again, [false, false, true]);
    let account = leg.account();
    assert_eq!((account.received, account.duplicated), (3, 3));
}

/// Each fault that is planted is found and named, and none else.
#[test]
fn what_is_planted_is_found_by_name() {
    use crate::event::story::Story;
    let filter = Filter::parse(r#"{"kind": [{"anything-but": "order"}]}"#, None).unwrap();
    let fed = vec![Fed::Filtered(filter), Fed::Nothing, Fed::Unknown("no reason".into())];
    let (mut acknowledged, mut leg) = (Places::default(), Leg::new(LIMIT).fed(fed).ordered(true));
    let mut publish = |leg: &mut Leg, kind, publisher, sequence| {
        let place = Place { publisher, sequence };
        let event = Event::new(Story::new(5, 0, &[kind]).next_event(), "r", place, jiff::Timestamp::UNIX_EPOCH);
        acknowledged.insert(place);
        leg.expect(&event, true).comes
    };
    use crate::event::EventKind::{Order, Payment};
    for (kind, sequence, comes) in [(Payment, 0, true), (Order, 1, false), (Payment, 2, true), (Payment, 3, true)] {
        assert_eq!(publish(&mut leg, kind, 0, sequence), comes);
    }
    // Of a topic that doesn't feed it, and of one of which nobody can say.
    assert!(!publish(&mut leg, Payment, 1, 0) && publish(&mut leg, Payment, 2, 0));
    for (publisher, sequence, seconds) in [(0, 2, 1), (0, 0, 9), (0, 1, 1), (1, 0, 1)] {
        leg.arrive(Place { publisher, sequence }, Some("g"), Some(Duration::from_secs(seconds)));
    }
    leg.fail(place(3), "too heavy", false);
    assert!(leg.bury(place(3), None) && !leg.bury(place(3), None) && !leg.bury(place(0), None));
    let account = leg.balance(&acknowledged);
    assert_eq!((account.lost, account.dead, account.unjudged), (Some(0), Some(1), Some(1)), "{account:?}");
    assert_eq!((account.wrongly_delivered, account.order_broken, account.late), (Some(2), Some(2), Some(1)));
    let Offenders { wrongly_delivered, order_broken, late, unjudged, dead, .. } = account.offenders;
    assert_eq!((wrongly_delivered, order_broken), (vec!["0:1".into(), "1:0".into()], vec!["0:0".into(), "0:1".into()]));
    assert_eq!((late, unjudged, dead), (vec!["0:0".into()], vec!["2:0".into()], vec!["0:3 (too heavy)".into()]));
}

#[test]
fn a_balanced_ledger_is_complete() {
    let (mut acknowledged, mut leg) = (Places::default(), Leg::new(LIMIT));
    for publisher in 0..3 {
        for sequence in 0..1_000 {
            acknowledged.insert(Place { publisher, sequence });
            leg.arrive(Place { publisher, sequence }, None, None);
        }
    }
    assert!(leg.is_complete(&acknowledged));
    assert_eq!((leg.distinct(), acknowledged.total), (3_000, 3_000));
}

/// Of the whole process in bytes, as Linux tells it.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// What the built-in fan-out takes: the acknowledged and three legs, a bit each. Four of a hundred million are missing on one leg, and found.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "takes a minute or more"]
fn a_hundred_million_events_take_fifty_megabytes_and_each_missing_one_is_found() {
    const EVENTS: u64 = 100_000_000;
    const PUBLISHERS: u64 = 16;
    const LOST: [u64; 4] = [0, 65_535, 65_536, EVENTS - 1];
    let before = resident();
    let mut acknowledged = Places::default();
    let mut legs = [(); 3].map(|()| Leg::new(Duration::from_secs(5)));
    for n in 0..EVENTS {
        let place = Place { publisher: (n % PUBLISHERS) as u32, sequence: n / PUBLISHERS };
        acknowledged.insert(place);
        for (at, leg) in legs.iter_mut().enumerate() {
            if at > 0 || !LOST.contains(&n) {
                leg.arrive(place, None, Some(Duration::from_micros(n % 10_000)));
            }
        }
    }
    let taken = resident() - before;
    println!("{EVENTS} events on three legs took {:.1} MB", taken as f64 / 1e6);
    assert!((49_000_000..56_000_000).contains(&taken), "{taken} bytes");
    let accounts = legs.each_ref().map(|leg| leg.balance(&acknowledged));
    assert_eq!(
        accounts.each_ref().map(|it| (it.lost, it.received)),
        [(Some(4), EVENTS - 4), (Some(0), EVENTS), (Some(0), EVENTS)]
    );
    let mut lost = LOST.map(|n| format!("{}:{}", n % PUBLISHERS, n / PUBLISHERS)).to_vec();
    lost.sort_by_key(|told| {
        told.split_once(':').map(|(publisher, at)| (publisher.parse::<u64>().unwrap(), at.parse::<u64>().unwrap()))
    });
    assert_eq!(accounts[0].missing, lost);
    assert!(!legs[0].is_complete(&acknowledged) && legs[1].is_complete(&acknowledged));
}
