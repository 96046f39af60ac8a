//! One leg of the fan-out, a queue or the bucket: which events it saw, against those that the cloud acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bitmap::Bitmap;
use super::filtered::Filter;
use super::places::Places;
use super::stats::{Latencies, Summary};
use crate::event::envelope::{Event, Place};

/// How many lost events are named.
const SAMPLE: usize = 10;

/// Which of one publisher's events a leg saw.
#[derive(Debug)]
struct Seen {
    sequences: Bitmap,
    highest: Option<u64>,
}

/// What arrived on one leg of the fan-out: a queue, or the bucket.
#[derive(Debug)]
pub(crate) struct Leg {
    seen: BTreeMap<u32, Seen>,
    max_pages: usize,
    late_after: Option<Duration>,
    /// What it is to get, where a filter keeps something out.
    expected: Option<Expected>,
    /// What was published twice on purpose, and what came more than once.
    doubles: Places,
    came_again: Places,
    /// What nobody can handle, and what nobody could.
    poison: Places,
    failed: Places,
    /// Every arrival, duplicates included.
    pub(super) received: u64,
    pub(super) duplicated: u64,
    pub(super) out_of_order: u64,
    late: u64,
    /// From an event's time to its first arrival.
    pub latencies: Latencies,
}

/// Those of the acknowledged events that a leg is to get.
#[derive(Debug)]
struct Expected {
    filter: Filter,
    acknowledged: Places,
}

/// How many publishers of one run a leg tells apart; events of more are counted as received only.
const MAX_PUBLISHERS: usize = 1_024;

impl Leg {
    /// A leg that remembers every event: the ledger of a whole run. An event that takes longer than `late_after` is late.
    pub(crate) fn new(late_after: Duration) -> Self {
        Self::with(usize::MAX, Some(late_after))
    }

    /// A leg that remembers the latest `max_pages` times 65,536 events of each publisher: for runs without an end.
    pub(crate) fn bounded(max_pages: usize) -> Self {
        Self::with(max_pages, None)
    }

    fn with(max_pages: usize, late_after: Option<Duration>) -> Self {
        Self {
            seen: BTreeMap::new(),
            max_pages,
            late_after,
            expected: None,
            doubles: Places::default(),
            came_again: Places::default(),
            poison: Places::default(),
            failed: Places::default(),
            received: 0,
            duplicated: 0,
            out_of_order: 0,
            late: 0,
            latencies: Latencies::default(),
        }
    }

    /// A leg that is to get only what a filter lets through, if there is one.
    pub(crate) fn filtered(self, filter: Option<Filter>) -> Self {
        let expected = filter.map(|filter| Expected { filter, acknowledged: Places::default() });
        Self { expected, ..self }
    }

    /// The cloud acknowledged an event, whose doubles it delivers or not; whether it delivers this one here.
    pub(super) fn expect(&mut self, event: &Event, delivers_doubles: bool) -> bool {
        if let Some(expected) = &mut self.expected {
            if !expected.filter.lets_through(event) {
                return false;
            }
            expected.acknowledged.insert(event.place);
        }
        if event.poison {
            self.poison.insert(event.place);
        }
        if event.again && delivers_doubles {
            self.doubles.insert(event.place);
        }
        delivers_doubles || !event.again
    }

    /// Whether its filter reads the bodies of messages.
    pub(super) fn scans_bodies(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| expected.filter.scans_bodies())
    }

    /// Nobody could handle an event; false if that was known.
    pub(super) fn fail(&mut self, place: Place) -> bool {
        self.failed.insert(place)
    }

    /// What it is to get of all that the cloud acknowledged.
    fn expected<'a>(&'a self, acknowledged: &'a Places) -> &'a Places {
        self.expected.as_ref().map_or(acknowledged, |expected| &expected.acknowledged)
    }

    /// Notes an arrival `latency` after the event's time. A duplicate counts as that and nothing else.
    pub(crate) fn arrive(&mut self, place: Place, latency: Option<Duration>) {
        self.received += 1;
        if !self.seen.contains_key(&place.publisher) && self.seen.len() >= MAX_PUBLISHERS {
            return;
        }
        let max_pages = self.max_pages;
        let seen = self
            .seen
            .entry(place.publisher)
            .or_insert_with(|| Seen { sequences: Bitmap::bounded(max_pages), highest: None });
        if !seen.sequences.insert(place.sequence) {
            self.duplicated += 1;
            // Who remembers only some of the events knows of no purpose.
            if max_pages == usize::MAX {
                self.came_again.insert(place);
            }
            return;
        }
        if seen.highest.is_some_and(|highest| place.sequence < highest) {
            self.out_of_order += 1;
        }
        seen.highest = seen.highest.max(Some(place.sequence));
        if let Some(latency) = latency {
            self.latencies.record(latency);
            self.late += u64::from(self.late_after.is_some_and(|limit| latency > limit));
        }
    }

    /// Different events seen.
    pub(crate) fn distinct(&self) -> u64 {
        self.seen.values().map(|seen| seen.sequences.len()).sum()
    }

    /// The account of this leg against what the cloud acknowledged.
    pub(crate) fn balance(&self, acknowledged: &Places) -> Account {
        let none = Bitmap::default();
        let filtered = self.expected.is_some().then(|| acknowledged.total - self.expected(acknowledged).total);
        let acknowledged = self.expected(acknowledged);
        let (mut lost, mut missing, mut poisoned) = (0, Vec::new(), 0);
        for (publisher, sequences) in acknowledged.by_publisher() {
            let seen = self.seen.get(&publisher).map_or(&none, |seen| &seen.sequences);
            for sequence in sequences.missing_in(seen) {
                let place = Place { publisher, sequence };
                if self.poison.contains(place) && self.failed.contains(place) {
                    poisoned += 1;
                    continue;
                }
                lost += 1;
                if missing.len() < SAMPLE {
                    missing.push(format!("{publisher}:{sequence}"));
                }
            }
        }
        // The cloud told the publisher that it failed, and delivered the event all the same; or a filter let it through late.
        let unacknowledged = (self.distinct() + lost + poisoned).saturating_sub(acknowledged.total);
        let on_purpose = self.doubles.common(&self.came_again);
        Account {
            lost: Some(lost),
            missing,
            late: Some(self.late),
            unacknowledged: Some(unacknowledged),
            filtered,
            duplicated: self.duplicated - on_purpose,
            duplicated_on_purpose: Some(on_purpose).filter(|_| self.doubles.total > 0),
            poison: Some(poisoned).filter(|n| *n > 0),
            ..self.account()
        }
    }

    /// The account of a leg of which nobody knows what was published.
    pub(crate) fn account(&self) -> Account {
        Account {
            received: self.received,
            lost: None,
            missing: Vec::new(),
            duplicated: self.duplicated,
            out_of_order: self.out_of_order,
            late: None,
            unacknowledged: None,
            filtered: None,
            duplicated_on_purpose: None,
            poison: None,
            latency: self.latencies.summary(),
        }
    }

    /// Whether this leg saw everything that the cloud acknowledged so far.
    pub(crate) fn is_complete(&self, acknowledged: &Places) -> bool {
        // The first two are cheap, and false for most of a run.
        self.distinct() + self.failed.total >= self.expected(acknowledged).total
            && self.came_again.total >= self.doubles.total
            && self.balance(acknowledged).lost == Some(0)
            && self.doubles.common(&self.came_again) == self.doubles.total
    }
}

/// How one leg balances. What needs the publisher's side is absent where that isn't known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Every arrival, duplicates included.
    pub received: u64,
    /// Places by the cloud and never seen here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// The first of the lost, as `publisher:sequence`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Seen more than once, but for those that were published twice.
    pub duplicated: u64,
    /// Published twice, and seen so; absent where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicated_on_purpose: Option<u64>,
    /// What nobody can handle, and nobody did; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poison: Option<u64>,
    pub out_of_order: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// Seen, though the publisher was told that it failed, or though the filter policy keeps it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unacknowledged: Option<u64>,
    /// Places, and kept out by the subscription's filter policy; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filtered: Option<u64>,
    pub latency: Option<Summary>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
            leg.arrive(place(sequence), Some(Duration::from_secs(seconds)));
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
        let (mut acknowledged, mut leg) = (Places::default(), Leg::new(LIMIT).filtered(Some(filter)));
        let mut story = Story::new(5, 0, &[]);
        let mut orders = 0;
        for sequence in 0..40 {
            let event = Event::new(story.next_event(), "r", place(sequence), jiff::Timestamp::UNIX_EPOCH);
            acknowledged.insert(event.place);
            leg.expect(&event, true);
            if event.kind().name() == "order" && sequence < 30 {
                leg.arrive(event.place, None);
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
            leg.arrive(place(sequence), None);
        }
        assert!(leg.fail(place(1)) && leg.fail(place(3)) && !leg.fail(place(3)));
        let account = leg.balance(&acknowledged);
        // The poison that nobody saw is lost, and what failed at first and was handled then is neither.
        assert_eq!((account.lost, &account.missing[..], account.poison), (Some(1), &["0:2".to_owned()][..], Some(1)));
        assert_eq!((account.duplicated, account.duplicated_on_purpose), (0, Some(0)));
        assert!(leg.fail(place(2)) && !leg.is_complete(&acknowledged), "the second of a pair is still to come");
        for sequence in [0, 3] {
            leg.arrive(place(sequence), None);
        }
        let account = leg.balance(&acknowledged);
        assert_eq!((account.duplicated, account.duplicated_on_purpose), (1, Some(1)));
        assert_eq!((account.lost, account.poison, account.unacknowledged), (Some(0), Some(2), Some(0)));
        assert!(leg.is_complete(&acknowledged));
    }

    #[test]
    fn a_balanced_ledger_is_complete() {
        let (mut acknowledged, mut leg) = (Places::default(), Leg::new(LIMIT));
        for publisher in 0..3 {
            for sequence in 0..1_000 {
                acknowledged.insert(Place { publisher, sequence });
                leg.arrive(Place { publisher, sequence }, None);
            }
        }
        assert!(leg.is_complete(&acknowledged));
        assert_eq!((leg.distinct(), acknowledged.total), (3_000, 3_000));
    }
}
