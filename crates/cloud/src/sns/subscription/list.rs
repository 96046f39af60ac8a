//! ListSubscriptions and ListSubscriptionsByTopic.

use serde::{Deserialize, Serialize};

use crate::request::Context;
use crate::sns::error::no_topic;
use crate::sns::{access, arn, page};
use engine::SubscriptionId;
use engine::config::SubscriptionConfig;
use wire::{AwsError, Text};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSubscriptionsOutput {
    subscriptions: Vec<Entry>,
    next_token: Option<String>,
    #[serde(skip)]
    last: Option<SubscriptionId>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    subscription_arn: String,
    owner: String,
    protocol: String,
    endpoint: String,
    topic_arn: String,
}

impl Entry {
    fn of(config: &SubscriptionConfig) -> Self {
        Self {
            subscription_arn: config.arn.clone(),
            owner: config.owner.clone(),
            protocol: config.protocol.clone(),
            endpoint: config.endpoint.clone(),
            topic_arn: config.topic_arn.clone(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSubscriptionsInput<'a> {
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

pub(crate) async fn list_subscriptions(
    cx: &Context,
    input: ListSubscriptionsInput<'_>,
) -> Result<ListSubscriptionsOutput, AwsError> {
    let after = after(input.next_token.as_deref())?;
    let prefix = format!("arn:aws:sns:{}:", cx.region);
    cx.cloud.core.read(|engine, _| {
        let mut own: Vec<&SubscriptionConfig> = engine
            .subscriptions()
            .map(|subscription| &subscription.config)
            .filter(|config| *config.owner == *cx.account && config.topic_arn.starts_with(&prefix) && config.id > after)
            .collect();
        own.sort_unstable_by_key(|config| config.id);
        let mut output = cut(cx, own.iter().copied());
        // Only a topic's own list tells the ARN of a subscription that nobody has confirmed.
        for (entry, config) in output.subscriptions.iter_mut().zip(own) {
            if !config.confirmed {
                entry.subscription_arn = "PendingConfirmation".to_owned();
            }
        }
        Ok(output)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSubscriptionsByTopicInput<'a> {
    #[serde(borrow)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    next_token: Option<Text<'a>>,
}

pub(crate) async fn list_subscriptions_by_topic(
    cx: &Context,
    input: ListSubscriptionsByTopicInput<'_>,
) -> Result<ListSubscriptionsOutput, AwsError> {
    let topic_arn = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    let after = after(input.next_token.as_deref())?;
    cx.cloud.core.read(|engine, _| {
        let topic = engine.topic_by_arn(topic_arn).ok_or_else(no_topic)?;
        access::check(cx, topic, "SNS:ListSubscriptionsByTopic")?;
        let all = engine.subscriptions_of(topic.config.id).map(|subscription| &subscription.config);
        let mut output = cut(cx, all.filter(|config| config.id > after));
        if output.subscriptions.iter().any(|entry| entry.protocol == "application") {
            // AWS gives a token behind mobile endpoints though nothing follows: the next page is empty.
            output.next_token =
                output.next_token.or(output.last.map(|last| page::token(&cx.cloud.core, &last.0.to_string())));
        }
        Ok(output)
    })
}

fn after(token: Option<&str>) -> Result<SubscriptionId, AwsError> {
    let key = page::after(token)?;
    let number = key.map(|key| key.parse().map_err(|_| crate::sns::error::invalid("NextToken"))).transpose()?;
    Ok(SubscriptionId(number.unwrap_or(0)))
}

fn cut<'c>(cx: &Context, configs: impl Iterator<Item = &'c SubscriptionConfig>) -> ListSubscriptionsOutput {
    let (page, next_token) =
        page::cut(&cx.cloud.core, configs.take(page::SIZE + 1).collect(), |config| config.id.0.to_string());
    let last = page.last().map(|config| config.id);
    ListSubscriptionsOutput { subscriptions: page.into_iter().map(Entry::of).collect(), next_token, last }
}
