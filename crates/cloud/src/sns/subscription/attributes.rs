//! GetSubscriptionAttributes and SetSubscriptionAttributes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{subscribe, validate};
use crate::request::Context;
use crate::sns::error::{BadAttribute, invalid, no_subscription, required};
use crate::sns::{access, arn, delivery_policy, quotas, replay};
use engine::config::{Attributes, SubscriptionConfig};
use engine::{Change, Engine};
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSubscriptionAttributesInput<'a> {
    #[serde(borrow)]
    pub subscription_arn: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSubscriptionAttributesOutput {
    pub attributes: Attributes,
}

pub(crate) async fn get_subscription_attributes(
    cx: &Context,
    input: GetSubscriptionAttributesInput<'_>,
) -> Result<GetSubscriptionAttributesOutput, AwsError> {
    let subscription_arn = arn::subscription(&input.subscription_arn, cx)?;
    cx.cloud.core.read(|engine, _| {
        let config = &engine.subscription_by_arn(subscription_arn).ok_or_else(no_subscription)?.config;
        if !may_manage(cx, config) {
            return Err(no_subscription());
        }
        Ok(GetSubscriptionAttributesOutput { attributes: shown_attributes(engine, config) })
    })
}

/// A subscription's attributes as AWS shows them.
fn shown_attributes(engine: &Engine, config: &SubscriptionConfig) -> Attributes {
    let mut attributes = config.attributes.clone();
    attributes.remove("AuthenticateOnUnsubscribe");
    attributes.remove(replay::POSITION);
    let mut put = |name: &str, value: String| attributes.insert(name.to_owned(), value);
    put("SubscriptionArn", config.arn.clone());
    put("TopicArn", config.topic_arn.clone());
    put("Owner", config.owner.clone());
    put("Protocol", config.protocol.clone());
    put("Endpoint", config.endpoint.clone());
    put("PendingConfirmation", (!config.confirmed).to_string());
    if matches!(config.protocol.as_str(), "http" | "https") {
        let none = Attributes::new();
        let topic = engine.topic(config.topic).map_or(&none, |topic| &topic.config.attributes);
        let effective = delivery_policy::effective_subscription(topic, &config.attributes);
        put("EffectiveDeliveryPolicy", effective.to_string());
    }
    attributes.entry("RawMessageDelivery".into()).or_insert_with(|| "false".into());
    // The scope shows only beside a policy.
    if attributes.contains_key("FilterPolicy") {
        attributes.entry("FilterPolicyScope".into()).or_insert_with(|| "MessageAttributes".into());
    } else {
        attributes.remove("FilterPolicyScope");
    }
    attributes
}

/// Whether the caller may read and change a subscription: its owner and its topic's owner may.
fn may_manage(cx: &Context, config: &SubscriptionConfig) -> bool {
    *config.owner == *cx.account || text::arn::account(&config.topic_arn) == &*cx.account
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetSubscriptionAttributesInput<'a> {
    #[serde(borrow)]
    pub subscription_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub attribute_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub attribute_value: Option<Text<'a>>,
}

pub(crate) async fn set_subscription_attributes(
    cx: &Context,
    input: SetSubscriptionAttributesInput<'_>,
) -> Result<(), AwsError> {
    let subscription_arn = arn::subscription(&input.subscription_arn, cx)?;
    let name = required(&input.attribute_name, "AttributeName")?;
    let value = input.attribute_value.as_deref().unwrap_or_default();
    let config = cx
        .cloud
        .core
        .execute(|tx| {
            let config = &tx.engine().subscription_by_arn(subscription_arn).ok_or_else(no_subscription)?.config;
            if !may_manage(cx, config) {
                return Err(no_subscription());
            }
            let of = validate::Facts {
                protocol: &config.protocol,
                endpoint: &config.endpoint,
                topic_arn: &config.topic_arn,
                owner: &config.owner,
                attributes: &config.attributes,
            };
            let kept = validate::attribute(name, value, of).map_err(BadAttribute::alone)?;
            access::check_role(cx, name, value)?;
            if name == "ReplayPolicy" && kept.is_some() {
                tx.engine().topic(config.topic).map_or(Ok(()), replay::check_archive).map_err(invalid)?;
            }
            if name == "FilterPolicy" && kept.is_some() && !config.attributes.contains_key(name) {
                quotas::filter_policy(cx, tx.engine(), config.topic)?;
            }
            let mut config = config.clone();
            match kept {
                Some(value) => config.attributes.insert(name.to_owned(), value),
                None => config.attributes.remove(name),
            };
            if name == "ReplayPolicy" {
                replay::mark(&mut config.attributes);
            }
            tx.declare(&Change::Subscription(Cow::Borrowed(&config)))?;
            Ok(config)
        })
        .await?;
    if name == "SubscriptionRoleArn" {
        subscribe::tell_of_role(cx, &config, value);
    }
    if name == "ReplayPolicy" {
        cx.cloud.subscriptions_changed.notify_one();
    }
    Ok(())
}
