//! A message that a consumer receives: which of its attributes are wanted, and how it looks.

use bytes::Bytes;
use serde::Serialize;

use super::error;
use super::message_attributes::{self, AttributeValue};
use super::receipt::{self, Receipt};
use crate::core::Cloud;
use crate::core::receive::{self, Handed};
use crate::notification;
use crate::request::Context;
use engine::change::{Attribute, Sent, Value};
use engine::queue::Picked;
use engine::{QueueId, ids};
use wire::{AwsError, Blob, Pairs, Text, digest};

/// A message as a consumer gets it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    pub message_id: String,
    pub receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    pub md5_of_body: String,
    pub body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Pairs<'static, String>>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    pub md5_of_attributes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_attributes: Option<Pairs<'static, AttributeValue<'static>>>,
}

/// The system attributes in the order of the API Reference.
const SYSTEM: [&str; 9] = [
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

/// Which attributes a consumer asked for.
pub(super) struct Wanted<'n> {
    system: [bool; SYSTEM.len()],
    user: &'n [Text<'n>],
}

impl<'n> Wanted<'n> {
    /// # Errors
    /// `InvalidAttributeName` for a system attribute that there isn't.
    pub(super) fn of(system_names: &[Text<'_>], user: &'n [Text<'n>]) -> Result<Self, AwsError> {
        let mut system = [false; SYSTEM.len()];
        for name in system_names {
            match SYSTEM.iter().position(|known| *name == *known) {
                Some(index) => system[index] = true,
                None if *name == "All" => system = [true; SYSTEM.len()],
                None => return Err(error::unknown_attribute(name)),
            }
        }
        Ok(Self { system, user })
    }

    fn wants(&self, name: &str) -> bool {
        self.user.iter().any(|wanted| match wanted.as_str() {
            "All" | "*" | ".*" => true,
            wanted => wanted == name || wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix)),
        })
    }
}

/// The text of one of a message's deliveries, and the attributes that stand beside it.
pub(crate) fn text_of<'s, 'r>(
    cloud: &Cloud,
    sent: &'s Sent<'r>,
    index: u16,
) -> Result<(String, &'s [Attribute<'r>]), AwsError> {
    let delivery = sent
        .deliveries
        .get(usize::from(index))
        .ok_or_else(|| AwsError::internal("the log holds no such delivery of a message"))?;
    if delivery.raw {
        let text = sent.bodies.get(usize::from(delivery.body)).copied().unwrap_or_default();
        return Ok((text.to_owned(), &sent.attributes));
    }
    // SNS's document holds the attributes itself.
    Ok((cloud.render_notification(sent, index)?, &[]))
}

/// Messages for a consumer, each with a new receipt handle.
pub(super) fn render(
    cx: &Context,
    queue: QueueId,
    salt: u128,
    fifo: bool,
    handed: &[Handed],
    wanted: &Wanted<'_>,
) -> Result<Vec<Message>, AwsError> {
    let receipt = |handed: &Handed| {
        let Picked { position, count, .. } = handed.picked;
        receipt::handle(Receipt { queue, position, count, at: handed.at }, salt)
    };
    let messages = handed.iter().map(|handed| render_one(cx, receipt(handed), (fifo, salt), handed, wanted));
    let mut messages = messages.collect::<Result<Vec<_>, _>>()?;
    let bodies: Vec<&str> = messages.iter().map(|message| &*message.body).collect();
    let md5s = digest::md5_of_each(&bodies);
    for (message, md5) in messages.iter_mut().zip(md5s) {
        message.md5_of_body = md5;
    }
    Ok(messages)
}

/// One of them, as yet without its body's MD5.
fn render_one(
    cx: &Context,
    receipt_handle: String,
    (fifo, salt): (bool, u128),
    handed: &Handed,
    wanted: &Wanted<'_>,
) -> Result<Message, AwsError> {
    let picked = &handed.picked;
    let sent = receive::sent(&handed.record)?;
    let (text, attributes) = text_of(&cx.cloud, &sent, picked.index)?;
    let shown: Vec<&Attribute<'_>> = attributes.iter().filter(|attribute| wanted.wants(attribute.name)).collect();
    let system = system_attributes(handed, &sent, salt, fifo, wanted);
    Ok(Message {
        message_id: handed.message_id.clone(),
        receipt_handle,
        md5_of_body: String::new(),
        body: text,
        attributes: (!system.is_empty()).then_some(system),
        md5_of_attributes: message_attributes::md5(shown.iter().copied()),
        message_attributes: (!shown.is_empty()).then(|| shown.into_iter().map(shown_attribute).collect()),
    })
}

fn system_attributes(
    handed: &Handed,
    sent: &Sent<'_>,
    salt: u128,
    fifo: bool,
    wanted: &Wanted<'_>,
) -> Pairs<'static, String> {
    let picked = &handed.picked;
    let value = |name: &str| match name {
        "SenderId" if sent.topic.is_some() => Some(notification::SENDER.to_owned()),
        "SenderId" => Some(sent.sender.to_owned()),
        "SentTimestamp" => Some(picked.sent_at.to_string()),
        "ApproximateReceiveCount" => Some(picked.count.to_string()),
        "ApproximateFirstReceiveTimestamp" => Some(picked.first_received.to_string()),
        "SequenceNumber" => fifo.then(|| ids::sequence_number(salt, picked.seq)),
        // "Learn how to configure a dead-letter queue redrive": the id of a message there is the message's own.
        "MessageDeduplicationId" if fifo && handed.source.is_some() => Some(handed.message_id.clone()),
        "MessageDeduplicationId" => sent.deduplication.as_deref().filter(|_| fifo).map(str::to_owned),
        "MessageGroupId" => sent.group_in(fifo).map(str::to_owned),
        "AWSTraceHeader" => sent.trace.map(str::to_owned),
        "DeadLetterQueueSourceArn" => handed.source.clone(),
        _ => None,
    };
    let asked = SYSTEM.iter().zip(wanted.system).filter(|(_, wanted)| *wanted);
    asked.filter_map(|(name, _)| Some((Text::from(*name), value(name)?))).collect()
}

fn shown_attribute(attribute: &Attribute<'_>) -> (Text<'static>, AttributeValue<'static>) {
    let owned = |text: &str| Text::from(text.to_owned());
    let mut shown = AttributeValue { data_type: Some(owned(attribute.kind)), ..AttributeValue::default() };
    match attribute.value {
        Value::Text(text) => shown.string_value = Some(owned(text)),
        Value::Binary(bytes) => shown.binary_value = Some(Blob(Bytes::copy_from_slice(bytes))),
    }
    (owned(attribute.name), shown)
}
