//! How many topics, subscriptions and filter policies there may be ("Amazon SNS endpoints and quotas", "Filter policy
//! constraints in Amazon SNS"). The texts are the API reference's.

use crate::request::Context;
use engine::topic::Topic;
use engine::{Engine, TopicId};
use wire::AwsError;

/// Topics of an account in a Region.
const STANDARD_TOPICS: usize = 100_000;
const FIFO_TOPICS: usize = 1_000;
/// Subscriptions of a FIFO topic. A standard one has 12.5 million, more than fit here.
const FIFO_SUBSCRIPTIONS: usize = 100;
/// Subscriptions of an account that wait for a confirmation.
const PENDING: usize = 5_000;
/// Filter policies of a topic, and of an account.
const POLICIES_OF_TOPIC: usize = 200;
const POLICIES_OF_ACCOUNT: usize = 10_000;

/// Bytes of an attribute of a topic, subscription, application or endpoint: those of the largest policy. AWS names no bound
/// for the others.
pub(super) const ATTRIBUTE_BYTES: usize = 30 << 10;
/// Bytes of a filter policy.
pub(super) const FILTER_POLICY_BYTES: usize = 256 << 10;

/// Whether there can be as many things as a quota allows. Every thing has an id of its own, and ids count up: while fewer
/// were given, nobody need count the things.
fn worth_counting(engine: &Engine, quota: usize) -> bool {
    engine.next_id() as usize > quota
}

fn exceeded(code: &'static str, message: &str) -> AwsError {
    AwsError::new(403, code, message)
}

/// Whether the caller may have one more topic of a type.
pub(super) fn topic(cx: &Context, engine: &Engine, fifo: bool) -> Result<(), AwsError> {
    let quota = if fifo { FIFO_TOPICS } else { STANDARD_TOPICS };
    let prefix = format!("arn:aws:sns:{}:{}:", cx.region, cx.account);
    if worth_counting(engine, quota)
        && engine.topics(&prefix).filter(|topic| topic.fifo == fifo).take(quota).count() == quota
    {
        let message = "Indicates that the customer already owns the maximum allowed number of topics.";
        return Err(exceeded("TopicLimitExceeded", message));
    }
    Ok(())
}

/// Whether a topic may have one more subscription, confirmed or not.
pub(super) fn subscription(cx: &Context, engine: &Engine, topic: TopicId, confirmed: bool) -> Result<(), AwsError> {
    let fifo = engine.topic(topic).is_some_and(|topic| topic.fifo);
    let full = fifo && engine.subscriptions_of(topic).take(FIFO_SUBSCRIPTIONS).count() == FIFO_SUBSCRIPTIONS;
    let waiting = || {
        let own = engine.subscriptions().filter(|it| *it.config.owner == *cx.account && !it.config.confirmed);
        worth_counting(engine, PENDING) && own.take(PENDING).count() == PENDING
    };
    if full || (!confirmed && waiting()) {
        let message = "Indicates that the customer already owns the maximum allowed number of subscriptions.";
        return Err(exceeded("SubscriptionLimitExceeded", message));
    }
    Ok(())
}

/// Whether so many messages more may be published in this second, if AWS's quotas of throughput are kept.
pub(super) fn publish(cx: &Context, topic: &Topic, messages: usize) -> Result<(), AwsError> {
    let scope = topic.config.attributes.get("FifoThroughputScope");
    let by_group = scope.is_some_and(|scope| scope == "MessageGroup");
    cx.cloud.quotas.publish(cx.cloud.core.now(), &topic.config.arn, by_group, messages)
}

/// Whether one more subscription of a topic may have a filter policy.
pub(super) fn filter_policy(cx: &Context, engine: &Engine, topic: TopicId) -> Result<(), AwsError> {
    let of_topic = engine.subscriptions_of(topic).filter(|it| it.filter.is_some());
    let of_account = || engine.subscriptions().filter(|it| it.filter.is_some() && *it.config.owner == *cx.account);
    if of_topic.take(POLICIES_OF_TOPIC).count() == POLICIES_OF_TOPIC
        || (worth_counting(engine, POLICIES_OF_ACCOUNT)
            && of_account().take(POLICIES_OF_ACCOUNT).count() == POLICIES_OF_ACCOUNT)
    {
        let message = "Indicates that the number of filter polices in your Amazon Web Services account exceeds the limit. \
                       To add more filter polices, submit an Amazon SNS Limit Increase case in the Amazon Web Services \
                       Support Center.";
        return Err(exceeded("FilterPolicyLimitExceeded", message));
    }
    Ok(())
}
