//! ConfirmSubscription: the owner of an endpoint agrees to a subscription.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::ended;
use super::token::{TOKEN_LIFE, are_neighbours};
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
    let authenticated = cx.access_key.is_some();
    // Who follows the link of a message gets shorter words (recorded on AWS).
    let topic_arn = required(&input.topic_arn, "TopicArn")?;
    arn::check_topic(topic_arn, "TopicArn", cx)
        .map_err(|error| if authenticated { error } else { invalid("Topic") })?;
    let token = required(&input.token, "Token")?;
    if token.len() != 288 || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = if authenticated { "Invalid token" } else { "Invalid parameter: Token" };
        return Err(AwsError::bad("InvalidParameter", message));
    }
    let guarded = input.authenticate_on_unsubscribe.is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    let output = cx
        .cloud
        .core
        .execute(|tx| {
            let now = tx.now;
            let valid = |config: &&SubscriptionConfig| {
                config.token == token
                    && now < config.created + TOKEN_LIFE
                    && are_neighbours(&config.topic_arn, topic_arn)
            };
            let config = tx.engine().subscriptions().map(|it| &it.config).find(valid).cloned();
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
