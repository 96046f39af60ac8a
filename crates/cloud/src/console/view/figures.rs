//! The figures of queues, topics, streams and subscriptions, and what of them is one edge or node of the map.

use serde::Serialize;

use crate::console::watch::Watch;
use crate::core::journal::counts::{Count, Counts};
use engine::queue::Queue;
use engine::stream::{Buffering, Stream};
use engine::topic::{Subscription, Topic};
use engine::{Engine, Millis};

/// Queues that are named for a dead-letter queue.
pub(crate) const SOURCES: usize = 10;

/// How much was published to a topic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TopicFigures {
    pub published: u64,
    pub published_per_second: f64,
}

/// How full a queue is, and what goes through it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct QueueFigures {
    pub visible: usize,
    pub in_flight: usize,
    pub delayed: usize,
    pub oldest_age_ms: Option<u64>,
    /// The ARNs of the queues whose dead-letter queue it is; ten at most.
    pub dead_letters_of: Vec<String>,
    pub queued: u64,
    pub received: u64,
    pub deleted: u64,
    pub queued_per_second: f64,
    pub received_per_second: f64,
    pub deleted_per_second: f64,
}

/// How full a stream's buffer is, and when it lands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StreamFigures {
    pub records: usize,
    pub bytes: u64,
    pub oldest_age_ms: Option<u64>,
    /// Until the buffer is due by its age; none where it is empty or has partitions.
    pub next_in_ms: Option<u64>,
    /// How much of its size the buffer holds, 0 to 1.
    pub fill: f64,
    pub landed: u64,
    pub queued_per_second: f64,
    pub landed_per_second: f64,
}

/// Who polls queues.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ConsumerFigures {
    /// The header `User-Agent`.
    pub agent: String,
    /// The application's id in it, if the SDK was told one.
    pub application: Option<String>,
    pub last_seen: u64,
    pub polls: u64,
}

/// What a bucket got of streams.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct BucketFigures {
    pub landed: u64,
}

/// How much went a way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct EdgeFigures {
    pub delivered: u64,
    pub filtered_out: u64,
    pub refused: u64,
    pub per_second: EdgeRates,
}

/// How much goes a way each second, at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct EdgeRates {
    pub delivered: f64,
    pub filtered_out: f64,
    pub refused: f64,
}

/// A queue's figures, without the queues whose dead letters it takes.
pub(crate) fn of_queue(queue: &mut Queue, counts: &Counts, watch: &Watch, now: Millis) -> QueueFigures {
    let depth = queue.depth(now);
    let number = queue.config.id.0;
    let (count, rate) = (counts.get(number), watch.rate(number));
    QueueFigures {
        visible: depth.visible,
        in_flight: depth.in_flight,
        delayed: depth.delayed,
        // Positions are given in the order in which messages came to this queue.
        oldest_age_ms: queue.messages().next().map(|(_, entry)| now.saturating_sub(entry.sent_at)),
        dead_letters_of: Vec::new(),
        queued: count.came,
        received: count.received,
        deleted: count.gone,
        queued_per_second: rate.came,
        received_per_second: rate.received,
        deleted_per_second: rate.gone,
    }
}

/// The ARNs of the queues whose dead-letter queue one is.
pub(crate) fn sources(engine: &Engine, arn: &str) -> Vec<String> {
    let is_source = |queue: &&Queue| queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.target == arn);
    engine.queues("arn:aws:sqs:").filter(is_source).map(|queue| queue.config.arn.clone()).take(SOURCES).collect()
}

/// A topic's figures.
pub(crate) fn of_topic(topic: &Topic, counts: &Counts, watch: &Watch) -> TopicFigures {
    let number = topic.config.id.0;
    TopicFigures { published: counts.get(number).came, published_per_second: watch.rate(number).came }
}

/// A stream's figures.
pub(crate) fn of_stream(stream: &Stream, counts: &Counts, watch: &Watch, now: Millis) -> StreamFigures {
    let number = stream.config.id.0;
    let rate = watch.rate(number);
    let (next_in_ms, fill) = match stream.settings.buffering {
        Buffering::Whole { bytes, millis } => {
            let left = stream.oldest().map(|oldest| (oldest + millis).saturating_sub(now));
            (left, stream.bytes() as f64 / bytes.max(1) as f64)
        }
        Buffering::Partitioned => (None, 0.0),
    };
    StreamFigures {
        records: stream.len(),
        bytes: stream.bytes(),
        oldest_age_ms: stream.oldest().map(|at| now.saturating_sub(at)),
        next_in_ms,
        fill: fill.min(1.0),
        landed: counts.get(number).gone,
        queued_per_second: rate.came,
        landed_per_second: rate.gone,
    }
}

/// What a subscription delivered, kept out and could not deliver.
pub(crate) fn of_subscription(subscription: &Subscription, counts: &Counts, watch: &Watch) -> EdgeFigures {
    let (number, topic) = (subscription.config.id.0, subscription.config.topic.0);
    let (own, all) = (counts.get(number), counts.get(topic));
    let (rate, of_all) = (watch.rate(number), watch.rate(topic));
    let filters = subscription.filter.is_some();
    let kept_out = (of_all.came - rate.came - rate.refused).max(0.0);
    let per_second =
        EdgeRates { delivered: rate.came, filtered_out: if filters { kept_out } else { 0.0 }, refused: rate.refused };
    EdgeFigures {
        delivered: own.came,
        filtered_out: if filters { filtered_out(&own, &all) } else { 0 },
        refused: own.refused,
        per_second,
    }
}

/// What a topic got and a subscription didn't: a refused message that went to its dead-letter queue was delivered as well.
fn filtered_out(own: &Count, topic: &Count) -> u64 {
    topic.came.saturating_sub(own.base).saturating_sub(own.came.max(own.refused))
}
