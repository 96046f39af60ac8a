//! Unsubscribe: by the owner, or by whoever has the link in a message.

use serde::Deserialize;

use super::{ended, subscribe};
use crate::request::Context;
use crate::sns::error::required;
use crate::sns::{arn, outbox};
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UnsubscribeInput<'a> {
    #[serde(borrow)]
    pub subscription_arn: Option<Text<'a>>,
}

pub async fn unsubscribe(cx: &Context, input: UnsubscribeInput<'_>) -> Result<(), AwsError> {
    let subscription_arn = required(&input.subscription_arn, "SubscriptionArn")?;
    arn::check_subscription(subscription_arn, cx)?;
    let gone = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            let Some(subscription) = tx.engine.subscription_by_arn(subscription_arn) else { return Ok(None) };
            let mut config = subscription.config.clone();
            let stranger = *config.owner != *cx.account && config.topic_arn.split(':').nth(4) != Some(&*cx.account);
            let guarded = config.attributes.contains_key("AuthenticateOnUnsubscribe");
            // A link in a message carries no signature, unless the one who confirmed asked that it must.
            if if cx.access_key.is_some() { stranger } else { guarded } {
                let message =
                    format!("User is not authorized to perform: SNS:Unsubscribe on resource: {subscription_arn}");
                return Err(AwsError::new(403, "AuthorizationError", message));
            }
            super::remove(tx, config.id);
            if config.confirmed && matches!(config.protocol.as_str(), "http" | "https") {
                config.token = subscribe::token(cx);
                ended::keep(tx, &config);
            }
            Ok(Some(config))
        })
        .await?;
    if let Some(config) = gone {
        cx.cloud.subscriptions_changed.notify_one();
        outbox::say_goodbye(&cx.cloud, &config);
    }
    Ok(())
}
