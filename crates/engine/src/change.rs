//! What the log holds: every change of the state, and nothing else.
//!
//! A change is complete: [`super::Engine::apply`] needs no clock and no other input, so a replay makes the same state. Text
//! and data are borrowed from the request on the way in and from the log on the way back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::config::{QueueConfig, StreamConfig, SubscriptionConfig, TopicConfig};
use super::{Millis, Position, QueueId, Seq, StreamId, SubscriptionId, TopicId};

/// One change. The order of the variants is the log's format: only add at the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Change<'a> {
    /// A message and everywhere it goes: a send, or a whole fan-out.
    #[serde(borrow)]
    Sent(Sent<'a>),
    /// A record that a producer put straight into a delivery stream.
    Put(Put<'a>),
    /// Messages handed to a consumer until `visible_at`.
    Received {
        queue: QueueId,
        at: Millis,
        visible_at: Millis,
        positions: Vec<Position>,
    },
    /// New visibility deadlines.
    Visible {
        queue: QueueId,
        entries: Vec<(Position, Millis)>,
    },
    /// Messages gone: deleted by a consumer, expired, or replaced.
    Deleted {
        queue: QueueId,
        positions: Vec<Position>,
    },
    /// Every message before `before` is gone.
    Purged {
        queue: QueueId,
        before: Position,
        at: Millis,
    },
    /// A message that went to another queue: redrive to a dead-letter queue, or a message move task.
    Moved(Moved),
    Queue(Cow<'a, QueueConfig>),
    QueueGone(QueueId),
    Topic(Cow<'a, TopicConfig>),
    TopicGone(TopicId),
    Subscription(Cow<'a, SubscriptionConfig>),
    SubscriptionGone(SubscriptionId),
    Stream(Cow<'a, StreamConfig>),
    StreamGone(StreamId),
    /// Records of a stream that have landed (or were given up).
    Flushed {
        stream: StreamId,
        positions: Vec<Position>,
    },
    /// A document of a service that keeps its own kind of state: objects, stacks, roles.
    Doc {
        key: &'a str,
        value: &'a [u8],
    },
    DocGone {
        key: &'a str,
    },
    /// A compaction's copy of a payload with what is left of its deliveries.
    Restated(Restated<'a>),
    /// A deduplication window that outlives the message that opened it.
    Deduplicated {
        scope: Scope,
        key: u128,
        until: Millis,
        seq: Seq,
        index: u16,
    },
    /// Counters that must never run backwards, restated when old segments go.
    Counters {
        salt: u128,
        next_seq: Seq,
        next_id: u32,
        queues: Vec<(QueueId, Position)>,
        streams: Vec<(StreamId, Position)>,
    },
    /// Parts of a stream's records that have landed (or were given up) before the rest of them.
    PartsLanded {
        stream: StreamId,
        parts: Vec<PartsOf>,
    },
}

/// The parts of one record that have landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartsOf {
    pub position: Position,
    /// How many parts the record has.
    pub of: u16,
    pub landed: Vec<u16>,
}

/// Where a deduplication window applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    Queue(QueueId),
    Topic(TopicId),
}

/// A message, once, with the list of the queues and streams that it goes to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sent<'a> {
    pub seq: Seq,
    pub at: Millis,
    /// The topic's ARN when it came by SNS.
    #[serde(borrow)]
    pub topic: Option<&'a str>,
    /// The principal's id, SQS's SenderId.
    pub sender: &'a str,
    pub subject: Option<&'a str>,
    /// The message; with the message structure `json` one for each protocol that differs.
    pub bodies: Vec<&'a str>,
    pub attributes: Vec<Attribute<'a>>,
    pub group: Option<&'a str>,
    /// The deduplication id: given, or the SHA-256 of the body.
    #[serde(borrow)]
    pub deduplication: Option<Cow<'a, str>>,
    /// AWSTraceHeader.
    pub trace: Option<&'a str>,
    /// The window that this message opens at its topic or FIFO queue.
    pub windows: Vec<Window>,
    pub deliveries: Vec<Delivery>,
    /// The message of a topic's archive that this one repeats.
    pub replay_of: Option<Original>,
}

/// A message that is replayed: its id and time are told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    pub seq: Seq,
    pub at: Millis,
}

impl<'a> Sent<'a> {
    /// The message group in a queue: a standard queue gets none from a FIFO topic.
    pub fn group_in(&self, queue_is_fifo: bool) -> Option<&'a str> {
        let from_fifo = self.topic.is_some_and(|topic| topic.ends_with(".fifo"));
        self.group.filter(|_| queue_is_fifo || !from_fifo)
    }
}

/// A deduplication window opened by a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub scope: Scope,
    pub key: u128,
    pub until: Millis,
    /// The delivery whose ids a duplicate is answered with.
    pub index: u16,
}

/// A user-defined message attribute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attribute<'a> {
    pub name: &'a str,
    /// `String`, `Number`, `Binary` or `String.Array`, with its custom label.
    pub kind: &'a str,
    #[serde(borrow)]
    pub value: Value<'a>,
}

/// The value of a message attribute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Value<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

/// One place that a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub to: Target,
    /// The subscription it comes through; none for SendMessage.
    pub subscription: Option<SubscriptionId>,
    /// Which of the bodies.
    pub body: u8,
    /// Raw message delivery: the body as it was published, without SNS's envelope.
    pub raw: bool,
}

/// A queue's or a stream's next position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// `visible_at` is 0 for a message without a delay.
    Queue {
        queue: QueueId,
        position: Position,
        visible_at: Millis,
    },
    Stream {
        stream: StreamId,
        position: Position,
    },
}

/// A record of PutRecord or PutRecordBatch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Put<'a> {
    pub seq: Seq,
    pub at: Millis,
    pub stream: StreamId,
    pub position: Position,
    #[serde(borrow)]
    pub data: &'a [u8],
}

/// A message's way from one queue to another; it keeps its id.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Moved {
    pub from: QueueId,
    pub from_position: Position,
    pub to: QueueId,
    pub to_position: Position,
    pub at: Millis,
    /// Redrive to a dead-letter queue (which keeps the source's name), not a move back.
    pub redrive: bool,
}

/// A payload that a compaction copied, with the state of what still refers to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restated<'a> {
    pub seq: Seq,
    /// The encoded `Sent` or `Put` change as it was first written.
    #[serde(borrow)]
    pub payload: &'a [u8],
    pub entries: Vec<EntryState>,
    pub streams: Vec<(StreamId, Position, u16)>,
}

/// A message's state in one queue.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct EntryState {
    pub queue: QueueId,
    pub position: Position,
    pub index: u16,
    pub sent_at: Millis,
    pub visible_at: Millis,
    pub first_received: Millis,
    pub count: u32,
    /// It came from another queue.
    pub stray: bool,
    /// The queue it was redriven from.
    pub source: Option<QueueId>,
}
