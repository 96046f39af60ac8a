//! What Publish and each entry of PublishBatch have in common: a message, validated.

use std::borrow::Cow;

use super::attributes::{self, AttributeInput};
use super::structure::{self, Bodies};
use crate::notification::SENDER;
use crate::sns::error::{invalid, no_topic, null};
use engine::change::Attribute;
use engine::topic::Topic;
use engine::{Notification, SendError};
use wire::{AwsError, Pairs, Text};

/// Messages of a request together, in bytes ("Amazon SNS endpoints and quotas": 256 KiB).
pub(super) const MAX_BYTES: usize = 262_144;

/// A message as a client gives it.
pub(super) struct Given<'i, 'a> {
    pub message: &'i Option<Text<'a>>,
    pub subject: Option<&'i str>,
    pub structure: Option<&'i str>,
    pub attributes: &'i Pairs<'a, AttributeInput<'a>>,
    pub group: Option<&'i str>,
    pub deduplication: Option<&'i str>,
}

/// A message whose own parts are in order; whether its topic takes it is still open.
pub(super) struct Message<'i> {
    bodies: Bodies<'i>,
    subject: Option<&'i str>,
    attributes: Vec<Attribute<'i>>,
    group: Option<&'i str>,
    deduplication: Option<&'i str>,
    /// The bytes that count towards [`MAX_BYTES`].
    pub bytes: usize,
}

impl<'i> Given<'i, '_> {
    /// Checks what doesn't depend on the topic. `path` says where the message lies in the request: it is empty or ends
    /// with a dot.
    pub(super) fn validate(&self, path: impl Fn() -> String) -> Result<Message<'i>, AwsError> {
        let attributes = attributes::validate(self.attributes, || format!("{}messageAttributes", path()))?;
        let message = self.message.as_deref().ok_or_else(|| null(&format!("{}message", path())))?;
        if message.is_empty() {
            return Err(invalid("Empty message"));
        }
        if self.subject.is_some_and(|subject| !is_subject(subject)) {
            return Err(invalid("Subject"));
        }
        let bytes = message.len() + attributes.iter().map(Attribute::bytes).sum::<usize>();
        if bytes > MAX_BYTES {
            return Err(invalid("Message too long"));
        }
        for (id, name) in [(self.group, "MessageGroupId"), (self.deduplication, "MessageDeduplicationId")] {
            if id.is_some_and(|id| !is_fifo_id(id)) {
                return Err(invalid(format_args!("{name} Reason: {FIFO_ID}")));
            }
        }
        let bodies = match self.structure {
            None | Some("") => Bodies { default: Cow::Borrowed(message), by_protocol: Vec::new() },
            Some("json") => structure::parse(message)?,
            Some(_) => return Err(invalid("MessageStructure")),
        };
        let Given { subject, group, deduplication, .. } = *self;
        Ok(Message { bodies, subject, attributes, group, deduplication, bytes })
    }
}

impl<'i> Message<'i> {
    /// The message for the engine, if the topic takes it. It gets the message's attributes: to be called once.
    pub(super) fn for_topic<'m>(
        &'m mut self,
        topic: &Topic,
        trace: Option<&'m str>,
    ) -> Result<Notification<'m>, AwsError> {
        if !topic.fifo && self.deduplication.is_some() {
            return Err(invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
                 this topic type",
            ));
        }
        if topic.fifo && self.group.is_none() {
            return Err(refused(SendError::NoGroup));
        }
        if topic.fifo && self.deduplication.is_none() && !topic.content_based_deduplication {
            return Err(refused(SendError::NoDeduplicationId));
        }
        Ok(self.for_outbox(trace))
    }

    /// The message for an outbox, which takes any. It gets the message's attributes: to be called once.
    pub(super) fn for_outbox<'m>(&'m mut self, trace: Option<&'m str>) -> Notification<'m> {
        Notification {
            sender: SENDER,
            subject: self.subject,
            body: &self.bodies.default,
            by_protocol: self.bodies.by_protocol.iter().map(|(protocol, body)| (*protocol, body.as_str())).collect(),
            attributes: std::mem::take(&mut self.attributes),
            group: self.group,
            deduplication: self.deduplication,
            trace,
        }
    }
}

/// Why a topic doesn't take a message.
pub(super) fn refused(error: SendError) -> AwsError {
    match error {
        SendError::NoQueue => no_topic(),
        SendError::NoGroup => invalid("The MessageGroupId parameter is required for FIFO topics"),
        SendError::NoDeduplicationId => invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
    }
}

/// API reference of Publish, Subject: up to 100 characters of ASCII text, which begin with a letter, number or punctuation
/// mark and hold no line breaks or control characters. (AWS lets UTF-8 pass.)
fn is_subject(subject: &str) -> bool {
    let first = subject.chars().next();
    first.is_some_and(|c| !c.is_whitespace())
        && subject.chars().count() <= 100
        && !subject.chars().any(char::is_control)
}

const FIFO_ID: &str = "Can only include alphanumeric and punctuation characters. 1 to 128 in length";

/// API reference of Publish, MessageGroupId.
fn is_fifo_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, subject: Option<&str>, group: Option<&str>) -> String {
        let given = Given {
            message: &Some(text.to_owned().into()),
            subject,
            structure: None,
            attributes: &Pairs::default(),
            group,
            deduplication: None,
        };
        given.validate(String::new).err().map_or_else(String::new, |error| error.message)
    }

    #[test]
    fn messages() {
        assert_eq!(message("x", Some("Hello"), Some("g")), "");
        assert_eq!(message("", None, None), "Invalid parameter: Empty message");
        assert_eq!(message("x", Some(""), None), "Invalid parameter: Subject");
        assert_eq!(message("x", Some("a\nb"), None), "Invalid parameter: Subject");
        assert_eq!(message("x", Some(&"a".repeat(101)), None), "Invalid parameter: Subject");
        assert_eq!(message(&"x".repeat(MAX_BYTES), None, None), "");
        assert_eq!(message(&"x".repeat(MAX_BYTES + 1), None, None), "Invalid parameter: Message too long");
        assert!(message("x", None, Some("a b")).starts_with("Invalid parameter: MessageGroupId"));
    }
}
