//! The topology: what leads where, and how much goes that way.

mod drawn;
mod faults;
mod notifies;

use serde::Serialize;

pub(crate) use self::drawn::{Moved, map, moved};
pub(crate) use super::figures::{
    BucketFigures, ConsumerFigures, EdgeFigures, EdgeRates, QueueFigures, StreamFigures, TopicFigures,
};

/// The topology, the busiest first where there is more than fits.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Map {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// How many nodes were left out.
    pub more: usize,
}

/// A resource, or a consumer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Node {
    /// The ARN; of a consumer `consumer:` and its name.
    pub id: String,
    pub kind: NodeKind,
    pub name: String,
    pub region: String,
    pub figures: Figures,
    /// The number of a rule of chaos that strikes what clients ask of it.
    pub fault: Option<String>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NodeKind {
    Topic,
    Queue,
    Stream,
    Bucket,
    /// An endpoint outside: of HTTP, mail, a phone.
    Endpoint,
    Consumer,
    /// What something leads to and isn't there.
    Missing,
}

/// A node's figures, by its kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Figures {
    Topic(TopicFigures),
    Queue(QueueFigures),
    Stream(StreamFigures),
    Consumer(ConsumerFigures),
    Bucket(BucketFigures),
    /// An endpoint outside has none.
    None {},
}

/// A way from one node to another.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Edge {
    /// The subscription's ARN, or made of both ends.
    pub id: String,
    pub from: String,
    pub to: String,
    pub kind: EdgeKind,
    #[serde(flatten)]
    pub figures: EdgeFigures,
    /// The filter policy of a subscription, JSON.
    pub filter: Option<String>,
    /// `MessageAttributes` or `MessageBody`, where there is a filter policy.
    pub scope: Option<String>,
    pub raw: bool,
    /// Which events of which keys a bucket tells.
    pub what: Option<String>,
    /// The number of a rule of chaos that strikes here.
    pub fault: Option<String>,
}

/// What a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EdgeKind {
    /// A topic's message goes to a subscriber.
    Subscription,
    /// A queue's message that was received too often goes to the dead-letter queue.
    Redrive,
    /// A stream's records land in a bucket.
    Lands,
    /// A consumer takes messages.
    Polls,
    /// A bucket tells a queue or a topic of what happens in it; how fast is not counted.
    Notifies,
}
