//! Topics as tests use them: made, subscribed to and published to by the real SDK, or declared without asking.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use engine::config::{Attributes, TopicConfig};
use engine::{Change, TopicId};
use serde_json::json;

use super::cloud::TestCloud;
use super::queues::arn;

/// How the ARNs of topics begin.
pub(crate) const ACCOUNT: &str = "arn:aws:sns:us-east-1:000000000000";

pub(crate) async fn topic(sns: &Client, name: &str, attributes: &[(&str, &str)]) -> String {
    let mut create = sns.create_topic().name(name);
    for (name, value) in attributes {
        create = create.attributes(*name, *value);
    }
    create.send().await.unwrap().topic_arn.unwrap()
}

/// A policy that lets a topic send to a queue.
pub(crate) fn lets_send(topic: &str, queue: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }]})
    .to_string()
}

/// Lets a topic send to a queue and subscribes it; the subscription's ARN.
pub(crate) async fn subscribe(cloud: &TestCloud, topic: &str, url: &str, attributes: &[(&str, &str)]) -> String {
    let queue = arn(&cloud.sqs(), url).await;
    let policy = lets_send(topic, &queue);
    cloud
        .sqs()
        .set_queue_attributes()
        .queue_url(url)
        .attributes(QueueAttributeName::Policy, policy)
        .send()
        .await
        .unwrap();
    subscribe_only(cloud, topic, "sqs", &queue, attributes).await
}

pub(crate) async fn subscribe_only(
    cloud: &TestCloud,
    topic: &str,
    protocol: &str,
    endpoint: &str,
    attributes: &[(&str, &str)],
) -> String {
    let attributes: HashMap<_, _> = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let subscribe = cloud.sns().subscribe().topic_arn(topic).protocol(protocol).endpoint(endpoint);
    let subscribe = subscribe.set_attributes(Some(attributes)).return_subscription_arn(true);
    subscribe.send().await.unwrap().subscription_arn.unwrap()
}

pub(crate) async fn publish(sns: &Client, topic: &str, message: &str) -> String {
    sns.publish().topic_arn(topic).message(message).send().await.unwrap().message_id.unwrap()
}

/// Declares topics without asking.
pub(crate) async fn declare_topics(cloud: &TestCloud, names: impl Iterator<Item = String>) {
    let made = cloud.inside().core.execute(|tx| {
        for name in names {
            let id = TopicId(tx.engine().next_id());
            let (attributes, tags) = (Attributes::new(), Attributes::new());
            let config = TopicConfig { id, arn: format!("{ACCOUNT}:{name}"), attributes, tags, created: 0 };
            tx.apply(&Change::Topic(Cow::Owned(config)));
        }
        Ok(())
    });
    made.await.unwrap();
}
