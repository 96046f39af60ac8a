//! What other services publish: the notifications of buckets and of stacks.

use super::explain;
use super::publish::one::Fate;
use crate::cloud::Cloud;
use crate::cloud::transaction::Transaction;
use crate::engine::explain::Outcomes;
use crate::engine::{Change, Notification};

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
    let mut outcomes = cloud.notices.explains().then(Outcomes::new);
    let published = tx
        .engine
        .decide_publish(topic, topic_arn, notification, tx.now, outcomes.as_mut())
        .map_err(|error| error.to_string())?;
    let explanation = outcomes.map(|outcomes| explain::words(tx.engine, topic_arn, &published, &outcomes));
    if let Some(sent) = published.change {
        tx.apply(&Change::Sent(sent));
    }
    Ok(Fate { seq: published.seq, refusals: published.refusals, explanation })
}
