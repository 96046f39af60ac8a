//! What is configured: queues, topics, subscriptions and streams as their owners declared them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Millis, QueueId, StreamId, SubscriptionId, TopicId};

/// Attribute names and values, as AWS gives them.
pub type Attributes = BTreeMap<String, String>;

/// A queue as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueConfig {
    pub id: QueueId,
    pub arn: String,
    /// Only the attributes that were set; defaults are in [`super::limits`].
    pub attributes: Attributes,
    pub tags: Attributes,
    pub created: Millis,
    pub modified: Millis,
    /// An outbox of a subscription whose endpoint is not a queue; clients of SQS don't see it.
    pub hidden: bool,
}

/// A topic as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicConfig {
    pub id: TopicId,
    pub arn: String,
    pub attributes: Attributes,
    pub tags: Attributes,
    pub created: Millis,
}

/// A subscription as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionConfig {
    pub id: SubscriptionId,
    pub arn: String,
    pub topic: TopicId,
    pub topic_arn: String,
    /// `sqs`, `firehose`, `http`, `https`, `email`, `email-json`, `sms`, `application`, `lambda`.
    pub protocol: String,
    pub endpoint: String,
    pub owner: String,
    pub attributes: Attributes,
    /// An unconfirmed subscription gets nothing.
    pub confirmed: bool,
    /// The token that confirms it.
    pub token: String,
    /// The queue that holds what goes to an endpoint that is no queue and no stream.
    pub outbox: Option<QueueId>,
    pub created: Millis,
}

/// A delivery stream as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamConfig {
    pub id: StreamId,
    pub arn: String,
    /// The service's own description, JSON.
    pub document: String,
    /// Buffering hints: the stream is due when it holds so many bytes (0: whenever a record comes),
    pub buffer_bytes: u64,
    /// or when its oldest record is so old.
    pub buffer_millis: Millis,
    pub created: Millis,
}
