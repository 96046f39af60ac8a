//! What became of messages: of those that the journal remembers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::queue::Attribute;
use crate::core::journal::What;

/// What a search found, newest first.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Messages {
    pub messages: Vec<Found>,
    /// How many messages were looked at, and how many are remembered.
    pub searched: usize,
    pub of: usize,
    /// Older messages than all of these were there once.
    pub forgotten: bool,
    /// Of a search with `after`: the number of the last message that was looked at.
    pub last: Option<u64>,
    pub next: Option<String>,
}

/// A message in a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Found {
    /// SNS's id of what was published, SQS's of what was sent straight, Firehose's of a record.
    pub id: String,
    /// Grows from message to message: for `after`.
    pub number: u64,
    pub kind: MessageKind,
    pub at: u64,
    /// The topic's ARN, if it was published.
    pub topic: Option<String>,
    /// The ARNs of where it went; ten at most.
    pub to: Vec<String>,
    pub group: Option<String>,
    pub subject: Option<String>,
    /// The beginning of the body.
    pub body: String,
    pub bytes: usize,
    /// How many copies of it were made, and how many of them wait, are deleted or have landed.
    pub copies: usize,
    pub waiting: usize,
}

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MessageKind {
    /// By SNS.
    Published,
    /// Straight into a queue.
    Sent,
    /// Straight into a delivery stream.
    Put,
}

/// All that is known of a message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Story {
    pub id: String,
    /// Grows from message to message.
    pub number: u64,
    pub kind: MessageKind,
    pub at: u64,
    /// The sender's id.
    pub by: String,
    pub topic: Option<String>,
    pub subject: Option<String>,
    pub group: Option<String>,
    pub deduplication_id: Option<String>,
    pub trace: Option<String>,
    pub body: String,
    /// The body is longer than what is shown of it.
    pub cut: bool,
    pub bytes: usize,
    pub attributes: BTreeMap<String, Attribute>,
    pub decisions: Vec<Decision>,
    pub copies: Vec<Copy>,
}

/// What a subscription did with a message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Decision {
    pub subscription: String,
    pub protocol: String,
    pub endpoint: String,
    pub outcome: Outcome,
    /// In the words of `--explain`.
    pub why: String,
    /// The subscription was changed after the message was published: this is what it would do today.
    pub changed_since: bool,
    /// Which of the message's copies came of it.
    pub copy: Option<usize>,
}

/// What a subscription did with a message, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Delivered,
    Filtered,
    Duplicate,
    Refused,
    Pending,
    Replaying,
    /// It wasn't there yet when the message was published.
    Later,
    Unknown,
}

/// One copy of a message: in a queue or in a stream.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Copy {
    /// SQS's id of it in a queue; Firehose's of a record.
    pub id: String,
    /// The ARN of the queue or stream that it went to, and of the queue where it lies now.
    pub to: String,
    pub now_in: Option<String>,
    pub state: CopyState,
    /// Until when it is in flight or delayed.
    pub until: Option<u64>,
    pub receives: u32,
    /// What happened to it, oldest first.
    pub life: Vec<Moment>,
    /// Earlier moments are forgotten.
    pub forgotten: bool,
}

/// What a copy is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CopyState {
    Visible,
    InFlight,
    Delayed,
    /// In a dead-letter queue, whatever it is doing there.
    DeadLettered,
    /// In a stream's buffer.
    Buffered,
    Landed,
    Deleted,
    Expired,
    Purged,
    /// In a queue or a stream of another account, which alone sees what becomes of it.
    Elsewhere,
    /// Its stream gave it up, or made nothing of it.
    GivenUp,
    /// Its queue or stream was deleted.
    Gone,
}

/// Something that happened to a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    pub at: u64,
    pub what: What,
    /// Of a receive or a change of visibility: hidden until then.
    pub until: Option<u64>,
    /// Of a receive: who did it, by the application's id, else by the SDK's name, if that is remembered.
    pub by: Option<String>,
    /// Of a move: the ARN of the queue.
    pub to: Option<String>,
    /// Of a landing: the object, and where in it the record begins, before compression.
    pub object: Option<String>,
    pub byte: Option<u64>,
}
