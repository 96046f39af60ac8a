//! The journal: what became of the last messages, in memory alone. A restart begins an empty one.
//!
//! ```text
//! records  the messages as the log holds them, in a ring of chunks
//! life     what happened to each copy: a chain of moments, in a ring
//! counts   how much came, was received, deleted, landed: by queue, topic, subscription and stream
//! notified how often S3 told whom of what is in a bucket
//! reading  how it is looked at
//! ```
//!
//! It is written under the engine's lock, beside each change. A copy is found by what the engine knows of it, its payload's
//! number and the number of the delivery, so nothing has to be looked up by an id.

pub(crate) mod counts;
mod life;
pub(crate) mod notified;
pub(crate) mod reading;
mod records;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use self::counts::Counts;
use self::life::Lives;
pub(crate) use self::life::{Landed, Moment, What};
use self::notified::Notified;
use self::records::Records;
use super::consumers::Number;
use engine::change::{Moved, Sent, Target};
use engine::topic::Refusal;
use engine::{Change, Engine, Millis, Position, QueueId, Seq, StreamId, SubscriptionId, TopicId};

/// How much is remembered, whatever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Messages; 0 remembers none.
    pub messages: usize,
    /// Bytes of memory.
    pub bytes: u64,
}

impl Default for History {
    fn default() -> Self {
        Self { messages: 100_000, bytes: 64 << 20 }
    }
}

/// Refusals whose reasons are kept.
const REFUSALS: usize = 1_000;
/// Subscriptions of which it is known when they were changed last.
const CHANGED: usize = 100_000;

/// What became of the last messages.
#[derive(Debug)]
pub(crate) struct Journal {
    bound: History,
    records: Records,
    lives: Lives,
    refusals: VecDeque<(Seq, Refusal)>,
    /// When a subscription was declared, or declared otherwise, since the start.
    changed: FxHashMap<SubscriptionId, Millis>,
    /// What was counted since the start.
    pub(crate) counts: Counts,
    /// What S3 told queues and topics since the start.
    pub(crate) notified: Notified,
    /// Who receives what is received next.
    pub(super) receiver: Number,
}

impl Journal {
    /// An empty one.
    pub(super) fn new(bound: History) -> Self {
        Self {
            bound,
            records: Records::new(bound),
            lives: Lives::new(bound),
            refusals: VecDeque::new(),
            changed: FxHashMap::default(),
            counts: Counts::default(),
            notified: Notified::default(),
            receiver: 0,
        }
    }

    /// How much it may remember.
    pub(crate) fn bound(&self) -> History {
        self.bound
    }

    /// Forgets all, for instance because the cloud was emptied. What was counted stays.
    pub(super) fn forget(&mut self) {
        self.records.forget();
        self.lives.forget();
        self.refusals.clear();
    }

    /// Notes a change that is about to be made, which `record` is as the log will hold it. If it deletes, `expires` says that the
    /// messages' time is over.
    pub(super) fn note(&mut self, engine: &Engine, change: &Change<'_>, record: &[u8], now: Millis, expires: bool) {
        match change {
            Change::Sent(sent) => self.sent(sent, record),
            Change::Put(put) => {
                self.counts.of(put.stream.0).came += 1;
                self.records.push(put.seq, put.at, 1, record);
            }
            Change::Received { queue, at, visible_at, positions } => {
                self.counts.of(queue.0).received += positions.len() as u64;
                let moment = Moment { what: What::Received, at: *at, data: *visible_at, extra: self.receiver };
                self.of_queue(engine, *queue, positions.iter().map(|position| (*position, moment)));
            }
            Change::Visible { queue, entries } => {
                let hidden = |visible_at| Moment { what: What::Hidden, at: now, data: visible_at, extra: 0 };
                self.of_queue(engine, *queue, entries.iter().map(|(position, at)| (*position, hidden(*at))));
            }
            Change::Deleted { queue, positions } => {
                let what = if expires { What::Expired } else { What::Deleted };
                if what == What::Deleted {
                    self.counts.of(queue.0).gone += positions.len() as u64;
                }
                let moment = Moment { what, at: now, data: 0, extra: 0 };
                self.of_queue(engine, *queue, positions.iter().map(|position| (*position, moment)));
            }
            Change::Purged { queue, before, at } => self.purged(engine, *queue, *before, *at, What::Purged),
            Change::QueueGone(queue) => self.purged(engine, *queue, Position::MAX, now, What::Gone),
            Change::Moved(moved) => self.moved(engine, moved),
            Change::Flushed { stream, positions } => self.flushed(engine, *stream, positions, now),
            Change::Subscription(config) => {
                let before = engine.subscription(config.id).map(|subscription| &subscription.config);
                let asks_alike =
                    |name: &str| before.map(|it| it.attributes.get(name)) == Some(config.attributes.get(name));
                let alike = ["FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"].into_iter().all(asks_alike);
                if !alike && self.changed.len() < CHANGED {
                    self.changed.insert(config.id, now);
                }
                // What was published before it was asked was not filtered out by it.
                if !before.is_some_and(|before| before.confirmed) {
                    self.counts.of(config.id.0).base = self.counts.of(config.topic.0).came;
                }
            }
            _ => {}
        }
    }

    /// A topic got a message, and these subscriptions nothing of it.
    pub(super) fn published(&mut self, engine: &Engine, topic: TopicId, seq: Seq, refusals: &[Refusal]) {
        self.counts.of(topic.0).came += 1;
        for refusal in refusals {
            if let Some(subscription) = engine.subscription_by_arn(&refusal.subscription) {
                self.counts.of(subscription.config.id.0).refused += 1;
            }
            if self.records.is_on() {
                self.refusals.push_back((seq, refusal.clone()));
            }
        }
        while self.refusals.len() > REFUSALS {
            self.refusals.pop_front();
        }
    }

    /// An object lands: of these records, each with the byte of the object, before compression, at which it begins.
    pub(super) fn landed(&mut self, object: Landed, records: &[(Seq, u16, u64)]) {
        let at = object.at;
        let stream = object.stream.0;
        self.counts.of(stream).gone += records.len() as u64;
        let Some(number) = self.lives.object(object) else { return };
        for (seq, index, byte) in records {
            let moment = Moment { what: What::Landed, at, data: *byte, extra: number };
            self.live(*seq, *index, moment);
        }
    }

    fn sent(&mut self, sent: &Sent<'_>, record: &[u8]) {
        for delivery in &sent.deliveries {
            if let Some(subscription) = delivery.subscription {
                self.counts.of(subscription.0).came += 1;
            }
            let to = match delivery.to {
                Target::Queue { queue, .. } => queue.0,
                Target::Stream { stream, .. } => stream.0,
            };
            self.counts.of(to).came += 1;
        }
        self.records.push(sent.seq, sent.at, sent.deliveries.len(), record);
    }

    fn purged(&mut self, engine: &Engine, id: QueueId, before: Position, at: Millis, what: What) {
        let Some(queue) = engine.queue(id).filter(|_| self.records.is_on()) else { return };
        let lying = queue.messages().take_while(|(position, _)| *position < before);
        for (_, entry) in lying {
            self.live(entry.seq, entry.index, Moment { what, at, data: 0, extra: 0 });
        }
    }

    fn moved(&mut self, engine: &Engine, moved: &Moved) {
        let what = if moved.redrive { What::DeadLettered } else { What::Moved };
        if moved.redrive {
            self.counts.of(moved.from.0).moved += 1;
        }
        self.counts.of(moved.to.0).came += 1;
        let moment = Moment { what, at: moved.at, data: moved.to_position, extra: moved.to.0 };
        self.of_queue(engine, moved.from, std::iter::once((moved.from_position, moment)));
    }

    /// Records leave a stream's buffer: those that haven't just landed were given up.
    fn flushed(&mut self, engine: &Engine, id: StreamId, positions: &[Position], now: Millis) {
        let Some(stream) = engine.stream(id).filter(|_| self.records.is_on()) else { return };
        let mut given_up = 0;
        for position in positions {
            let Some((at, record)) = stream.records_from(*position).next() else { continue };
            if at != *position {
                continue;
            }
            let last = self.records.copy(record.seq, record.index).and_then(|last| self.lives.get(*last));
            if last.is_none_or(|moment| moment.what != What::Landed) {
                given_up += 1;
                self.live(record.seq, record.index, Moment { what: What::GivenUp, at: now, data: 0, extra: 0 });
            }
        }
        self.counts.of(id.0).moved += given_up;
    }

    /// Notes moments of messages of a queue; nothing is looked up where nothing is remembered.
    fn of_queue(&mut self, engine: &Engine, queue: QueueId, moments: impl Iterator<Item = (Position, Moment)>) {
        let Some(queue) = engine.queue(queue).filter(|_| self.records.is_on()) else { return };
        for (position, moment) in moments {
            if let Some(entry) = queue.get(position) {
                self.live(entry.seq, entry.index, moment);
            }
        }
    }

    fn live(&mut self, seq: Seq, index: u16, moment: Moment) {
        if let Some(last) = self.records.copy_mut(seq, index) {
            self.lives.push(last, moment);
        }
    }
}
