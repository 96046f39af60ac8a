//! What a publisher sends: an event of the story or one of the user's own, as SNS takes it.

use std::borrow::Cow;

use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use tokio::time::Instant;

use crate::aws::{CallError, ErrorKind};
use crate::event::envelope::{Attribute, Event};
use crate::event::own::Own;
use crate::traffic::trace::TRACEPARENT;

/// What is published.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    /// An event of the story.
    Story(Event),
    /// One of the user's own.
    Own(Own),
}

impl Outgoing {
    /// Whether it carries a trace of the user's own.
    pub(super) fn is_traced(&self) -> bool {
        matches!(self, Self::Own(own) if own.attributes.iter().any(|attribute| attribute.name == TRACEPARENT))
    }

    /// As it is called in a sentence: `order.placed ord-1`, `line 7`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Story(event) => format!("{} {}", event.event_type(), event.id),
            Self::Own(own) => format!("line {}", own.line),
        }
    }
}

/// Attributes, as the SDK takes them.
pub(crate) fn values(attributes: Vec<Attribute>) -> impl Iterator<Item = (String, MessageAttributeValue)> {
    attributes.into_iter().filter_map(|attribute| {
        let value = MessageAttributeValue::builder()
            .data_type(attribute.data_type)
            .string_value(attribute.value)
            .build()
            // Fails only without a data type.
            .ok()?;
        Some((attribute.name.into_owned(), value))
    })
}

/// An event under way, with the moment it was meant to leave.
pub(super) struct Entry {
    pub outgoing: Outgoing,
    pub intended: Instant,
    /// What the story's envelope is as JSON; a line's message is its own body.
    json: String,
    /// The bytes that count: the body and the attributes' names, types and values.
    pub size: usize,
    /// The trace that begins with it, if there is one.
    pub traceparent: Option<String>,
}

/// Where in a topic's order a message belongs, and by which id its doubles are known.
pub(super) struct Fifo {
    pub group: Option<String>,
    pub dedup: Option<String>,
}

impl Entry {
    pub(super) fn new(outgoing: Outgoing, intended: Instant, traceparent: Option<String>) -> Self {
        let json = match &outgoing {
            Outgoing::Story(event) => event.to_json(),
            Outgoing::Own(_) => String::new(),
        };
        let mut entry = Self { outgoing, intended, json, size: 0, traceparent };
        entry.size = entry.body().len() + entry.attributes().iter().map(Attribute::size).sum::<usize>();
        entry
    }

    /// The message.
    pub(super) fn body(&self) -> &str {
        match &self.outgoing {
            Outgoing::Story(_) => &self.json,
            Outgoing::Own(own) => &own.message,
        }
    }

    pub(super) fn subject(&self) -> Option<String> {
        match &self.outgoing {
            Outgoing::Story(_) => None,
            Outgoing::Own(own) => own.subject.clone(),
        }
    }

    fn attributes(&self) -> Cow<'_, [Attribute]> {
        let attributes: Cow<'_, [Attribute]> = match &self.outgoing {
            Outgoing::Story(event) => event.attributes().into(),
            Outgoing::Own(own) => (&own.attributes[..]).into(),
        };
        match &self.traceparent {
            Some(value) => {
                let trace = Attribute { name: TRACEPARENT.into(), data_type: "String".into(), value: value.clone() };
                [attributes.into_owned(), vec![trace]].concat().into()
            }
            None => attributes,
        }
    }

    /// Its place on a topic that is FIFO or not, in a run. On a FIFO topic each consumer's events stay in order unless groups are
    /// given, and so do the lines of a group; a line that names no deduplication id is like no other line. Elsewhere a group
    /// says whose the event is, so that a queue is fair to the others (developer guide of SQS, fair queues).
    pub(super) fn fifo(&self, fifo: bool, run: &str) -> Fifo {
        match &self.outgoing {
            Outgoing::Story(event) if fifo => Fifo {
                group: Some(event.group.as_deref().unwrap_or(event.data.consumer_id()).to_owned()),
                dedup: Some(format!("{run}-{}-{}", event.place.publisher, event.place.sequence)),
            },
            Outgoing::Story(event) => Fifo { group: event.tenant.as_deref().map(str::to_owned), dedup: None },
            Outgoing::Own(own) => {
                let made = || fifo.then(|| format!("{run}-{}", own.line));
                Fifo { group: own.group.clone(), dedup: own.dedup.clone().or_else(made) }
            }
        }
    }

    /// The message attributes, as the SDK takes them.
    pub(super) fn message_attributes(&self) -> impl Iterator<Item = (String, MessageAttributeValue)> + use<> {
        values(self.attributes().into_owned())
    }

    /// The entry of a PublishBatch.
    pub(super) fn in_batch(&self, n: usize, fifo: Fifo) -> Result<PublishBatchRequestEntry, CallError> {
        PublishBatchRequestEntry::builder()
            .id(n.to_string())
            .message(self.body())
            .set_subject(self.subject())
            .set_message_attributes(Some(self.message_attributes().collect()))
            .set_message_group_id(fifo.group)
            .set_message_deduplication_id(fifo.dedup)
            .build()
            // Fails only without id or message.
            .map_err(|error| CallError::without_code(ErrorKind::Other, error.to_string()))
    }
}
