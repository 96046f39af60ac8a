//! The state machine of the cloud: queues, topics, streams and documents. No I/O, no clock, no randomness.
//!
//! Two kinds of functions: `decide_*` looks at the state and says which [`Change`]s a command makes; [`Engine::apply`] makes
//! them. Whoever holds the engine writes the changes to a log; a replay applies them again and gets the same state. Decisions
//! take the time as an argument.
//!
//! ```text
//! change    what the log holds            send     SendMessage: the door into a queue
//! config    what owners declare           publish  a topic's fan-out: the same door, many times
//! queue/    entries, groups, receive      routes   where subscriptions lead, and who may
//! topic     topics, subscriptions         apply    changes to state
//! declared  how much is declared
//! stream    buffers of delivery streams   restate  what of an old record is still alive
//! payloads  where bodies lie in the log   roles    identities that deliver, and what they may
//! explain   what each subscription did with a message, for people
//! filter/   policy/   windows   ids   limits
//! ```

mod apply;
pub mod change;
pub mod config;
mod declared;
pub mod explain;
pub mod filter;
pub mod ids;
pub mod limits;
mod payloads;
pub mod policy;
mod publish;
pub mod queue;
mod restate;
mod roles;
mod routes;
mod send;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod topic;
pub mod windows;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use change::Change;
pub use publish::{Notification, Published};
pub use roles::{ManagedPolicy, Role, Through};
pub use send::{Message, SendError, Sending};

pub use declared::MAX_DECLARED;
use payloads::Payloads;
use queue::Queue;
use stream::Stream;
use topic::{Subscription, Topic};

/// Milliseconds since the Unix epoch.
pub type Millis = u64;
/// A payload's number in the order of acceptance.
pub type Seq = u64;
/// A message's place in its queue, or a record's in its stream.
pub type Position = u64;

/// Where a frame lies in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Place {
    pub segment: u32,
    pub offset: u32,
}

macro_rules! id {
    ($(#[$doc:meta] $name:ident)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub u32);
    )*};
}
id! {
    /// A queue's number; never used twice.
    QueueId
    /// A topic's number; never used twice.
    TopicId
    /// A subscription's number; never used twice.
    SubscriptionId
    /// A delivery stream's number; never used twice.
    StreamId
}

/// What a change is about, so that its place in the log can be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    Payload(Seq),
    Doc(String),
    /// Nothing refers to the change's record once it is applied.
    None,
}

/// A document and where it lies in the log.
#[derive(Debug, Clone)]
struct Doc {
    value: Arc<[u8]>,
    place: Place,
}

/// The whole state of the cloud.
#[derive(Debug, Default)]
pub struct Engine {
    salt: u128,
    next_seq: Seq,
    next_id: u32,
    /// Outside a stack, what has no policy and whose role is unknown is refused as well.
    strict: bool,
    payloads: Payloads,
    // Keys that the cloud itself counts up need no hash that withstands an attacker.
    queues: FxHashMap<QueueId, Queue>,
    queue_by_arn: BTreeMap<String, QueueId>,
    topics: FxHashMap<TopicId, Topic>,
    topic_by_arn: BTreeMap<String, TopicId>,
    subscriptions: FxHashMap<SubscriptionId, Subscription>,
    subscription_by_arn: HashMap<String, SubscriptionId>,
    streams: FxHashMap<StreamId, Stream>,
    stream_by_arn: BTreeMap<String, StreamId>,
    docs: BTreeMap<String, Doc>,
    /// Entries of payloads outside the queues that they were sent to.
    strays: FxHashMap<Seq, Vec<(QueueId, Position)>>,
    /// Grows with every change of a declaration: routes made before are stale.
    generation: u64,
    /// Bytes of documents, for the log's measure of what is alive.
    doc_bytes: u64,
    /// Bytes of all declarations: what every segment opens with.
    declared_bytes: u64,
}

impl Engine {
    /// An empty cloud. With `strict`, whatever AWS refuses is refused: also a delivery within an account to a queue that has
    /// no policy at all, or through a role that this cloud doesn't know. Across accounts AWS's rules hold always.
    pub fn new(strict: bool) -> Self {
        Self { strict, generation: 1, ..Self::default() }
    }

    /// The random number that all ids of this data folder derive from; 0 before the first [`Change::Counters`].
    pub fn salt(&self) -> u128 {
        self.salt
    }

    /// Whether the cloud refuses all that AWS refuses.
    pub fn strict(&self) -> bool {
        self.strict
    }

    /// The next payload's number.
    pub fn next_seq(&self) -> Seq {
        self.next_seq
    }

    /// The next number for a queue, topic, subscription or stream.
    pub fn next_id(&self) -> u32 {
        self.next_id
    }

    /// A queue by its number.
    pub fn queue(&self, id: QueueId) -> Option<&Queue> {
        self.queues.get(&id)
    }

    /// A queue by its number, for decisions that settle its timers.
    pub fn queue_mut(&mut self, id: QueueId) -> Option<&mut Queue> {
        self.queues.get_mut(&id)
    }

    /// A queue's number by its ARN.
    pub fn queue_id(&self, arn: &str) -> Option<QueueId> {
        self.queue_by_arn.get(arn).copied()
    }

    /// The queues whose ARN begins with `prefix`, in order of ARN; hidden ones too.
    pub fn queues<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Queue> {
        in_order(&self.queue_by_arn, prefix).filter_map(|id| self.queues.get(&id))
    }

    /// A topic by its number.
    pub fn topic(&self, id: TopicId) -> Option<&Topic> {
        self.topics.get(&id)
    }

    /// A topic by its ARN.
    pub fn topic_by_arn(&self, arn: &str) -> Option<&Topic> {
        self.topics.get(self.topic_by_arn.get(arn)?)
    }

    /// The topics whose ARN begins with `prefix`, in order of ARN.
    pub fn topics<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Topic> {
        in_order(&self.topic_by_arn, prefix).filter_map(|id| self.topics.get(&id))
    }

    /// A subscription by its number.
    pub fn subscription(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.subscriptions.get(&id)
    }

    /// A subscription by its ARN.
    pub fn subscription_by_arn(&self, arn: &str) -> Option<&Subscription> {
        self.subscriptions.get(self.subscription_by_arn.get(arn)?)
    }

    /// All subscriptions, in no order.
    pub fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.values()
    }

    /// A topic's subscriptions, oldest first.
    pub fn subscriptions_of(&self, topic: TopicId) -> impl Iterator<Item = &Subscription> {
        let ids = self.topics.get(&topic).map(|topic| &topic.subscriptions);
        ids.into_iter().flatten().filter_map(|id| self.subscriptions.get(id))
    }

    /// A delivery stream by its number.
    pub fn stream(&self, id: StreamId) -> Option<&Stream> {
        self.streams.get(&id)
    }

    /// A delivery stream by its ARN.
    pub fn stream_by_arn(&self, arn: &str) -> Option<&Stream> {
        self.streams.get(self.stream_by_arn.get(arn)?)
    }

    /// The delivery streams whose ARN begins with `prefix`, in order of ARN.
    pub fn streams<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Stream> {
        in_order(&self.stream_by_arn, prefix).filter_map(|id| self.streams.get(&id))
    }

    /// A document.
    pub fn doc(&self, key: &str) -> Option<&Arc<[u8]>> {
        self.docs.get(key).map(|doc| &doc.value)
    }

    /// The documents whose key begins with `prefix`, in order of key, from the key `from` on.
    pub fn docs<'a, 'p>(
        &'a self,
        prefix: &'p str,
        from: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<[u8]>)> + use<'a, 'p> {
        let start = if from > prefix { from } else { prefix };
        self.docs
            .range::<str, _>((std::ops::Bound::Included(start), std::ops::Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(key, doc)| (key.as_str(), &doc.value))
    }

    /// Where a live payload lies in the log.
    pub fn payload(&self, seq: Seq) -> Option<Place> {
        self.payloads.get(seq)
    }

    /// The number of live payloads.
    pub fn live_payloads(&self) -> u64 {
        self.payloads.live()
    }

    /// The bytes of the log that are still needed, about.
    pub fn live_bytes(&self) -> u64 {
        self.payloads.live_bytes() + self.doc_bytes
    }

    /// SQS's id of a message: of its payload and delivery, so it stays when the message is redriven.
    pub fn message_id(&self, seq: Seq, index: u16) -> String {
        text::uuid::format(ids::uuid(self.salt, ids::Kind::Message, seq, index))
    }

    /// SNS's id of a notification.
    pub fn notification_id(&self, seq: Seq) -> String {
        text::uuid::format(ids::uuid(self.salt, ids::Kind::Notification, seq, 0))
    }
}

fn in_order<'a, T: Copy>(by_arn: &'a BTreeMap<String, T>, prefix: &'a str) -> impl Iterator<Item = T> {
    by_arn
        .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded))
        .take_while(move |(arn, _)| arn.starts_with(prefix))
        .map(|(_, id)| *id)
}
