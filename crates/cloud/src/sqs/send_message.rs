//! SendMessage.

use serde::{Deserialize, Serialize};

use super::message_attributes::AttributeValue;
use super::queue_url;
use super::sending::{CheckedMessage, Given};
use crate::request::Context;
use wire::{AwsError, Pairs, Text, digest};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessageInput<'a> {
    #[serde(borrow)]
    pub queue_url: Option<Text<'a>>,
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
pub(super) struct SendMessageOutput {
    #[serde(rename = "MD5OfMessageBody")]
    pub md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_system: Option<String>,
    pub message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence_number: Option<String>,
}

pub(super) async fn send_message(cx: &Context, input: SendMessageInput<'_>) -> Result<SendMessageOutput, AwsError> {
    let arn = queue_url::to_arn(cx, &input.queue_url)?;
    let given = Given {
        body: &input.message_body,
        delay: input.delay_seconds,
        attributes: &input.message_attributes,
        system: &input.message_system_attributes,
        group: &input.message_group_id,
        deduplication: &input.message_deduplication_id,
    };
    let mut message = CheckedMessage::check(cx, &given, "MessageBody")?;
    let accepted = cx
        .cloud
        .core
        .execute(|tx| {
            let id = queue_url::open(cx, tx.engine(), &arn, "sqs:SendMessage")?;
            let queue = queue_url::queue(cx, tx.engine(), id)?;
            message.check_ids(queue)?;
            message.check_fit(queue, "are invalid")?;
            message.send(tx, id)
        })
        .await?;
    Ok(SendMessageOutput {
        md5_of_body: digest::md5(input.message_body.as_deref().unwrap_or_default()),
        md5_of_attributes: message.md5_of_attributes,
        md5_of_system: message.md5_of_system,
        message_id: accepted.message_id,
        sequence_number: accepted.sequence_number,
    })
}
