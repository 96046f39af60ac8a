//! The messages around a subscription: may it begin, and has it really ended?
//!
//! "HTTP/HTTPS subscription confirmation JSON format" and "HTTP/HTTPS unsubscribe confirmation JSON format".

use std::sync::Arc;

use super::post::{self, Post};
use super::retry::RetryPolicy;
use crate::core::Cloud;
use crate::notification::envelope;
use crate::notification::signing::Version;
use crate::sns::delivery_policy;
use crate::sns::redact::redacted;
use engine::config::{Attributes, SubscriptionConfig};
use text::time;
use wire::AwsError;

/// Which of the two messages it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirmation {
    OfSubscription,
    OfUnsubscribe,
}

impl Confirmation {
    fn name(self) -> &'static str {
        match self {
            Confirmation::OfSubscription => "SubscriptionConfirmation",
            Confirmation::OfUnsubscribe => "UnsubscribeConfirmation",
        }
    }

    fn text(self, config: &SubscriptionConfig) -> String {
        match self {
            Confirmation::OfSubscription => format!(
                "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL included \
                 in this message.",
                config.topic_arn
            ),
            Confirmation::OfUnsubscribe => format!(
                "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore the subscription, \
                 visit the SubscribeURL included in this message.",
                config.arn
            ),
        }
    }
}

/// Posts a confirmation to an HTTP endpoint, in the background, with the retries of its delivery policy. As on AWS it is not
/// kept: an endpoint that is subscribed again gets another.
pub(crate) fn send(cloud: &Arc<Cloud>, config: &SubscriptionConfig, kind: Confirmation) {
    let (cloud, config) = (cloud.clone(), config.clone());
    cloud.clone().background.spawn(async move {
        if let Err(error) = attempts(&cloud, &config, kind).await {
            cloud.notice(&format!(
                "no {} was sent to {}: {}",
                kind.name(),
                redacted(&config.endpoint),
                cloud.reach.told(&error.message)
            ));
        }
    });
}

async fn attempts(cloud: &Arc<Cloud>, config: &SubscriptionConfig, kind: Confirmation) -> Result<(), AwsError> {
    let message_id = cloud.core.uuid();
    let body = render(cloud, config, kind, &message_id)?;
    let topic = cloud.core.read(|engine, _| engine.topic(config.topic).map(|topic| topic.config.attributes.clone()));
    let topic: Attributes = topic.unwrap_or_default();
    let policy = RetryPolicy::of(&delivery_policy::effective_subscription(&topic, &config.attributes));
    let mut number = 1;
    loop {
        let working = cloud.core.clock().working();
        let post = Post {
            url: &config.endpoint,
            kind: kind.name(),
            message_id: &message_id,
            topic_arn: &config.topic_arn,
            subscription_arn: (kind == Confirmation::OfUnsubscribe).then_some(&config.arn),
            raw: false,
            content_type: "text/plain; charset=UTF-8",
            body: body.clone(),
        };
        let Err(failure) = post::send(post, cloud).await else { return Ok(()) };
        let Some(delay) = policy.delay(number).filter(|_| !failure.permanent) else {
            return Err(AwsError::internal(failure.reason));
        };
        number += 1;
        let at = cloud.core.now() + delay;
        drop(working);
        cloud.core.clock().sleep_until(at).await;
        let pending = |config: &SubscriptionConfig| {
            cloud.core.read(|engine, _| engine.subscription(config.id).is_some_and(|it| !it.config.confirmed))
        };
        if kind == Confirmation::OfSubscription && !pending(config) {
            return Ok(());
        }
    }
}

/// The confirmation's document, signed.
///
/// # Errors
/// There is no key to sign with.
pub(crate) fn render(
    cloud: &Cloud,
    config: &SubscriptionConfig,
    kind: Confirmation,
    message_id: &str,
) -> Result<String, AwsError> {
    let SubscriptionConfig { topic_arn, token, .. } = config;
    let (name, text, url) = (kind.name(), kind.text(config), envelope::confirm_url(&cloud.url(), config));
    let timestamp = time::iso_millis(cloud.core.now());
    let version = cloud.core.read(|engine, _| Version::of(engine, topic_arn));
    let canonical = format!(
        "Message\n{text}\nMessageId\n{message_id}\nSubscribeURL\n{url}\nTimestamp\n{timestamp}\nToken\n{token}\n\
         TopicArn\n{topic_arn}\nType\n{name}\n"
    );
    let signature = cloud.sign_text(version, &canonical)?;
    let mut members = envelope::Members::new(false, 1024);
    members.text("Type", name);
    members.text("MessageId", message_id);
    members.text("Token", token);
    members.text("TopicArn", topic_arn);
    members.text("Message", &text);
    members.text("SubscribeURL", &url);
    members.text("Timestamp", &timestamp);
    members.text("SignatureVersion", version.number());
    members.text("Signature", &signature.text);
    members.text("SigningCertURL", &signature.certificate_url);
    Ok(members.finish())
}
