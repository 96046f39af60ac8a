//! ConfirmSubscription: the owner of an endpoint agrees to a subscription.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::ended;
use super::token::TOKEN_LIFE;
use crate::request::Context;
use crate::sns::arn;
use crate::sns::error::{invalid, required};
use engine::Change;
use engine::config::SubscriptionConfig;
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConfirmSubscriptionInput<'a> {
    #[serde(borrow)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    token: Option<Text<'a>>,
    #[serde(borrow)]
    authenticate_on_unsubscribe: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConfirmSubscriptionOutput {
    subscription_arn: String,
}

pub(crate) async fn confirm_subscription(
    cx: &Context,
    input: ConfirmSubscriptionInput<'_>,
) -> Result<ConfirmSubscriptionOutput, AwsError> {
    let topic_arn = required(&input.topic_arn, "TopicArn")?;
    let token = required(&input.token, "Token")?;
    arn::check_topic(topic_arn, "TopicArn", cx)?;
    if token.len() != 288 || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(AwsError::bad("InvalidParameter", "Invalid token"));
    }
    let authenticated = cx.access_key.is_some();
    let guarded = input.authenticate_on_unsubscribe.is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    let output = cx
        .cloud
        .core
        .execute(|tx| {
            let topic = tx.engine().topic_by_arn(topic_arn).map(|topic| topic.config.id);
            let engine = tx.engine();
            let mut subscriptions = topic.into_iter().flat_map(|id| engine.subscriptions_of(id)).map(|it| &it.config);
            let now = tx.now;
            let valid = |config: &&SubscriptionConfig| config.token == token && now < config.created + TOKEN_LIFE;
            let config = subscriptions.find(valid).cloned();
            drop(subscriptions);
            let Some(mut config) = config else {
                let restored = ended::restore(tx, topic_arn, token).ok_or_else(|| invalid("Token"))?;
                return Ok(ConfirmSubscriptionOutput { subscription_arn: restored });
            };
            let subscription_arn = config.arn.clone();
            if !config.confirmed {
                config.confirmed = true;
                config.attributes.insert("ConfirmationWasAuthenticated".into(), authenticated.to_string());
                if guarded {
                    config.attributes.insert("AuthenticateOnUnsubscribe".into(), "true".into());
                }
                tx.apply(&Change::Subscription(Cow::Owned(config)));
            }
            Ok(ConfirmSubscriptionOutput { subscription_arn })
        })
        .await?;
    cx.cloud.subscriptions_changed.notify_one();
    Ok(output)
}
