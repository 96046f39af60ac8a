//! The whole state, and how it is looked up.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ids;
use super::payloads::Payloads;
use super::queue::Queue;
use super::segments::Segments;
use super::stream::Stream;
use super::topic::{Subscription, Topic};
use super::types::{Place, Position, QueueId, Seq, StreamId, SubscriptionId, TopicId};

/// What a change is about, so that its place in the log can be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A payload, by its number.
    Payload(Seq),
    /// A document, by its key.
    Doc(String),
    /// The same in a state that is being loaded.
    Incoming(Box<Owner>),
    /// Nothing refers to the change's record once it is applied.
    None,
}

/// A document and where it lies in the log.
#[derive(Debug, Clone)]
pub(super) struct Doc {
    pub value: Arc<[u8]>,
    pub place: Place,
}

/// How much of what AWS refuses is refused here as well. Across accounts AWS's rules hold always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Within an account a delivery may also go to a queue outside of stacks that has no policy at all, or through a role that
    /// this cloud doesn't know.
    #[default]
    Lenient,
    /// All that AWS refuses is refused.
    Strict,
}

/// The whole state of the cloud.
#[derive(Debug, Default)]
pub struct Engine {
    pub(super) salt: u128,
    pub(super) next_seq: Seq,
    pub(super) next_id: u32,
    pub(super) strictness: Strictness,
    pub(super) payloads: Payloads,
    // Keys that the cloud itself counts up need no hash that withstands an attacker.
    pub(super) queues: FxHashMap<QueueId, Queue>,
    pub(super) queue_by_arn: BTreeMap<String, QueueId>,
    pub(super) topics: FxHashMap<TopicId, Topic>,
    pub(super) topic_by_arn: BTreeMap<String, TopicId>,
    pub(super) subscriptions: FxHashMap<SubscriptionId, Subscription>,
    pub(super) subscription_by_arn: HashMap<String, SubscriptionId>,
    pub(super) streams: FxHashMap<StreamId, Stream>,
    pub(super) stream_by_arn: BTreeMap<String, StreamId>,
    pub(super) docs: BTreeMap<String, Doc>,
    /// Where the documents lie.
    pub(super) doc_segments: Segments,
    /// Entries of payloads outside the queues that they were sent to.
    pub(super) strays: FxHashMap<Seq, Vec<(QueueId, Position)>>,
    /// Grows with every change of a declaration: routes made before are stale.
    pub(super) generation: u64,
    /// Bytes of documents, for the log's measure of what is alive.
    pub(super) doc_bytes: u64,
    /// Bytes of all declarations: what every segment opens with.
    pub(super) declared_bytes: u64,
    /// A state that is being loaded, and will take the place of this one.
    pub(super) incoming: Option<Box<Engine>>,
}

impl Engine {
    /// An empty cloud.
    pub fn new(strictness: Strictness) -> Self {
        Self { strictness, generation: 1, ..Self::default() }
    }

    /// How much is refused that AWS refuses.
    pub fn strictness(&self) -> Strictness {
        self.strictness
    }

    /// The random number that all ids of this data folder derive from; 0 before the first [`Change::Counters`](super::Change::Counters).
    pub fn salt(&self) -> u128 {
        self.salt
    }

    /// Whether the cloud refuses all that AWS refuses.
    pub fn strict(&self) -> bool {
        self.strictness == Strictness::Strict
    }

    /// Whether a segment of the log certainly holds nothing that [`Engine::restate`] would keep alive: no payload, no document, and
    /// nothing of what is alive without a place of its own (windows, records that landed in part).
    pub fn needs_nothing_of(&self, segment: u32) -> bool {
        let windows = self.queues.values().map(|it| &it.windows).chain(self.topics.values().map(|it| &it.windows));
        !self.payloads.lie_in(segment)
            && !self.doc_segments.hold(segment)
            && windows.into_iter().all(|windows| windows.is_empty())
            && self.streams.values().all(|stream| stream.records.is_empty())
            && self.incoming.as_ref().is_none_or(|incoming| incoming.needs_nothing_of(segment))
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

    /// A queue by its number, for decisions, which make visible what is due.
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

    /// The queues whose ARN comes after another, in order of ARN: to look at all of them in slices.
    pub fn queues_after(&self, arn: &str) -> impl Iterator<Item = &Queue> + use<'_> {
        after(&self.queue_by_arn, arn).filter_map(|id| self.queues.get(&id))
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

    /// The topics whose ARN comes after another, in order of ARN: to look at all of them in slices.
    pub fn topics_after(&self, arn: &str) -> impl Iterator<Item = &Topic> + use<'_> {
        after(&self.topic_by_arn, arn).filter_map(|id| self.topics.get(&id))
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

    /// The delivery streams whose ARN comes after another, in order of ARN: to look at all of them in slices.
    pub fn streams_after(&self, arn: &str) -> impl Iterator<Item = &Stream> + use<'_> {
        after(&self.stream_by_arn, arn).filter_map(|id| self.streams.get(&id))
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

    /// The bytes of the log that are still needed, about.
    pub fn live_bytes(&self) -> u64 {
        let incoming = self.incoming.as_ref().map_or(0, |incoming| incoming.live_bytes());
        self.payloads.live_bytes() + self.doc_bytes + incoming
    }

    /// SQS's id of a message: see [`ids::message_id`].
    pub fn message_id(&self, seq: Seq, index: u16) -> String {
        ids::message_id(self.salt, seq, index)
    }

    /// SNS's id of a notification.
    pub fn notification_id(&self, seq: Seq) -> String {
        text::uuid::format(ids::uuid(self.salt, ids::Kind::Notification, seq, 0))
    }

    /// The ARN that a subscription gets: its topic's, and an id that follows from its number.
    pub fn subscription_arn(&self, topic_arn: &str, id: SubscriptionId) -> String {
        let id = ids::uuid(self.salt, ids::Kind::Subscription, u64::from(id.0), 0);
        format!("{topic_arn}:{}", text::uuid::format(id))
    }

    /// Firehose's id of a record: of the same numbers as the ids of notifications, since no payload is both.
    pub fn record_id(&self, seq: Seq) -> String {
        self.notification_id(seq)
    }
}

fn after<'a, T: Copy>(by_arn: &'a BTreeMap<String, T>, arn: &str) -> impl Iterator<Item = T> + use<'a, T> {
    let behind = (std::ops::Bound::Excluded(arn), std::ops::Bound::Unbounded);
    by_arn.range::<str, _>(behind).map(|(_, id)| *id)
}

fn in_order<'a, T: Copy>(by_arn: &'a BTreeMap<String, T>, prefix: &'a str) -> impl Iterator<Item = T> {
    by_arn
        .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded))
        .take_while(move |(arn, _)| arn.starts_with(prefix))
        .map(|(_, id)| *id)
}
