//! Publish: one message, to a topic, to a mobile endpoint or to a phone.

use serde::{Deserialize, Serialize};

use super::attributes::AttributeInput;
use super::fan_out::fan_out;
use super::message::{Given, refused};
use crate::request::Context;
use crate::sns::error::{invalid, no_topic};
use crate::sns::mobile::keys::is_endpoint;
use crate::sns::sms::is_phone_number;
use crate::sns::{access, arn, outbox, quotas};
use engine::ids;
use wire::{AwsError, Pairs, Text};

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PublishInput<'a> {
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
pub(crate) struct PublishOutput {
    message_id: String,
    sequence_number: Option<String>,
}

pub(crate) async fn publish(cx: &Context, input: PublishInput<'_>) -> Result<PublishOutput, AwsError> {
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
        Destination::Endpoint(arn) => {
            let message_id = outbox::record_for_endpoint(cx, arn, message.for_outbox(None)).await?;
            return Ok(PublishOutput { message_id, sequence_number: None });
        }
        Destination::Phone(number) => {
            let message_id = outbox::record_for_phone(cx, number, message.for_outbox(None)).await?;
            return Ok(PublishOutput { message_id, sequence_number: None });
        }
    };
    let (output, published) = cx
        .cloud
        .core
        .execute(|tx| {
            let topic = tx.engine().topic_by_arn(topic_arn).ok_or_else(no_topic)?;
            access::check(cx, topic, "SNS:Publish")?;
            quotas::publish(cx, topic, 1)?;
            let (id, fifo) = (topic.config.id, topic.fifo);
            let notification = message.for_topic(topic, cx.trace.as_deref())?;
            let published = fan_out(&cx.cloud, tx, id, topic_arn, notification).map_err(refused)?;
            let sequence_number = fifo.then(|| ids::notification_number(published.seq));
            Ok((PublishOutput { message_id: tx.engine().notification_id(published.seq), sequence_number }, published))
        })
        .await?;
    published.report(&cx.cloud, topic_arn);
    Ok(output)
}

/// Where a message is to go.
enum Destination<'i> {
    Topic(&'i str),
    Endpoint(&'i str),
    Phone(&'i str),
}

/// Where a request's message is to go: it names one place.
fn destination<'i>(cx: &Context, input: &'i PublishInput<'_>) -> Result<Destination<'i>, AwsError> {
    let (text, name) = match (&input.topic_arn, &input.target_arn, &input.phone_number) {
        (Some(topic), None, None) => (topic, "TopicArn"),
        (None, Some(target), None) => (target, "TargetArn"),
        (None, None, Some(number)) => {
            if !is_phone_number(number) {
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
    if name == "TargetArn" && is_endpoint(text) {
        let endpoint = arn::parse_own(text, name, cx)?;
        if endpoint.account != &*cx.account {
            return Err(access::denied(cx, "SNS:Publish", text));
        }
        return Ok(Destination::Endpoint(text));
    }
    arn::check_topic(text, name, cx)?;
    Ok(Destination::Topic(text))
}
