//! A queue's attributes: which there are, what they may hold, what they are when nobody set them.

use super::{error, redrive};
use engine::config::{Attributes, QueueConfig};
use engine::queue::Queue;
use engine::{Engine, Millis};
use wire::AwsError;

/// What an attribute may hold.
enum Kind {
    /// A whole number within bounds, with its default.
    Number {
        min: u32,
        max: u32,
        default: &'static str,
    },
    /// `true` or `false`, in any case.
    Flag,
    /// One of these; the first is the default.
    OneOf(&'static [&'static str]),
    Policy,
    Redrive,
    RedriveAllow,
    Text,
}

/// "DescribeKey" (AWS KMS API Reference): characters of a key's id.
const MAX_TEXT: usize = 2_048;

/// The attributes that can be set; bounds and defaults of "SetQueueAttributes" (Amazon SQS API Reference).
const SETTABLE: &[(&str, Kind)] = &[
    ("VisibilityTimeout", Kind::Number { min: 0, max: 43_200, default: "30" }),
    ("MaximumMessageSize", Kind::Number { min: 1024, max: 1_048_576, default: "1048576" }),
    ("MessageRetentionPeriod", Kind::Number { min: 60, max: 1_209_600, default: "345600" }),
    ("DelaySeconds", Kind::Number { min: 0, max: 900, default: "0" }),
    ("ReceiveMessageWaitTimeSeconds", Kind::Number { min: 0, max: 20, default: "0" }),
    ("Policy", Kind::Policy),
    ("RedrivePolicy", Kind::Redrive),
    ("RedriveAllowPolicy", Kind::RedriveAllow),
    ("KmsMasterKeyId", Kind::Text),
    ("KmsDataKeyReusePeriodSeconds", Kind::Number { min: 60, max: 86_400, default: "300" }),
    ("SqsManagedSseEnabled", Kind::Flag),
    ("FifoQueue", Kind::Flag),
    ("ContentBasedDeduplication", Kind::Flag),
    ("DeduplicationScope", Kind::OneOf(&["queue", "messageGroup"])),
    ("FifoThroughputLimit", Kind::OneOf(&["perQueue", "perMessageGroupId"])),
];

/// The attributes that the service counts or knows itself.
const OWN: [&str; 6] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
];

const SSE: &str = "SqsManagedSseEnabled";
const KMS_KEY: &str = "KmsMasterKeyId";
const KMS_REUSE: &str = "KmsDataKeyReusePeriodSeconds";

fn kind(name: &str) -> Option<&'static Kind> {
    SETTABLE.iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
}

/// Checks an attribute's value and brings it into the form in which it is kept; an empty one is taken away.
fn normal(name: &str, value: &str, arn: &str, fifo: bool) -> Result<String, AwsError> {
    let bad = || error::attribute_value(name);
    Ok(match kind(name).ok_or_else(|| error::unknown_attribute(name))? {
        Kind::Number { min, max, .. } => {
            let number: u32 = value.trim().parse().map_err(|_| bad())?;
            if !(*min..=*max).contains(&number) {
                return Err(bad());
            }
            number.to_string()
        }
        Kind::Flag if value.eq_ignore_ascii_case("true") => "true".to_owned(),
        Kind::Flag if value.eq_ignore_ascii_case("false") => "false".to_owned(),
        Kind::Flag => return Err(bad()),
        Kind::OneOf(values) => match values.iter().find(|known| **known == value) {
            Some(known) => (*known).to_owned(),
            None => return Err(bad()),
        },
        Kind::Policy if value.is_empty() => String::new(),
        Kind::Policy => super::policy::check(value).map(|()| value.to_owned())?,
        Kind::Redrive if value.is_empty() => String::new(),
        Kind::Redrive => redrive::policy(value, arn, fifo)?,
        Kind::RedriveAllow if value.is_empty() => String::new(),
        Kind::RedriveAllow => redrive::allow_policy(value)?,
        Kind::Text if value.len() > MAX_TEXT => return Err(bad()),
        Kind::Text => value.to_owned(),
    })
}

/// Which attributes a standard queue doesn't have.
fn only_fifo(name: &str) -> Option<AwsError> {
    match name {
        "FifoQueue" | "ContentBasedDeduplication" => Some(error::unknown_attribute(name)),
        "DeduplicationScope" | "FifoThroughputLimit" => Some(error::named(
            "InvalidAttributeName",
            format!("You can specify the {name} only when FifoQueue is set to true."),
        )),
        _ => None,
    }
}

/// Checks attributes that a client gives for a queue, each by itself.
///
/// # Errors
/// `InvalidAttributeName`, `InvalidAttributeValue`, and `InvalidParameterValue` for a bad redrive policy.
pub(crate) fn validate<'a>(
    given: impl IntoIterator<Item = (&'a str, &'a str)>,
    arn: &str,
) -> Result<Vec<(String, String)>, AwsError> {
    let fifo = arn.ends_with(".fifo");
    given
        .into_iter()
        .map(|(name, value)| match only_fifo(name) {
            Some(error) if !fifo => Err(error),
            _ => Ok((name.to_owned(), normal(name, value, arn, fifo)?)),
        })
        .collect()
}

/// Puts validated attributes in force: those that exclude each other are settled, empty ones go.
///
/// # Errors
/// `InvalidAttributeValue` for attributes that contradict each other.
pub(crate) fn merge(attributes: &mut Attributes, given: Vec<(String, String)>) -> Result<(), AwsError> {
    let value = |name: &str| given.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let key = value(KMS_KEY).is_some_and(|key| !key.is_empty());
    let managed = value(SSE) == Some("true");
    if key && managed {
        let message = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE \
                       or SQS SSE.";
        return Err(error::named("InvalidAttributeValue", message));
    }
    for (name, value) in given {
        if value.is_empty() {
            attributes.remove(&name)
        } else {
            attributes.insert(name, value)
        };
    }
    if key {
        attributes.insert(SSE.to_owned(), "false".to_owned());
    }
    if managed {
        attributes.remove(KMS_KEY);
    }
    let by_group = attributes.get("DeduplicationScope").is_some_and(|scope| scope == "messageGroup");
    if !by_group && attributes.get("FifoThroughputLimit").is_some_and(|limit| limit == "perMessageGroupId") {
        return Err(error::attribute_reason(
            "FifoThroughputLimit",
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
        ));
    }
    Ok(())
}

/// Whether the dead-letter queue that the attributes name is there and takes messages of the queue `arn`.
///
/// # Errors
/// `InvalidParameterValue`, with AWS's words.
pub(crate) fn check_redrive(engine: &Engine, attributes: &[(String, String)], arn: &str) -> Result<(), AwsError> {
    match attributes.iter().find(|(name, value)| name == "RedrivePolicy" && !value.is_empty()) {
        Some((_, policy)) => redrive::check_target(engine, policy, arn),
        None => Ok(()),
    }
}

/// What an attribute that can be set is now; nothing for one that the queue doesn't have.
pub(crate) fn current(config: &QueueConfig, name: &str) -> Option<String> {
    let fifo = config.arn.ends_with(".fifo");
    if !fifo && only_fifo(name).is_some() {
        return None;
    }
    let set = config.attributes.get(name);
    match name {
        "FifoQueue" => return Some("true".to_owned()),
        KMS_REUSE if !config.attributes.contains_key(KMS_KEY) => return None,
        SSE => return Some(set.map_or("true", |value| value).to_owned()),
        _ => {}
    }
    if let Some(value) = set {
        return Some(value.clone());
    }
    match kind(name)? {
        Kind::Number { default, .. } => Some((*default).to_owned()),
        Kind::Flag => Some("false".to_owned()),
        Kind::OneOf(values) => values.first().map(|first| (*first).to_owned()),
        _ => None,
    }
}

/// Whether a given value is the one in force; policies are compared as JSON.
pub(crate) fn agrees(config: &QueueConfig, name: &str, value: &str) -> bool {
    match current(config, name) {
        Some(now) if now == value => true,
        Some(now) => match (json(&now), json(value)) {
            (Some(now), Some(value)) => now == value,
            _ => false,
        },
        None => value.is_empty() || (name == KMS_REUSE && value == "300"),
    }
}

fn json(text: &str) -> Option<serde_json::Value> {
    if text.starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// The attributes of a queue that a client asks for, at `now`.
///
/// # Errors
/// `InvalidAttributeName` for a name that no queue has.
pub(crate) fn read<'n>(
    queue: &mut Queue,
    names: impl IntoIterator<Item = &'n str>,
    now: Millis,
) -> Result<Vec<(&'static str, String)>, AwsError> {
    let all = || OWN.into_iter().chain(SETTABLE.iter().map(|(name, _)| *name));
    let mut wanted: Vec<&'static str> = Vec::new();
    for name in names {
        match all().find(|known| *known == name) {
            Some(known) => wanted.push(known),
            None if name == "All" => wanted.extend(all()),
            None => return Err(error::unknown_attribute(name)),
        }
    }
    let mut values: Vec<(&'static str, String)> = Vec::with_capacity(wanted.len());
    for name in wanted {
        if values.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let depth = |queue: &mut Queue| queue.depth(now);
        let value = match name {
            "QueueArn" => Some(queue.config.arn.clone()),
            "ApproximateNumberOfMessages" => Some(depth(queue).visible.to_string()),
            "ApproximateNumberOfMessagesNotVisible" => Some(depth(queue).in_flight.to_string()),
            "ApproximateNumberOfMessagesDelayed" => Some(depth(queue).delayed.to_string()),
            "CreatedTimestamp" => Some((queue.config.created / 1000).to_string()),
            "LastModifiedTimestamp" => Some((queue.config.modified / 1000).to_string()),
            _ => current(&queue.config, name),
        };
        values.extend(value.map(|value| (name, value)));
    }
    Ok(values)
}

/// Changes a queue's attributes and keeps the rest of its declaration.
pub(crate) fn changed(config: &QueueConfig, attributes: Attributes, now: Millis) -> QueueConfig {
    QueueConfig { attributes, modified: now, ..config.clone() }
}
