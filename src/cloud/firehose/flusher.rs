//! When a stream's buffer is due, and what happens then.
//!
//! A stream is due when it holds as many bytes, or its oldest record is as old, as its buffering hints say. A batch becomes
//! objects that land in one transaction with the note that its records are gone from the buffer: whatever happens to the
//! process, a record lands once. Where it can't land it stays, and is tried again.
//!
//! With dynamic partitioning all partitions of a stream are flushed together; AWS counts each partition's bytes alone.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::batch::Plan;
use super::landing;
use super::stream::Document;
use crate::cloud::Cloud;
use crate::cloud::receive;
use crate::cloud::sns::envelope;
use crate::cloud::wire::AwsError;
use crate::engine::stream::{Record, Stream};
use crate::engine::{Change, Millis, Position, StreamId};

/// The first wait after a failure; each further one is twice as long.
const FIRST_RETRY: Millis = 1_000;
const LONGEST_RETRY: Millis = 60_000;
/// Records read from the log at once.
const READ_AT_ONCE: usize = 1_000;

/// What is known of a stream whose last flush failed.
#[derive(Debug, Clone, Copy)]
struct Failing {
    retry_at: Millis,
    wait: Millis,
}

/// Flushes streams as they are due, until told to stop. What isn't due then stays in the log.
pub async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    let mut failing: HashMap<StreamId, Failing> = HashMap::new();
    loop {
        let due: Vec<(StreamId, Millis)> = cloud.core.read(|engine, _| {
            engine.streams("").filter_map(|stream| Some((stream.config.id, due_at(stream)?))).collect()
        });
        failing.retain(|id, _| due.iter().any(|(other, _)| other == id));
        let now = cloud.core.now();
        let mut next: Option<Millis> = None;
        let mut flushed = false;
        for (id, at) in due {
            let at = failing.get(&id).map_or(at, |failing| failing.retry_at.max(at));
            if at > now {
                next = Some(next.map_or(at, |next| next.min(at)));
                continue;
            }
            flushed = true;
            match flush(&cloud, id).await {
                Ok(()) => _ = failing.remove(&id),
                Err(error) => {
                    cloud.notice(&error.message);
                    let wait = failing.get(&id).map_or(FIRST_RETRY, |failing| (failing.wait * 2).min(LONGEST_RETRY));
                    failing.insert(id, Failing { retry_at: now + wait, wait });
                }
            }
        }
        if stop.is_cancelled() {
            return;
        }
        if flushed {
            continue;
        }
        tokio::select! {
            () = cloud.core.streams.notified() => {}
            () = cloud.core.clock().sleep_until(next.unwrap_or_default()), if next.is_some() => {}
            () = stop.cancelled() => return,
        }
    }
}

/// When a stream is due; never while it is empty, at once when it is full.
fn due_at(stream: &Stream) -> Option<Millis> {
    let oldest = stream.oldest()?;
    if stream.bytes() >= stream.config.buffer_bytes {
        return Some(0);
    }
    Some(oldest + stream.config.buffer_millis)
}

/// Lands one batch: the oldest records, up to the buffer's size.
async fn flush(cloud: &Arc<Cloud>, id: StreamId) -> Result<(), AwsError> {
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
    let flushed = Change::Flushed { stream: id, positions };
    landing::land(cloud, &plan.document, objects, &flushed).await.map_err(fail)
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
async fn read(cloud: &Cloud, records: &[(Position, Record)]) -> Result<Vec<(Millis, Bytes)>, AwsError> {
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
                        _ => envelope::render(cloud, &sent, record.index)?.into(),
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
