//! The ledger of a whole run: what the cloud acknowledged against what each leg of the fan-out saw. It says whether
//! anything was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::api::Api;
use super::filtered::Filter;
use super::landed::LandedTotals;
use super::leg::{Account, Leg};
use super::places::Places;
use super::stats::Latencies;
use super::tally::{PublishTally, QueueTally};
use super::timeline::{Happened, LANDED, PUBLISHED, Timeline};
use crate::cost::{Objects, Records, Usage};
use crate::event::envelope::{Event, Place};

/// An event that takes longer than this to a queue is late.
const LATE: Duration = Duration::from_secs(5);
/// Beyond its buffering, the stream may take so long to land an event.
const LATE_LANDING: Duration = Duration::from_secs(15);

/// The latencies of what landed, as files call them.
pub(crate) const LANDING: &str = "landing";

/// The latencies of a queue's events, as files call them.
pub(crate) fn queue_name(api: Api) -> String {
    format!("{}.e2e", api.name())
}

/// Everything that is known of a run: of its publishers, and of each leg.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub published: PublishTally,
    pub queues: BTreeMap<Api, QueueLedger>,
    /// The events that were seen in the bucket.
    pub landing: Leg,
    /// The objects in the bucket.
    pub landed: LandedTotals,
    /// How it goes over time, if that is noted.
    pub timeline: Option<Timeline>,
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
    pub leg: Leg,
    pub tally: QueueTally,
}

impl Ledger {
    /// The ledger of a run that begins now: of its queues, each with the filter of its subscription, and of its stream, which
    /// hands on what it has after `buffering`; its topic is FIFO or not.
    pub(crate) fn new(
        queues: impl Iterator<Item = (Api, Option<Filter>)>,
        landing: Option<Filter>,
        buffering: Duration,
        fifo: bool,
    ) -> Self {
        let queue =
            |(api, filter)| (api, QueueLedger { leg: Leg::new(LATE).filtered(filter), tally: QueueTally::default() });
        Self {
            published: PublishTally::default(),
            queues: queues.map(queue).collect(),
            landing: Leg::new(buffering + LATE_LANDING).filtered(landing),
            landed: LandedTotals::default(),
            timeline: None,
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
        for leg in self.queues.values_mut().map(|queue| &mut queue.leg) {
            if leg.expect(event, delivers_doubles) {
                billed.count_to_queue(bytes);
            }
            billed.filtered_bytes += if leg.scans_bodies() { bytes } else { 0 };
        }
        if self.landing.expect(event, delivers_doubles) {
            self.streamed.count(bytes);
        }
        billed.filtered_bytes += if self.landing.scans_bodies() { bytes } else { 0 };
        self.published.count_sent(Some(event), latency);
        self.note(Happened::Arrived { leg: PUBLISHED, latency: Some(latency) });
        self.last_progress = Instant::now();
    }

    /// Notes what happened, if that is noted.
    pub(crate) fn note(&mut self, what: Happened<'_>) {
        if let Some(timeline) = &mut self.timeline {
            timeline.note(what);
        }
    }

    /// Nothing more will be published.
    pub(crate) fn end_publishing(&mut self) {
        self.published_for = Some(self.started.elapsed());
        self.last_progress = Instant::now();
    }

    /// An event of this run came out of a queue, `latency` after its time.
    pub(crate) fn arrive_at_queue(&mut self, api: Api, place: Place, latency: Option<Duration>) {
        if let Some(queue) = self.queues.get_mut(&api) {
            queue.leg.arrive(place, latency);
            self.note(Happened::Arrived { leg: api.name(), latency });
            self.last_progress = Instant::now();
        }
    }

    /// The API behind a queue couldn't handle an event of this run.
    pub(crate) fn fail_at_queue(&mut self, api: Api, place: Place) {
        if self.queues.get_mut(&api).is_some_and(|queue| queue.leg.fail(place)) {
            self.last_progress = Instant::now();
        }
    }

    /// An event of this run was found in the bucket, `latency` after its time.
    pub(crate) fn arrive_in_bucket(&mut self, place: Place, latency: Option<Duration>) {
        self.landing.arrive(place, latency);
        self.note(Happened::Arrived { leg: LANDED, latency });
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
        let queues = self.queues.values().map(|queue| queue.tally.requests.failed_requests);
        queues.chain([self.published.requests.failed_requests]).sum()
    }

    /// Whether everything acknowledged so far has landed in the bucket.
    pub(crate) fn has_landed(&self) -> bool {
        self.landing.is_complete(&self.acknowledged)
    }

    /// Whether everything is published, and every leg saw everything that the cloud acknowledged.
    pub(crate) fn is_complete(&self) -> bool {
        !self.is_publishing()
            && self.queues.values().all(|queue| queue.leg.is_complete(&self.acknowledged))
            && self.has_landed()
    }

    /// What AWS charges for of all this; the queues' names end like the topic's.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage { firehose: self.streamed, ..Usage::default() };
        let fifo = !self.delivers_doubles;
        *(if fifo { &mut usage.fifo_topic } else { &mut usage.topic }) = self.published.billed;
        let calls = if fifo { &mut usage.fifo_queues } else { &mut usage.queues };
        self.queues.values().for_each(|queue| calls.add(&queue.tally.billed));
        usage.bucket = Objects { objects: self.landed.objects, bytes: self.landed.bytes };
        usage
    }

    /// The histograms, by the names that they have in files.
    pub(crate) fn histograms(&self) -> Vec<(String, Latencies)> {
        let mut all = self.published.histograms();
        all.extend(self.queues.iter().map(|(api, queue)| (queue_name(*api), queue.leg.latencies.clone())));
        all.push((LANDING.to_owned(), self.landing.latencies.clone()));
        all
    }

    /// How a leg balances against what the cloud acknowledged.
    pub(crate) fn balance(&self, leg: &Leg) -> Account {
        leg.balance(&self.acknowledged)
    }
}
