//! Giving disk space back: the oldest segment's living records are copied to the tail of the log, and the segment goes.

use std::sync::Arc;

use super::Cloud;
use super::wire::AwsError;
use crate::engine::Place;
use crate::log::{Location, LogError};

/// The log may hold so many times what is alive,
const GARBAGE: u64 = 2;
/// and so many segments more, before it is compacted.
const SPARE_SEGMENTS: u64 = 2;
/// Records that are looked at under one lock: a request waits for no more than these.
const AT_ONCE: usize = 200;
/// Bytes that are looked at under one lock.
const BYTES_AT_ONCE: usize = 1 << 20;

/// Compacts until the log is as small as promised.
pub async fn run(cloud: &Arc<Cloud>) -> Result<(), AwsError> {
    let log = cloud.core.log();
    loop {
        let live = cloud.core.read(|engine, _| engine.live_bytes());
        let segments = log.segments();
        let bytes: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
        let Some((oldest, _)) = segments.first().copied().filter(|(oldest, _)| *oldest != log.tail()) else {
            return Ok(());
        };
        if bytes <= GARBAGE * live + SPARE_SEGMENTS * cloud.core.segment_bytes() {
            return Ok(());
        }
        give_back(cloud, oldest).await?;
    }
}

/// Copies what is alive of the oldest segment, and removes it.
pub(super) async fn give_back(cloud: &Arc<Cloud>, oldest: u32) -> Result<(), AwsError> {
    restate(cloud, oldest).await?;
    let removing = cloud.clone();
    let removed = tokio::task::spawn_blocking(move || removing.core.log().remove(oldest)).await;
    removed.map_err(|error| AwsError::internal(error.to_string()))?.map_err(damage)
}

async fn restate(cloud: &Cloud, segment: u32) -> Result<(), AwsError> {
    let mut scan = cloud.core.log().scan(segment).map_err(damage)?;
    loop {
        let mut records: Vec<(Location, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        while records.len() < AT_ONCE && bytes < BYTES_AT_ONCE {
            let Some((location, record)) = scan.next().map_err(damage)? else { break };
            bytes += record.len();
            records.push((location, record.to_vec()));
        }
        if records.is_empty() {
            return Ok(());
        }
        cloud
            .core
            .execute(|transaction| {
                let now = transaction.now;
                for (location, record) in &records {
                    let place = Place { segment: location.segment, offset: location.offset };
                    for change in transaction.engine.restate(place, record, now) {
                        transaction.apply(&change);
                    }
                }
                Ok(())
            })
            .await?;
        tokio::task::yield_now().await;
    }
}

fn damage(error: LogError) -> AwsError {
    AwsError::internal(format!("compaction stopped: {error}"))
}
