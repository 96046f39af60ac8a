//! Giving disk space back: the oldest segment's living records are copied to the tail of the log, and the segment goes.

mod pace;

use std::sync::Arc;

use self::pace::Pace;
use super::cloud::Cloud;
use crate::turns::aside;
use engine::{OldRecord, Place};
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
/// The most records that are looked at under one lock: a request waits for no more than these, and the fewer they are, the seldomer it is
/// that who holds the lock loses the processor meanwhile.
const AT_ONCE: usize = 32;
/// No more are looked at under one lock beyond so many bytes.
const BYTES_AT_ONCE: usize = 32 << 10;

/// Compacts until the log is as small as promised; where there is little room, as small as it can be made.
pub(crate) async fn run(cloud: &Arc<Cloud>) -> Result<(), AwsError> {
    let log = cloud.core.log();
    let mut pace = Pace::default();
    loop {
        let (live, declared) = cloud.core.read(|engine, _| (engine.live_bytes(), engine.declared_bytes()));
        let segments = log.segments();
        let bytes: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
        let Some((oldest, _)) = segments.first().copied() else { return Ok(()) };
        let sealed = oldest != log.tail();
        let (promised, tight) = (sealed && beyond(cloud) > 0, log.is_tight());
        let garbage = bytes.saturating_sub(live + declared);
        if !promised && (garbage < live / WORTH + TIGHT_GARBAGE || !tight) {
            return Ok(());
        }
        // The copies take room before the segment gives it back: without it they would take what is kept for deletions, and what is
        // decided meanwhile couldn't be written.
        if tight && !fits(cloud, oldest, declared).await? {
            return Ok(());
        }
        if promised {
            pace.leave_time(cloud);
            give_back_at(cloud, oldest, &mut pace).await?;
            continue;
        }
        if !sealed {
            cloud.core.close_segment().await?;
        }
        give_back(cloud, oldest).await?;
    }
}

/// By how many bytes the log is larger than promised.
fn beyond(cloud: &Cloud) -> u64 {
    let live = cloud.core.read(|engine, _| engine.live_bytes());
    cloud.core.log().bytes().saturating_sub(GARBAGE * live + SPARE_SEGMENTS * cloud.core.segment_bytes())
}

/// Copies what is alive of the oldest segment, and removes it, as fast as that goes.
pub(crate) async fn give_back(cloud: &Arc<Cloud>, oldest: u32) -> Result<(), AwsError> {
    give_back_at(cloud, oldest, &mut Pace::default()).await
}

async fn give_back_at(cloud: &Arc<Cloud>, oldest: u32, pace: &mut Pace) -> Result<(), AwsError> {
    restate(cloud, oldest, pace).await?;
    let removing = cloud.clone();
    let removed = aside(move || removing.core.log().remove(oldest)).await;
    removed.map_err(|error| AwsError::internal(error.to_string()))?.map_err(damage)
}

/// Copies what is alive of a segment to the tail.
async fn restate(cloud: &Cloud, segment: u32, pace: &mut Pace) -> Result<(), AwsError> {
    // So are most segments where queues are drained as fast as they are filled. This waits for the log, as all that follows does: what
    // is dead in memory is dead in the log before its segment goes.
    if cloud.core.execute_freeing(|transaction| Ok(transaction.engine().needs_nothing_of(segment))).await? {
        return Ok(());
    }
    let mut scan = cloud.core.log().scan(segment).map_err(damage)?;
    loop {
        pace.begin();
        let records = next(&mut scan)?;
        if records.is_empty() {
            return cloud.core.execute_freeing(|_| Ok(())).await;
        }
        let old = read(&records);
        // What nobody needs waits for nothing.
        if cloud.core.read(|engine, now| old.iter().any(|old| !engine.restate(old, now).is_empty())) {
            cloud
                .core
                .execute_freeing(|transaction| {
                    let now = transaction.now;
                    for old in &old {
                        for change in transaction.engine().restate(old, now) {
                            transaction.apply(&change);
                        }
                    }
                    Ok(())
                })
                .await?;
        }
        if pace.rest().await {
            // What came meanwhile may have made it urgent.
            pace.leave_time(cloud);
        }
    }
}

/// Whether there is room to copy what is alive of a segment. If there is none on a full disk, the operator hears what would help.
async fn fits(cloud: &Cloud, segment: u32, declared: u64) -> Result<bool, AwsError> {
    let (needed, log) = (living(cloud, segment).await? + declared + TIGHT_GARBAGE, cloud.core.log());
    let missing = needed.saturating_sub(log.available());
    if missing > 0 && log.low().is_some() {
        cloud.notice(&format!(
            "the log can't give back what was deleted: what is alive in its oldest segment has to be copied first, and {} MiB more \
             have to be free on the disk for that",
            missing.div_ceil(1 << 20)
        ));
    }
    Ok(missing == 0)
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
        let old = read(&records);
        bytes += cloud.core.read(|engine, now| {
            let alive = old.iter().filter(|old| !engine.restate(old, now).is_empty());
            alive.map(|old| u64::from(log::frame_bytes(old.bytes()))).sum::<u64>()
        });
        tokio::task::yield_now().await;
    }
}

/// Reads records, before the lock is taken.
fn read(records: &[(Place, Vec<u8>)]) -> Vec<OldRecord<'_>> {
    records.iter().filter_map(|(place, record)| OldRecord::read(*place, record)).collect()
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

#[cfg(test)]
mod tests {
    use log::{Durability, MemoryDisk, Options};

    use super::*;
    use crate::core::Core;
    use crate::core::clock::Clock;

    /// A request beside a compaction waited for two hundred records.
    #[tokio::test]
    async fn few_records_are_looked_at_under_one_lock() {
        const RECORD: usize = 1_500;
        let options = Options { durability: Durability::Memory, ..Options::default() };
        let (core, _) = Core::open(Arc::new(MemoryDisk::default()), options, Clock::manual(0), false, 7).unwrap();
        for (count, bytes) in [(100, 100), (100, RECORD)] {
            for n in 0..count {
                let put = core.execute(|tx| {
                    tx.put_doc(&format!("{bytes}/{n}"), &vec![b'x'; bytes]);
                    Ok(())
                });
                put.await.unwrap();
            }
        }
        let mut scan = core.log().scan(1).unwrap();
        let mut seen = 0;
        loop {
            let records = next(&mut scan).unwrap();
            if records.is_empty() {
                break;
            }
            let bytes: usize = records.iter().map(|(_, record)| record.len()).sum();
            assert!(records.len() <= AT_ONCE && bytes < BYTES_AT_ONCE + 2 * RECORD, "{} of {bytes}", records.len());
            seen += records.len();
        }
        assert!(seen >= 200, "{seen}");
    }
}
