//! One subscription's deliveries: from its outbox to its endpoint, to its dead-letter queue when that fails for good.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::post::{self, Post, PostError};
use super::retry::RetryPolicy;
use crate::core::Cloud;
use crate::core::receive::{self, Handed};
use crate::sns::delivery_policy;
use crate::sns::redact::redacted;
use engine::change::Moved;
use engine::config::{Attributes, SubscriptionConfig};
use engine::queue::Receive;
use engine::{Change, Millis, Position, QueueId, SubscriptionId};
use wire::AwsError;

/// Deliveries of a subscription at the same time.
const AT_ONCE: usize = 10;
/// For so long a worker waits at an empty outbox before it checks whether its subscription is still there.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Milliseconds after which a delivery that a crash cut off is tried again.
const VISIBILITY: Millis = 60_000;

/// Delivers until told to stop, or until the subscription is gone.
pub(super) async fn run(cloud: Arc<Cloud>, id: SubscriptionId, stop: CancellationToken) {
    // A receive doesn't wait while the server stops.
    while !cloud.core.waiters.is_closed() {
        let delivered = tokio::select! {
            biased;
            delivered = deliver(&cloud, id) => delivered,
            () = stop.cancelled() => return,
        };
        match delivered {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                cloud.notice(&format!("deliveries to an HTTP endpoint pause: {}", error.message));
                let again = cloud.core.now() + 1_000;
                stop.run_until_cancelled(cloud.core.clock().sleep_until(again)).await;
            }
        }
    }
}

/// Delivers what the outbox holds, or waits for it; false when the subscription or its outbox is gone.
async fn deliver(cloud: &Arc<Cloud>, id: SubscriptionId) -> Result<bool, AwsError> {
    let outbox = cloud.core.read(|engine, _| engine.subscription(id).and_then(|it| it.config.outbox));
    let Some(outbox) = outbox else { return Ok(false) };
    let receive = Receive { max: AT_ONCE, visibility: Some(VISIBILITY), attempt: None };
    let Some((messages, _)) = cloud.core.receive(outbox, receive, MAX_WAIT).await? else { return Ok(false) };
    let working = cloud.core.clock().working();
    // As it is now: attributes may have changed while the messages waited.
    let found = cloud.core.read(|engine, _| {
        let config = engine.subscription(id)?.config.clone();
        let topic = engine.topic(config.topic).map(|topic| topic.config.attributes.clone());
        Some((config, topic.unwrap_or_default()))
    });
    let Some((config, topic)) = found else { return Ok(false) };
    let policy = policy(&topic, &config);
    let started = cloud.core.now();
    let count = messages.len() as u64;
    let attempts = messages.into_iter().map(|message| attempt(cloud, &config, &policy, message));
    join_all(attempts).await.into_iter().collect::<Result<Vec<()>, _>>()?;
    drop(working);
    if let Some(per_second) = policy.per_second {
        cloud.core.clock().sleep_until(started + count * 1000 / per_second.max(1)).await;
    }
    Ok(true)
}

fn policy(topic: &Attributes, config: &SubscriptionConfig) -> RetryPolicy {
    RetryPolicy::of(&delivery_policy::effective_subscription(topic, &config.attributes))
}

/// Posts one message once, and keeps it for a retry, deletes it or gives it up as that went.
async fn attempt(
    cloud: &Arc<Cloud>,
    config: &SubscriptionConfig,
    policy: &RetryPolicy,
    message: Handed,
) -> Result<(), AwsError> {
    let position = message.picked.position;
    let Some(outbox) = config.outbox else { return Ok(()) };
    let failure = match post(cloud, config, policy, &message).await? {
        Ok(()) => return delete(cloud, outbox, position).await,
        Err(failure) => failure,
    };
    match policy.delay(u64::from(message.picked.count)).filter(|_| !failure.permanent) {
        Some(delay) => {
            cloud
                .core
                .execute_freeing(|tx| {
                    let visible_at = tx.now + delay;
                    tx.apply(&Change::Visible { queue: outbox, entries: vec![(position, visible_at)] });
                    Ok(())
                })
                .await
        }
        None => give_up(cloud, config, outbox, position, &failure).await,
    }
}

async fn post(
    cloud: &Cloud,
    config: &SubscriptionConfig,
    policy: &RetryPolicy,
    message: &Handed,
) -> Result<Result<(), PostError>, AwsError> {
    let sent = receive::sent(&message.record)?;
    let delivery = sent.deliveries.get(usize::from(message.picked.index));
    let raw = delivery.is_some_and(|delivery| delivery.raw);
    let body = match delivery.and_then(|delivery| sent.bodies.get(usize::from(delivery.body))) {
        Some(body) if raw => (*body).to_owned(),
        _ => cloud.render_notification(&sent, message.picked.index)?,
    };
    let message_id = cloud.core.read(|engine, _| engine.notification_id(sent.seq));
    let post = Post {
        url: &config.endpoint,
        kind: "Notification",
        message_id: &message_id,
        topic_arn: &config.topic_arn,
        subscription_arn: Some(&config.arn),
        raw,
        content_type: &policy.content_type,
        body,
    };
    Ok(post::send(post, cloud).await)
}

async fn delete(cloud: &Cloud, outbox: QueueId, position: Position) -> Result<(), AwsError> {
    cloud
        .core
        .execute_freeing(|tx| {
            tx.apply(&Change::Deleted { queue: outbox, positions: vec![position] });
            Ok(())
        })
        .await
}

/// Moves a message that can't be delivered to the dead-letter queue, or deletes it if there is none that takes it.
async fn give_up(
    cloud: &Cloud,
    config: &SubscriptionConfig,
    outbox: QueueId,
    position: Position,
    failure: &PostError,
) -> Result<(), AwsError> {
    let dead_lettered = cloud
        .core
        .execute_freeing(|tx| {
            let engine = tx.engine();
            let target = engine.subscription(config.id).ok_or_else(|| "the subscription is gone".to_owned());
            let at = tx.now;
            let target = target.and_then(|subscription| engine.dead_letter(subscription, at));
            match &target {
                Ok(to) => {
                    let to_position = engine.queue(*to).map_or(0, |queue| queue.next_position());
                    let moved =
                        Moved { from: outbox, from_position: position, to: *to, to_position, at, redrive: false };
                    tx.apply(&Change::Moved(moved));
                }
                Err(_) => tx.apply(&Change::Deleted { queue: outbox, positions: vec![position] }),
            }
            Ok(target.map(drop))
        })
        .await?;
    let then = match dead_lettered {
        Ok(()) => "it went to the dead-letter queue".to_owned(),
        Err(why) => format!("it is lost, for {why}"),
    };
    cloud.notice(&format!(
        "a message of {} was not delivered to {} ({}): {}; {then}",
        config.topic_arn,
        config.arn,
        redacted(&config.endpoint),
        cloud.reach.told(&failure.reason)
    ));
    Ok(())
}
