//! PublishBatch: up to ten messages to a topic, one transaction.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::attributes::AttributeInput;
use super::fan_out::{FanOut, fan_out};
use super::message::{Given, MAX_BYTES, Message, refused};
use crate::request::Context;
use crate::sns::error::{no_topic, null};
use crate::sns::{access, arn, quotas};
use engine::ids;
use wire::{AwsError, Pairs, Text};

/// API reference of PublishBatch.
const MAX_ENTRIES: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublishBatchInput<'a> {
    #[serde(borrow)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    publish_batch_request_entries: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<Text<'a>>,
    #[serde(borrow)]
    message_structure: Option<Text<'a>>,
    #[serde(borrow, default)]
    message_attributes: Pairs<'a, AttributeInput<'a>>,
    #[serde(borrow)]
    message_group_id: Option<Text<'a>>,
    #[serde(borrow)]
    message_deduplication_id: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublishBatchOutput {
    successful: Vec<Successful>,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Successful {
    id: String,
    message_id: String,
    sequence_number: Option<String>,
}

/// An entry that failed alone. Here as on AWS what is wrong with an entry fails the whole request, and a log that can't be
/// written fails it as well; so none ever does.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    code: String,
    message: String,
    sender_fault: bool,
}

pub(crate) async fn publish_batch(cx: &Context, input: PublishBatchInput<'_>) -> Result<PublishBatchOutput, AwsError> {
    let topic_arn = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    let entries = input.publish_batch_request_entries.ok_or_else(|| null("publishBatchRequestEntries"))?;
    check_batch(&entries)?;
    let mut messages = entries.iter().enumerate().map(|(i, entry)| entry.validate(i)).collect::<Result<Vec<_>, _>>()?;
    if messages.iter().map(|message| message.bytes).sum::<usize>() > MAX_BYTES {
        let message = "The length of all the batch messages put together is more than the limit.";
        return Err(AwsError::bad("BatchRequestTooLong", message));
    }
    let (successful, reports) = cx
        .cloud
        .core
        .execute(|tx| {
            let topic = tx.engine().topic_by_arn(topic_arn).ok_or_else(no_topic)?;
            access::check(cx, topic, "SNS:Publish")?;
            quotas::publish(cx, topic, entries.len())?;
            let (id, fifo) = (topic.config.id, topic.fifo);
            // All of them before the first is sent: a transaction has no way back.
            let notifications = messages.iter_mut().map(|message| message.for_topic(topic, cx.trace.as_deref()));
            let notifications = notifications.collect::<Result<Vec<_>, _>>()?;
            let mut successful = Vec::with_capacity(entries.len());
            let mut reports = Vec::new();
            for (entry, notification) in entries.iter().zip(notifications) {
                let published = fan_out(&cx.cloud, tx, id, topic_arn, notification).map_err(refused)?;
                successful.push(Successful {
                    id: entry.id.as_deref().unwrap_or_default().to_owned(),
                    message_id: tx.engine().notification_id(published.seq),
                    sequence_number: fifo.then(|| ids::notification_number(published.seq)),
                });
                reports.extend(Some(published).filter(FanOut::is_worth_a_report));
            }
            Ok((successful, reports))
        })
        .await?;
    reports.iter().for_each(|report| report.report(&cx.cloud, topic_arn));
    Ok(PublishBatchOutput { successful, failed: Vec::new() })
}

impl<'a> Entry<'a> {
    fn validate(&self, index: usize) -> Result<Message<'_>, AwsError> {
        let given = Given {
            message: &self.message,
            subject: self.subject.as_deref(),
            structure: self.message_structure.as_deref(),
            attributes: &self.message_attributes,
            group: self.message_group_id.as_deref(),
            deduplication: self.message_deduplication_id.as_deref(),
        };
        given.validate(|| format!("publishBatchRequestEntries.{}.member.", index + 1))
    }
}

/// Checks the batch as a batch.
fn check_batch(entries: &[Entry<'_>]) -> Result<(), AwsError> {
    if entries.is_empty() {
        return Err(AwsError::bad("EmptyBatchRequest", "The batch request doesn't contain any entries."));
    }
    if entries.len() > MAX_ENTRIES {
        let message = "The batch request contains more entries than permissible.";
        return Err(AwsError::bad("TooManyEntriesInBatchRequest", message));
    }
    let mut seen = HashSet::new();
    for (i, entry) in entries.iter().enumerate() {
        let member = || format!("publishBatchRequestEntries.{}.member.id", i + 1);
        let id = entry.id.as_deref().ok_or_else(|| null(&member()))?;
        let valid = (1..=80).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !valid {
            let message = "The Id of a batch entry in a batch request doesn't abide by the specification.";
            return Err(AwsError::bad("InvalidBatchEntryId", message));
        }
        if !seen.insert(id) {
            let message = "Two or more batch entries in the request have the same Id.";
            return Err(AwsError::bad("BatchEntryIdsNotDistinct", message));
        }
    }
    Ok(())
}
