//! A queue's attributes as the engine uses them: parsed once, when they are set.

use serde_json::Value;

use crate::config::{Attributes, QueueConfig};
use crate::policy::{Kind, Policy};
use crate::{Millis, limits};

/// The parsed attributes of a queue. The service has validated them; what is absent has AWS's default.
#[derive(Debug)]
pub struct Settings {
    /// Whether the name ends in `.fifo`.
    pub fifo: bool,
    /// How long a received message stays invisible.
    pub visibility_timeout: Millis,
    /// How long a new message stays invisible.
    pub delay: Millis,
    /// How long a message is kept.
    pub retention: Millis,
    /// The longest message, in bytes.
    pub max_message_bytes: usize,
    /// How long a receive waits for a message.
    pub receive_wait: Millis,
    /// What becomes of messages that are received too often.
    pub redrive: Option<Redrive>,
    /// The SHA-256 of a body stands for a missing deduplication id.
    pub content_based_deduplication: bool,
    /// `DeduplicationScope` is `messageGroup`.
    pub deduplicates_by_group: bool,
    /// `None` when the queue has no policy at all.
    pub policy: Option<Policy>,
    /// The policy holds a Deny.
    pub denies: bool,
    /// It belongs to a stack, by the tags that CloudFormation puts on a queue.
    pub declared: bool,
}

/// A redrive policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue's ARN.
    pub target: String,
    /// After so many receives a message goes there.
    pub max_receive_count: u32,
}

impl Settings {
    /// Reads a queue's declaration.
    pub fn of(config: &QueueConfig) -> Self {
        let attributes = &config.attributes;
        let seconds = |name, default: Millis| number(attributes, name).map_or(default, |seconds| seconds * 1000);
        let policy = attributes.get("Policy").filter(|text| !text.is_empty());
        let policy = policy.and_then(|text| Policy::parse(text, Kind::Resource).ok());
        Self {
            fifo: config.arn.ends_with(".fifo"),
            visibility_timeout: seconds("VisibilityTimeout", limits::VISIBILITY_TIMEOUT),
            delay: seconds("DelaySeconds", 0),
            retention: seconds("MessageRetentionPeriod", limits::RETENTION),
            max_message_bytes: number(attributes, "MaximumMessageSize")
                .map_or(limits::MAX_MESSAGE_BYTES, |bytes| bytes as usize),
            receive_wait: seconds("ReceiveMessageWaitTimeSeconds", 0),
            redrive: attributes.get("RedrivePolicy").and_then(|text| redrive(text)),
            content_based_deduplication: flag(attributes, "ContentBasedDeduplication"),
            deduplicates_by_group: attributes.get("DeduplicationScope").is_some_and(|scope| scope == "messageGroup"),
            denies: policy.as_ref().is_some_and(Policy::denies),
            policy,
            declared: config.tags.contains_key("aws:cloudformation:stack-id"),
        }
    }
}

/// Reads a redrive policy; the count may be a number or a string, as AWS takes both.
pub fn redrive(text: &str) -> Option<Redrive> {
    let policy: Value = serde_json::from_str(text).ok()?;
    let count = match policy.get("maxReceiveCount")? {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    Some(Redrive { target: policy.get("deadLetterTargetArn")?.as_str()?.to_owned(), max_receive_count: count })
}

fn number(attributes: &Attributes, name: &str) -> Option<u64> {
    attributes.get(name)?.parse().ok()
}

fn flag(attributes: &Attributes, name: &str) -> bool {
    attributes.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
