//! `POST /_messaging/reset`: the cloud is empty again, as a test wants it. One transaction, so that nobody sees half of it.

use std::sync::Arc;
use std::time::Duration;

use crate::core::Cloud;
use crate::core::authority::AUTHORITY;
use crate::core::notification::SIGNING_KEY;
use crate::sts::session::SECRET;
use crate::{cloudformation, s3};
use engine::Change;
use wire::AwsError;

/// Documents of the server itself, which clients hold on to: the keys of certificates, of signatures and of sessions.
const KEPT: [&str; 3] = [AUTHORITY, SIGNING_KEY, SECRET];
/// How often, and for how long, it is looked whether stacks have come to rest.
const LOOKS: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(10);

/// Takes all that clients made: queues with their messages, topics, subscriptions, streams with what hasn't landed, objects,
/// stacks, roles, in all accounts. It asks neither policies nor Object Lock nor termination protection.
///
/// A stack whose operation runs is waited for: what it is just making would be there afterwards.
///
/// # Errors
/// 409 when a stack doesn't come to rest.
pub(super) async fn reset(cloud: &Arc<Cloud>) -> Result<(), AwsError> {
    let mut busy = String::new();
    for _ in 0..LOOKS {
        match attempt(cloud).await? {
            Ok(()) => return Ok(()),
            Err(name) => busy = name,
        }
        tokio::time::sleep(PAUSE).await;
    }
    let message = format!("Nothing was reset: the operation on the stack {busy} still runs.");
    Err(AwsError::new(409, "OperationInProgress", message))
}

/// The inner error is the name of a stack that isn't at rest.
async fn attempt(cloud: &Arc<Cloud>) -> Result<Result<(), String>, AwsError> {
    let done = cloud.core.execute_freeing(|tx| {
        let engine = tx.engine();
        if let Some(name) = cloudformation::running(engine) {
            return Ok(Err(name));
        }
        let blobs = s3::all_blobs(engine).map_err(AwsError::from)?;
        let subscriptions: Vec<_> = engine.subscriptions().map(|it| it.config.id).collect();
        let topics: Vec<_> = engine.topics("").map(|it| it.config.id).collect();
        let queues: Vec<_> = engine.queues("").map(|it| it.config.id).collect();
        let streams: Vec<_> = engine.streams("").map(|it| it.config.id).collect();
        let documents: Vec<_> = engine.docs("", "").map(|(key, _)| key.to_owned()).collect();
        subscriptions.into_iter().for_each(|id| tx.apply(&Change::SubscriptionGone(id)));
        topics.into_iter().for_each(|id| tx.apply(&Change::TopicGone(id)));
        queues.iter().for_each(|id| tx.apply(&Change::QueueGone(*id)));
        streams.into_iter().for_each(|id| tx.apply(&Change::StreamGone(id)));
        documents.iter().filter(|key| !KEPT.contains(&key.as_str())).for_each(|key| tx.delete_doc(key));
        Ok(Ok((queues, blobs)))
    });
    let (queues, blobs) = match done.await? {
        Ok(gone) => gone,
        Err(busy) => return Ok(Err(busy)),
    };
    cloud.blobs.discard(blobs).await;
    queues.into_iter().for_each(|queue| cloud.core.waiters.wake_all(queue));
    cloud.subscriptions_changed.notify_one();
    cloud.core.streams.notify_one();
    cloud.move_tasks.notify_one();
    Ok(Ok(()))
}
