//! Subscribe: a new subscription of a topic, or the one that is there already.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::token::make_token;
use super::{confirmation, endpoint, validate};
use crate::core::transaction::Transaction;
use crate::request::Context;
use crate::request::passing;
use crate::sns::error::{invalid, invalid_attribute, no_topic, required};
use crate::sns::{access, arn, outbox, quotas, replay, signing_key};
use engine::config::{Attributes, SubscriptionConfig};
use engine::{Change, QueueId, SubscriptionId};
use text::arn::account;
use wire::{AwsError, Pairs, Text};

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SubscribeInput<'a> {
    #[serde(borrow)]
    pub topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    pub protocol: Option<Text<'a>>,
    #[serde(borrow)]
    pub endpoint: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub attributes: Pairs<'a, Text<'a>>,
    #[serde(default)]
    pub return_subscription_arn: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SubscribeOutput {
    pub subscription_arn: String,
}

pub(crate) async fn subscribe(cx: &Context, input: SubscribeInput<'_>) -> Result<SubscribeOutput, AwsError> {
    let topic_arn = arn::topic(&input.topic_arn, "TopicArn", cx)?;
    let protocol = required(&input.protocol, "Protocol")?;
    let endpoint = required(&input.endpoint, "Endpoint")?;
    let decided = cx.cloud.core.execute(|tx| decide(cx, tx, topic_arn, protocol, endpoint, &input.attributes));
    let (config, new) = decided.await?;
    if config.protocol != "firehose" && effective(&config.attributes, "RawMessageDelivery") == "false" {
        signing_key::prepare(&cx.cloud);
    }
    if new {
        warn(cx, &config);
    }
    if !config.confirmed {
        confirmation::request(&cx.cloud, &config).await;
    }
    cx.cloud.subscriptions_changed.notify_one();
    let told = config.confirmed || input.return_subscription_arn;
    Ok(SubscribeOutput { subscription_arn: if told { config.arn } else { "pending confirmation".to_owned() } })
}

/// The subscription, and whether it is new.
fn decide(
    cx: &Context,
    tx: &mut Transaction<'_>,
    topic_arn: &str,
    protocol: &str,
    endpoint: &str,
    given: &Pairs<'_, Text<'_>>,
) -> Result<(SubscriptionConfig, bool), AwsError> {
    let topic = tx.engine().topic_by_arn(topic_arn).ok_or_else(no_topic)?;
    access::check_subscribe(cx, topic, protocol, endpoint)?;
    let topic_id = topic.config.id;
    if given.get("ReplayPolicy").is_some_and(|policy| !policy.is_empty()) {
        replay::check_archive(topic).map_err(invalid_attribute)?;
    }
    endpoint::check(tx.engine(), &cx.account, protocol, endpoint, topic.fifo)?;
    endpoint::check_reach(&cx.cloud.reach, protocol, endpoint)?;
    let mut attributes = validated(&cx.account, topic_arn, protocol, endpoint, given)?;
    attributes.iter().try_for_each(|(name, value)| access::check_role(cx, name, value))?;
    let same = |config: &&SubscriptionConfig| config.protocol == protocol && config.endpoint == endpoint;
    let existing = tx.engine().subscriptions_of(topic_id).map(|it| &it.config).find(same).cloned();
    if let Some(config) = existing {
        if !attributes.iter().all(|(name, value)| effective(&config.attributes, name) == value) {
            return Err(invalid_attribute("Subscription already exists with different attributes"));
        }
        return Ok((config, false));
    }
    replay::mark(&mut attributes);
    attributes.insert("SubscriptionPrincipal".into(), access::caller(cx));
    let confirmed = confirms_itself(cx, protocol, endpoint);
    quotas::subscription(cx, tx.engine(), topic_id, confirmed)?;
    if attributes.contains_key("FilterPolicy") {
        quotas::filter_policy(cx, tx.engine(), topic_id)?;
    }
    attributes.insert("ConfirmationWasAuthenticated".into(), confirmed.to_string());
    let id = SubscriptionId(tx.engine().next_id());
    let mut config = SubscriptionConfig {
        id,
        arn: tx.engine().subscription_arn(topic_arn, id),
        topic: topic_id,
        topic_arn: topic_arn.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        owner: cx.account.to_string(),
        attributes,
        confirmed,
        token: if confirmed { String::new() } else { make_token(cx) },
        outbox: None,
        created: tx.now,
    };
    tx.check_declaration(&Change::Subscription(Cow::Borrowed(&config)))?;
    if !matches!(protocol, "sqs" | "firehose") {
        config.outbox = Some(outbox::declare_for_subscription(tx, &config, QueueId(id.0 + 1)));
    }
    tx.apply(&Change::Subscription(Cow::Borrowed(&config)));
    Ok((config, true))
}

fn validated(
    owner: &str,
    topic_arn: &str,
    protocol: &str,
    endpoint: &str,
    given: &Pairs<'_, Text<'_>>,
) -> Result<Attributes, AwsError> {
    let mut attributes = Attributes::new();
    // The scope first: the policy's validity depends on it.
    let scope_first = given.iter().filter(|(name, _)| *name == "FilterPolicyScope");
    let rest = given.iter().filter(|(name, _)| *name != "FilterPolicyScope");
    for (name, value) in scope_first.chain(rest) {
        let of = validate::Facts { protocol, endpoint, topic_arn, owner, attributes: &attributes };
        let kept = validate::attribute(name, value, of).map_err(|bad| bad.among_others(name))?;
        if let Some(value) = kept {
            attributes.insert(name.as_str().to_owned(), value);
        }
    }
    if protocol == "firehose" && !attributes.contains_key("SubscriptionRoleArn") {
        return Err(invalid("SubscriptionRoleArn is required for the protocol firehose"));
    }
    Ok(attributes)
}

/// An attribute's value, AWS's default where nothing was set.
fn effective<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    match (attributes.get(name), name) {
        (Some(value), _) => value,
        (None, "RawMessageDelivery") => "false",
        (None, "FilterPolicyScope") => "MessageAttributes",
        (None, _) => "",
    }
}

/// Queues and streams of the subscriber's own account, phones and mobile endpoints need no confirmation.
fn confirms_itself(cx: &Context, protocol: &str, endpoint: &str) -> bool {
    match protocol {
        "sqs" | "firehose" => account(endpoint) == &*cx.account,
        "sms" | "application" => true,
        _ => false,
    }
}

/// Tells the operator if nobody made the role of a subscription, though records go into the account's own stream.
pub(crate) fn tell_of_role(cx: &Context, config: &SubscriptionConfig, role: &str) {
    if account(&config.endpoint) != &*cx.account {
        return;
    }
    let (what, needs) =
        (format!("the subscription {}", config.arn), format!("firehose:PutRecord on {}", config.endpoint));
    passing::tell_if_missing(cx, &what, role, "sns.amazonaws.com", &needs);
}

/// Tells the operator of a subscription that gets less on AWS, or nothing.
fn warn(cx: &Context, config: &SubscriptionConfig) {
    let endpoint = &config.endpoint;
    if let Some(role) = config.attributes.get("SubscriptionRoleArn") {
        tell_of_role(cx, config, role);
    }
    if config.protocol != "sqs" {
        return;
    }
    let own = account(endpoint) == account(&config.topic_arn);
    let why = cx.cloud.core.read(|engine, _| match engine.queue_id(endpoint).and_then(|id| engine.queue(id)) {
        None => Some(format!("{} leads to the queue {endpoint}, which does not exist", config.arn)),
        Some(queue) if own && queue.settings.policy.is_none() && !queue.settings.declared && !engine.strict() => {
            Some(format!(
                "the queue {endpoint} has no policy: this cloud delivers to it, AWS would not unless it lets {} send",
                config.topic_arn
            ))
        }
        // An unconfirmed one is told of when its confirmation can't be sent.
        Some(queue) if !own && config.confirmed && queue.settings.policy.is_none() => Some(format!(
            "the queue {endpoint} has no policy: it gets nothing of {}, which is another account's, until one lets the topic send",
            config.topic_arn
        )),
        Some(_) => None,
    });
    if let Some(why) = why {
        cx.cloud.notice(&why);
    }
}
