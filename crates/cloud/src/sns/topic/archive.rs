//! A FIFO topic's archive: a hidden queue that keeps what is published for as long as the archive policy says.

use std::borrow::Cow;

use serde_json::Value;

use crate::core::transaction::Transaction;
use crate::sns::error::{invalid, read_policy};
use engine::config::{Attributes, QueueConfig, TopicConfig};
use engine::topic::archive_arn;
use engine::{Change, QueueId};
use text::time;
use wire::AwsError;

/// "Amazon SNS message archiving for FIFO topic owners": from 1 to 365 days.
pub(crate) fn days(policy: &str) -> Result<u64, String> {
    let policy: Value = read_policy(policy).map_err(|error| format!("ArchivePolicy: {error}"))?;
    let period = policy.get("MessageRetentionPeriod");
    let days = period.and_then(|period| period.as_u64().or_else(|| period.as_str()?.parse().ok()));
    match days {
        Some(days @ 1..=365) => Ok(days),
        _ => Err("ArchivePolicy: MessageRetentionPeriod must be a number of days from 1 to 365".to_owned()),
    }
}

/// Begins, changes or deletes the archive, as the attribute `ArchivePolicy` says. To be called with the topic as it will be,
/// before that is applied: it writes into the topic's attributes since when the archive exists.
pub(crate) fn declare(tx: &mut Transaction<'_>, topic: &mut TopicConfig) -> Result<(), AwsError> {
    let arn = archive_arn(&topic.arn);
    let existing = tx.engine().queue_id(&arn);
    let Some(policy) = topic.attributes.get("ArchivePolicy") else {
        let replaying = tx.engine().subscriptions_of(topic.id).any(|subscription| subscription.replaying);
        if existing.is_some() && replaying {
            return Err(invalid("ArchivePolicy: a subscription is being replayed"));
        }
        topic.attributes.remove("BeginningArchiveTime");
        if let Some(queue) = existing {
            tx.apply(&Change::QueueGone(queue));
        }
        return Ok(());
    };
    let seconds = days(policy).map_err(invalid)? * 24 * 3600;
    let now = tx.now;
    topic.attributes.entry("BeginningArchiveTime".into()).or_insert_with(|| time::iso_millis(now));
    // A new topic's number is still free; the archive's is the one behind it.
    let id = existing.unwrap_or_else(|| QueueId(tx.engine().next_id().max(topic.id.0 + 1)));
    let created = existing.and_then(|id| tx.engine().queue(id)).map_or(now, |queue| queue.config.created);
    let attributes = Attributes::from([("MessageRetentionPeriod".to_owned(), seconds.to_string())]);
    let config = QueueConfig { id, arn, attributes, tags: Attributes::new(), created, modified: now, hidden: true };
    tx.apply(&Change::Queue(Cow::Owned(config)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_days() {
        assert_eq!(days(r#"{"MessageRetentionPeriod":"30"}"#), Ok(30));
        assert_eq!(days(r#"{"MessageRetentionPeriod":365}"#), Ok(365));
        for bad in [r#"{"MessageRetentionPeriod":0}"#, r#"{"MessageRetentionPeriod":"366"}"#, "{}", "x"] {
            assert!(days(bad).is_err(), "{bad}");
        }
    }
}
