//! What of an old record is still alive: a compaction copies that to the tail of the log and drops the rest.
//!
//! Segments go oldest first. So a record of a deletion is always younger than the newest copy of what it deletes, and needs no
//! copy itself. Every segment opens with the declarations in force ([`Engine::declarations`]), so they need none either.

use std::borrow::Cow;

use super::change::{Change, EntryState, Restated, Scope, Sent, Target};
use super::windows::Original;
use super::{Engine, Millis, Place, Position, QueueId, Seq, StreamId};

impl Engine {
    /// The changes that keep alive what is alive of the record at `place`. `encoded` is the record; most need nothing.
    pub fn restate<'a>(&self, place: Place, encoded: &'a [u8], now: Millis) -> Vec<Change<'a>> {
        let Ok(change) = postcard::from_bytes::<Change<'a>>(encoded) else { return Vec::new() };
        match change {
            Change::Sent(sent) => {
                let mut changes: Vec<_> = self.restate_windows(&sent, now).collect();
                changes.extend(self.restate_payload(sent.seq, place, encoded));
                changes
            }
            Change::Put(put) => self.restate_payload(put.seq, place, encoded).into_iter().collect(),
            Change::Restated(restated) => {
                self.restate_payload(restated.seq, place, restated.payload).into_iter().collect()
            }
            // A purge may have closed it since.
            Change::Deduplicated { scope, key, seq, .. } => {
                let open = self.window(scope, key, now).is_some_and(|original| original.seq == seq);
                open.then_some(change).into_iter().collect()
            }
            Change::PartsLanded { stream, mut parts } => {
                // The record's copy is younger than this, and knows nothing of it.
                let buffered = self.streams.get(&stream);
                parts.retain(|it| buffered.is_some_and(|stream| stream.records.contains_key(&it.position)));
                (!parts.is_empty()).then_some(Change::PartsLanded { stream, parts }).into_iter().collect()
            }
            Change::Doc { key, value } => {
                let alive = self.docs.get(key).is_some_and(|doc| doc.place == place);
                alive.then_some(Change::Doc { key, value }).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// All declarations and counters: what every segment opens with.
    pub fn declarations(&self) -> impl Iterator<Item = Change<'_>> {
        let queues = self.queues.values().map(|queue| Change::Queue(Cow::Borrowed(&queue.config)));
        let topics = self.topics.values().map(|topic| Change::Topic(Cow::Borrowed(&topic.config)));
        let subscriptions = self.subscriptions.values().map(|it| Change::Subscription(Cow::Borrowed(&it.config)));
        let streams = self.streams.values().map(|stream| Change::Stream(Cow::Borrowed(&stream.config)));
        let counters = Change::Counters {
            salt: self.salt,
            next_seq: self.next_seq,
            next_id: self.next_id,
            queues: self.queues.iter().map(|(id, queue)| (*id, queue.next_position)).collect(),
            streams: self.streams.iter().map(|(id, stream)| (*id, stream.next_position)).collect(),
        };
        queues.chain(topics).chain(subscriptions).chain(streams).chain(std::iter::once(counters))
    }

    fn restate_payload<'a>(&self, seq: Seq, place: Place, payload: &'a [u8]) -> Option<Change<'a>> {
        if self.payloads.get(seq) != Some(place) {
            return None;
        }
        let mut entries: Vec<EntryState> = Vec::new();
        let mut streams: Vec<(StreamId, Position, u16)> = Vec::new();
        let mut entry = |queue: QueueId, position: Position| {
            entries.extend(self.queues.get(&queue).and_then(|queue| queue.state_of(position, seq)));
        };
        match postcard::from_bytes::<Change<'_>>(payload) {
            Ok(Change::Sent(sent)) => {
                for (index, delivery) in sent.deliveries.iter().enumerate() {
                    match delivery.to {
                        Target::Queue { queue, position, .. } => entry(queue, position),
                        Target::Stream { stream, position } => {
                            streams.extend(self.buffered(stream, position, seq).then_some((
                                stream,
                                position,
                                index as u16,
                            )));
                        }
                    }
                }
            }
            Ok(Change::Put(put)) => {
                streams.extend(self.buffered(put.stream, put.position, seq).then_some((put.stream, put.position, 0)));
            }
            _ => {}
        }
        for (queue, position) in self.strays.get(&seq).into_iter().flatten() {
            entry(*queue, *position);
        }
        Some(Change::Restated(Restated { seq, payload, entries, streams }))
    }

    fn buffered(&self, stream: StreamId, position: Position, seq: Seq) -> bool {
        self.streams
            .get(&stream)
            .and_then(|stream| stream.records.get(&position))
            .is_some_and(|record| record.seq == seq)
    }

    fn restate_windows<'a>(&self, sent: &Sent<'a>, now: Millis) -> impl Iterator<Item = Change<'a>> {
        let seq = sent.seq;
        sent.windows.clone().into_iter().filter_map(move |window| {
            let original = self.window(window.scope, window.key, now).filter(|original| original.seq == seq)?;
            Some(Change::Deduplicated {
                scope: window.scope,
                key: window.key,
                until: original.until,
                seq,
                index: original.index,
            })
        })
    }

    /// What opened a window that is open at `now`.
    fn window(&self, scope: Scope, key: u128, now: Millis) -> Option<Original> {
        match scope {
            Scope::Queue(id) => self.queues.get(&id)?.windows.find(key, now),
            Scope::Topic(id) => self.topics.get(&id)?.windows.find(key, now),
        }
    }
}

/// When a stream's record arrived and how long it is, from its payload.
pub(super) fn record_of(payload: &[u8], index: u16) -> Option<(Millis, u32)> {
    match postcard::from_bytes::<Change<'_>>(payload).ok()? {
        Change::Sent(sent) => {
            let body = sent.deliveries.get(usize::from(index))?.body;
            Some((sent.at, sent.bodies.get(usize::from(body))?.len() as u32))
        }
        Change::Put(put) => Some((put.at, put.data.len() as u32)),
        _ => None,
    }
}
