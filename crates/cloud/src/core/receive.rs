//! Receiving from a queue: the decision, the log, the long poll, and the bodies from the log.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;

use super::Core;
use engine::change::{Change, Moved, Sent};
use engine::queue::{Picked, Receive, Received};
use engine::{Millis, Place, QueueId, Seq};
use log::{LogError, Segment};
use wire::AwsError;

use super::transaction::Transaction;

/// A message that a consumer got.
#[derive(Debug, Clone)]
pub struct Handed {
    pub picked: Picked,
    pub message_id: String,
    /// The ARN of the queue that it was redriven from.
    pub source: Option<String>,
    /// The payload's record: read it with [`sent`].
    pub record: Bytes,
}

/// Reads the message in a payload's record, whether as first written or as a compaction copied it.
pub(crate) fn sent(record: &[u8]) -> Result<Sent<'_>, AwsError> {
    match postcard::from_bytes::<Change<'_>>(record) {
        Ok(Change::Sent(sent)) => Ok(sent),
        Ok(Change::Restated(restated)) => match postcard::from_bytes::<Change<'_>>(restated.payload) {
            Ok(Change::Sent(sent)) => Ok(sent),
            _ => Err(no_message()),
        },
        _ => Err(no_message()),
    }
}

/// The data of a delivery stream's record: of PutRecord, or of a delivery by SNS with its index.
pub(crate) fn put(record: &[u8]) -> Result<Change<'_>, AwsError> {
    match postcard::from_bytes::<Change<'_>>(record) {
        Ok(Change::Restated(restated)) => postcard::from_bytes(restated.payload).map_err(|_| no_message()),
        Ok(change) => Ok(change),
        Err(_) => Err(no_message()),
    }
}

fn no_message() -> AwsError {
    AwsError::internal("the log holds no message where a message was expected")
}

/// A record's segment, held so that a compaction can't take it away, and its offset.
type Held = Option<(Arc<Segment>, u32)>;

/// What a receive found, before its bodies are read.
struct Found {
    /// With its message id, the queue it was redriven from, and where its record lies.
    messages: Vec<(Picked, String, Option<String>, Held)>,
    over_limit: bool,
    next_visible: Option<Millis>,
}

impl Core {
    /// Receives up to `receive.max` messages, waiting until `deadline` for the first. An empty result is no error; a queue
    /// that is gone is `None`.
    pub async fn receive(
        &self,
        queue: QueueId,
        receive: Receive<'_>,
        deadline: Millis,
    ) -> Result<Option<(Vec<Handed>, bool)>, AwsError> {
        let start = self.now();
        if deadline <= start || self.waiters.is_closed() {
            let found = self.execute_freeing(|transaction| Ok(self.find(transaction, queue, receive))).await?;
            return found.map(|found| self.hand_out(found)).transpose();
        }
        let waiting = self.waiters.join(queue);
        loop {
            // Listens before it looks: of two messages that come now each wakes its own poll.
            let mut told = pin!(waiting.notify.notified());
            told.as_mut().enable();
            let found = self.execute_freeing(|transaction| Ok(self.find(transaction, queue, receive))).await?;
            let Some(found) = found else { return Ok(None) };
            let now = self.now();
            // Where the clock was set back, it is enough to have waited at all.
            let over = now >= deadline || now < start || self.waiters.is_closed();
            if !found.messages.is_empty() || found.over_limit || over {
                return self.hand_out(found).map(Some);
            }
            let until = waiting.alarm(found.next_visible).map_or(deadline, |at| at.min(deadline));
            tokio::select! {
                () = told => {}
                () = self.clock().sleep_until(until) => {}
            }
        }
    }

    fn find(&self, transaction: &mut Transaction<'_>, id: QueueId, receive: Receive<'_>) -> Option<Found> {
        let now = transaction.now;
        let decision = transaction.queue_mut(id)?.decide_receive(receive, now);
        let Received { visible_at, picked, redriven, expired, repeated, over_limit } = decision;
        if !expired.is_empty() {
            transaction.apply(&Change::Deleted { queue: id, positions: expired });
        }
        for position in redriven {
            redrive(transaction, id, position);
        }
        if repeated {
            let entries = picked.iter().map(|position| (*position, visible_at)).collect();
            transaction.apply(&Change::Visible { queue: id, entries });
        } else if !picked.is_empty() {
            transaction.apply(&Change::Received { queue: id, at: now, visible_at, positions: picked.clone() });
        }
        let engine = transaction.engine();
        let queue = engine.queue(id)?;
        let messages = picked
            .iter()
            .filter_map(|position| queue.picked(*position))
            .map(|picked| {
                let source = queue
                    .stray(picked.position)
                    .and_then(|stray| engine.queue(stray.source?))
                    .map(|source| source.config.arn.clone());
                let place = engine.payload(picked.seq).and_then(|place| self.segment(place));
                (picked, engine.message_id(picked.seq, picked.index), source, place)
            })
            .collect();
        Some(Found { messages, over_limit, next_visible: queue.next_visible() })
    }

    /// Reads the bodies: after the commit, since what isn't committed isn't in the file yet.
    fn hand_out(&self, found: Found) -> Result<(Vec<Handed>, bool), AwsError> {
        let places: Vec<_> = found.messages.iter().map(|(.., place)| place.clone()).collect();
        let records = log::read_many(&places).map_err(unreadable)?;
        let messages = found
            .messages
            .into_iter()
            .zip(records)
            .map(|((picked, message_id, source, _), record)| Handed { picked, message_id, source, record })
            .collect();
        Ok((messages, found.over_limit))
    }

    fn segment(&self, place: Place) -> Option<(Arc<Segment>, u32)> {
        self.log().open_segment(place.segment).map(|segment| (segment, place.offset))
    }

    /// Reads the records of payloads, an empty one for each that nothing refers to any more. Waits until what was appended
    /// before is in the log.
    pub async fn payloads(&self, seqs: &[Seq]) -> Result<Vec<Bytes>, AwsError> {
        let places: Vec<_> = self.read(|engine, _| {
            let place = |seq| engine.payload(seq).and_then(|place| self.segment(place));
            seqs.iter().map(|seq| place(*seq)).collect()
        });
        // No change: also while the log takes none, what it holds can be read.
        self.wait_durable().await;
        log::read_many(&places).map_err(unreadable)
    }
}

/// A message that was received too often goes to the dead-letter queue; without one it stays.
fn redrive(transaction: &mut Transaction<'_>, from: QueueId, position: u64) {
    let target = transaction
        .engine()
        .queue(from)
        .and_then(|queue| queue.settings.redrive.as_ref())
        .and_then(|redrive| transaction.engine().queue_id(&redrive.target))
        .and_then(|id| Some((id, transaction.engine().queue(id)?.next_position())));
    if let Some((to, to_position)) = target {
        let at = transaction.now;
        let moved = Moved { from, from_position: position, to, to_position, at, redrive: true };
        transaction.apply(&Change::Moved(moved));
    }
}

fn unreadable(error: LogError) -> AwsError {
    AwsError::internal(error.to_string())
}
