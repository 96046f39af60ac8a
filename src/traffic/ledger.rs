//! The ledger: what was published against what each leg of the fan-out saw.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::bitmap::Bitmap;
use super::stats::{Latencies, Summary};
use crate::event::envelope::Place;

/// How many lost events are named.
const SAMPLE: usize = 5;

/// Where events were published from, and whether the cloud acknowledged them.
#[derive(Debug, Default)]
pub struct Published {
    acknowledged: BTreeMap<u32, Bitmap>,
    pub total: u64,
}

impl Published {
    pub fn acknowledge(&mut self, place: Place) {
        if self.acknowledged.entry(place.publisher).or_default().insert(place.sequence) {
            self.total += 1;
        }
    }
}

/// What one publisher's events looked like on a leg.
#[derive(Debug)]
struct Seen {
    bits: Bitmap,
    highest: Option<u64>,
}

/// What arrived on one leg of the fan-out: a queue, or the bucket.
#[derive(Debug)]
pub struct Leg {
    seen: BTreeMap<u32, Seen>,
    max_pages: usize,
    late_after: Option<Duration>,
    /// Every arrival, duplicates included.
    pub received: u64,
    pub duplicated: u64,
    pub out_of_order: u64,
    pub late: u64,
    pub latencies: Latencies,
}

/// How many publishers of one run a bounded leg tells apart; the rest are counted as received only.
const MAX_PUBLISHERS: usize = 1_024;

impl Leg {
    /// A leg that remembers every event: the ledger of a whole run. An event that takes longer than `late_after` is late.
    pub fn new(late_after: Duration) -> Self {
        Self::with(usize::MAX, Some(late_after))
    }

    /// A leg that remembers the latest `max_pages` times 65,536 events of each publisher: for endless runs.
    pub fn bounded(max_pages: usize) -> Self {
        Self::with(max_pages, None)
    }

    fn with(max_pages: usize, late_after: Option<Duration>) -> Self {
        Self {
            seen: BTreeMap::new(),
            max_pages,
            late_after,
            received: 0,
            duplicated: 0,
            out_of_order: 0,
            late: 0,
            latencies: Latencies::default(),
        }
    }

    /// Notes an arrival `latency` after the event's time. A duplicate counts as that and nothing else.
    pub fn arrive(&mut self, place: Place, latency: Option<Duration>) {
        self.received += 1;
        if !self.seen.contains_key(&place.publisher) && self.seen.len() >= MAX_PUBLISHERS {
            return;
        }
        let max_pages = self.max_pages;
        let seen = self
            .seen
            .entry(place.publisher)
            .or_insert_with(|| Seen { bits: Bitmap::bounded(max_pages), highest: None });
        if !seen.bits.insert(place.sequence) {
            self.duplicated += 1;
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
    pub fn distinct(&self) -> u64 {
        self.seen.values().map(|seen| seen.bits.len()).sum()
    }

    /// The account of this leg against what was published.
    pub fn settle(&self, published: &Published) -> Account {
        let none = Bitmap::default();
        let (mut lost, mut missing) = (0, Vec::new());
        for (publisher, acknowledged) in &published.acknowledged {
            let seen = self.seen.get(publisher).map_or(&none, |seen| &seen.bits);
            for sequence in acknowledged.missing_in(seen) {
                lost += 1;
                if missing.len() < SAMPLE {
                    missing.push(format!("{publisher}:{sequence}"));
                }
            }
        }
        // Told the publisher that it failed, and delivered it all the same.
        let unacknowledged = (self.distinct() + lost).saturating_sub(published.total);
        Account {
            lost: Some(lost),
            missing,
            late: Some(self.late),
            unacknowledged: Some(unacknowledged),
            ..self.account()
        }
    }

    /// The account of a leg of which nobody knows what was published.
    pub fn account(&self) -> Account {
        Account {
            received: self.received,
            lost: None,
            missing: Vec::new(),
            duplicated: self.duplicated,
            out_of_order: self.out_of_order,
            late: None,
            unacknowledged: None,
            latency: self.latencies.summary(),
        }
    }

    /// Whether everything published so far was seen.
    pub fn is_complete(&self, published: &Published) -> bool {
        self.distinct() >= published.total && self.settle(published).lost == Some(0)
    }
}

/// How one leg balances. What needs the publisher's side is absent where that isn't known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// Every arrival, duplicates included.
    pub received: u64,
    /// Acknowledged and never seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// The first of the lost, as `publisher:sequence`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    pub duplicated: u64,
    pub out_of_order: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// Seen, though the publisher was told that it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unacknowledged: Option<u64>,
    pub latency: Option<Summary>,
}

/// How many runs a consumer tells apart; the one not heard of for longest is forgotten first.
const MAX_RUNS: usize = 16;
/// Of each publisher of a run the latest million events are remembered.
const PAGES: usize = 16;

/// What a consumer sees on a queue, whoever publishes: duplicates and order by run, in bounded memory.
#[derive(Debug)]
pub struct Runs {
    /// Least recently heard of first.
    runs: Vec<(String, Leg)>,
    total: Leg,
}

impl Default for Runs {
    fn default() -> Self {
        Self { runs: Vec::new(), total: Leg::bounded(0) }
    }
}

impl Runs {
    /// Notes an event; one that isn't of our making has no place in any run.
    pub fn arrive(&mut self, place: Option<&(String, Place)>, latency: Option<Duration>) {
        self.total.received += 1;
        if let Some(latency) = latency {
            self.total.latencies.record(latency);
        }
        let Some((run, place)) = place else { return };
        let mut entry = match self.runs.iter().position(|(known, _)| known == run) {
            Some(at) if at + 1 == self.runs.len() => self.runs.pop().expect("found"),
            Some(at) => self.runs.remove(at),
            None => {
                if self.runs.len() == MAX_RUNS {
                    self.runs.remove(0);
                }
                (run.clone(), Leg::bounded(PAGES))
            }
        };
        let leg = &mut entry.1;
        let before = (leg.duplicated, leg.out_of_order);
        leg.arrive(*place, None);
        self.total.duplicated += leg.duplicated - before.0;
        self.total.out_of_order += leg.out_of_order - before.1;
        self.runs.push(entry);
    }

    pub fn account(&self) -> Account {
        self.total.account()
    }
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
        let (mut published, mut leg) = (Published::default(), Leg::new(LIMIT));
        for sequence in 0..6 {
            published.acknowledge(place(sequence));
        }
        // 3 comes late and before 2, 1 twice, 4 and 5 never; 9 was never acknowledged.
        for (sequence, seconds) in [(0, 1), (1, 1), (3, 6), (2, 1), (1, 1), (9, 1)] {
            leg.arrive(place(sequence), Some(Duration::from_secs(seconds)));
        }
        let account = leg.settle(&published);
        assert_eq!((account.received, account.lost, account.duplicated), (6, Some(2), 1));
        assert_eq!((account.out_of_order, account.late, account.unacknowledged), (1, Some(1), Some(1)));
        assert_eq!(account.missing, ["0:4", "0:5"]);
        assert!(!leg.is_complete(&published));
    }

    #[test]
    fn runs_are_told_apart_and_forgotten() {
        let mut runs = Runs::default();
        for run in 0..100 {
            for sequence in [0, 1, 1] {
                runs.arrive(Some(&(format!("run{run}"), place(sequence))), None);
            }
        }
        runs.arrive(None, Some(LIMIT));
        let account = runs.account();
        assert_eq!((account.received, account.duplicated, account.lost), (301, 100, None));
        assert_eq!(runs.runs.len(), MAX_RUNS);
    }

    #[test]
    fn a_balanced_ledger_is_complete() {
        let (mut published, mut leg) = (Published::default(), Leg::new(LIMIT));
        for publisher in 0..3 {
            for sequence in 0..1_000 {
                published.acknowledge(Place { publisher, sequence });
                leg.arrive(Place { publisher, sequence }, None);
            }
        }
        assert!(leg.is_complete(&published));
        assert_eq!((leg.distinct(), published.total), (3_000, 3_000));
    }
}
