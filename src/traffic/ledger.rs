//! The ledger of a whole run: what the cloud acknowledged against what each leg of the fan-out saw. It says whether
//! anything was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::api::Api;
use super::filtered::Filter;
use super::landed::LandedTotals;
use super::leg::{Account, Acknowledged, Leg};
use super::tally::{PublishTally, QueueTally};
use crate::event::envelope::{Event, Place};

/// An event that takes longer than this to a queue is late.
const LATE: Duration = Duration::from_secs(5);
/// Beyond its buffering, the stream may take so long to land an event.
const LATE_LANDING: Duration = Duration::from_secs(15);

/// Everything that is known of a run: of its publishers, and of each leg.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub published: PublishTally,
    pub queues: BTreeMap<Api, QueueLedger>,
    /// The events that were seen in the bucket.
    pub landing: Leg,
    /// The objects in the bucket.
    pub landed: LandedTotals,
    acknowledged: Acknowledged,
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
    /// hands on what it has after `buffering`.
    pub(crate) fn new(
        queues: impl Iterator<Item = (Api, Option<Filter>)>,
        landing: Option<Filter>,
        buffering: Duration,
    ) -> Self {
        let queue =
            |(api, filter)| (api, QueueLedger { leg: Leg::new(LATE).filtered(filter), tally: QueueTally::default() });
        Self {
            published: PublishTally::default(),
            queues: queues.map(queue).collect(),
            landing: Leg::new(buffering + LATE_LANDING).filtered(landing),
            landed: LandedTotals::default(),
            acknowledged: Acknowledged::default(),
            published_for: None,
            started: Instant::now(),
            last_progress: Instant::now(),
        }
    }

    /// The cloud acknowledged an event, `latency` after the moment it was meant to leave.
    pub(crate) fn acknowledge(&mut self, event: &Event, latency: Duration) {
        self.acknowledged.insert(event.place);
        self.queues.values_mut().for_each(|queue| queue.leg.expect(event));
        self.landing.expect(event);
        self.published.sent += 1;
        self.published.latencies.record(latency);
        self.last_progress = Instant::now();
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
            self.last_progress = Instant::now();
        }
    }

    /// An event of this run was found in the bucket, `latency` after its time.
    pub(crate) fn arrive_in_bucket(&mut self, place: Place, latency: Option<Duration>) {
        self.landing.arrive(place, latency);
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

    /// How a leg balances against what the cloud acknowledged.
    pub(crate) fn balance(&self, leg: &Leg) -> Account {
        leg.balance(&self.acknowledged)
    }
}
