//! One leg of a system, a queue or what a stream lands: which events it saw, against those that it was to get.

use std::collections::BTreeMap;
use std::time::Duration;

use super::account::{Account, Offenders, SAMPLE, told};
use super::filtered::Fed;
use super::order::Groups;
use super::places::Places;
use super::policy::Judged;
use super::stats::Latencies;
use crate::event::envelope::{Event, Place};

/// What arrived on one leg.
#[derive(Debug)]
pub(crate) struct Leg {
    seen: Places,
    /// The highest sequence of each publisher.
    highest: BTreeMap<u32, u64>,
    remembers_all: bool,
    late_after: Option<Duration>,
    /// What it is to get, where it isn't every event.
    expected: Option<Expected>,
    /// What was published twice on purpose, and what came more than once.
    doubles: Places,
    came_again: Places,
    /// What nobody can handle, and what nobody could.
    poison: Places,
    failed: Places,
    /// What was found in a dead-letter queue, and of the first of them why.
    dead: Places,
    reasons: Vec<String>,
    /// Why the first that nobody could handle failed.
    failures: BTreeMap<(u32, u64), String>,
    /// Where the order within a message group is kept.
    groups: Option<Groups>,
    /// What came to a worker that died before it was handled.
    died_with: Places,
    /// Every arrival, duplicates included.
    pub(super) received: u64,
    pub(super) duplicated: u64,
    pub(super) out_of_order: u64,
    order_broken: u64,
    late: u64,
    first_late: Vec<Place>,
    first_behind: Vec<Place>,
    /// From an event's time to its first arrival.
    pub latencies: Latencies,
}

/// Those of the acknowledged events that a leg is to get.
#[derive(Debug)]
struct Expected {
    /// By topic: what it feeds the leg with.
    fed: Vec<Fed>,
    passed: Places,
    /// Those of which nobody can say.
    unsure: Places,
    /// How many a filter policy keeps out.
    stopped: u64,
}

/// How many publishers of one run a leg tells apart; events of more are counted as received only.
const MAX_PUBLISHERS: usize = 1_024;

/// Of so many events that failed the reason is kept, and so many letters of it.
const MAX_FAILURES: usize = 1_000;
const MAX_REASON: usize = 200;

/// What becomes of an event that the cloud acknowledged, on one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expectation {
    /// It is delivered, as far as anybody can say.
    pub comes: bool,
    /// SNS reads its body to find that out.
    pub is_scanned: bool,
}

impl Leg {
    /// A leg that remembers every event: the ledger of a whole run. An event that takes longer than `late_after` is late.
    pub(crate) fn new(late_after: Duration) -> Self {
        Self::with(usize::MAX, Some(late_after))
    }

    /// A leg that remembers the latest `max_pages` times 65,536 events of each publisher: for runs without an end.
    pub(crate) fn bounded(max_pages: usize) -> Self {
        Self::with(max_pages, None)
    }

    /// A leg that remembers every event, of which nobody knows when they were handled.
    pub(crate) fn unhurried() -> Self {
        Self::with(usize::MAX, None)
    }

    fn with(max_pages: usize, late_after: Option<Duration>) -> Self {
        Self {
            seen: Places::bounded(max_pages),
            highest: BTreeMap::new(),
            remembers_all: max_pages == usize::MAX,
            late_after,
            expected: None,
            doubles: Places::default(),
            came_again: Places::default(),
            poison: Places::default(),
            failed: Places::default(),
            dead: Places::default(),
            reasons: Vec::new(),
            failures: BTreeMap::new(),
            groups: None,
            died_with: Places::default(),
            received: 0,
            duplicated: 0,
            out_of_order: 0,
            order_broken: 0,
            late: 0,
            first_late: Vec::new(),
            first_behind: Vec::new(),
            latencies: Latencies::default(),
        }
    }

    /// A leg that gets what each of the topics feeds it with.
    pub(crate) fn fed(self, fed: Vec<Fed>) -> Self {
        let everything = fed.iter().all(|it| matches!(it, Fed::Everything));
        let (passed, unsure) = (Places::default(), Places::default());
        let expected = (!everything).then_some(Expected { fed, passed, unsure, stopped: 0 });
        Self { expected, ..self }
    }

    /// The same where the order within a message group is kept.
    pub(crate) fn ordered(self, is_ordered: bool) -> Self {
        Self { groups: is_ordered.then(Groups::default), ..self }
    }

    /// The cloud acknowledged an event, whose doubles it delivers or not. Publishers take the topics in turns.
    pub(super) fn expect(&mut self, event: &Event, delivers_doubles: bool) -> Expectation {
        let mut is_scanned = false;
        if let Some(expected) = &mut self.expected {
            let fed = &expected.fed[event.place.publisher as usize % expected.fed.len().max(1)];
            is_scanned = fed.scans_bodies();
            match fed.judge(event) {
                Judged::Passes => _ = expected.passed.insert(event.place),
                Judged::Unsure => _ = expected.unsure.insert(event.place),
                Judged::Stopped => {
                    expected.stopped += u64::from(!event.again && matches!(fed, Fed::Filtered(_)));
                    return Expectation { comes: false, is_scanned };
                }
            }
        }
        if event.poison {
            self.poison.insert(event.place);
        }
        if event.again && delivers_doubles {
            self.doubles.insert(event.place);
        }
        Expectation { comes: delivers_doubles || !event.again, is_scanned }
    }

    /// An event was published twice.
    pub(super) fn expect_twice(&mut self, place: Place) {
        self.doubles.insert(place);
    }

    /// Nobody could handle an event, and why, or was to on purpose; false if that was known.
    pub(super) fn fail(&mut self, place: Place, why: &str, on_purpose: bool) -> bool {
        if on_purpose {
            self.poison.insert(place);
        }
        if self.failures.len() < MAX_FAILURES {
            self.failures.insert((place.publisher, place.sequence), why.chars().take(MAX_REASON).collect());
        }
        self.failed.insert(place)
    }

    /// A worker died of an event before it was handled: it comes once more.
    pub(super) fn die(&mut self, place: Place) {
        if !self.died_with.insert(place) || self.seen.contains(place) {
            self.duplicated += 1;
        }
    }

    /// Notes that an event was handled `latency` after its time, in a message group or none; whether it was before.
    pub(super) fn handle(&mut self, place: Place, group: Option<&str>, latency: Option<Duration>) -> bool {
        let before = self.seen.contains(place);
        self.arrive(place, group, latency);
        self.duplicated += u64::from(!before && self.died_with.contains(place));
        before
    }

    /// An event lies in a dead-letter queue; false if it isn't missing here.
    pub(super) fn bury(&mut self, place: Place, reason: Option<&str>) -> bool {
        if self.seen.contains(place) || !self.dead.insert(place) {
            return false;
        }
        // What is poison on purpose counts as that.
        let on_purpose = self.poison.contains(place) && self.failed.contains(place);
        if self.reasons.len() < SAMPLE && !on_purpose {
            let known = self.failures.get(&(place.publisher, place.sequence)).map(String::as_str);
            self.reasons.push(format!("{} ({})", told(place), reason.or(known).unwrap_or("received too often")));
        }
        true
    }

    /// Notes an arrival `latency` after the event's time, in a message group or none. A duplicate counts as that and nothing else.
    pub(crate) fn arrive(&mut self, place: Place, group: Option<&str>, latency: Option<Duration>) {
        self.received += 1;
        if !self.seen.knows(place.publisher) && self.seen.publishers() >= MAX_PUBLISHERS {
            return;
        }
        if !self.seen.insert(place) {
            self.duplicated += 1;
            // Who remembers only some of the events knows of no purpose.
            if self.remembers_all {
                self.came_again.insert(place);
            }
            return;
        }
        let highest = self.highest.entry(place.publisher).or_insert(place.sequence);
        self.out_of_order += u64::from(place.sequence < *highest);
        *highest = place.sequence.max(*highest);
        if let (Some(groups), Some(group)) = (&mut self.groups, group)
            && groups.is_behind(group, place)
        {
            self.order_broken += 1;
            note_first(&mut self.first_behind, place);
        }
        if let Some(latency) = latency {
            self.latencies.record(latency);
            if self.late_after.is_some_and(|limit| latency > limit) {
                self.late += 1;
                note_first(&mut self.first_late, place);
            }
        }
    }

    /// Whether an event was seen.
    pub(crate) fn has_seen(&self, place: Place) -> bool {
        self.seen.contains(place)
    }

    /// Every arrival, duplicates included.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Those of the arrivals that weren't an event's first.
    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicated
    }

    /// Different events seen.
    pub(crate) fn distinct(&self) -> u64 {
        self.seen.total
    }

    /// What it is to get for sure, of all that the cloud acknowledged.
    fn passed<'a>(&'a self, acknowledged: &'a Places) -> &'a Places {
        self.expected.as_ref().map_or(acknowledged, |expected| &expected.passed)
    }

    /// How many events it is to get, those included of which nobody can say.
    pub(crate) fn due(&self, acknowledged: &Places) -> u64 {
        self.passed(acknowledged).total + self.expected.as_ref().map_or(0, |expected| expected.unsure.total)
    }

    /// The account of this leg against what the cloud acknowledged.
    pub(crate) fn balance(&self, acknowledged: &Places) -> Account {
        let passed = self.passed(acknowledged);
        let (mut lost, mut missing, mut poisoned, mut dead) = (0, Vec::new(), 0, 0);
        passed.each(&[], &[&self.seen], |place| {
            if self.poison.contains(place) && self.failed.contains(place) {
                poisoned += 1;
            } else if self.dead.contains(place) {
                dead += 1;
            } else {
                lost += 1;
                note_first(&mut missing, place);
            }
        });
        let (mut wrong, mut first_wrong, mut unjudged, mut first_unjudged) = (0, Vec::new(), 0, Vec::new());
        if let Some(expected) = &self.expected {
            self.seen.each(&[acknowledged], &[&expected.passed, &expected.unsure], |place| {
                wrong += 1;
                note_first(&mut first_wrong, place);
            });
            expected.unsure.each(&[], &[&self.seen, &self.dead], |place| {
                unjudged += 1;
                note_first(&mut first_unjudged, place);
            });
        }
        let mut first_again = Vec::new();
        self.came_again.each(&[], &[&self.doubles], |place| note_first(&mut first_again, place));
        let on_purpose = self.doubles.common(&self.came_again);
        let is_there = |n: &u64| *n > 0;
        Account {
            lost: Some(lost),
            missing: missing.into_iter().map(told).collect(),
            late: Some(self.late),
            // The cloud told the publisher that it failed, and delivered the event all the same.
            unacknowledged: Some(self.distinct() - acknowledged.common(&self.seen)),
            filtered: self
                .expected
                .as_ref()
                .filter(|it| it.fed.iter().any(|fed| matches!(fed, Fed::Filtered(_))))
                .map(|it| it.stopped),
            wrongly_delivered: self.expected.as_ref().map(|_| wrong),
            unjudged: Some(unjudged).filter(is_there),
            dead: Some(dead).filter(is_there),
            order_broken: self.groups.as_ref().map(|_| self.order_broken),
            duplicated: self.duplicated - on_purpose,
            duplicated_on_purpose: Some(on_purpose).filter(|_| self.doubles.total > 0),
            poison: Some(poisoned).filter(is_there),
            offenders: Offenders {
                wrongly_delivered: first_wrong.into_iter().map(told).collect(),
                duplicated: first_again.into_iter().map(told).collect(),
                order_broken: self.first_behind.iter().copied().map(told).collect(),
                late: self.first_late.iter().copied().map(told).collect(),
                unjudged: first_unjudged.into_iter().map(told).collect(),
                dead: self.reasons.clone(),
            },
            ..self.account()
        }
    }

    /// The account of a leg of which nobody knows what was published.
    pub(crate) fn account(&self) -> Account {
        Account {
            received: self.received,
            duplicated: self.duplicated,
            out_of_order: self.out_of_order,
            latency: self.latencies.summary(),
            ..Account::default()
        }
    }

    /// Whether this leg saw everything that the cloud acknowledged so far; what nobody can say is waited for.
    pub(crate) fn is_complete(&self, acknowledged: &Places) -> bool {
        // The first two are cheap, and false for most of a run.
        if self.distinct() + self.failed.total < self.due(acknowledged) || self.came_again.total < self.doubles.total {
            return false;
        }
        let account = self.balance(acknowledged);
        account.lost == Some(0)
            && account.unjudged.is_none()
            && self.doubles.common(&self.came_again) == self.doubles.total
    }
}

fn note_first(first: &mut Vec<Place>, place: Place) {
    if first.len() < SAMPLE {
        first.push(place);
    }
}

#[cfg(test)]
mod tests;
