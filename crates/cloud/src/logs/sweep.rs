//! Events that are older than their group keeps them go.

use super::chunk::Head;
use super::store::{self, DAY};
use crate::core::Cloud;
use engine::Millis;
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

/// The first midnight after `now` and before `end` at which a chunk is old enough to go.
pub(crate) fn next_due(cloud: &Cloud, now: Millis, end: Millis) -> Option<Millis> {
    let due = cloud.core.read(|engine, _| {
        let groups = store::all_groups(engine);
        let groups = groups.iter().filter_map(|key| store::group_at(engine, key));
        let due = groups.filter_map(|group| {
            let kept = group.kept()?;
            store::chunks(engine, group.id).map(|chunk| chunk.head.last + kept).min()
        });
        due.min()
    })?;
    // Of today's sweep it was not, or no more.
    let midnight = (due.max(now) / DAY + 1) * DAY;
    (midnight < end).then_some(midnight)
}
