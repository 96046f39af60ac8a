//! What Publish and each entry of PublishBatch have in common: a message, validated.

use std::borrow::Cow;

use super::attributes::{self, AttributeInput};
use super::structure::{self, Bodies};
use super::{MOST_BYTES, SENDER};
use crate::sns::error::{invalid, null};
use engine::change::Attribute;
use engine::{Notification, SendError};
use wire::{AwsError, Pairs, Text};

/// A message as a client gives it.
pub struct Given<'i, 'a> {
    pub message: &'i Option<Text<'a>>,
    pub subject: Option<&'i str>,
    pub structure: Option<&'i str>,
    pub attributes: &'i Pairs<'a, AttributeInput<'a>>,
    pub group: Option<&'i str>,
    pub deduplication: Option<&'i str>,
}

/// A message that SNS takes.
pub struct Message<'i> {
    bodies: Bodies<'i>,
    subject: Option<&'i str>,
    attributes: Vec<Attribute<'i>>,
    group: Option<&'i str>,
    deduplication: Option<&'i str>,
    /// What counts towards the quota.
    pub bytes: usize,
}

impl<'i> Given<'i, '_> {
    /// Validates whatever doesn't depend on the topic. `path` says where the message lies in the request: empty or with a dot
    /// at its end.
    pub fn validate(&self, path: impl Fn() -> String) -> Result<Message<'i>, AwsError> {
        let attributes = attributes::validate(self.attributes, || format!("{}messageAttributes", path()))?;
        let message = self.message.as_deref().ok_or_else(|| null(&format!("{}message", path())))?;
        if message.is_empty() {
            return Err(invalid("Empty message"));
        }
        if self.subject.is_some_and(|subject| !is_subject(subject)) {
            return Err(invalid("Subject"));
        }
        let bytes = message.len() + attributes.iter().map(attributes::bytes).sum::<usize>();
        if bytes > MOST_BYTES {
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
    /// Checks what depends on the topic's type.
    pub fn check(&self, fifo: bool) -> Result<(), AwsError> {
        if !fifo && self.deduplication.is_some() {
            return Err(invalid(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
                 this topic type",
            ));
        }
        Ok(())
    }

    /// The message for the engine, which takes the attributes over.
    pub fn notification<'m>(&'m mut self, trace: Option<&'m str>) -> Notification<'m> {
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

/// What a FIFO topic lacks in a message.
pub fn refusal(error: SendError) -> AwsError {
    match error {
        SendError::NoQueue => super::super::error::no_topic(),
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
        assert_eq!(message(&"x".repeat(MOST_BYTES), None, None), "");
        assert_eq!(message(&"x".repeat(MOST_BYTES + 1), None, None), "Invalid parameter: Message too long");
        assert!(message("x", None, Some("a b")).starts_with("Invalid parameter: MessageGroupId"));
    }
}
