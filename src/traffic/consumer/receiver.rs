//! A receiver: asks a queue for messages, handles them, and deletes what was handled.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, timeout};

use super::queue::{Left, count_left};
use super::{Listener, Notice, Plan};
use crate::aws::attempts::Watch;
use crate::aws::{CallError, ErrorKind};
use crate::clock;
use crate::event::envelope::Arrived;
use crate::stop::Stop;
use crate::traffic::PATIENCE;
use crate::traffic::api::Service;
use crate::traffic::message::{self, Content};

/// When it is to end, a receive under way gets so long to come back. One that is dropped may have taken messages
/// already, and they stay away for a visibility timeout.
const LAST_POLL: Duration = Duration::from_millis(1_500);
/// The counts of a queue are approximate: it is empty when that was seen so often in a row.
const EMPTY_LOOKS: u32 = 2;
/// How often messages are deleted at most, the first time included.
const ATTEMPTS: u32 = 4;
/// Why an event failed that --fail-rate chose.
const MADE_TO_FAIL: &str = "made to fail by --fail-rate";
/// The shortest pause before something is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// What the receivers of one queue share.
pub(super) struct Consumer {
    pub client: Client,
    pub watch: Watch,
    /// What a receive has of its own: the patience for its long poll.
    pub poll: aws_sdk_sqs::config::Builder,
    pub plan: Plan,
    pub batch: i64,
    pub service: Mutex<Service>,
    pub empty_looks: AtomicU32,
    pub last_look: Mutex<Option<Instant>>,
    pub stop: Stop,
    pub listener: Listener,
}

impl Consumer {
    /// Says what happens.
    fn notify(&self, notice: Notice<'_>) {
        (self.listener)(self.plan.api, notice);
    }

    /// A receiver: takes and handles messages until the end. Several run side by side.
    pub(super) async fn run(self: Arc<Self>) -> Result<(), CallError> {
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
                budget.give_back_rest(want, answer.as_ref().map_or(0, |messages| messages.len() as i64));
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
                    self.handle_batch(messages).await?;
                }
                Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => return Err(error),
                Err(error) => {
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > PATIENCE {
                        return Err(error);
                    }
                    if !error.kind.may_pass() {
                        // The attempts didn't tell of it.
                        self.notify(Notice::Trouble { why: &error.to_string(), lost: false });
                    }
                    tokio::select! { () = sleep(PAUSE * 3) => {}, () = self.stop.requested() => {} }
                    self.notify(Notice::Again);
                }
            }
        }
        Ok(())
    }

    /// Waits for up to `want` messages.
    async fn receive(&self, want: i64) -> Result<Vec<Message>, CallError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.plan.queue_url)
            .max_number_of_messages(want as i32)
            .wait_time_seconds(self.plan.poll)
            .set_visibility_timeout(self.plan.visibility.and_then(|timeout| timeout.as_secs().try_into().ok()))
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
        let left = match count_left(&self.client, &self.plan.queue_url, &self.watch).await {
            Ok(left) => left,
            Err(error) => {
                if !error.kind.may_pass() {
                    self.notify(Notice::Trouble { why: &error.to_string(), lost: false });
                }
                return false;
            }
        };
        let Left { visible, in_flight, delayed } = left;
        self.notify(Notice::Left { visible, in_flight, delayed });
        if visible + in_flight + delayed > 0 {
            self.empty_looks.store(0, Ordering::Relaxed);
            return false;
        }
        self.empty_looks.fetch_add(1, Ordering::Relaxed) + 1 >= EMPTY_LOOKS
    }

    /// Handles a batch and deletes what was handled. A stop in between gives the rest back at once.
    async fn handle_batch(&self, messages: Vec<Message>) -> Result<(), CallError> {
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
            if self.handle_message(&message) {
                handled.push(message);
            }
        }
        self.delete(handled).await?;
        self.give_back(given_back).await;
        Ok(())
    }

    /// Whether the message was handled, and may go.
    fn handle_message(&self, message: &Message) -> bool {
        let message_id = message.message_id().unwrap_or_default();
        let receives = message
            .attributes()
            .and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount))
            .and_then(|count| count.parse().ok())
            .unwrap_or(1);
        let event = match message::read(message.body().unwrap_or_default()) {
            Ok(Content::Event(event)) => event,
            Ok(Content::Own(text)) => return self.handle_own(message_id, &text, receives),
            Err(why) => {
                self.notify(Notice::Unreadable { message_id, why: &why.to_string(), receives });
                return false;
            }
        };
        if is_made_to_fail(self.plan.seed, &event.id, self.plan.fail_rate) {
            self.notify(Notice::Failed { event: &event, why: MADE_TO_FAIL, receives });
            return false;
        }
        let outcome = self.service.lock().handle(&event);
        match outcome {
            Ok(summary) => {
                let age = event.time.map(clock::since);
                self.notify(Notice::Handled { event: &event, summary: &summary, receives, age });
                true
            }
            Err(why) => {
                self.notify(Notice::Failed { event: &event, why: &why.to_string(), receives });
                false
            }
        }
    }

    /// Whether an event of somebody's own was handled: an API that knows nothing of it does nothing.
    fn handle_own(&self, message_id: &str, text: &str, receives: u32) -> bool {
        if !is_made_to_fail(self.plan.seed, message_id, self.plan.fail_rate) {
            self.notify(Notice::Own { message_id, text, receives });
            return true;
        }
        let (id, event_type) = (message_id.to_owned(), "own event".to_owned());
        let event = Arrived { id, event_type, time: None, run: None, data: Default::default() };
        self.notify(Notice::Failed { event: &event, why: MADE_TO_FAIL, receives });
        false
    }

    /// Deletes what was handled; tries again where the service couldn't.
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
                    if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) {
                        return Err(error);
                    }
                    (0..messages.len()).map(|n| (n, false, error.to_string())).collect()
                }
            };
            let mut again = Vec::new();
            let last = attempt == ATTEMPTS || self.stop.is_signalled();
            if let Some((.., why)) = failed.iter().find(|(_, senders, _)| !senders).filter(|_| !last) {
                self.notify(Notice::Trouble { why, lost: false });
            }
            for (n, senders, why) in failed {
                let Some(message) = messages.get(n) else { continue };
                if senders || last {
                    let message_id = message.message_id().unwrap_or_default();
                    self.notify(Notice::NotDeleted { message_id, why: &why });
                } else {
                    again.push(message.clone());
                }
            }
            messages = again;
            if !messages.is_empty() {
                sleep(PAUSE * 2_u32.pow(attempt)).await;
                self.notify(Notice::Again);
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
            self.notify(Notice::Trouble { why: &CallError::from(error).to_string(), lost: false });
        }
    }
}

/// Whether the API fails on an event: drawn from the seed and the id, so the same one fails each time it comes.
fn is_made_to_fail(seed: u64, id: &str, rate: f64) -> bool {
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
        let failed = |seed, rate| (0..20_000).filter(|n| is_made_to_fail(seed, &n.to_string(), rate)).count();
        assert_eq!(failed(1, 0.0), 0);
        assert_eq!(failed(1, 1.0), 20_000);
        assert!((150..250).contains(&failed(1, 0.01)), "{}", failed(1, 0.01));
        assert_eq!(failed(1, 0.5), failed(1, 0.5));
        assert_ne!(failed(1, 0.5), failed(2, 0.5));
    }
}
