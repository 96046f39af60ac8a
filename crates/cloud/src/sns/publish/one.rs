//! Publish: one message, to a topic, to a mobile endpoint or to a phone.

use serde::{Deserialize, Serialize};

use super::attributes::AttributeInput;
use super::message::{Given, refusal};
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use crate::request::Context;
use crate::sns::error::{invalid, no_topic};
use crate::sns::{self, access, arn, explain, mobile, outbox};
use engine::explain::Outcomes;
use engine::topic::Refusal;
use engine::{Change, Notification, SendError, Seq, TopicId, ids};
use wire::{AwsError, Pairs, Text};

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublishInput<'a> {
    #[serde(borrow)]
    pub topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub target_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub phone_number: Option<Text<'a>>,
    #[serde(borrow)]
    pub message: Option<Text<'a>>,
    #[serde(borrow)]
    pub subject: Option<Text<'a>>,
    #[serde(borrow)]
    pub message_structure: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub message_attributes: Pairs<'a, AttributeInput<'a>>,
    #[serde(borrow)]
    pub message_group_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub message_deduplication_id: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublishOutput {
    message_id: String,
    sequence_number: Option<String>,
}

pub async fn publish(cx: &Context, input: PublishInput<'_>) -> Result<PublishOutput, AwsError> {
    let to = destination(cx, &input)?;
    let given = Given {
        message: &input.message,
        subject: input.subject.as_deref(),
        structure: input.message_structure.as_deref(),
        attributes: &input.message_attributes,
        group: input.message_group_id.as_deref(),
        deduplication: input.message_deduplication_id.as_deref(),
    };
    let mut message = given.validate(String::new)?;
    let topic_arn = match to {
        Destination::Topic(arn) => arn,
        Destination::Endpoint(arn) => return one(outbox::to_endpoint(cx, arn, message.notification(None)).await?),
        Destination::Phone(number) => return one(outbox::to_phone(cx, number, message.notification(None)).await?),
    };
    let (output, fate) = cx
        .cloud
        .core
        .execute(|tx| {
            let topic = tx.engine.topic_by_arn(topic_arn).ok_or_else(no_topic)?;
            access::check(cx, topic, "SNS:Publish")?;
            message.check(topic.fifo)?;
            let (id, fifo) = (topic.config.id, topic.fifo);
            let notification = message.notification(cx.trace.as_deref());
            let fate = fan_out(&cx.cloud, tx, id, topic_arn, notification).map_err(refusal)?;
            let sequence_number = fifo.then(|| ids::notification_number(fate.seq));
            Ok((PublishOutput { message_id: tx.engine.notification_id(fate.seq), sequence_number }, fate))
        })
        .await?;
    sns::tell(&cx.cloud, topic_arn, &fate);
    Ok(output)
}

/// What became of a message.
pub struct Fate {
    pub seq: Seq,
    /// Subscriptions that should have got it and could not.
    pub refusals: Vec<Refusal>,
    /// What each subscription did, when the operator asked for it.
    pub explanation: Option<Vec<String>>,
}

/// Decides a message's fan-out and makes it.
pub fn fan_out(
    cloud: &Cloud,
    tx: &mut Transaction<'_>,
    topic: TopicId,
    topic_arn: &str,
    notification: Notification<'_>,
) -> Result<Fate, SendError> {
    let mut outcomes = cloud.notices.explains().then(Outcomes::new);
    let published = tx.engine.decide_publish(topic, topic_arn, notification, tx.now, outcomes.as_mut())?;
    let explanation = outcomes.map(|outcomes| explain::words(tx.engine, topic_arn, &published, &outcomes));
    if let Some(sent) = published.change {
        tx.apply(&Change::Sent(sent));
    }
    Ok(Fate { seq: published.seq, refusals: published.refusals, explanation })
}

fn one(message_id: String) -> Result<PublishOutput, AwsError> {
    Ok(PublishOutput { message_id, sequence_number: None })
}

enum Destination<'i> {
    Topic(&'i str),
    Endpoint(&'i str),
    Phone(&'i str),
}

fn destination<'i>(cx: &Context, input: &'i PublishInput<'_>) -> Result<Destination<'i>, AwsError> {
    let (text, name) = match (&input.topic_arn, &input.target_arn, &input.phone_number) {
        (Some(topic), None, None) => (topic, "TopicArn"),
        (None, Some(target), None) => (target, "TargetArn"),
        (None, None, Some(number)) => {
            if !sns::subscription::is_phone_number(number) {
                let reason = format!("{number} is not valid to publish to");
                return Err(invalid(format_args!("PhoneNumber Reason: {reason}")));
            }
            return Ok(Destination::Phone(number));
        }
        (None, None, None) => {
            return Err(invalid("TopicArn or TargetArn Reason: no value for required parameter"));
        }
        _ => {
            return Err(invalid(
                "TopicArn or TargetArn Reason: only one of TopicArn, TargetArn and PhoneNumber is allowed",
            ));
        }
    };
    if name == "TargetArn" && mobile::is_endpoint(text) {
        let endpoint = arn::Arn::here(text, name, cx)?;
        if endpoint.account != &*cx.account {
            return Err(access::denied(cx, "SNS:Publish", text));
        }
        return Ok(Destination::Endpoint(text));
    }
    arn::topic(text, name, cx)?;
    Ok(Destination::Topic(text))
}
