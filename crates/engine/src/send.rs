//! SendMessage: the one door into a queue. A fan-out uses the same door for each of its queues.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::change::{Attribute, Delivery, Scope, Sent, Target, Window};
use super::queue::Queue;
use super::{Engine, Millis, QueueId, Seq, limits, windows};

/// A message that a client sends to a queue.
#[derive(Debug, Clone, Default)]
pub struct Message<'a> {
    /// The principal's id, which becomes SenderId.
    pub sender: &'a str,
    /// The message.
    pub body: &'a str,
    /// The message attributes.
    pub attributes: Vec<Attribute<'a>>,
    /// The MessageGroupId.
    pub group: Option<&'a str>,
    /// The MessageDeduplicationId.
    pub deduplication: Option<&'a str>,
    /// AWSTraceHeader.
    pub trace: Option<&'a str>,
    /// `None` takes the queue's own delay.
    pub delay: Option<Millis>,
}

/// What becomes of it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are new: a box would cost each an allocation")]
pub enum Sending<'a> {
    /// The change to apply.
    New(Sent<'a>),
    /// A duplicate: accepted, answered with the original's ids, and not sent.
    Duplicate {
        /// The original's number.
        seq: Seq,
        /// Which of the original's deliveries it is.
        index: u16,
    },
}

/// Why it can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no such queue or topic.
    #[error("the queue does not exist")]
    NoQueue,
    /// A FIFO message has no group.
    #[error("a message of a FIFO queue or topic needs a MessageGroupId")]
    NoGroup,
    /// A FIFO message has no deduplication id, and content doesn't make one.
    #[error("without ContentBasedDeduplication a message needs a MessageDeduplicationId")]
    NoDeduplicationId,
}

impl Engine {
    /// Decides a send at `now`.
    pub fn decide_send<'a>(&self, id: QueueId, message: Message<'a>, now: Millis) -> Result<Sending<'a>, SendError> {
        let queue = self.queue(id).ok_or(SendError::NoQueue)?;
        let mut deduplication = message.deduplication.map(Cow::Borrowed);
        let mut opened = Vec::new();
        if queue.settings.fifo {
            message.group.ok_or(SendError::NoGroup)?;
            let by_content = queue.settings.content_based_deduplication;
            let id_of_message = deduplication_id(message.deduplication, message.body, by_content)?;
            let window = window(id, queue, &id_of_message, message.group, now);
            deduplication = Some(id_of_message);
            if let Some(original) = queue.windows.find(window.key, now) {
                return Ok(Sending::Duplicate { seq: original.seq, index: original.index });
            }
            opened.push(window);
        }
        let delivery = Delivery {
            to: target(id, queue, queue.next_position(), message.delay, now),
            subscription: None,
            body: 0,
            raw: true,
        };
        Ok(Sending::New(Sent {
            seq: self.next_seq,
            at: now,
            topic: None,
            sender: message.sender,
            subject: None,
            bodies: vec![message.body],
            attributes: message.attributes,
            group: message.group,
            deduplication,
            trace: message.trace,
            windows: opened,
            deliveries: vec![delivery],
            replay_of: None,
        }))
    }
}

/// The deduplication id of a message: the given one, or `by_content` the SHA-256 of its body (not of its attributes), in hex.
pub(super) fn deduplication_id<'a>(
    given: Option<&'a str>,
    body: &str,
    by_content: bool,
) -> Result<Cow<'a, str>, SendError> {
    match given {
        Some(given) => Ok(Cow::Borrowed(given)),
        None if by_content => Ok(Cow::Owned(hex::encode(Sha256::digest(body.as_bytes())))),
        None => Err(SendError::NoDeduplicationId),
    }
}

/// The next place in a queue.
pub(super) fn target(id: QueueId, queue: &Queue, position: u64, delay: Option<Millis>, now: Millis) -> Target {
    let delay = delay.unwrap_or(queue.settings.delay);
    Target::Queue { queue: id, position, visible_at: if delay == 0 { 0 } else { now + delay } }
}

/// The deduplication window that a message opens at a FIFO queue.
pub(super) fn window(id: QueueId, queue: &Queue, deduplication: &str, group: Option<&str>, now: Millis) -> Window {
    let group = group.filter(|_| queue.deduplicates_by_group(now));
    Window {
        scope: Scope::Queue(id),
        key: windows::key(deduplication, group),
        until: now + limits::DEDUPLICATION_WINDOW,
        index: 0,
    }
}
