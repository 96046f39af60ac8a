//! What publishers and consumers came to, in numbers.

use std::time::Duration;

use super::stats::{Latencies, Requests};
use crate::cost::{Calls, Publishes};
use crate::event::envelope::Event;

/// The latencies of the publishers, as files call them.
pub(crate) const PUBLISH: &str = "publish";
/// The publish delays, as files call them.
pub(crate) const DELAY: &str = "publish.delay";

/// What all publishers came to.
#[derive(Debug, Default)]
pub(crate) struct PublishTally {
    /// Events that the cloud acknowledged.
    pub sent: u64,
    /// Those of the sent that were published before.
    pub again: u64,
    /// Those of the sent that no consumer can handle.
    pub poison: u64,
    /// Events that were given up.
    pub refused: u64,
    pub requests: Requests,
    /// Events in requests whose answer was lost.
    pub maybe_twice: u64,
    /// From the moment when an event was meant to leave until its acknowledgement.
    pub latencies: Latencies,
    /// From the moment when a request was due until it left, once for each of its events; none of a load without moments.
    pub delays: Latencies,
    /// Events that left, acknowledged or not.
    pub left: u64,
    /// Events that were due at the end and didn't leave.
    pub not_sent: u64,
    /// How late the first of those was.
    pub not_sent_late: Duration,
    /// What SNS charges for.
    pub billed: Publishes,
}

impl PublishTally {
    /// Counts an event that was acknowledged, of the story or another.
    pub(crate) fn count_sent(&mut self, event: Option<&Event>, latency: Duration) {
        self.sent += 1;
        self.billed.events += 1;
        self.again += u64::from(event.is_some_and(|event| event.again));
        self.poison += u64::from(event.is_some_and(|event| event.poison));
        self.latencies.record(latency);
    }

    /// Counts events that left so late.
    pub(crate) fn count_left(&mut self, events: u64, late: Duration) {
        self.left += events;
        self.delays.record_n(late, events);
    }

    /// Counts events that were due and didn't leave, the first of them so long ago.
    pub(crate) fn count_not_sent(&mut self, events: u64, late: Duration) {
        self.not_sent += events;
        self.not_sent_late = self.not_sent_late.max(late);
    }

    /// How late the latest event was, whether it left or not.
    pub(crate) fn late_at_most(&self) -> Duration {
        self.delays.max().max(self.not_sent_late)
    }

    /// The histograms, by the names that they have in files.
    pub(crate) fn histograms(&self) -> Vec<(String, Latencies)> {
        vec![(PUBLISH.to_owned(), self.latencies.clone()), (DELAY.to_owned(), self.delays.clone())]
    }

    /// Counts a request that failed, and how many events the cloud may have taken all the same.
    pub(crate) fn count_failure(&mut self, unsure: Option<u64>) {
        self.requests.count_failure(unsure.is_some());
        self.maybe_twice += unsure.unwrap_or(0);
    }
}

/// What the consumers of one queue came to, in messages.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueueTally {
    pub handled: u64,
    /// Those of the handled that were somebody's own events.
    pub own: u64,
    /// Attempts, as is `unreadable`: a message that comes back fails again.
    pub failed: u64,
    pub unreadable: u64,
    /// Handled, but they couldn't be deleted.
    pub not_deleted: u64,
    /// How often a worker died.
    pub deaths: u64,
    /// How often what was handled was handled again, with its effect.
    pub effect_twice: u64,
    pub requests: Requests,
    /// What SQS charges for.
    pub billed: Calls,
}
