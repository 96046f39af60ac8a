//! When a stream's buffer is due, and what happens then.
//!
//! A stream is due when it holds as many bytes, or its oldest record is as old, as its buffering hints say. A batch becomes
//! objects that land in one transaction with the note that its records are gone from the buffer: whatever happens to the
//! process, a record lands once. Where it can't land it stays, and is tried again for 24 hours.
//!
//! Streams with dynamic partitioning have a buffer for each partition: see [`super::partitions`].

mod retry;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

pub(super) use self::retry::{Failing, given_up, loss};
use super::batch::Plan;
use super::landing;
use super::partitions::{self, Partitions};
use super::stream::{Document, PARTITIONED};
use crate::core::Cloud;
use crate::core::receive;
use engine::stream::{Record, Stream};
use engine::{Change, Millis, Position, StreamId};
use wire::AwsError;

/// Records read from the log at once.
pub(super) const READ_AT_ONCE: usize = 1_000;

/// A stream that holds records, and when it is due; none with partitions.
type Waiting = (StreamId, Option<Millis>);

/// Flushes streams as they are due, until told to stop; then at once. What hasn't landed then stays in the log.
pub async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    stop.run_until_cancelled(flush_all(&cloud)).await;
}

async fn flush_all(cloud: &Arc<Cloud>) {
    let mut failing: HashMap<StreamId, Failing> = HashMap::new();
    let mut partitioned: HashMap<StreamId, Partitions> = HashMap::new();
    loop {
        let now = cloud.core.now();
        let waiting: Vec<Waiting> = cloud.core.read(|engine, _| {
            let waiting = engine.streams("").filter(|stream| !stream.is_empty());
            waiting.map(|stream| (stream.config.id, due_at(stream, now))).collect()
        });
        failing.retain(|id, _| waiting.iter().any(|(other, _)| other == id));
        partitioned.retain(|id, _| waiting.iter().any(|(other, _)| other == id));
        let mut next: Option<Millis> = None;
        let mut flushed = false;
        for (id, at) in waiting {
            let at = match at {
                None => match partitions::step(cloud, id, &mut partitioned).await {
                    partitions::Step::Again => {
                        flushed = true;
                        continue;
                    }
                    partitions::Step::Until(at) => at,
                },
                Some(at) => {
                    let at = failing.get(&id).map_or(at, |failing| failing.retry_at(now).max(at));
                    if at <= now {
                        flushed = true;
                        flush_or_keep(cloud, id, &mut failing).await;
                        continue;
                    }
                    at
                }
            };
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        if flushed {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = cloud.core.streams.notified() => {}
            () = cloud.core.clock().sleep_until(next.unwrap_or_default()), if next.is_some() => {}
        }
    }
}

/// When a stream without partitions is due: at once when it is full.
fn due_at(stream: &Stream, now: Millis) -> Option<Millis> {
    if stream.config.buffer_bytes == PARTITIONED {
        return None;
    }
    if stream.bytes() >= stream.config.buffer_bytes {
        return Some(0);
    }
    Some(due_within(stream.oldest()?, stream.config.buffer_millis, now))
}

/// When a time after `since` is over. A beginning that is still to come was set by a clock that has been set back since:
/// waiting for it may take years.
pub(super) fn due_within(since: Millis, time: Millis, now: Millis) -> Millis {
    if since > now { 0 } else { since + time }
}

/// Lands one batch; what can't land waits, and what has waited for too long is given up.
async fn flush_or_keep(cloud: &Arc<Cloud>, id: StreamId, failing: &mut HashMap<StreamId, Failing>) {
    let Err(error) = flush(cloud, id).await else {
        failing.remove(&id);
        return;
    };
    cloud.notice(&error.message);
    let lost = cloud
        .core
        .execute_freeing(|transaction| {
            let now = transaction.now;
            let Some(stream) = transaction.engine.stream(id) else { return Ok(None) };
            let given_up = stream.records().take_while(|(_, record)| given_up(record.at, now));
            let positions: Vec<_> = given_up.map(|(position, _)| position).collect();
            let (name, count) = (Document::of(&stream.config)?.name, positions.len());
            if count > 0 {
                transaction.apply(&Change::Flushed { stream: id, positions });
            }
            Ok(Some((name, count)).filter(|_| count > 0))
        })
        .await;
    match lost {
        Ok(Some((name, count))) => cloud.notice(&loss(&name, count, &error.message)),
        Ok(None) => {}
        Err(error) => cloud.notice(&error.message),
    }
    let oldest = cloud.core.read(|engine, _| engine.stream(id).and_then(Stream::oldest));
    failing.insert(id, Failing::after(failing.get(&id).copied(), cloud.core.now(), oldest));
}

/// Lands one batch: the oldest records, up to the buffer's size.
pub(crate) async fn flush(cloud: &Arc<Cloud>, id: StreamId) -> Result<(), AwsError> {
    let taken = cloud.core.read(|engine, _| engine.stream(id).map(take).transpose())?;
    let Some((document, records)) = taken.filter(|(_, records)| !records.is_empty()) else { return Ok(()) };
    let name = document.name.clone();
    let fail = |reason: String| AwsError::internal(format!("the delivery stream {name} can't deliver: {reason}"));
    let plan = Plan::new(document).map_err(&fail)?;
    let data = read(cloud, &records).await?;
    let now = cloud.core.now();
    let objects = plan.objects(&data, now, || cloud.core.uuid()).map_err(&fail)?;
    landing::check(cloud, &plan.document, &objects).map_err(&fail)?;
    let positions = records.into_iter().map(|(position, _)| position).collect();
    let flushed = [Change::Flushed { stream: id, positions }];
    landing::land(cloud, &plan.document, &objects, &flushed).await.map_err(fail)
}

/// The records of the next batch.
fn take(stream: &Stream) -> Result<(Document, Vec<(Position, Record)>), AwsError> {
    let document = Document::of(&stream.config)?;
    let mut bytes = 0;
    let full = |(_, record): &(Position, Record)| {
        let before = bytes;
        bytes += u64::from(record.bytes);
        before < stream.config.buffer_bytes
    };
    Ok((document, stream.records().take_while(full).collect()))
}

/// The data of records with their time of arrival.
pub(super) async fn read(cloud: &Cloud, records: &[(Position, Record)]) -> Result<Vec<(Millis, Bytes)>, AwsError> {
    let mut data = Vec::with_capacity(records.len());
    for chunk in records.chunks(READ_AT_ONCE) {
        let seqs: Vec<_> = chunk.iter().map(|(_, record)| record.seq).collect();
        let payloads = cloud.core.payloads(&seqs).await?;
        for ((_, record), payload) in chunk.iter().zip(payloads) {
            let bytes = match receive::put(&payload)? {
                Change::Put(put) => payload.slice_ref(put.data),
                Change::Sent(sent) => {
                    let delivery = sent.deliveries.get(usize::from(record.index));
                    let body = delivery.and_then(|delivery| sent.bodies.get(usize::from(delivery.body)));
                    match (delivery, body) {
                        (Some(delivery), Some(body)) if delivery.raw => payload.slice_ref(body.as_bytes()),
                        _ => cloud.render_notification(&sent, record.index)?.into(),
                    }
                }
                _ => return Err(AwsError::internal("the log holds no record where a stream's record was expected")),
            };
            data.push((record.at, bytes));
        }
    }
    Ok(data)
}

#[cfg(test)]
mod tests;
