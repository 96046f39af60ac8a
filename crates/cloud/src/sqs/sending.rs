//! A message that is sent: what SendMessage and each entry of SendMessageBatch check of it, and how it gets into its queue.

use super::message_attributes::{self, AttributeValue, Whose};
use super::{body, error};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::change::{Attribute, Value};
use engine::queue::Queue;
use engine::{Change, Message, QueueId, SendError, Sending, ids};
use wire::{AwsError, Pairs, Text};

/// "Message quotas": a message can be delayed by 15 minutes at most.
const MAX_DELAY: i64 = 900;
/// "SendMessage" (Amazon SQS API Reference): the length of a message group's or deduplication's id.
const MAX_ID: usize = 128;

/// A message as a request gives it.
pub(super) struct Given<'i, 'a> {
    pub body: &'i Option<Text<'a>>,
    pub delay: Option<i64>,
    pub attributes: &'i Option<Pairs<'a, AttributeValue<'a>>>,
    pub system: &'i Option<Pairs<'a, AttributeValue<'a>>>,
    pub group: &'i Option<Text<'a>>,
    pub deduplication: &'i Option<Text<'a>>,
}

/// A message whose own parts are in order; whether its queue takes it is still open.
pub(super) struct CheckedMessage<'i> {
    message: Message<'i>,
    delay: Option<i64>,
    /// Bytes, as AWS counts them.
    pub size: usize,
    pub md5_of_attributes: Option<String>,
    pub md5_of_system: Option<String>,
}

/// The names of a message that was sent, or of the original of a duplicate.
pub(super) struct Accepted {
    pub message_id: String,
    pub sequence_number: Option<String>,
}

impl<'i> CheckedMessage<'i> {
    /// Checks what can be checked without the queue. `parameter` is the name of the body in errors.
    pub(super) fn check(cx: &'i Context, given: &Given<'i, '_>, parameter: &str) -> Result<Self, AwsError> {
        let text = given.body.as_deref().filter(|text| !text.is_empty()).ok_or_else(|| error::missing(parameter))?;
        if !body::is_valid(text) {
            return Err(body::invalid_characters());
        }
        if let Some(delay) = given.delay
            && !(0..=MAX_DELAY).contains(&delay)
        {
            return Err(error::invalid_value(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."));
        }
        let check = |given: &'i Option<Pairs<'_, AttributeValue<'_>>>, whose| match given {
            Some(given) => message_attributes::check(given, whose),
            None => Ok(Vec::new()),
        };
        let attributes = check(given.attributes, Whose::User)?;
        let system = check(given.system, Whose::System)?;
        let group = id(given.group, "MessageGroupId")?;
        let deduplication = id(given.deduplication, "MessageDeduplicationId")?;
        let header = system.iter().find_map(|attribute: &Attribute<'i>| match attribute.value {
            Value::Text(text) => Some(text),
            Value::Binary(_) => None,
        });
        Ok(Self {
            size: text.len() + attributes.iter().map(Attribute::bytes).sum::<usize>(),
            md5_of_attributes: message_attributes::md5(&attributes),
            md5_of_system: message_attributes::md5(&system),
            delay: given.delay,
            message: Message {
                sender: cx.caller_id(),
                body: text,
                attributes,
                group,
                deduplication,
                trace: header.or(cx.trace.as_deref()),
                delay: given.delay.map(|seconds| seconds as u64 * 1000),
            },
        })
    }

    /// Checks that a FIFO queue gets the ids it needs.
    pub(super) fn check_ids(&self, queue: &Queue) -> Result<(), AwsError> {
        if !queue.settings.fifo {
            return Ok(());
        }
        if self.message.group.is_none() {
            return Err(refused(SendError::NoGroup));
        }
        if self.message.deduplication.is_none() && !queue.settings.content_based_deduplication {
            return Err(refused(SendError::NoDeduplicationId));
        }
        Ok(())
    }

    /// Checks that the message fits the queue: its type, and its maximum message size, whose error has the words `why`.
    pub(super) fn check_fit(&mut self, queue: &Queue, why: &str) -> Result<(), AwsError> {
        match self.delay {
            // A FIFO queue's delay is the queue's own; 0 is as good as nothing.
            Some(0) if queue.settings.fifo => self.message.delay = None,
            Some(delay) if queue.settings.fifo => {
                let reason = "The request include parameter that is not valid for this queue type.";
                return Err(error::invalid_value(delay, "DelaySeconds", reason));
            }
            _ => {}
        }
        if self.message.deduplication.is_some() && !queue.settings.fifo {
            let message = "The request include parameter MessageDeduplicationId which is not valid for this queue type";
            return Err(error::invalid(message));
        }
        let max = queue.settings.max_message_bytes;
        if self.size > max {
            let message = format!("One or more parameters {why}. Reason: Message must be shorter than {max} bytes.");
            return Err(error::invalid(message));
        }
        Ok(())
    }

    /// Sends it into its queue.
    pub(super) fn send(&mut self, tx: &mut Transaction<'_>, queue: QueueId) -> Result<Accepted, AwsError> {
        let fifo = tx.engine().queue(queue).is_some_and(|queue| queue.settings.fifo);
        let message = std::mem::take(&mut self.message);
        let (seq, index) = match tx.engine().decide_send(queue, message, tx.now).map_err(refused)? {
            Sending::New(sent) => {
                let seq = sent.seq;
                tx.apply(&Change::Sent(sent));
                (seq, 0)
            }
            Sending::Duplicate { seq, index } => (seq, index),
        };
        let sequence_number = fifo.then(|| ids::sequence_number(tx.engine().salt(), seq));
        Ok(Accepted { message_id: tx.engine().message_id(seq, index), sequence_number })
    }
}

fn refused(error: SendError) -> AwsError {
    match error {
        SendError::NoGroup => error::missing("MessageGroupId"),
        SendError::NoDeduplicationId => error::invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
        SendError::NoQueue => AwsError::internal("the queue is gone"),
    }
}

fn id<'i>(given: &'i Option<Text<'_>>, parameter: &str) -> Result<Option<&'i str>, AwsError> {
    let Some(id) = given.as_deref() else { return Ok(None) };
    if !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(id));
    }
    let reason = format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    Err(error::invalid_value(id, parameter, &reason))
}
