//! What other services publish: the notifications of buckets and of stacks.

use super::publish::one::{Fate, fan_out};
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use engine::Notification;

/// Publishes as a part of another service's transaction.
///
/// # Errors
/// Why the topic takes it not: it doesn't exist, or it is a FIFO topic, which wants a message group.
pub fn announce(
    cloud: &Cloud,
    tx: &mut Transaction<'_>,
    topic_arn: &str,
    notification: Notification<'_>,
) -> Result<Fate, String> {
    let topic = tx.engine.topic_by_arn(topic_arn).ok_or("the topic does not exist")?.config.id;
    fan_out(cloud, tx, topic, topic_arn, notification).map_err(|error| error.to_string())
}
