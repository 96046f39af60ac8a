//! Drains a queue as the API behind it would: long polls, handles, deletes what was handled and only that.
//!
//! A message that fails, or that can't be read, is left alone: it comes back after its visibility timeout, and after
//! the queue's `maxReceiveCount` it goes to the dead-letter queue.

mod budget;
mod queue;
mod receiver;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use aws_sdk_sqs::Client;
use parking_lot::Mutex;
use tokio::task::JoinSet;

pub(crate) use self::budget::Budget;
pub(crate) use self::queue::{DeadLetters, QueueSettings, describe, held};
use self::receiver::Consumer;
use super::api::{Api, Service};
use crate::aws::attempts::{Attempt, Watch};
use crate::aws::{self, CallError};
use crate::event::envelope::Arrived;
use crate::stop::Stop;

/// A receive takes at most ten messages (API reference of SQS, ReceiveMessage).
const MAX_MESSAGES: i64 = 10;
/// How many seconds a receive waits for messages at most (ibid.).
pub(crate) const LONG_POLL: i32 = 20;
/// How many seconds a receive waits for whoever wants to end soon.
pub(crate) const SHORT_POLL: i32 = 1;

/// Which queue to drain, and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Who handles the messages.
    pub api: Api,
    pub queue_url: String,
    /// How many receivers ask for messages side by side.
    pub receivers: u32,
    /// How long the API works on a message.
    pub work: Duration,
    /// The share of events on which the API fails, from 0 to 1: on each of them every time that it comes.
    pub fail_rate: f64,
    /// Chooses those events.
    pub seed: u64,
    /// Ends when the queue is empty.
    pub until_empty: bool,
    /// How many seconds a receive waits for messages.
    pub poll: i32,
    /// For how long a message that was received is hidden; the queue's own timeout without it.
    pub visibility: Option<Duration>,
    /// How many messages may be taken; no limit without it.
    pub budget: Option<Arc<Budget>>,
}

/// What happens while it consumes.
#[derive(Debug)]
pub(crate) enum Notice<'a> {
    /// Handled, and about to be deleted; `age` since the event's time.
    Handled { event: &'a Arrived, summary: &'a str, receives: u32, age: Option<Duration> },
    /// JSON that isn't one of our events, as it was published: there is nothing to do for it, and it is about to be deleted.
    Own { message_id: &'a str, text: &'a str, receives: u32 },
    /// The API failed on it, or refused it.
    Failed { event: &'a Arrived, why: &'a str, receives: u32 },
    /// Not an event.
    Unreadable { message_id: &'a str, why: &'a str, receives: u32 },
    /// Handled, but it couldn't be deleted: it will come again.
    NotDeleted { message_id: &'a str, why: &'a str },
    /// A request is sent again.
    Again,
    /// A request failed, in whole or in part, in a way that may pass. With `lost` it asked for messages and no answer came:
    /// those that it held come again after their visibility timeout.
    Trouble { why: &'a str, lost: bool },
    /// What is left in the queue, asked for while waiting for it to be empty.
    Left { visible: i64, in_flight: i64, delayed: i64 },
}

impl Notice<'_> {
    /// Whether it tells of a message that was received.
    pub(crate) fn is_of_a_message(&self) -> bool {
        matches!(self, Self::Handled { .. } | Self::Own { .. } | Self::Failed { .. } | Self::Unreadable { .. })
    }
}

/// Hears of what happens; called from every receiver.
pub(crate) type Listener = Arc<dyn Fn(Api, Notice<'_>) + Send + Sync>;

/// Consumes until the plan is done or a stop is requested; what is being handled then is finished.
pub(crate) async fn consume(
    client: &Client,
    plan: Plan,
    queue: &QueueSettings,
    stop: &Stop,
    listener: Listener,
) -> Result<(), CallError> {
    let stop = stop.child();
    let consumer = Arc::new(Consumer {
        watch: watch(plan.api, &listener),
        poll: aws_sdk_sqs::Config::builder()
            .timeout_config(aws::timeouts(Duration::from_secs(plan.poll.unsigned_abs().into()))),
        client: client.clone(),
        batch: batch_size(plan.work, plan.visibility.unwrap_or(queue.visibility)),
        service: Mutex::new(Service::new(plan.api)),
        empty_looks: AtomicU32::new(0),
        last_look: Mutex::new(None),
        plan,
        stop,
        listener,
    });
    let mut receivers = JoinSet::new();
    for _ in 0..consumer.plan.receivers {
        receivers.spawn(consumer.clone().run());
    }
    let mut outcome = Ok(());
    while let Some(ended) = receivers.join_next().await {
        if let Ok(Err(error)) = ended {
            consumer.stop.request();
            outcome = outcome.and(Err(error));
        }
    }
    outcome
}

/// Tells the listener of the attempts of a queue's requests.
fn watch(api: Api, listener: &Listener) -> Watch {
    let listener = listener.clone();
    Watch::new(Arc::new(move |attempt| match attempt {
        Attempt::Again => listener(api, Notice::Again),
        Attempt::Failed { operation, why, unanswered } => {
            listener(api, Notice::Trouble { why, lost: unanswered && operation == "ReceiveMessage" });
        }
    }))
}

/// So many messages that a batch is handled within half of the visibility timeout.
fn batch_size(work: Duration, visibility: Duration) -> i64 {
    if work.is_zero() {
        return MAX_MESSAGES;
    }
    let fits = visibility.as_millis() / 2 / work.as_millis().max(1);
    i64::try_from(fits).unwrap_or(MAX_MESSAGES).clamp(1, MAX_MESSAGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_fits_into_the_visibility_timeout() {
        let visibility = Duration::from_secs(30);
        for (work_ms, size) in [(0, 10), (20, 10), (1_500, 10), (5_000, 3), (20_000, 1)] {
            assert_eq!(batch_size(Duration::from_millis(work_ms), visibility), size);
        }
    }
}
