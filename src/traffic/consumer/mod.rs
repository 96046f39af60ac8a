//! Drains a queue as the API behind it would: a worker whose jobs are events, and which deletes what was handled and only that.
//!
//! A message that fails, or that can't be read, is left alone unless the plan has it tried again: it comes back after its visibility
//! timeout, and after the queue's `maxReceiveCount` it goes to the dead-letter queue.

mod clerk;
mod crew;
mod emptiness;
mod handling;
mod queue;
mod remembered;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
pub(crate) use worker::{Backoff, Budget, Jitter};
use worker::{Error, Event};

use self::clerk::Clerk;
use self::crew::Crew;
use self::emptiness::Emptiness;
pub(crate) use self::handling::{Handling, Work};
pub(super) use self::queue::count_left;
pub(crate) use self::queue::{DeadLetters, QueueSettings, describe, held};
pub(super) use self::remembered::short_id;
use super::api::Api;
use super::trace::Traced;
use crate::aws::attempts::{Attempt, Watch};
use crate::aws::{CallError, queue as queues};
use crate::event::envelope::Arrived;
use crate::stop::Stop;

/// A receive takes at most ten messages (API reference of SQS, ReceiveMessage).
pub(crate) const MAX_MESSAGES: usize = 10;
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
    /// How they are handled.
    pub handling: Handling,
    /// Ends when the queue is empty.
    pub until_empty: bool,
    /// How many seconds a receive waits for messages.
    pub poll: i32,
    /// How many messages may be taken; no limit without it.
    pub budget: Option<Arc<Budget>>,
    /// Whether messages are asked for their traces.
    pub trace: bool,
    /// For how long a cloud that doesn't answer is tried again.
    pub patience: Duration,
}

/// What happens while it consumes.
#[derive(Debug)]
pub(crate) enum Notice<'a> {
    /// Handled, and about to be deleted; `age` since the event's time, in a message group or none. Without an `effect` it was handled
    /// before, and nothing was done.
    Handled {
        event: &'a Arrived,
        summary: &'a str,
        receives: u32,
        age: Option<Duration>,
        effect: bool,
        group: Option<&'a str>,
        trace: &'a Traced,
    },
    /// JSON that isn't one of our events, as it was published: there is nothing to do for it, and it is about to be deleted.
    Own { message_id: &'a str, text: &'a str, receives: u32, trace: &'a Traced },
    /// The API failed on it, because somebody wants that, or refused it.
    Failed { event: &'a Arrived, why: &'a str, receives: u32, trace: &'a Traced, on_purpose: bool },
    /// The worker died of a message, which is an event or not: before that was handled, or after that and before it was deleted.
    Died { event: Option<&'a Arrived>, message_id: &'a str, handled: bool },
    /// Not an event.
    Unreadable { message_id: &'a str, why: &'a str, receives: u32 },
    /// Handled, but it couldn't be deleted: it will come again.
    NotDeleted { message_id: &'a str, why: &'a str },
    /// Somebody else may get it before it is handled: it couldn't be kept.
    NotKept { message_id: &'a str, why: &'a str },
    /// A request is sent; `operation` as `ReceiveMessage`.
    Request { operation: &'a str },
    /// A receive that could wait for `poll` seconds brought so many messages, maybe none, of so many bytes together.
    Received { messages: usize, bytes: usize, poll: i32 },
    /// A request is sent again.
    Again,
    /// A request failed, in whole or in part, in a way that may pass. With `lost` it asked for messages and no answer came:
    /// those that it held come again after their visibility timeout.
    Trouble { why: &'a str, lost: bool },
    /// What is left in the queue, asked for while waiting for it to be empty.
    Left { visible: i64, in_flight: i64, delayed: i64 },
}

impl<'a> Notice<'a> {
    /// What its message told of its trace.
    pub(crate) fn trace(&self) -> Option<&'a Traced> {
        match self {
            Self::Handled { trace, .. } | Self::Own { trace, .. } | Self::Failed { trace, .. } => Some(trace),
            _ => None,
        }
    }

    /// Whether it tells of a message that was received.
    pub(crate) fn is_of_a_message(&self) -> bool {
        matches!(
            self,
            Self::Handled { .. } | Self::Own { .. } | Self::Failed { .. } | Self::Died { .. } | Self::Unreadable { .. }
        )
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
    let watch = watch(plan.api, &listener);
    let watched = Client::from_conf(client.config().to_builder().interceptor(watch.clone()).build());
    let queue = worker_queue(client, &plan, queue).await?;
    let clerk = Arc::new(Clerk::new(plan.clone(), listener.clone()));
    let emptiness = Arc::new(Emptiness::default());
    let crew = Crew {
        client: watched,
        queue,
        plan: plan.clone(),
        clerk,
        emptiness: emptiness.clone(),
        listener: listener.clone(),
    };
    let mut working = std::pin::pin!(crew.work(&stop));
    tokio::select! {
        biased;
        ended = &mut working => ended,
        () = emptiness.reached(client, &plan, &watch, &listener), if plan.until_empty => {
            stop.request();
            working.await
        }
    }
}

/// The queue as its worker knows it.
async fn worker_queue(client: &Client, plan: &Plan, queue: &QueueSettings) -> Result<worker::Queue, CallError> {
    // What is left alone becomes a dead letter by SQS's own hand.
    let dead_letters = match queue.dead_letter_queue.as_ref().filter(|_| plan.handling.retry.is_some()) {
        Some(arn) => Some(queues::url_by_arn(client, arn).await?),
        None => None,
    };
    Ok(worker::Queue {
        url: plan.queue_url.clone(),
        visibility: queue.visibility,
        fifo: plan.queue_url.ends_with(".fifo"),
        max_receives: queue.max_receives.filter(|_| dead_letters.is_some()),
        dead_letters,
    })
}

/// What the worker tells, as notices.
fn hear(api: Api, poll: i32, emptiness: Arc<Emptiness>, listener: Listener) -> worker::Listener {
    Arc::new(move |event| match event {
        Event::Received { n, bytes } => {
            listener(api, Notice::Received { messages: n, bytes, poll });
            emptiness.note(n);
        }
        Event::NotDeleted { job, why } => listener(api, Notice::NotDeleted { message_id: &job.id, why }),
        Event::LeaseLost { job, why } => listener(api, Notice::NotKept { message_id: &job.id, why }),
        Event::Again => listener(api, Notice::Again),
        Event::Trouble { error: Some(error), .. } => {
            let error = call_error(error);
            // Of those that may pass the attempts have told.
            if !error.kind.may_pass() {
                listener(api, Notice::Trouble { why: &error.to_string(), lost: false });
            }
        }
        Event::Trouble { why, error: None } => listener(api, Notice::Trouble { why, lost: false }),
        _ => {}
    })
}

/// A worker's error as any other call's.
fn call_error(error: &Error) -> CallError {
    match error {
        Error::Look(error) => CallError::of(error),
        Error::Find(error) => CallError::of(error),
        Error::Receive(error) => CallError::of(error),
        Error::Delete(error) => CallError::of(error),
        Error::Change(error) => CallError::of(error),
        Error::Send(error) => CallError::of(error),
        other => CallError::without_code(crate::aws::ErrorKind::Other, other.to_string()),
    }
}

/// Tells the listener of the attempts of a queue's requests.
fn watch(api: Api, listener: &Listener) -> Watch {
    let listener = listener.clone();
    Watch::new(Arc::new(move |attempt| match attempt {
        Attempt::Sent { operation } => listener(api, Notice::Request { operation }),
        Attempt::Again => listener(api, Notice::Again),
        Attempt::Failed { operation, why, unanswered } => {
            listener(api, Notice::Trouble { why, lost: unanswered && operation == "ReceiveMessage" });
        }
    }))
}
