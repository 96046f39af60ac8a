//! What publishers and consumers came to, in numbers.

use super::stats::{Latencies, Requests};

/// What all publishers came to.
#[derive(Debug, Default)]
pub(crate) struct PublishTally {
    /// Events that the cloud acknowledged.
    pub sent: u64,
    /// Events that were given up.
    pub refused: u64,
    pub requests: Requests,
    /// Events in requests whose answer was lost.
    pub maybe_twice: u64,
    /// From the moment when an event was meant to leave until its acknowledgement.
    pub latencies: Latencies,
}

impl PublishTally {
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
    pub requests: Requests,
}
