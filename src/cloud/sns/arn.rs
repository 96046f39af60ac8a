//! ARNs of topics and subscriptions.

use crate::engine::ids::{self, Kind};
use crate::engine::{Engine, SubscriptionId};

/// A subscription's ARN: its topic's, and an id that follows from its number.
pub fn subscription(engine: &Engine, topic_arn: &str, id: SubscriptionId) -> String {
    format!("{topic_arn}:{}", ids::format(ids::uuid(engine.salt(), Kind::Subscription, u64::from(id.0), 0)))
}
