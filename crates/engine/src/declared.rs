//! How much is declared. Every segment of the log opens with all declarations, so they have a bound.

use postcard::ser_flavors::Size;
use serde::Serialize;

use super::Engine;
use super::change::Change;

/// All declarations of all accounts together, in bytes of the log. An opening must be far smaller than a transaction may be
/// (256 MiB), and is written again with each segment.
pub const MAX_DECLARED: u64 = 128 << 20;

/// What a declaration takes beside itself: its frame's head, and its counter.
const BESIDE: u64 = 48;

impl Engine {
    /// Bytes that the declarations in force take at the opening of a segment, about.
    pub fn declared_bytes(&self) -> u64 {
        self.declared_bytes + self.incoming.as_ref().map_or(0, |incoming| incoming.declared_bytes)
    }

    /// Whether a declaration would be too much. One that makes a declaration smaller never is.
    pub fn has_no_room_for(&self, change: &Change<'_>) -> bool {
        let after = self.declared_after(change);
        after > MAX_DECLARED && after > self.declared_bytes
    }

    /// The bytes of all declarations once the change is made.
    pub(super) fn declared_after(&self, change: &Change<'_>) -> u64 {
        let (before, after) = match change {
            Change::Queue(config) => (self.queues.get(&config.id).map(|it| bytes(&it.config)), Some(bytes(config))),
            Change::Topic(config) => (self.topics.get(&config.id).map(|it| bytes(&it.config)), Some(bytes(config))),
            Change::Subscription(config) => {
                (self.subscriptions.get(&config.id).map(|it| bytes(&it.config)), Some(bytes(config)))
            }
            Change::Stream(config) => (self.streams.get(&config.id).map(|it| bytes(&it.config)), Some(bytes(config))),
            Change::QueueGone(id) => (self.queues.get(id).map(|it| bytes(&it.config)), None),
            Change::TopicGone(id) => (self.topics.get(id).map(|it| bytes(&it.config)), None),
            Change::SubscriptionGone(id) => (self.subscriptions.get(id).map(|it| bytes(&it.config)), None),
            Change::StreamGone(id) => (self.streams.get(id).map(|it| bytes(&it.config)), None),
            _ => (None, None),
        };
        (self.declared_bytes + after.unwrap_or(0)).saturating_sub(before.unwrap_or(0))
    }
}

fn bytes(config: &impl Serialize) -> u64 {
    // Counting can't fail, and every type of a declaration has a known shape.
    BESIDE + postcard::serialize_with_flavor(config, Size::default()).unwrap_or(0) as u64
}
