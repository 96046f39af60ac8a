//! Watches the streams, and has what is due land.
//!
//! A stream is due when it holds as many bytes, or its oldest record is as old, as its buffering hints say: [`super::whole`].
//! Streams with dynamic partitioning have a buffer for each partition: [`super::partitions`]. Where a batch can't land, its
//! records stay and are tried again for 24 hours: [`super::retry`].

use std::collections::HashMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::buffer::Step;
use super::chaos::Late;
use super::partitions::{self, Partitions};
use super::retry::Failing;
use super::whole;
use crate::core::Cloud;
use engine::stream::Buffering;
use engine::{Millis, StreamId};

/// A stream that holds records, and when it is due; none if that is for its partitions to say.
type Waiting = (StreamId, Option<Millis>);

/// Flushes streams as they are due, until told to stop; then at once. What hasn't landed then stays in the log.
pub(crate) async fn run(cloud: Arc<Cloud>, stop: CancellationToken) {
    stop.run_until_cancelled(flush_all(&cloud)).await;
}

/// Has a stream land what it holds, whatever its hints say.
pub(crate) fn flush_now(cloud: &Cloud, id: StreamId) {
    cloud.hurried.lock().insert(id);
    cloud.core.streams.notify_one();
}

async fn flush_all(cloud: &Arc<Cloud>) {
    let mut failing: HashMap<StreamId, Failing> = HashMap::new();
    let mut partitioned: HashMap<StreamId, Partitions> = HashMap::new();
    let mut late = Late::default();
    loop {
        let working = cloud.core.clock().working();
        let hurried = std::mem::take(&mut *cloud.hurried.lock());
        let waiting = find_waiting(cloud);
        failing.retain(|id, _| !hurried.contains(id));
        failing.retain(|id, _| waiting.iter().any(|(other, _)| other == id));
        partitioned.retain(|id, _| waiting.iter().any(|(other, _)| other == id));
        late.retain(|id| waiting.iter().any(|(other, _)| *other == id));
        let mut next: Option<Millis> = None;
        let mut flushed = false;
        for (id, due) in waiting {
            let step = match due {
                Some(due) => {
                    whole::step(cloud, id, if hurried.contains(&id) { 0 } else { due }, &mut failing, &mut late).await
                }
                None => partitions::step(cloud, id, hurried.contains(&id), &mut partitioned, &mut late).await,
            };
            match step {
                Step::Again => flushed = true,
                Step::Until(at) => next = Some(next.map_or(at, |next| next.min(at))),
            }
        }
        if flushed {
            tokio::task::yield_now().await;
            continue;
        }
        drop(working);
        tokio::select! {
            biased;
            () = cloud.core.streams.notified() => {}
            () = cloud.core.clock().sleep_until(next.unwrap_or_default()), if next.is_some() => {}
        }
    }
}

/// The streams that hold records.
fn find_waiting(cloud: &Cloud) -> Vec<Waiting> {
    cloud.core.read(|engine, now| {
        let waiting = engine.streams("").filter(|stream| !stream.is_empty()).map(|stream| {
            let due = match stream.settings.buffering {
                Buffering::Whole { bytes, millis } => Some(whole::due_at(stream, bytes, millis, now)),
                Buffering::Partitioned => None,
            };
            (stream.config.id, due)
        });
        waiting.collect()
    })
}

#[cfg(test)]
mod tests;
