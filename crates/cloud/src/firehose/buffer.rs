//! A stream's buffer in the log: reading records out of it, and taking them away.

use bytes::Bytes;

use crate::core::{Cloud, receive};
use engine::stream::Record;
use engine::{Change, Millis, Position};
use wire::AwsError;

/// Records read from the log at once.
pub(super) const READ_AT_ONCE: usize = 1_000;

/// What comes after a step of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be more to do at once.
    Again,
    /// Nothing until this time, unless a record comes.
    Until(Millis),
}

/// Says whether one more belongs to those that are taken together: yes until those before it have `limit` bytes.
pub(super) fn up_to(limit: u64) -> impl FnMut(u64) -> bool {
    let mut taken = 0;
    move |bytes| {
        let before = taken;
        taken += bytes;
        before < limit
    }
}

/// When a time after `since` is over. A beginning that is still to come was set by a clock that has been set back since:
/// waiting for it may take years.
pub(super) fn due_within(since: Millis, time: Millis, now: Millis) -> Millis {
    if since > now { 0 } else { since + time }
}

/// Reads the data of records, each with its time of arrival.
///
/// # Errors
/// The log can't be read, or doesn't hold what it should.
pub(super) async fn read(cloud: &Cloud, records: &[(Position, Record)]) -> Result<Vec<(Millis, Bytes)>, AwsError> {
    let mut data = Vec::with_capacity(records.len());
    for chunk in records.chunks(READ_AT_ONCE) {
        let seqs: Vec<_> = chunk.iter().map(|(_, record)| record.seq).collect();
        let payloads = cloud.core.payloads(&seqs).await?;
        for ((_, record), payload) in chunk.iter().zip(payloads) {
            data.push((record.at, data_of(cloud, record, &payload)?));
        }
    }
    Ok(data)
}

/// The data of a record: what PutRecord got, or what SNS delivers.
fn data_of(cloud: &Cloud, record: &Record, payload: &Bytes) -> Result<Bytes, AwsError> {
    match receive::put(payload)? {
        Change::Put(put) => Ok(payload.slice_ref(put.data)),
        Change::Sent(sent) => {
            let delivery = sent.deliveries.get(usize::from(record.index));
            let body = delivery.and_then(|delivery| sent.bodies.get(usize::from(delivery.body)));
            match (delivery, body) {
                (Some(delivery), Some(body)) if delivery.raw => Ok(payload.slice_ref(body.as_bytes())),
                _ => Ok(cloud.render_notification(&sent, record.index)?.into()),
            }
        }
        _ => Err(AwsError::internal("the log holds no record where a stream's record was expected")),
    }
}

/// Takes records, or parts of them, out of the buffer for good: `changes` name them.
///
/// # Errors
/// The log can't be written; then they are still there.
pub(super) async fn remove(cloud: &Cloud, changes: &[Change<'_>]) -> Result<(), AwsError> {
    let removed = cloud.core.execute_freeing(|tx| {
        changes.iter().for_each(|change| tx.apply(change));
        Ok(())
    });
    removed.await
}
