//! The ledger of a whole run: what the cloud acknowledged against what each leg of the fan-out saw. It says whether
//! anything was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::account::Account;
use super::filtered::Fed;
use super::landed::LandedTotals;
use super::leg::Leg;
use super::name::LegName;
use super::places::Places;
use super::stats::Latencies;
use super::tally::{PublishTally, QueueTally};
use super::timeline::{Depth, Happened, PUBLISHED, Timeline};
use crate::cost::{Objects, Records, Usage};
use crate::event::envelope::{Event, Place};

/// An event that takes longer than this to a queue is late.
const LATE: Duration = Duration::from_secs(5);
/// Beyond its buffering, the stream may take so long to land an event.
const LATE_LANDING: Duration = Duration::from_secs(15);

/// Everything that is known of a run: of its publishers, and of each leg.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub published: PublishTally,
    pub queues: Vec<QueueLedger>,
    pub landings: Vec<LandingLedger>,
    /// How it goes over time, if that is noted.
    pub timeline: Option<Timeline>,
    /// How many messages the queues held when somebody looked last.
    pub depths: BTreeMap<String, Depth>,
    acknowledged: Places,
    /// What the stream was given.
    streamed: Records,
    /// Whether what is published twice comes twice: a FIFO topic takes it once.
    delivers_doubles: bool,
    /// How long publishing took; none while it goes on.
    published_for: Option<Duration>,
    started: Instant,
    /// When an event was published or arrived last, anywhere.
    last_progress: Instant,
}

/// What is known of one queue.
#[derive(Debug)]
pub(crate) struct QueueLedger {
    pub name: LegName,
    pub leg: Leg,
    pub tally: QueueTally,
    /// Whether somebody could look into it: a receive was answered.
    pub looked: bool,
    fifo: bool,
}

/// What is known of what one stream lands.
#[derive(Debug)]
pub(crate) struct LandingLedger {
    pub name: LegName,
    /// The events that were seen in its bucket.
    pub leg: Leg,
    /// The objects there.
    pub totals: LandedTotals,
    /// Whether somebody could look into the bucket.
    pub looked: bool,
}

impl QueueLedger {
    /// Of a queue that the topics feed so, by turns; FIFO or not.
    pub(crate) fn new(name: LegName, fed: Vec<Fed>, fifo: bool) -> Self {
        let leg = Leg::new(LATE).fed(fed).ordered(fifo);
        Self { name, leg, tally: QueueTally::default(), looked: false, fifo }
    }
}

impl LandingLedger {
    /// Of a stream that the topics feed so, by turns, and which hands on what it has after `buffering`.
    pub(crate) fn new(name: LegName, fed: Vec<Fed>, buffering: Duration) -> Self {
        let leg = Leg::new(buffering + LATE_LANDING).fed(fed);
        Self { name, leg, totals: LandedTotals::default(), looked: false }
    }
}

impl Ledger {
    /// The ledger of a run that begins now: of its queues and its streams; its topics are FIFO or not.
    pub(crate) fn new(queues: Vec<QueueLedger>, landings: Vec<LandingLedger>, fifo: bool) -> Self {
        Self {
            published: PublishTally::default(),
            queues,
            landings,
            timeline: None,
            depths: BTreeMap::new(),
            acknowledged: Places::default(),
            streamed: Records::default(),
            delivers_doubles: !fifo,
            published_for: None,
            started: Instant::now(),
            last_progress: Instant::now(),
        }
    }

    /// The cloud acknowledged an event with a message of so many bytes, `latency` after the moment it was meant to leave.
    pub(crate) fn acknowledge(&mut self, event: &Event, bytes: u64, latency: Duration) {
        self.acknowledged.insert(event.place);
        let (delivers_doubles, billed) = (self.delivers_doubles, &mut self.published.billed);
        for queue in &mut self.queues {
            let expectation = queue.leg.expect(event, delivers_doubles);
            if expectation.comes {
                billed.count_to_queue(bytes);
            }
            billed.filtered_bytes += if expectation.is_scanned { bytes } else { 0 };
        }
        for landing in &mut self.landings {
            let expectation = landing.leg.expect(event, delivers_doubles);
            if expectation.comes {
                self.streamed.count(bytes);
            }
            billed.filtered_bytes += if expectation.is_scanned { bytes } else { 0 };
        }
        self.published.count_sent(Some(event), latency);
        self.note(Happened::Arrived { leg: PUBLISHED, place: Some(event.place), latency: Some(latency) });
        self.last_progress = Instant::now();
    }

    /// Notes what happened, if that is noted.
    pub(crate) fn note(&mut self, what: Happened<'_>) {
        if let Happened::Looked { queue, depth } = what {
            self.depths.insert(queue.to_owned(), depth);
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.note(what);
        }
    }

    /// Nothing more will be published.
    pub(crate) fn end_publishing(&mut self) {
        self.published_for = Some(self.started.elapsed());
        self.last_progress = Instant::now();
    }

    /// An event of this run came out of a queue in a message group or none and was handled, `latency` after its time, with an effect or
    /// without.
    pub(crate) fn arrive_at_queue(
        &mut self,
        n: usize,
        place: Place,
        (group, effect): (Option<&str>, bool),
        latency: Option<Duration>,
    ) {
        let Some(queue) = self.queues.get_mut(n) else { return };
        let again = queue.leg.handle(place, group, latency);
        queue.tally.effect_twice += u64::from(again && effect);
        if let Some(timeline) = &mut self.timeline {
            timeline.note(Happened::Arrived { leg: queue.name.name(), place: Some(place), latency });
        }
        self.last_progress = Instant::now();
    }

    /// Whoever drains a queue couldn't handle an event of this run, or was to fail on it.
    pub(crate) fn fail_at_queue(&mut self, n: usize, place: Place, why: &str, on_purpose: bool) {
        if self.queues.get_mut(n).is_some_and(|queue| queue.leg.fail(place, why, on_purpose)) {
            self.last_progress = Instant::now();
        }
    }

    /// An event of this run was found in the bucket of a stream, `latency` after its time.
    pub(crate) fn arrive_in_bucket(&mut self, n: usize, place: Place, latency: Option<Duration>) {
        let Some(landing) = self.landings.get_mut(n) else { return };
        landing.leg.arrive(place, None, latency);
        if let Some(timeline) = &mut self.timeline {
            timeline.note(Happened::Arrived { leg: landing.name.name(), place: Some(place), latency });
        }
        self.last_progress = Instant::now();
    }

    /// Whether events may still be published.
    pub(crate) fn is_publishing(&self) -> bool {
        self.published_for.is_none()
    }

    /// How long publishing has taken.
    pub(crate) fn published_for(&self) -> Duration {
        self.published_for.unwrap_or_else(|| self.started.elapsed())
    }

    /// How long ago an event was published or arrived last, anywhere.
    pub(crate) fn quiet_for(&self) -> Duration {
        self.last_progress.elapsed()
    }

    /// Attempts of requests that failed, of publishers and consumers together.
    pub(crate) fn failed_requests(&self) -> u64 {
        let queues = self.queues.iter().map(|queue| queue.tally.requests.failed_requests);
        queues.chain([self.published.requests.failed_requests]).sum()
    }

    /// Whether everything acknowledged so far has landed.
    pub(crate) fn has_landed(&self) -> bool {
        self.landings.iter().all(|landing| landing.leg.is_complete(&self.acknowledged))
    }

    /// How many events each leg is still to see of those that it is to get, by its name, about: what was seen before it was acknowledged
    /// counts for another.
    pub(crate) fn on_the_way(&self) -> Vec<(&str, u64)> {
        let queues = self.queues.iter().map(|queue| (queue.name.name(), &queue.leg));
        let legs = queues.chain(self.landings.iter().map(|landing| (landing.name.name(), &landing.leg)));
        legs.map(|(name, leg)| (name, self.due(leg).saturating_sub(leg.distinct()))).collect()
    }

    /// Whether everything is published, and every leg saw everything that it was to get.
    pub(crate) fn is_complete(&self) -> bool {
        !self.is_publishing()
            && self.queues.iter().all(|queue| queue.leg.is_complete(&self.acknowledged))
            && self.has_landed()
    }

    /// Whether a leg lacks something that it was to get.
    pub(crate) fn is_anything_missing(&self) -> bool {
        let landings = self.landings.iter().map(|landing| &landing.leg);
        let mut legs = self.queues.iter().map(|queue| &queue.leg).chain(landings).map(|leg| self.balance(leg));
        legs.any(|account| account.lost > Some(0) || account.unjudged.is_some())
    }

    /// What AWS charges for of all this.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage { firehose: self.streamed, ..Usage::default() };
        let fifo = !self.delivers_doubles;
        *(if fifo { &mut usage.fifo_topic } else { &mut usage.topic }) = self.published.billed;
        for queue in &self.queues {
            let calls = if queue.fifo { &mut usage.fifo_queues } else { &mut usage.queues };
            calls.add(&queue.tally.billed);
        }
        let totals = || self.landings.iter().map(|landing| &landing.totals);
        usage.bucket = Objects {
            objects: totals().map(|totals| totals.objects).sum(),
            bytes: totals().map(|totals| totals.bytes).sum(),
        };
        usage
    }

    /// The histograms, by the names that they have in files.
    pub(crate) fn histograms(&self) -> Vec<(String, Latencies)> {
        let mut all = self.published.histograms();
        all.extend(self.queues.iter().map(|queue| (queue.name.queue_tag(), queue.leg.latencies.clone())));
        all.extend(self.landings.iter().map(|landing| (landing.name.landing_tag(), landing.leg.latencies.clone())));
        all
    }

    /// How many events a leg is to get.
    pub(crate) fn due(&self, leg: &Leg) -> u64 {
        leg.due(&self.acknowledged)
    }

    /// How a leg balances against what the cloud acknowledged.
    pub(crate) fn balance(&self, leg: &Leg) -> Account {
        leg.balance(&self.acknowledged)
    }
}
