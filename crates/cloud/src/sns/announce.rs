//! What other services publish: the notifications of buckets and of stacks.

use super::access;
use super::publishing::fan_out::fan_out;
use crate::core::Cloud;
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::Notification;
use engine::topic::Topic;
use wire::AwsError;

/// Publishes a notification in the transaction of another service, and tells the operator which subscriptions did not get
/// it.
///
/// # Errors
/// Why the topic did not take it: it doesn't exist, or it is a FIFO topic, which wants a message group.
pub(crate) fn announce(
    cloud: &Cloud,
    tx: &mut Transaction<'_>,
    topic_arn: &str,
    notification: Notification<'_>,
) -> Result<(), String> {
    let topic = tx.engine().topic_by_arn(topic_arn).ok_or("the topic does not exist")?.config.id;
    let published = fan_out(cloud, tx, topic, topic_arn, notification).map_err(|error| error.to_string())?;
    published.report(cloud, topic_arn);
    Ok(())
}

/// Whether the one for whom another service acts may publish to a topic.
///
/// # Errors
/// `AuthorizationError`.
pub(crate) fn may_publish(cx: &Context, topic: &Topic) -> Result<(), AwsError> {
    access::check(cx, topic, "SNS:Publish")
}
