//! Messages that are older than their queue keeps them go.

use engine::QueueId;
use wire::AwsError;

use super::cloud::Cloud;

/// Messages that expire under one lock.
const EXPIRE_AT_ONCE: usize = 1_000;

/// Deletes all messages whose retention period is over.
pub(crate) async fn expire_messages(cloud: &Cloud) -> Result<(), AwsError> {
    let mut queues: Vec<QueueId> = Vec::new();
    cloud.core.each_queue("", |queue, now| {
        queues.extend((!queue.expired(now, 1).is_empty()).then_some(queue.config.id));
        true
    });
    for id in queues {
        loop {
            let more = cloud.core.execute_freeing(|tx| {
                let positions = tx.engine().queue(id).map(|queue| queue.expired(tx.now, EXPIRE_AT_ONCE));
                let positions = positions.unwrap_or_default();
                let more = positions.len() == EXPIRE_AT_ONCE;
                if !positions.is_empty() {
                    tx.expire(id, positions);
                }
                Ok(more)
            });
            if !more.await? {
                break;
            }
        }
    }
    Ok(())
}
