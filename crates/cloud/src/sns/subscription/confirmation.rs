//! What the owner of an endpoint is asked when a subscription begins, and told when one has ended.

use std::sync::Arc;

use crate::core::Cloud;
use crate::notification::SENDER;
use crate::sns::http::confirmation::{self, Confirmation};
use engine::config::SubscriptionConfig;
use engine::{Change, Message, Sending};
use wire::AwsError;

/// Asks the owner of an endpoint whether it wants the subscription. The link of a mail stands on the outbox's page.
pub(super) async fn request(cloud: &Arc<Cloud>, config: &SubscriptionConfig) {
    match config.protocol.as_str() {
        "http" | "https" => confirmation::send(cloud, config, Confirmation::OfSubscription),
        "sqs" => {
            if let Err(error) = ask_queue(cloud, config).await {
                cloud
                    .notice(&format!("no SubscriptionConfirmation was sent to {}: {}", config.endpoint, error.message));
            }
        }
        // The link holds the token by which anyone confirms: notices go to logs.
        _ => cloud.notice(&format!(
            "{} waits for its confirmation: the link that was mailed stands at /_messaging/outbox",
            config.arn
        )),
    }
}

/// A queue of another account gets the confirmation as a message.
async fn ask_queue(cloud: &Cloud, config: &SubscriptionConfig) -> Result<(), AwsError> {
    let body = confirmation::render(cloud, config, Confirmation::OfSubscription, &cloud.core.uuid())?;
    cloud
        .core
        .execute(|tx| {
            let queue = tx.engine().queue_id(&config.endpoint).ok_or("the queue does not exist".to_owned());
            let queue = queue.and_then(|queue| tx.engine().may_send(queue, &config.topic_arn, tx.now).map(|()| queue));
            let message = Message { sender: SENDER, body: &body, ..Message::default() };
            let sending = tx.engine().decide_send(queue.map_err(AwsError::internal)?, message, tx.now);
            if let Ok(Sending::New(sent)) = sending {
                tx.apply(&Change::Sent(sent));
            }
            Ok(())
        })
        .await
}

/// Tells the owner of an HTTP endpoint that its subscription has ended, with a link that brings it back.
pub(super) fn announce_end(cloud: &Arc<Cloud>, config: &SubscriptionConfig) {
    if config.confirmed && matches!(config.protocol.as_str(), "http" | "https") {
        confirmation::send(cloud, config, Confirmation::OfUnsubscribe);
    }
}
