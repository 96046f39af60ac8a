//! Events that are older than their group keeps them go.

use super::chunk::Head;
use super::store;
use crate::core::Cloud;
use wire::AwsError;

/// Chunks that are deleted under one lock.
const AT_ONCE: usize = 1_000;

/// Deletes the chunks of which no event is within its group's retention. Events that are too old are hidden before, when they are
/// read.
pub(crate) async fn sweep(cloud: &Cloud) -> Result<(), AwsError> {
    let groups = cloud.core.read(|engine, _| store::all_groups(engine));
    for key in groups {
        loop {
            let more = cloud.core.execute_freeing(|tx| {
                let Some(group) = store::group_at(tx.engine(), &key) else { return Ok(false) };
                let horizon = group.horizon(tx.now);
                if horizon == 0 {
                    return Ok(false);
                }
                let old = store::chunks(tx.engine(), group.id).filter(|chunk| chunk.head.last < horizon);
                let old: Vec<(u64, Head)> = old.take(AT_ONCE).map(|chunk| (chunk.number, chunk.head)).collect();
                store::drop_chunks(tx, group.id, &old)?;
                Ok(old.len() == AT_ONCE)
            });
            if !more.await? {
                break;
            }
        }
    }
    Ok(())
}

/// Whether a log group keeps its events for a time only.
pub(crate) fn may_expire(cloud: &Cloud) -> bool {
    cloud.core.read(|engine, now| {
        let groups = store::all_groups(engine);
        groups.iter().filter_map(|key| store::group_at(engine, key)).any(|group| group.horizon(now) > 0)
    })
}
