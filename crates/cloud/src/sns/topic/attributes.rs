//! GetTopicAttributes and SetTopicAttributes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{archive, policy, validate};
use crate::request::Context;
use crate::sns::error::{BadAttribute, no_topic, required};
use crate::sns::{access, arn, delivery_policy};
use engine::config::{Attributes, TopicConfig};
use engine::{Change, Engine, Millis};
use wire::{AwsError, Text};

/// AWS counts a topic's subscriptions with a delay: a client that asks at once sees the count from before.
const COUNTED_AFTER: Millis = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetTopicAttributesInput<'a> {
    #[serde(borrow)]
    pub topic_arn: Option<Text<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetTopicAttributesOutput {
    pub attributes: Attributes,
}

pub(crate) async fn get_topic_attributes(
    cx: &Context,
    input: GetTopicAttributesInput<'_>,
) -> Result<GetTopicAttributesOutput, AwsError> {
    let topic_arn = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    cx.cloud.core.read(|engine, now| {
        let topic = engine.topic_by_arn(topic_arn).ok_or_else(no_topic)?;
        access::check(cx, topic, "SNS:GetTopicAttributes")?;
        Ok(GetTopicAttributesOutput { attributes: shown_attributes(engine, &topic.config, now) })
    })
}

/// A topic's attributes as AWS shows them: what was set, what follows, and defaults.
fn shown_attributes(engine: &Engine, topic: &TopicConfig, now: Millis) -> Attributes {
    let mut attributes = topic.attributes.clone();
    let mut put = |name: &str, value: String| attributes.insert(name.to_owned(), value);
    put("TopicArn", topic.arn.clone());
    put("Owner", text::arn::account(&topic.arn).to_owned());
    put("EffectiveDeliveryPolicy", delivery_policy::effective_topic(&topic.attributes).to_string());
    let counted = || {
        let all = engine.subscriptions_of(topic.id).map(|subscription| &subscription.config);
        all.filter(|config| config.created + COUNTED_AFTER <= now)
    };
    put("SubscriptionsConfirmed", counted().filter(|config| config.confirmed).count().to_string());
    put("SubscriptionsPending", counted().filter(|config| !config.confirmed).count().to_string());
    // A subscription that is deleted is gone at once.
    put("SubscriptionsDeleted", "0".to_owned());
    let mut default = |name: &str, value: &dyn Fn() -> String| {
        if !attributes.contains_key(name) {
            attributes.insert(name.to_owned(), value());
        }
    };
    default("DisplayName", &String::new);
    default("Policy", &|| policy::default(&topic.arn).to_string());
    if topic.arn.ends_with(".fifo") {
        default("FifoTopic", &|| "true".into());
        default("ContentBasedDeduplication", &|| "false".into());
    }
    attributes
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetTopicAttributesInput<'a> {
    #[serde(borrow)]
    pub topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub attribute_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub attribute_value: Option<Text<'a>>,
}

/// No default policy is longer: it names twice what can have 256 characters, and the account.
const DEFAULT_POLICY: usize = 1_024;

pub(crate) async fn set_topic_attributes(cx: &Context, input: SetTopicAttributesInput<'_>) -> Result<(), AwsError> {
    let topic_arn = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    let name = required(&input.attribute_name, "AttributeName")?;
    let value = input.attribute_value.as_deref().unwrap_or_default();
    // What becomes no longer, or only as long as the default policy that a stack leaves, is set on a full disk as well.
    let frees = cx.cloud.core.read(|engine, _| {
        let before = engine.topic_by_arn(topic_arn).and_then(|topic| topic.config.attributes.get(name));
        before.is_some_and(|before| value.len() <= before.len().max(DEFAULT_POLICY))
    });
    cx.cloud
        .core
        .execute_as(frees, |tx| {
            let topic = tx.engine().topic_by_arn(topic_arn).ok_or_else(no_topic)?;
            access::check(cx, topic, "SNS:SetTopicAttributes")?;
            let kept = validate::attribute(name, value, topic.fifo).map_err(BadAttribute::alone)?;
            access::check_role(cx, name, value)?;
            let mut config = topic.config.clone();
            match kept {
                Some(value) => config.attributes.insert(name.to_owned(), value),
                None => config.attributes.remove(name),
            };
            tx.check_declaration(&Change::Topic(Cow::Borrowed(&config)))?;
            if name == "ArchivePolicy" {
                archive::declare(tx, &mut config)?;
            }
            tx.apply(&Change::Topic(Cow::Owned(config)));
            Ok(())
        })
        .await
}
