//! Unsubscribe: by the owner, or by whoever has the link in a message.

use serde::Deserialize;

use super::token::make_token;
use super::{confirmation, ended};
use crate::core::transaction::Transaction;
use crate::request::Context;
use crate::sns::arn;
use engine::{Change, SubscriptionId};
use wire::{AwsError, Text};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UnsubscribeInput<'a> {
    #[serde(borrow)]
    pub subscription_arn: Option<Text<'a>>,
}

pub(crate) async fn unsubscribe(cx: &Context, input: UnsubscribeInput<'_>) -> Result<(), AwsError> {
    let subscription_arn = arn::subscription(&input.subscription_arn, cx)?;
    let gone = cx
        .cloud
        .core
        .execute_freeing(|tx| {
            let Some(subscription) = tx.engine().subscription_by_arn(subscription_arn) else { return Ok(None) };
            let mut config = subscription.config.clone();
            let stranger = *config.owner != *cx.account && text::arn::account(&config.topic_arn) != &*cx.account;
            let guarded = config.attributes.contains_key("AuthenticateOnUnsubscribe");
            // A link in a message carries no signature, unless the one who confirmed asked that it must.
            if if cx.access_key.is_some() { stranger } else { guarded } {
                let message =
                    format!("User is not authorized to perform: SNS:Unsubscribe on resource: {subscription_arn}");
                return Err(AwsError::new(403, "AuthorizationError", message));
            }
            remove(tx, config.id);
            if config.confirmed && matches!(config.protocol.as_str(), "http" | "https") {
                config.token = make_token(cx);
                ended::keep(tx, &config);
            }
            Ok(Some(config))
        })
        .await?;
    if let Some(config) = gone {
        cx.cloud.subscriptions_changed.notify_one();
        confirmation::announce_end(&cx.cloud, &config);
    }
    Ok(())
}

/// Takes a subscription away, and its outbox with whatever wasn't delivered.
pub(crate) fn remove(tx: &mut Transaction<'_>, id: SubscriptionId) {
    let outbox = tx.engine().subscription(id).and_then(|subscription| subscription.config.outbox);
    tx.apply(&Change::SubscriptionGone(id));
    if let Some(queue) = outbox {
        tx.apply(&Change::QueueGone(queue));
    }
}
