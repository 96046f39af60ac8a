//! Drains a queue as the API behind it would: long polls, handles, deletes what was handled and only that.
//!
//! A message that fails, or that can't be read, is left alone: it comes back after its visibility timeout, and after
//! the queue's `maxReceiveCount` it goes to the dead-letter queue.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    QueueAttributeName,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::api::{Api, Service};
use super::message;
use crate::aws::attempts::{Attempt, Watch};
use crate::aws::{self, CallError, Kind as Trouble};
use crate::event::envelope::Arrived;
use crate::exit::Stop;

/// A receive takes at most ten messages, and waits for at most 20 s (API reference of SQS, ReceiveMessage).
const MAX_MESSAGES: i64 = 10;
pub const LONG_POLL: i32 = 20;
/// For whoever wants to end soon.
pub const SHORT_POLL: i32 = 1;
/// When it is to end, a receive under way gets so long to come back. One that is dropped may have taken messages
/// already, and they stay away for a visibility timeout.
const LAST_POLL: Duration = Duration::from_millis(1_500);
/// The counts of a queue are approximate: it is empty when that was seen so often in a row.
const EMPTY_LOOKS: u32 = 2;
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// Which queue to drain, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub api: Api,
    pub queue_url: String,
    pub receivers: u32,
    /// How long the API works on a message.
    pub work: Duration,
    /// The share of events on which the API fails, every time.
    pub fail_rate: f64,
    pub seed: u64,
    pub until_empty: bool,
    /// How many seconds a receive waits for messages.
    pub poll: i32,
    /// How many messages may be taken; no limit without it.
    pub budget: Option<Arc<Budget>>,
}

/// So many messages may be taken, by all receivers of all queues together.
#[derive(Debug)]
pub struct Budget {
    /// Not asked for by anyone.
    free: AtomicI64,
    /// Not taken yet.
    open: AtomicI64,
    receivers: i64,
}

impl Budget {
    pub fn new(messages: i64, receivers: u32) -> Self {
        Self { free: AtomicI64::new(messages), open: AtomicI64::new(messages), receivers: receivers.max(1).into() }
    }

    /// How many to ask for now: a fair part, so that a receiver at an empty queue doesn't hold what others could take.
    fn reserve(&self, batch: i64) -> i64 {
        let part = |free: i64| ((free + self.receivers - 1) / self.receivers).min(batch);
        let before = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| Some(free - part(free)));
        before.map_or(0, part)
    }

    /// Of the reserved, so many came.
    fn settle(&self, reserved: i64, came: i64) {
        self.free.fetch_add(reserved - came, Ordering::Relaxed);
        self.open.fetch_sub(came, Ordering::Relaxed);
    }

    fn is_spent(&self) -> bool {
        self.open.load(Ordering::Relaxed) <= 0
    }
}

/// What happens while it consumes.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Handled, and about to be deleted; `age` since the event's time.
    Handled { event: &'a Arrived, summary: &'a str, receives: u32, age: Option<Duration> },
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

/// Who hears of it; called from every receiver.
pub type Listener = Arc<dyn Fn(Api, Notice<'_>) + Send + Sync>;

/// What a consumer wants to know of its queue before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub visibility: Duration,
    pub has_dead_letter_queue: bool,
}

/// Looks a queue up.
pub async fn describe(client: &Client, queue_url: &str) -> Result<Queue, CallError> {
    use QueueAttributeName::{RedrivePolicy, VisibilityTimeout};
    let answer = client
        .get_queue_attributes()
        .queue_url(queue_url)
        .attribute_names(VisibilityTimeout)
        // Not All: a least-privilege emulator of a queue needn't know every attribute.
        .attribute_names(RedrivePolicy)
        .send()
        .await?;
    let attribute = |name| answer.attributes().and_then(|attributes| attributes.get(&name));
    let seconds = attribute(VisibilityTimeout).and_then(|seconds| seconds.parse().ok()).unwrap_or(30);
    let has_dead_letter_queue = attribute(RedrivePolicy).is_some_and(|policy| !policy.is_empty());
    Ok(Queue { visibility: Duration::from_secs(seconds), has_dead_letter_queue })
}

/// Consumes until the plan is done or a stop is requested; what is being handled then is finished.
pub async fn consume(
    client: &Client,
    plan: Plan,
    queue: &Queue,
    stop: &Stop,
    listener: Listener,
) -> Result<(), CallError> {
    let stop = stop.child();
    let shared = Arc::new(Shared {
        watch: watch(plan.api, &listener),
        poll: aws_sdk_sqs::Config::builder()
            .timeout_config(aws::timeouts(Duration::from_secs(plan.poll.unsigned_abs().into()))),
        client: client.clone(),
        batch: batch_size(plan.work, queue.visibility),
        service: Mutex::new(Service::new(plan.api)),
        empty_looks: AtomicU32::new(0),
        last_look: Mutex::new(None),
        plan,
        stop,
        listener,
    });
    let mut receivers = JoinSet::new();
    for _ in 0..shared.plan.receivers {
        receivers.spawn(shared.clone().receiver());
    }
    let mut outcome = Ok(());
    while let Some(ended) = receivers.join_next().await {
        if let Ok(Err(error)) = ended {
            shared.stop.request();
            outcome = outcome.and(Err(error));
        }
    }
    outcome
}

/// Tells of the attempts of a queue's requests.
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

/// What the receivers of one queue share.
struct Shared {
    client: Client,
    watch: Watch,
    /// What a receive has of its own: the patience for its long poll.
    poll: aws_sdk_sqs::config::Builder,
    plan: Plan,
    batch: i64,
    service: Mutex<Service>,
    empty_looks: AtomicU32,
    last_look: Mutex<Option<Instant>>,
    stop: Stop,
    listener: Listener,
}

impl Shared {
    fn tell(&self, notice: Notice<'_>) {
        (self.listener)(self.plan.api, notice);
    }

    async fn receiver(self: Arc<Self>) -> Result<(), CallError> {
        let mut silent_since: Option<Instant> = None;
        while !self.stop.is_requested() && !self.plan.budget.as_ref().is_some_and(|budget| budget.is_spent()) {
            let want = self.plan.budget.as_ref().map_or(self.batch, |budget| budget.reserve(self.batch));
            if want == 0 {
                // Others have asked for the rest; what they don't get is free again.
                tokio::select! { () = sleep(PAUSE) => {}, () = self.stop.requested() => {} }
                continue;
            }
            let mut receiving = pin!(self.receive(want));
            let answer = tokio::select! {
                answer = &mut receiving => answer,
                () = self.stop.requested() => {
                    if let Ok(Ok(messages)) = timeout(LAST_POLL, receiving).await {
                        self.give_back(messages).await;
                    }
                    break;
                }
            };
            if let Some(budget) = &self.plan.budget {
                budget.settle(want, answer.as_ref().map_or(0, |messages| messages.len() as i64));
            }
            match answer {
                Ok(messages) if messages.is_empty() => {
                    silent_since = None;
                    if self.plan.until_empty && self.is_empty().await {
                        self.stop.request();
                    }
                    if self.plan.budget.is_some() {
                        // Those who wait for a part of the budget come first: their queue may hold something.
                        sleep(PAUSE * 2).await;
                    }
                }
                Ok(messages) => {
                    silent_since = None;
                    self.empty_looks.store(0, Ordering::Relaxed);
                    self.handle(messages).await?;
                }
                Err(error) if matches!(error.kind, Trouble::NotFound | Trouble::Denied) => return Err(error),
                Err(error) => {
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > super::PATIENCE {
                        return Err(error);
                    }
                    if !error.kind.may_pass() {
                        // The attempts didn't tell of it.
                        self.tell(Notice::Trouble { why: &error.to_string(), lost: false });
                    }
                    tokio::select! { () = sleep(PAUSE * 3) => {}, () = self.stop.requested() => {} }
                    self.tell(Notice::Again);
                }
            }
        }
        Ok(())
    }

    async fn receive(&self, want: i64) -> Result<Vec<Message>, CallError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.plan.queue_url)
            .max_number_of_messages(want as i32)
            .wait_time_seconds(self.plan.poll)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .customize()
            .interceptor(self.watch.clone())
            .config_override(self.poll.clone())
            .send()
            .await?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Whether the queue holds nothing: visible, in flight or delayed. It doesn't when nobody can tell.
    async fn is_empty(&self) -> bool {
        {
            // One look a second for all receivers together.
            let mut last = self.last_look.lock();
            if last.is_some_and(|last| last.elapsed() < Duration::from_secs(1)) {
                return false;
            }
            *last = Some(Instant::now());
        }
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.plan.queue_url)
            .set_attribute_names(Some(vec![Visible, InFlight, Delayed]))
            .customize()
            .interceptor(self.watch.clone())
            .send()
            .await
            .map_err(CallError::from);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                if !error.kind.may_pass() {
                    self.tell(Notice::Trouble { why: &error.to_string(), lost: false });
                }
                return false;
            }
        };
        let number = |name| -> i64 {
            answer.attributes().and_then(|all| all.get(&name)).and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        let (visible, in_flight, delayed) = (number(Visible), number(InFlight), number(Delayed));
        self.tell(Notice::Left { visible, in_flight, delayed });
        if visible + in_flight + delayed > 0 {
            self.empty_looks.store(0, Ordering::Relaxed);
            return false;
        }
        self.empty_looks.fetch_add(1, Ordering::Relaxed) + 1 >= EMPTY_LOOKS
    }

    /// Handles a batch and deletes what was handled. A stop in between gives the rest back at once.
    async fn handle(&self, messages: Vec<Message>) -> Result<(), CallError> {
        let mut handled = Vec::with_capacity(messages.len());
        let mut given_back = Vec::new();
        for message in messages {
            if self.stop.is_requested() && !self.plan.work.is_zero() {
                given_back.push(message);
                continue;
            }
            if !self.plan.work.is_zero() {
                sleep(self.plan.work).await;
            }
            if self.handle_one(&message) {
                handled.push(message);
            }
        }
        self.delete(handled).await?;
        self.give_back(given_back).await;
        Ok(())
    }

    /// Whether the message was handled, and may go.
    fn handle_one(&self, message: &Message) -> bool {
        let message_id = message.message_id().unwrap_or_default();
        let receives = message
            .attributes()
            .and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount))
            .and_then(|count| count.parse().ok())
            .unwrap_or(1);
        let event = match message::read(message.body().unwrap_or_default()) {
            Ok(event) => event,
            Err(why) => {
                self.tell(Notice::Unreadable { message_id, why: &why.to_string(), receives });
                return false;
            }
        };
        if fails(self.plan.seed, &event.id, self.plan.fail_rate) {
            self.tell(Notice::Failed { event: &event, why: "made to fail by --fail-rate", receives });
            return false;
        }
        let outcome = self.service.lock().handle(&event);
        match outcome {
            Ok(summary) => {
                let age = event.time.map(super::since);
                self.tell(Notice::Handled { event: &event, summary: &summary, receives, age });
                true
            }
            Err(why) => {
                self.tell(Notice::Failed { event: &event, why: &why.to_string(), receives });
                false
            }
        }
    }

    async fn delete(&self, mut messages: Vec<Message>) -> Result<(), CallError> {
        for attempt in 1.. {
            if messages.is_empty() {
                break;
            }
            let entries = messages.iter().enumerate().filter_map(|(n, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(n.to_string());
                entry.receipt_handle(message.receipt_handle()?).build().ok()
            });
            let request = self.client.delete_message_batch().queue_url(&self.plan.queue_url);
            let request = request.set_entries(Some(entries.collect())).customize().interceptor(self.watch.clone());
            let failed: Vec<(usize, bool, String)> = match request.send().await {
                Ok(answer) => answer
                    .failed()
                    .iter()
                    .filter_map(|entry| {
                        let why = format!("{}: {}", entry.code(), entry.message().unwrap_or("no reason given"));
                        Some((entry.id().parse().ok()?, entry.sender_fault(), why))
                    })
                    .collect(),
                Err(error) => {
                    let error = CallError::from(error);
                    if matches!(error.kind, Trouble::NotFound | Trouble::Denied) {
                        return Err(error);
                    }
                    (0..messages.len()).map(|n| (n, false, error.to_string())).collect()
                }
            };
            let mut again = Vec::new();
            let last = attempt == ATTEMPTS || self.stop.is_signalled();
            if let Some((.., why)) = failed.iter().find(|(_, senders, _)| !senders).filter(|_| !last) {
                self.tell(Notice::Trouble { why, lost: false });
            }
            for (n, senders, why) in failed {
                let Some(message) = messages.get(n) else { continue };
                if senders || last {
                    let message_id = message.message_id().unwrap_or_default();
                    self.tell(Notice::NotDeleted { message_id, why: &why });
                } else {
                    again.push(message.clone());
                }
            }
            messages = again;
            if !messages.is_empty() {
                sleep(PAUSE * 2_u32.pow(attempt)).await;
                self.tell(Notice::Again);
            }
        }
        Ok(())
    }

    /// Makes messages visible again at once; without that they return after their visibility timeout all the same.
    async fn give_back(&self, messages: Vec<Message>) {
        if messages.is_empty() {
            return;
        }
        let entries = messages.iter().enumerate().filter_map(|(n, message)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(n.to_string()).visibility_timeout(0);
            entry.receipt_handle(message.receipt_handle()?).build().ok()
        });
        let request = self.client.change_message_visibility_batch().queue_url(&self.plan.queue_url);
        let request = request.set_entries(Some(entries.collect())).customize().interceptor(self.watch.clone());
        if let Err(error) = request.send().await {
            self.tell(Notice::Trouble { why: &CallError::from(error).to_string(), lost: false });
        }
    }
}

/// Whether the API fails on an event: drawn from the seed and the id, so the same one fails each time it comes.
fn fails(seed: u64, id: &str, rate: f64) -> bool {
    if rate <= 0.0 {
        return false;
    }
    let hash = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(id).finalize();
    let draw = hash.iter().take(6).fold(0_u64, |draw, byte| draw << 8 | u64::from(*byte));
    (draw as f64) < rate * (1_u64 << 48) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fail_rate_is_seeded_and_about_right() {
        let failed = |seed, rate| (0..20_000).filter(|n| fails(seed, &n.to_string(), rate)).count();
        assert_eq!(failed(1, 0.0), 0);
        assert_eq!(failed(1, 1.0), 20_000);
        assert!((150..250).contains(&failed(1, 0.01)), "{}", failed(1, 0.01));
        assert_eq!(failed(1, 0.5), failed(1, 0.5));
        assert_ne!(failed(1, 0.5), failed(2, 0.5));
    }

    #[test]
    fn a_budget_is_shared_and_never_exceeded() {
        let budget = Budget::new(6, 4);
        let parts: Vec<i64> = (0..5).map(|_| budget.reserve(10)).collect();
        assert_eq!(parts, [2, 1, 1, 1, 1]);
        assert_eq!(budget.reserve(10), 0);
        budget.settle(2, 0);
        assert_eq!(budget.reserve(10), 1);
        for _ in 0..6 {
            assert!(!budget.is_spent());
            budget.settle(1, 1);
        }
        assert!(budget.is_spent());
        assert_eq!(Budget::new(1_000, 4).reserve(10), 10);
    }

    #[test]
    fn a_batch_fits_into_the_visibility_timeout() {
        let visibility = Duration::from_secs(30);
        for (work_ms, size) in [(0, 10), (20, 10), (1_500, 10), (5_000, 3), (20_000, 1)] {
            assert_eq!(batch_size(Duration::from_millis(work_ms), visibility), size);
        }
    }
}
