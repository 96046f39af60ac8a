//! Streams with one buffer: when it is due, and what becomes of it.
//!
//! A batch becomes objects that land in one transaction with the note that its records are gone from the buffer: whatever
//! happens to the process, a record lands once.

use std::collections::HashMap;
use std::sync::Arc;

use super::buffer::{self, Step};
use super::chaos::Late;
use super::error_log::{self, Told};
use super::landing;
use super::objects::ObjectMaker;
use super::refusal::Refusal;
use super::retry::{self, Failing};
use super::stream::Document;
use crate::core::Cloud;
use engine::stream::{Buffering, Record, Stream};
use engine::{Change, Millis, Position, StreamId};
use wire::AwsError;

/// When a stream is due whose buffer has room for so many bytes, and for records of such an age: at once when it is full.
pub(super) fn due_at(stream: &Stream, bytes: u64, millis: Millis, now: Millis) -> Millis {
    match stream.oldest() {
        Some(oldest) if stream.bytes() < bytes => buffer::due_within(oldest, millis, now),
        _ => 0,
    }
}

/// Lands a batch if the stream is due, `due` being when. What can't land waits, and what has waited for too long is given up.
pub(super) async fn step(
    cloud: &Arc<Cloud>,
    id: StreamId,
    due: Millis,
    failing: &mut HashMap<StreamId, Failing>,
    late: &mut Late,
) -> Step {
    let now = cloud.core.now();
    let at = failing.get(&id).map_or(due, |failing| failing.retry_at(now).max(due));
    if at > now {
        return Step::Until(at);
    }
    if let Some(at) = late.until(cloud, id) {
        return Step::Until(at);
    }
    match flush(cloud, id).await {
        Ok(()) => _ = failing.remove(&id),
        Err(refusal) => keep(cloud, id, &refusal, failing).await,
    }
    Step::Again
}

/// Lands one batch: the oldest records, up to the buffer's size.
///
/// # Errors
/// Why it can't land.
pub(crate) async fn flush(cloud: &Arc<Cloud>, id: StreamId) -> Result<(), Refusal> {
    let taken = cloud.core.read(|engine, _| engine.stream(id).map(take).transpose())?;
    let Some((document, records)) = taken.filter(|(_, records)| !records.is_empty()) else { return Ok(()) };
    let name = document.name.clone();
    let fail = |refusal: Refusal| refusal.of_stream(&name);
    let maker = ObjectMaker::new(document).map_err(|reason| fail(Refusal::internal(reason)))?;
    let data = buffer::read(cloud, &records).await?;
    let of: Vec<_> = records.iter().map(|(_, record)| (record.seq, record.index)).collect();
    let made = maker.make_objects(&data, &of, cloud.core.now(), || cloud.core.uuid());
    let (objects, told) = made.map_err(|reason| fail(Refusal::internal(reason)))?;
    let positions = records.into_iter().map(|(position, _)| position).collect();
    let flushed = vec![Change::Flushed { stream: id, positions }];
    landing::land_batch(cloud, &maker.document, &objects, flushed).await.map_err(fail)?;
    // Not before: what can't land is processed again each time.
    error_log::write(cloud, &maker.document, &told).await;
    Ok(())
}

/// The records of the next batch, and what is to become of them.
fn take(stream: &Stream) -> Result<(Document, Vec<(Position, Record)>), AwsError> {
    let document = Document::of(&stream.config)?;
    let Buffering::Whole { bytes, .. } = stream.settings.buffering else { return Ok((document, Vec::new())) };
    let mut fits = buffer::up_to(bytes);
    Ok((document, stream.records().take_while(|(_, record)| fits(record.bytes.into())).collect()))
}

/// A batch couldn't land: what has waited for too long is given up, the rest waits.
async fn keep(cloud: &Cloud, id: StreamId, refusal: &Refusal, failing: &mut HashMap<StreamId, Failing>) {
    cloud.notice(&refusal.reason);
    if let Err(error) = give_up_old(cloud, id, &refusal.reason).await {
        cloud.notice(&error.message);
    }
    let found = cloud.core.read(|engine, _| {
        let stream = engine.stream(id)?;
        Some((Document::of(&stream.config).ok(), stream.oldest()))
    });
    let (document, oldest) = found.unwrap_or_default();
    if let Some(document) = document {
        let mut told = Told::default();
        told.add_refusal(refusal);
        error_log::write(cloud, &document, &told).await;
    }
    failing.insert(id, Failing::after(failing.get(&id).copied(), cloud.core.now(), oldest));
}

async fn give_up_old(cloud: &Cloud, id: StreamId, reason: &str) -> Result<(), AwsError> {
    let old = cloud.core.read(|engine, now| {
        let Some(stream) = engine.stream(id) else { return Ok(None) };
        let old = stream.records().take_while(|(_, record)| retry::is_given_up(record.at, now));
        let positions: Vec<Position> = old.map(|(position, _)| position).collect();
        Ok::<_, AwsError>(Some((Document::of(&stream.config)?.name, positions)))
    })?;
    let Some((name, positions)) = old.filter(|(_, positions)| !positions.is_empty()) else { return Ok(()) };
    let count = positions.len();
    retry::give_up(cloud, &name, count, &[Change::Flushed { stream: id, positions }], reason).await
}
