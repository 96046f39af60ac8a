//! The requests to SQS, up to ten messages each.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName as Name,
};
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::time::timeout;

use crate::error::Error;
use crate::held::Held;
use crate::shared::Shared;

/// A request is about ten messages at most (API reference of SQS).
pub(crate) const MAX_MESSAGES: usize = 10;
/// The shortest pause before something is tried again.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
/// How long it may take to make a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take, beyond the time for which SQS holds it back.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a request may take with all of its attempts.
const CALL: Duration = Duration::from_secs(40);

/// What a request of many came to for one of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// SQS says that it was asked wrongly: the same won't succeed later.
    Refused(String),
    /// SQS couldn't.
    Failed(String),
}

impl Shared {
    /// Waits up to `poll` seconds for up to `want` messages.
    pub(crate) async fn call_receive(&self, want: usize, poll: i32) -> Result<Vec<Message>, Error> {
        let held_back = Duration::from_secs(poll.unsigned_abs().into());
        let limits = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .read_timeout(held_back + ANSWER)
            .operation_attempt_timeout(held_back + ANSWER)
            .build();
        // An answer that was lost on its way is given once more to the next attempt of the same receive.
        let attempt = self.queue.fifo.then(|| format!("{:032x}", fastrand::u128(..)));
        let attributes = self.settings.attributes || self.queue.dead_letters.is_some();
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.queue.url)
            .max_number_of_messages(want.min(MAX_MESSAGES) as i32)
            .wait_time_seconds(poll)
            .visibility_timeout(seconds(self.visibility()))
            .set_receive_request_attempt_id(attempt)
            .set_message_attribute_names(attributes.then(|| vec!["All".to_owned()]))
            .message_system_attribute_names(Name::ApproximateReceiveCount)
            .message_system_attribute_names(Name::SentTimestamp)
            .message_system_attribute_names(Name::MessageGroupId)
            .message_system_attribute_names(Name::AwsTraceHeader)
            .customize()
            .config_override(aws_sdk_sqs::Config::builder().timeout_config(limits))
            .send()
            .await;
        Ok(answer.map_err(|error| Error::Receive(error.into()))?.messages.unwrap_or_default())
    }

    /// Deletes messages, up to ten.
    pub(crate) async fn call_delete(&self, messages: &[Arc<Held>]) -> Result<Vec<Outcome>, Error> {
        let entries = messages.iter().enumerate().filter_map(|(n, held)| {
            DeleteMessageBatchRequestEntry::builder().id(n.to_string()).receipt_handle(&held.receipt).build().ok()
        });
        let request = self.client.delete_message_batch().queue_url(&self.queue.url);
        let sending = request.set_entries(Some(entries.collect())).send();
        match within(sending).await {
            Ok(answer) => Ok(outcomes(messages.len(), answer.failed())),
            Err(error) => Err(Error::Delete(error.into())),
        }
    }

    /// Hides messages for so many seconds from now on, up to ten messages.
    pub(crate) async fn call_change(&self, messages: &[(Arc<Held>, i32)]) -> Result<Vec<Outcome>, Error> {
        let entries = messages.iter().enumerate().filter_map(|(n, (held, seconds))| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(n.to_string());
            entry.visibility_timeout(*seconds).receipt_handle(&held.receipt).build().ok()
        });
        let request = self.client.change_message_visibility_batch().queue_url(&self.queue.url);
        let sending = request.set_entries(Some(entries.collect())).send();
        match within(sending).await {
            Ok(answer) => Ok(outcomes(messages.len(), answer.failed())),
            Err(error) => Err(Error::Change(error.into())),
        }
    }
}

/// What a call answers, or that it took too long.
pub(crate) async fn within<T, E>(call: impl Future<Output = Result<T, SdkError<E>>>) -> Result<T, SdkError<E>> {
    let late = |_| SdkError::timeout_error(format!("no answer within {} s", CALL.as_secs()));
    timeout(CALL, call).await.map_err(late).flatten()
}

/// What became of each of `n` messages, whose places in the batch were their ids.
fn outcomes(n: usize, failed: &[BatchResultErrorEntry]) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = (0..n).map(|_| Outcome::Done).collect();
    for entry in failed {
        let why = format!("{}: {}", entry.code(), entry.message().unwrap_or("no reason given"));
        if let Some(outcome) = entry.id().parse::<usize>().ok().and_then(|n| outcomes.get_mut(n)) {
            *outcome = if entry.sender_fault() { Outcome::Refused(why) } else { Outcome::Failed(why) };
        }
    }
    outcomes
}

/// Whole seconds, as SQS counts visibility; what is left of the last one is dropped.
pub(crate) fn seconds(time: Duration) -> i32 {
    time.as_secs().try_into().unwrap_or(i32::MAX)
}
