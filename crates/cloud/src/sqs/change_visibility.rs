//! ChangeMessageVisibility and ChangeMessageVisibilityBatch.

use serde::Deserialize;

use super::batch::{self, BatchOutput, Done, Failed};
use super::receive_message::MAX_VISIBILITY;
use super::{error, queue_url, receipt};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::queue::State;
use engine::{Change, Millis, Position, QueueId};
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibilityInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub receipt_handle: Option<Text<'a>>,
    #[serde(default)]
    pub visibility_timeout: Option<i64>,
}

pub(super) async fn change_message_visibility(
    cx: &Context,
    input: ChangeMessageVisibilityInput<'_>,
) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let handle = receipt::given(&input.receipt_handle)?;
    let timeout = timeout(input.visibility_timeout)?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let queue = queue_url::open(cx, tx.engine(), &arn, "sqs:ChangeMessageVisibility")?;
            if let Some(entry) = new_deadline(cx, tx, queue, handle, timeout)? {
                tx.apply(&Change::Visible { queue, entries: vec![entry] });
            }
            Ok(())
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibilityBatchInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub entries: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub receipt_handle: Option<Text<'a>>,
    #[serde(default)]
    pub visibility_timeout: Option<i64>,
}

pub(super) async fn change_message_visibility_batch(
    cx: &Context,
    input: ChangeMessageVisibilityBatchInput<'_>,
) -> Result<BatchOutput<Done>, AwsError> {
    const ENTRY: &str = "ChangeMessageVisibilityBatchRequestEntry";
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let ids = batch::check(cx, input.entries.as_ref(), ENTRY, |entry| entry.id.as_ref())?;
    let mut output = BatchOutput { successful: Vec::with_capacity(ids.len()), failed: Vec::new() };
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let queue = queue_url::open(cx, tx.engine(), &arn, "sqs:ChangeMessageVisibility")?;
            let mut entries = Vec::with_capacity(ids.len());
            for (id, entry) in ids.into_iter().zip(input.entries.iter().flatten()) {
                let decided = receipt::given(&entry.receipt_handle)
                    .and_then(|handle| new_deadline(cx, tx, queue, handle, timeout(entry.visibility_timeout)?));
                match decided {
                    Ok(entry) => {
                        entries.extend(entry);
                        output.successful.push(Done { id: id.to_owned() });
                    }
                    Err(error) => output.failed.push(Failed::of(id, error)),
                }
            }
            if !entries.is_empty() {
                tx.apply(&Change::Visible { queue, entries });
            }
            Ok(())
        })
        .await?;
    Ok(output)
}

/// A visibility timeout in milliseconds.
fn timeout(given: Option<i64>) -> Result<Millis, AwsError> {
    let seconds = given.ok_or_else(|| error::missing("VisibilityTimeout"))?;
    if (0..=MAX_VISIBILITY).contains(&seconds) {
        return Ok(seconds as u64 * 1000);
    }
    let reason = format!("VisibilityTimeout must be an integer between 0 and {MAX_VISIBILITY}.");
    Err(error::invalid_value(seconds, "VisibilityTimeout", &reason))
}

/// The new deadline of the message that a handle stands for; none if it is visible again: in a standard queue nothing happens then, as
/// was recorded on AWS (localstack/localstack 9632, "fix change_message_visibility behaviour for expired handles").
fn new_deadline(
    cx: &Context,
    tx: &mut Transaction<'_>,
    queue: QueueId,
    handle: &str,
    timeout: Millis,
) -> Result<Option<(Position, Millis)>, AwsError> {
    let receipt = receipt::parse(handle, queue, tx.engine().salt())?;
    let now = tx.now;
    let queue = queue_url::queue(cx, tx.engine(), queue)?;
    let Some(entry) = queue.get(receipt.position) else {
        let reason = "Message does not exist or is not available for visibility timeout change.";
        return Err(error::invalid_value(handle, "ReceiptHandle", reason));
    };
    let in_flight = entry.state == State::InFlight && entry.visible_at > now;
    if queue.settings.fifo && !(in_flight && entry.count == receipt.count) {
        return Err(error::invalid_value(handle, "ReceiptHandle", "The receipt handle has expired."));
    }
    // "Amazon SQS visibility timeout": 12 hours from the receive, however often it is extended.
    if now.saturating_sub(receipt.at) + timeout > MAX_VISIBILITY as u64 * 1000 {
        let reason = format!("Total VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY} seconds]");
        return Err(error::invalid_value(timeout / 1000, "VisibilityTimeout", &reason));
    }
    Ok(in_flight.then_some((receipt.position, now + timeout)))
}
