//! SendMessageBatch: up to ten messages, all in one transaction.

use serde::{Deserialize, Serialize};

use super::batch::{self, BatchOutput, Failed};
use super::message_attributes::AttributeValue;
use super::sending::{CheckedMessage, Given};
use super::{error, queue_url};
use crate::request::Context;
use engine::limits;
use wire::{AwsError, Pairs, Text, digest};

const ENTRY: &str = "SendMessageBatchRequestEntry";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessageBatchInput<'a> {
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
    pub message_body: Option<Text<'a>>,
    #[serde(default)]
    pub delay_seconds: Option<i64>,
    #[serde(borrow, default)]
    pub message_attributes: Option<Pairs<'a, AttributeValue<'a>>>,
    #[serde(borrow, default)]
    pub message_system_attributes: Option<Pairs<'a, AttributeValue<'a>>>,
    #[serde(borrow, default)]
    pub message_deduplication_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub message_group_id: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sent {
    pub id: String,
    pub message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    pub md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence_number: Option<String>,
}

pub(super) async fn send_message_batch(
    cx: &Context,
    input: SendMessageBatchInput<'_>,
) -> Result<BatchOutput<Sent>, AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let ids = batch::check(cx, input.entries.as_ref(), ENTRY, |entry| entry.id.as_ref())?;
    let mut checked: Vec<(&str, Result<CheckedMessage<'_>, AwsError>)> = Vec::with_capacity(ids.len());
    for (index, (id, entry)) in ids.into_iter().zip(input.entries.iter().flatten()).enumerate() {
        let given = Given {
            body: &entry.message_body,
            delay: entry.delay_seconds,
            attributes: &entry.message_attributes,
            system: &entry.message_system_attributes,
            group: &entry.message_group_id,
            deduplication: &entry.message_deduplication_id,
        };
        checked.push((id, CheckedMessage::check(cx, &given, &format!("{ENTRY}.{}.MessageBody", index + 1))));
    }
    let size = checked.iter().filter_map(|(_, message)| message.as_ref().ok()).map(|message| message.size).sum();
    if size > limits::MAX_MESSAGE_BYTES {
        return Err(error::batch_too_long(limits::MAX_MESSAGE_BYTES, size));
    }
    let bodies = input.entries.iter().flatten().map(|entry| entry.message_body.as_deref().unwrap_or_default());
    let md5s = digest::md5_of_each(&bodies.collect::<Vec<_>>());
    let mut output = BatchOutput { successful: Vec::with_capacity(checked.len()), failed: Vec::new() };
    cx.cloud
        .core
        .execute(|tx| {
            let queue_id = queue_url::open(cx, tx.engine(), &arn, "sqs:SendMessage")?;
            let queue = queue_url::queue(cx, tx.engine(), queue_id)?;
            // An id that is missing in one entry fails the whole batch, so nothing is sent before.
            for message in checked.iter().filter_map(|(_, message)| message.as_ref().ok()) {
                message.check_ids(queue)?;
            }
            for (_, message) in &mut checked {
                if let Ok(sendable) = message
                    && let Err(error) = sendable.check_fit(queue, "cannot be validated")
                {
                    *message = Err(error);
                }
            }
            for ((id, message), md5_of_body) in checked.into_iter().zip(md5s) {
                let sent = message.and_then(|mut message| Ok((message.send(tx, queue_id)?, message)));
                match sent {
                    Ok((accepted, message)) => output.successful.push(Sent {
                        id: id.to_owned(),
                        message_id: accepted.message_id,
                        md5_of_body,
                        md5_of_attributes: message.md5_of_attributes,
                        md5_of_system: message.md5_of_system,
                        sequence_number: accepted.sequence_number,
                    }),
                    Err(error) => output.failed.push(Failed::of(id, error)),
                }
            }
            Ok(())
        })
        .await?;
    Ok(output)
}
