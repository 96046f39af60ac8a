//! DeleteMessage and DeleteMessageBatch.

use serde::Deserialize;

use super::batch::{self, BatchOutput, Done, Failed};
use super::{again, error, queue_url, receipt};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::queue::State;
use engine::{Position, QueueId};
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessageInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub receipt_handle: Option<Text<'a>>,
}

pub(super) async fn delete_message(cx: &Context, input: DeleteMessageInput<'_>) -> Result<(), AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let handle = receipt::given(&input.receipt_handle)?;
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let queue = queue_url::open(cx, tx.engine(), &arn, "sqs:DeleteMessage")?;
            if let Some(position) = find_message(cx, tx, queue, handle)? {
                again::delete(&cx.cloud, tx, queue, vec![position]);
            }
            Ok(())
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessageBatchInput<'a> {
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
}

pub(super) async fn delete_message_batch(
    cx: &Context,
    input: DeleteMessageBatchInput<'_>,
) -> Result<BatchOutput<Done>, AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let ids = batch::check(cx, input.entries.as_ref(), "DeleteMessageBatchRequestEntry", |entry| entry.id.as_ref())?;
    let mut output = BatchOutput { successful: Vec::with_capacity(ids.len()), failed: Vec::new() };
    cx.cloud
        .core
        .execute_freeing(|tx| {
            let queue = queue_url::open(cx, tx.engine(), &arn, "sqs:DeleteMessage")?;
            let mut positions = Vec::with_capacity(ids.len());
            for (id, entry) in ids.into_iter().zip(input.entries.iter().flatten()) {
                match receipt::given(&entry.receipt_handle).and_then(|handle| find_message(cx, tx, queue, handle)) {
                    Ok(position) => {
                        positions.extend(position);
                        output.successful.push(Done { id: id.to_owned() });
                    }
                    Err(error) => output.failed.push(Failed::of(id, error)),
                }
            }
            if !positions.is_empty() {
                again::delete(&cx.cloud, tx, queue, positions);
            }
            Ok(())
        })
        .await?;
    Ok(output)
}

/// The message that a handle stands for; none when it is gone already, which is as good as deleted.
///
/// In a standard queue any handle of the message will do. In a FIFO queue it must be the last one, and its visibility
/// timeout must not have ended.
fn find_message(
    cx: &Context,
    tx: &mut Transaction<'_>,
    queue: QueueId,
    handle: &str,
) -> Result<Option<Position>, AwsError> {
    let receipt = receipt::parse(handle, queue, tx.engine().salt())?;
    let now = tx.now;
    let queue = queue_url::queue(cx, tx.engine(), queue)?;
    let Some(entry) = queue.get(receipt.position) else { return Ok(None) };
    let held = entry.state == State::InFlight && entry.visible_at > now && entry.count == receipt.count;
    if queue.settings.fifo && !held {
        return Err(error::invalid_value(handle, "ReceiptHandle", "The receipt handle has expired."));
    }
    Ok(Some(receipt.position))
}
