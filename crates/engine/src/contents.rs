//! All that is in a cloud, for what takes it away.

use super::{Change, Engine, QueueId, StreamId, SubscriptionId, TopicId};

/// All that clients made: what is left when each of [`Contents::gone`] was applied is as good as new, but for numbers that never
/// run backwards.
#[derive(Debug, Default)]
pub struct Contents {
    /// The subscriptions.
    pub subscriptions: Vec<SubscriptionId>,
    /// The topics.
    pub topics: Vec<TopicId>,
    /// The queues, hidden ones too.
    pub queues: Vec<QueueId>,
    /// The delivery streams.
    pub streams: Vec<StreamId>,
    /// The keys of the documents.
    pub documents: Vec<String>,
}

impl Engine {
    /// All that is there. Every table of the engine is named here, so that no later one is forgotten.
    pub fn contents(&self) -> Contents {
        let Engine {
            queues,
            topics,
            subscriptions,
            streams,
            docs,
            // What goes with these: messages, records, and the ways to find them.
            payloads: _,
            strays: _,
            doc_segments: _,
            queue_by_arn: _,
            topic_by_arn: _,
            subscription_by_arn: _,
            stream_by_arn: _,
            generation: _,
            doc_bytes: _,
            declared_bytes: _,
            // The data folder's own.
            salt: _,
            next_seq: _,
            next_id: _,
            strictness: _,
            // Not there yet.
            incoming: _,
        } = self;
        Contents {
            subscriptions: subscriptions.keys().copied().collect(),
            topics: topics.keys().copied().collect(),
            queues: queues.keys().copied().collect(),
            streams: streams.keys().copied().collect(),
            documents: docs.keys().cloned().collect(),
        }
    }
}

impl Contents {
    /// The changes that take all of it away.
    pub fn gone(&self) -> impl Iterator<Item = Change<'_>> {
        let subscriptions = self.subscriptions.iter().map(|id| Change::SubscriptionGone(*id));
        let topics = self.topics.iter().map(|id| Change::TopicGone(*id));
        let queues = self.queues.iter().map(|id| Change::QueueGone(*id));
        let streams = self.streams.iter().map(|id| Change::StreamGone(*id));
        let documents = self.documents.iter().map(|key| Change::DocGone { key });
        subscriptions.chain(topics).chain(queues).chain(streams).chain(documents)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.gone().next().is_none()
    }
}
