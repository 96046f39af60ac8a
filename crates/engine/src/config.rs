//! What is configured: queues, topics, subscriptions and streams as their owners declared them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Millis, QueueId, StreamId, SubscriptionId, TopicId};

/// Attribute names and values, as AWS gives them.
pub type Attributes = BTreeMap<String, String>;

/// A queue as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueConfig {
    /// The queue's number.
    pub id: QueueId,
    /// `arn:aws:sqs:<region>:<account>:<name>`.
    pub arn: String,
    /// Only the attributes that were set; defaults are in [`super::limits`].
    pub attributes: Attributes,
    /// Its tags.
    pub tags: Attributes,
    /// When it was created.
    pub created: Millis,
    /// When its attributes were last set.
    pub modified: Millis,
    /// An outbox of a subscription whose endpoint is not a queue; clients of SQS don't see it.
    pub hidden: bool,
}

/// A topic as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicConfig {
    /// The topic's number.
    pub id: TopicId,
    /// `arn:aws:sns:<region>:<account>:<name>`.
    pub arn: String,
    /// Only the attributes that were set.
    pub attributes: Attributes,
    /// Its tags.
    pub tags: Attributes,
    /// When it was created.
    pub created: Millis,
}

/// A subscription as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionConfig {
    /// The subscription's number.
    pub id: SubscriptionId,
    /// The topic's ARN, and a UUID.
    pub arn: String,
    /// The topic's number.
    pub topic: TopicId,
    /// The topic's ARN.
    pub topic_arn: String,
    /// `sqs`, `firehose`, `http`, `https`, `email`, `email-json`, `sms`, `application`, `lambda`.
    pub protocol: String,
    /// What the protocol delivers to: an ARN, a URL, an address, a number.
    pub endpoint: String,
    /// The account that subscribed.
    pub owner: String,
    /// Only the attributes that were set.
    pub attributes: Attributes,
    /// An unconfirmed subscription gets nothing.
    pub confirmed: bool,
    /// The token that confirms it.
    pub token: String,
    /// The queue that holds what goes to an endpoint that is no queue and no stream.
    pub outbox: Option<QueueId>,
    /// When it was made.
    pub created: Millis,
}

/// A delivery stream as declared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamConfig {
    /// The stream's number.
    pub id: StreamId,
    /// `arn:aws:firehose:<region>:<account>:deliverystream/<name>`.
    pub arn: String,
    /// The service's own description, JSON.
    pub document: String,
    /// The size of the buffer; what it says is read by [`Buffering::of`](super::stream::Buffering::of).
    pub buffer_bytes: u64,
    /// How old the oldest record in a buffer may be.
    pub buffer_millis: Millis,
    /// When it was created.
    pub created: Millis,
}
