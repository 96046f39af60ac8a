//! What is to be done once a cloud's contents are others, whether they were taken away or replaced.

use std::sync::Arc;

use crate::blobs::Blob;
use crate::core::Cloud;
use crate::core::authority::AUTHORITY;
use crate::core::kept_time::CLOCK;
use crate::core::notification::SIGNING_KEY;
use crate::sts::session::SECRET;
use engine::{Engine, QueueId};

/// Documents of the server itself, which clients hold on to: the keys of certificates, of signatures and of sessions, and the time.
pub(crate) const KEPT: [&str; 4] = [AUTHORITY, SIGNING_KEY, SECRET, CLOCK];

/// Whether there is nothing that clients made.
pub(crate) fn is_empty(engine: &Engine) -> bool {
    let mut contents = engine.contents();
    contents.documents.retain(|key| !KEPT.contains(&key.as_str()));
    contents.is_empty()
}

/// The contents are others since a transaction that is in the log: these queues and blobs are gone.
pub(crate) async fn changed(cloud: &Arc<Cloud>, queues: Vec<QueueId>, blobs: Vec<Blob>) {
    cloud.blobs.discard(blobs).await;
    cloud.used_keys.forget_all();
    cloud.core.forget();
    cloud.consumers.forget();
    cloud.chaos.reset();
    queues.into_iter().for_each(|queue| cloud.core.waiters.wake_all(queue));
    cloud.subscriptions_changed.notify_one();
    cloud.core.streams.notify_one();
    cloud.move_tasks.notify_one();
}
