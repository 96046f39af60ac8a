//! Giving disk space back: the oldest segment's living records are copied to the tail of the log, and the segment goes.

use std::sync::Arc;

use super::cloud::Cloud;
use engine::Place;
use log::{LogError, SegmentScan};
use wire::AwsError;

/// The log is compacted when it has more than this many times the bytes that are alive, and [`SPARE_SEGMENTS`] more.
const GARBAGE: u64 = 2;
/// How many segments the log may have beyond [`GARBAGE`] before it is compacted.
const SPARE_SEGMENTS: u64 = 2;
/// Where the disk has little room, the log is compacted when its garbage is more than this many bytes and a part ([`WORTH`]) of
/// what is alive.
const TIGHT_GARBAGE: u64 = 512 << 10;
/// See [`TIGHT_GARBAGE`]: a quarter of what is alive.
const WORTH: u64 = 4;
/// The most records that are looked at under one lock, so that a request waits for no more than these.
const AT_ONCE: usize = 200;
/// The most bytes that are looked at under one lock.
const BYTES_AT_ONCE: usize = 1 << 20;

/// Compacts until the log is as small as promised; where there is little room, as small as it can be made.
pub(crate) async fn run(cloud: &Arc<Cloud>) -> Result<(), AwsError> {
    let log = cloud.core.log();
    loop {
        let (live, declared) = cloud.core.read(|engine, _| (engine.live_bytes(), engine.declared_bytes()));
        let segments = log.segments();
        let bytes: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
        let Some((oldest, _)) = segments.first().copied() else { return Ok(()) };
        let sealed = oldest != log.tail();
        let much = bytes > GARBAGE * live + SPARE_SEGMENTS * cloud.core.segment_bytes();
        if sealed && much {
            give_back(cloud, oldest).await?;
            continue;
        }
        let garbage = bytes.saturating_sub(live + declared);
        if garbage < live / WORTH + TIGHT_GARBAGE || !log.is_tight() {
            return Ok(());
        }
        // The copies take room before the segment gives it back.
        if living(cloud, oldest).await? + declared + TIGHT_GARBAGE > log.available() {
            return Ok(());
        }
        if !sealed {
            cloud.core.close_segment().await?;
        }
        give_back(cloud, oldest).await?;
    }
}

/// Copies what is alive of the oldest segment, and removes it.
pub(crate) async fn give_back(cloud: &Arc<Cloud>, oldest: u32) -> Result<(), AwsError> {
    restate(cloud, oldest).await?;
    let removing = cloud.clone();
    let removed = tokio::task::spawn_blocking(move || removing.core.log().remove(oldest)).await;
    removed.map_err(|error| AwsError::internal(error.to_string()))?.map_err(damage)
}

/// Copies what is alive of a segment to the tail.
async fn restate(cloud: &Cloud, segment: u32) -> Result<(), AwsError> {
    let mut scan = cloud.core.log().scan(segment).map_err(damage)?;
    loop {
        let records = next(&mut scan)?;
        if records.is_empty() {
            return Ok(());
        }
        cloud
            .core
            .execute_freeing(|transaction| {
                let now = transaction.now;
                for (place, record) in &records {
                    for change in transaction.engine().restate(*place, record, now) {
                        transaction.apply(&change);
                    }
                }
                Ok(())
            })
            .await?;
        tokio::task::yield_now().await;
    }
}

/// Bytes of a segment that are alive.
async fn living(cloud: &Cloud, segment: u32) -> Result<u64, AwsError> {
    let mut scan = cloud.core.log().scan(segment).map_err(damage)?;
    let mut bytes = 0;
    loop {
        let records = next(&mut scan)?;
        if records.is_empty() {
            return Ok(bytes);
        }
        bytes += cloud.core.read(|engine, now| {
            let alive = records.iter().filter(|(place, record)| !engine.restate(*place, record, now).is_empty());
            alive.map(|(_, record)| u64::from(log::frame_bytes(record.len()))).sum::<u64>()
        });
        tokio::task::yield_now().await;
    }
}

/// The next records of a segment; none at its end.
fn next(scan: &mut SegmentScan) -> Result<Vec<(Place, Vec<u8>)>, AwsError> {
    let mut records = Vec::new();
    let mut bytes = 0;
    while records.len() < AT_ONCE && bytes < BYTES_AT_ONCE {
        let Some((location, record)) = scan.next().map_err(damage)? else { break };
        bytes += record.len();
        records.push((Place { segment: location.segment, offset: location.offset }, record.to_vec()));
    }
    Ok(records)
}

fn damage(error: LogError) -> AwsError {
    AwsError::internal(format!("compaction stopped: {error}"))
}
