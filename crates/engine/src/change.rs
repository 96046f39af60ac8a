//! What the log holds: every change of the state, and nothing else.
//!
//! A change is complete: [`super::Engine::apply`] needs no clock and no other input, so a replay makes the same state. Text
//! and data are borrowed from the request on the way in and from the log on the way back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

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
        /// The queue they lie in.
        queue: QueueId,
        /// When they were received.
        at: Millis,
        /// When they can be received again.
        visible_at: Millis,
        /// Where they lie in the queue.
        positions: Vec<Position>,
    },
    /// New visibility deadlines.
    Visible {
        /// The queue the messages lie in.
        queue: QueueId,
        /// Each message's place, and when it can be received again.
        entries: Vec<(Position, Millis)>,
    },
    /// Messages gone: deleted by a consumer, expired, or replaced.
    Deleted {
        /// The queue they lay in.
        queue: QueueId,
        /// Where they lay in the queue.
        positions: Vec<Position>,
    },
    /// Every message before `before` is gone.
    Purged {
        /// The queue that was purged.
        queue: QueueId,
        /// The first place that is kept.
        before: Position,
        /// When it was purged.
        at: Millis,
    },
    /// A message that went to another queue: redrive to a dead-letter queue, or a message move task.
    Moved(Moved),
    /// A queue was declared, or declared anew.
    Queue(Cow<'a, QueueConfig>),
    /// A queue was deleted, and all its messages with it.
    QueueGone(QueueId),
    /// A topic was declared, or declared anew.
    Topic(Cow<'a, TopicConfig>),
    /// A topic was deleted; its subscriptions have changes of their own.
    TopicGone(TopicId),
    /// A subscription was declared, or declared anew.
    Subscription(Cow<'a, SubscriptionConfig>),
    /// A subscription was deleted.
    SubscriptionGone(SubscriptionId),
    /// A delivery stream was declared, or declared anew.
    Stream(Cow<'a, StreamConfig>),
    /// A delivery stream was deleted, and all its records with it.
    StreamGone(StreamId),
    /// Records of a stream that have landed (or were given up).
    Flushed {
        /// The stream they were buffered in.
        stream: StreamId,
        /// Where they lay in the stream's buffer.
        positions: Vec<Position>,
    },
    /// A document of a service that keeps its own kind of state: objects, stacks, roles.
    Doc {
        /// Names the document; begins with the service's name.
        key: &'a str,
        /// The document, in the service's own form.
        #[serde(serialize_with = "whole")]
        value: &'a [u8],
    },
    /// A document was deleted.
    DocGone {
        /// The document's key.
        key: &'a str,
    },
    /// A compaction's copy of a payload with what is left of its deliveries.
    Restated(Restated<'a>),
    /// A deduplication window that outlives the message that opened it.
    Deduplicated {
        /// Where the window applies.
        scope: Scope,
        /// See [`super::windows::key`].
        key: u128,
        /// When it closes.
        until: Millis,
        /// The message that opened it.
        seq: Seq,
        /// The delivery whose ids a duplicate is answered with.
        index: u16,
    },
    /// Counters that must never run backwards, restated when old segments go.
    Counters {
        /// The random number that all ids derive from.
        salt: u128,
        /// The next payload's number.
        next_seq: Seq,
        /// The next number of a queue, topic, subscription or stream.
        next_id: u32,
        /// The next place in each queue.
        queues: Vec<(QueueId, Position)>,
        /// The next place in each stream.
        streams: Vec<(StreamId, Position)>,
    },
    /// Parts of a stream's records that have landed (or were given up) before the rest of them.
    PartsLanded {
        /// The stream the records are buffered in.
        stream: StreamId,
        /// What has landed of each record.
        parts: Vec<PartsOf>,
    },
    /// Bytes that lie in the log alone, until they are let go: a document names them by their number.
    Kept {
        /// Their number, among those of payloads.
        seq: Seq,
        /// The bytes.
        #[serde(serialize_with = "whole")]
        data: &'a [u8],
    },
    /// Bytes that no document names any more.
    LetGo {
        /// Their numbers.
        seqs: Vec<Seq>,
    },
    /// A change of a state that is being loaded, which nothing sees before [`Change::Loaded`].
    Incoming {
        /// The encoded change.
        #[serde(borrow, serialize_with = "whole")]
        change: Cow<'a, [u8]>,
    },
    /// The state that was being loaded, if there was one, is given up.
    IncomingGone,
    /// The state that was being loaded takes the place of all there is.
    Loaded,
}

impl Change<'_> {
    /// The format of data folders in which this kind of change came up: a program that knows only an older one can't read it.
    pub fn format(&self) -> u32 {
        match self {
            Change::Kept { .. }
            | Change::LetGo { .. }
            | Change::Incoming { .. }
            | Change::IncomingGone
            | Change::Loaded => 2,
            _ => 1,
        }
    }
}

/// The same bytes in the log as one by one, in one piece.
fn whole<B: AsRef<[u8]>, S: Serializer>(bytes: &B, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(bytes.as_ref())
}

/// The parts of one record that have landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartsOf {
    /// The record's place in its stream.
    pub position: Position,
    /// How many parts the record has.
    pub of: u16,
    /// The numbers of the parts that have landed, from 0.
    pub landed: Vec<u16>,
}

/// Where a deduplication window applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// In a FIFO queue.
    Queue(QueueId),
    /// In a FIFO topic.
    Topic(TopicId),
}

/// A message, once, with the list of the queues and streams that it goes to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sent<'a> {
    /// The message's number.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Millis,
    /// The topic's ARN when it came by SNS.
    #[serde(borrow)]
    pub topic: Option<&'a str>,
    /// The principal's id, SQS's SenderId.
    pub sender: &'a str,
    /// SNS's subject.
    pub subject: Option<&'a str>,
    /// The message; with the message structure `json` one for each protocol that differs.
    pub bodies: Vec<&'a str>,
    /// What the client gave beside the body.
    pub attributes: Vec<Attribute<'a>>,
    /// The MessageGroupId.
    pub group: Option<&'a str>,
    /// The deduplication id: given, or the SHA-256 of the body.
    #[serde(borrow)]
    pub deduplication: Option<Cow<'a, str>>,
    /// AWSTraceHeader.
    pub trace: Option<&'a str>,
    /// The window that this message opens at its topic or FIFO queue.
    pub windows: Vec<Window>,
    /// Where it goes.
    pub deliveries: Vec<Delivery>,
    /// The message of a topic's archive that this one repeats.
    pub replay_of: Option<Original>,
}

/// A message that is replayed: its id and time are told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// The archived message's number.
    pub seq: Seq,
    /// When it was published.
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
    /// Where it applies.
    pub scope: Scope,
    /// See [`super::windows::key`].
    pub key: u128,
    /// When it closes.
    pub until: Millis,
    /// The delivery whose ids a duplicate is answered with.
    pub index: u16,
}

/// A user-defined message attribute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attribute<'a> {
    /// As the client gave it.
    pub name: &'a str,
    /// `String`, `Number`, `Binary` or `String.Array`, with its custom label.
    pub kind: &'a str,
    /// Of the type that `kind` names.
    #[serde(borrow)]
    pub value: Value<'a>,
}

impl Attribute<'_> {
    /// What it counts towards a message's size: name, type and value ("MessageAttributeValue", Amazon SQS API Reference).
    pub fn bytes(&self) -> usize {
        let value = match self.value {
            Value::Text(text) => text.len(),
            Value::Binary(bytes) => bytes.len(),
        };
        self.name.len() + self.kind.len() + value
    }
}

/// The value of a message attribute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Value<'a> {
    /// Of a `String`, a `Number` or a `String.Array`.
    Text(&'a str),
    /// Of a `Binary`, decoded.
    Binary(&'a [u8]),
}

/// One place that a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The place that it takes there.
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
        /// The queue.
        queue: QueueId,
        /// The place in it.
        position: Position,
        /// When it can be received; 0: at once.
        visible_at: Millis,
    },
    /// A place in a stream's buffer.
    Stream {
        /// The stream.
        stream: StreamId,
        /// The place in it.
        position: Position,
    },
}

/// A record of PutRecord or PutRecordBatch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Put<'a> {
    /// The record's number.
    pub seq: Seq,
    /// When it was accepted.
    pub at: Millis,
    /// The stream that buffers it.
    pub stream: StreamId,
    /// Its place in the stream.
    pub position: Position,
    /// The record, decoded.
    #[serde(borrow, serialize_with = "whole")]
    pub data: &'a [u8],
}

/// A message's way from one queue to another; it keeps its id.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Moved {
    /// The queue it lay in.
    pub from: QueueId,
    /// Its place there.
    pub from_position: Position,
    /// The queue it lies in now.
    pub to: QueueId,
    /// Its place here.
    pub to_position: Position,
    /// When it was moved.
    pub at: Millis,
    /// Redrive to a dead-letter queue (which keeps the source's name), not a move back.
    pub redrive: bool,
}

/// A payload that a compaction copied, with the state of what still refers to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restated<'a> {
    /// The payload's number.
    pub seq: Seq,
    /// The encoded `Sent` or `Put` change as it was first written.
    #[serde(borrow, serialize_with = "whole")]
    pub payload: &'a [u8],
    /// What refers to it in queues.
    pub entries: Vec<EntryState>,
    /// What refers to it in streams: the stream, the place in it, the delivery.
    pub streams: Vec<(StreamId, Position, u16)>,
}

/// A message's state in one queue.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct EntryState {
    /// The queue.
    pub queue: QueueId,
    /// The message's place in it.
    pub position: Position,
    /// Which of the payload's deliveries it is.
    pub index: u16,
    /// When it was sent.
    pub sent_at: Millis,
    /// When it can be received (again); 0: at once.
    pub visible_at: Millis,
    /// When it was first received; 0: never.
    pub first_received: Millis,
    /// How often it was received.
    pub count: u32,
    /// It came from another queue.
    pub stray: bool,
    /// The queue it was redriven from.
    pub source: Option<QueueId>,
}
