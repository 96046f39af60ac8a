//! What is in the cloud: queues, topics, streams, and the ways that events take.

/// Queues by name; workers and the ledger speak of them by their index.
pub(crate) const QUEUES: [&str; 7] =
    ["events-0", "events-1", "events-2", "direct", "ordered-0.fifo", "ordered-1.fifo", "sent.fifo"];

/// A queue whose setting is changed over and over.
pub(crate) const SETTINGS: &str = "settings";

/// A queue that stays empty.
pub(crate) const IDLE: &str = "idle";

/// Streams and their buckets; the first lands at once, the second buffers a second.
pub(crate) const STREAMS: [(&str, i32); 2] = [("landing-at-once", 0), ("landing-buffered", 1)];

/// The bucket of objects that clients put.
pub(crate) const OBJECTS: &str = "objects";

pub(crate) const TOPIC: &str = "events";
pub(crate) const FIFO_TOPIC: &str = "ordered.fifo";

/// Seconds that a received message is hidden unless asked otherwise.
pub(crate) const VISIBILITY: u64 = 3;

/// Where an event goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub name: &'static str,
    /// Indexes in [`QUEUES`].
    pub queues: &'static [usize],
    /// Index in [`STREAMS`].
    pub stream: Option<usize>,
    pub fifo: bool,
}

/// Published to a topic with three queues and a stream.
pub(crate) static EVENTS: Route = Route { name: "events", queues: &[0, 1, 2], stream: Some(0), fifo: false };
/// Sent to a queue.
pub(crate) static DIRECT: Route = Route { name: "direct", queues: &[3], stream: None, fifo: false };
/// Put into a stream.
pub(crate) static RECORDS: Route = Route { name: "records", queues: &[], stream: Some(1), fifo: false };
/// Published to a FIFO topic with two queues.
pub(crate) static ORDERED: Route = Route { name: "ordered", queues: &[4, 5], stream: None, fifo: true };
/// Sent to a FIFO queue.
pub(crate) static SENT: Route = Route { name: "sent", queues: &[6], stream: None, fifo: true };

pub(crate) fn is_fifo(queue: usize) -> bool {
    QUEUES[queue].ends_with(".fifo")
}

pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}

pub(crate) fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:us-east-1:000000000000:{name}")
}

pub(crate) fn stream_arn(name: &str) -> String {
    format!("arn:aws:firehose:us-east-1:000000000000:deliverystream/{name}")
}
