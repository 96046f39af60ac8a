//! How a worker works.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::backoff::{Backoff, Jitter};
use crate::budget::Budget;

/// SQS's bound: a message is hidden for twelve hours after its receive at most, however often that is extended ("Amazon SQS
/// visibility timeout" in its developer guide).
const MAX_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

/// How a worker works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many long polls run side by side. With none the worker works on what [`crate::Hand::take`] brings.
    pub receivers: u32,
    /// How many messages are worked on at once; at least one.
    pub concurrency: usize,
    /// How many more may wait here to be worked on.
    pub buffer: usize,
    /// How many messages a receive asks for at most, 1 to 10.
    pub receive: usize,
    /// Extends the visibility of all that is held while it is held. Without, nothing is extended, and a lease knows nothing of the
    /// visibility timeout.
    pub heartbeat: bool,
    /// For how long a message is hidden by a receive and by each extension, in whole seconds; the queue's own timeout without it.
    pub visibility: Option<Duration>,
    /// For how long a message is held at most, from its receive: SQS's twelve hours, or less.
    pub max_held: Duration,
    /// How long a message stays away that failed.
    pub retry: Backoff,
    /// How long what is being worked on may go on after a stop.
    pub grace: Duration,
    /// How many seconds a receive waits for messages, 0 to 20. With heartbeats it is half of the visibility timeout at most.
    pub poll: i32,
    /// For how long a cloud that doesn't answer is asked again before the worker gives up; for ever without it.
    pub patience: Option<Duration>,
    /// Asks for the message attributes; a worker that doesn't need them is faster without. Where the queue has one for dead letters
    /// they are asked for in any case, so that none is lost.
    pub attributes: bool,
    /// How many messages may be taken at all; then the worker ends.
    pub budget: Option<Arc<Budget>>,
    /// The time since the epoch.
    pub now: fn() -> Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            receivers: 1,
            concurrency: 10,
            buffer: 10,
            receive: 10,
            heartbeat: true,
            visibility: None,
            max_held: MAX_VISIBILITY,
            retry: Backoff {
                first: Duration::from_secs(1),
                factor: 2.0,
                most: Duration::from_secs(15 * 60),
                jitter: Jitter::Full,
            },
            grace: Duration::from_secs(20),
            poll: 20,
            patience: None,
            attributes: true,
            budget: None,
            now: wall_clock,
        }
    }
}

impl Settings {
    /// For how long a message is held at most.
    pub(crate) fn longest_hold(&self) -> Duration {
        self.max_held.min(MAX_VISIBILITY)
    }
}

#[expect(clippy::disallowed_methods, reason = "a worker is a client, and lives in real time")]
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
