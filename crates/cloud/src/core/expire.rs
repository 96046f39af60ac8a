//! Messages that are older than their queue keeps them go.

use engine::{Change, QueueId};
use wire::AwsError;

use super::cloud::Cloud;

/// Messages that expire under one lock.
const EXPIRE_AT_ONCE: usize = 1_000;

/// Deletes all messages whose retention period is over.
pub(crate) async fn expire_messages(cloud: &Cloud) -> Result<(), AwsError> {
    let queues: Vec<QueueId> = cloud.core.read(|engine, now| {
        let with_expired = engine.queues("").filter(|queue| !queue.expired(now, 1).is_empty());
        with_expired.map(|queue| queue.config.id).collect()
    });
    for id in queues {
        loop {
            let more = cloud.core.execute_freeing(|tx| {
                let positions = tx.engine().queue(id).map(|queue| queue.expired(tx.now, EXPIRE_AT_ONCE));
                let positions = positions.unwrap_or_default();
                let more = positions.len() == EXPIRE_AT_ONCE;
                if !positions.is_empty() {
                    tx.apply(&Change::Deleted { queue: id, positions });
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
