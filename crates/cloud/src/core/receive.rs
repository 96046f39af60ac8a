//! Receiving from a queue: the decision, the log, the long poll, and the bodies from the log.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Core;
use super::consumers::Number;
use engine::change::{Change, Moved, Sent};
use engine::queue::{Picked, Receive, Received};
use engine::{Millis, Place, Position, QueueId, Seq, ids};
use log::{LogError, Segment};
use wire::AwsError;

use super::transaction::Transaction;

/// A message that a consumer got.
#[derive(Debug, Clone)]
pub struct Handed {
    pub picked: Picked,
    pub message_id: String,
    /// When it was received.
    pub at: Millis,
    /// The ARN of the queue that it was redriven from.
    pub source: Option<String>,
    /// The payload's record: read it with [`sent`].
    pub record: Bytes,
}

/// Reads the message in a payload's record, whether as first written or as a compaction copied it.
pub(crate) fn sent(record: &[u8]) -> Result<Sent<'_>, AwsError> {
    match Change::of_record(record) {
        Some(Change::Sent(sent)) => Ok(sent),
        Some(Change::Restated(restated)) => match postcard::from_bytes::<Change<'_>>(restated.payload) {
            Ok(Change::Sent(sent)) => Ok(sent),
            _ => Err(no_message()),
        },
        _ => Err(no_message()),
    }
}

/// The data of a delivery stream's record: of PutRecord, or of a delivery by SNS with its index.
pub(crate) fn put(record: &[u8]) -> Result<Change<'_>, AwsError> {
    match Change::of_record(record) {
        Some(Change::Restated(restated)) => postcard::from_bytes(restated.payload).map_err(|_| no_message()),
        Some(change) => Ok(change),
        None => Err(no_message()),
    }
}

fn no_message() -> AwsError {
    AwsError::internal("the log holds no message where a message was expected")
}

/// A record's segment, held so that a compaction can't take it away, and its offset.
type Held = Option<(Arc<Segment>, u32)>;

/// Brings messages into another order.
pub(crate) type Reorder<'r> = &'r (dyn Fn(&mut [Position]) + Sync);

/// How a receive is done.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manner<'r> {
    /// Of a standard queue, in an order of this: it gets more messages than are wanted, and those that it puts first are received.
    pub reorder: Option<Reorder<'r>>,
    /// Who receives.
    pub by: Number,
}

/// A receive in another order chooses from so many times the messages that it wants.
const REACH: usize = 10;

/// What a receive found, before its bodies are read.
struct Found {
    /// With the queue it was redriven from, and where its record lies.
    messages: Vec<(Picked, Option<String>, Held)>,
    /// What ids derive from: they are made once the lock is free again.
    salt: u128,
    at: Millis,
    over_limit: bool,
    next_visible: Option<Millis>,
}

impl Core {
    /// Receives up to `receive.max` messages, waiting for the first no longer than `patience`. An empty result is no error; a queue
    /// that is gone is `None`.
    pub async fn receive(
        &self,
        queue: QueueId,
        receive: Receive<'_>,
        patience: Duration,
    ) -> Result<Option<(Vec<Handed>, bool)>, AwsError> {
        self.receive_in(queue, receive, patience, Manner::default(), || ()).await
    }

    /// As [`receive`](Self::receive), in a manner. It tells `waits` when it begins to wait.
    pub(crate) async fn receive_in(
        &self,
        queue: QueueId,
        receive: Receive<'_>,
        patience: Duration,
        manner: Manner<'_>,
        waits: impl Fn(),
    ) -> Result<Option<(Vec<Handed>, bool)>, AwsError> {
        if patience.is_zero() || self.waiters.is_closed() {
            let found = self.execute_freeing(|transaction| Ok(self.find(transaction, queue, receive, manner))).await?;
            return found.map(|found| self.hand_out(found)).transpose();
        }
        let (waiting, patience) = (self.waiters.join(queue), self.clock().patience(patience));
        loop {
            // Listens before it looks: of two messages that come now each wakes its own poll.
            let mut told = pin!(waiting.notify.notified());
            told.as_mut().enable();
            let found = self.execute_freeing(|transaction| Ok(self.find(transaction, queue, receive, manner))).await?;
            let Some(found) = found else { return Ok(None) };
            let over = self.clock().is_over(&patience) || self.waiters.is_closed();
            if !found.messages.is_empty() || found.over_limit || over {
                return self.hand_out(found).map(Some);
            }
            waits();
            tokio::select! {
                biased;
                () = told => {}
                () = self.clock().sleep_within(waiting.alarm(found.next_visible), &patience) => {}
            }
        }
    }

    fn find(
        &self,
        transaction: &mut Transaction<'_>,
        id: QueueId,
        receive: Receive<'_>,
        manner: Manner<'_>,
    ) -> Option<Found> {
        let (now, reorder) = (transaction.now, manner.reorder);
        let reach = if reorder.is_some() { REACH } else { 1 };
        let wide = Receive { max: receive.max * reach, ..receive };
        let mut decision = transaction.queue_mut(id)?.decide_receive(wide, now);
        if let Some(reorder) = reorder {
            reorder(&mut decision.picked);
            decision.picked.truncate(receive.max);
        }
        let Received { visible_at, picked, redriven, expired, repeated, over_limit } = decision;
        if !expired.is_empty() {
            transaction.expire(id, expired);
        }
        for position in redriven {
            redrive(transaction, id, position);
        }
        if repeated.is_some() {
            let entries = picked.iter().map(|position| (*position, visible_at)).collect();
            transaction.apply(&Change::Visible { queue: id, entries });
        } else if !picked.is_empty() {
            transaction.note_receiver(manner.by);
            transaction.apply(&Change::Received { queue: id, at: now, visible_at, positions: picked.clone() });
        }
        let engine = transaction.engine();
        let queue = engine.queue(id)?;
        let mut segments = self.segments();
        let messages = picked
            .iter()
            .filter_map(|position| queue.picked(*position))
            .map(|picked| {
                let source = queue
                    .stray(picked.position)
                    .and_then(|stray| engine.queue(stray.source?))
                    .map(|source| source.config.arn.clone());
                let place = engine.payload(picked.seq).and_then(&mut segments);
                (picked, source, place)
            })
            .collect();
        Some(Found {
            messages,
            salt: engine.salt(),
            at: repeated.unwrap_or(now),
            over_limit,
            next_visible: queue.next_visible(),
        })
    }

    /// Reads the bodies: after the commit, since what isn't committed isn't in the file yet.
    fn hand_out(&self, found: Found) -> Result<(Vec<Handed>, bool), AwsError> {
        let (messages, places): (Vec<_>, Vec<_>) =
            found.messages.into_iter().map(|(picked, source, place)| ((picked, source), place)).unzip();
        let records = log::read_many(&places).map_err(unreadable)?;
        let messages = messages
            .into_iter()
            .zip(records)
            .map(|((picked, source), record)| {
                let message_id = ids::message_id(found.salt, picked.seq, picked.index);
                Handed { picked, message_id, at: found.at, source, record }
            })
            .collect();
        Ok((messages, found.over_limit))
    }

    /// Opens the segments of places. Neighbours lie in one, which is looked up once.
    fn segments(&self) -> impl FnMut(Place) -> Held {
        let mut last: Option<Arc<Segment>> = None;
        move |place| {
            if last.as_ref().is_none_or(|segment| segment.number() != place.segment) {
                last = self.log().open_segment(place.segment);
            }
            last.clone().map(|segment| (segment, place.offset))
        }
    }

    /// Reads the records of payloads, an empty one for each that nothing refers to any more. Waits until what was appended
    /// before is in the log.
    pub async fn payloads(&self, seqs: &[Seq]) -> Result<Vec<Bytes>, AwsError> {
        let places: Vec<_> = self.read(|engine, _| {
            let mut segments = self.segments();
            seqs.iter().map(|seq| engine.payload(*seq).and_then(&mut segments)).collect()
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
