//! What of an old record is still alive: a compaction copies that to the tail of the log and drops the rest.
//!
//! Segments go oldest first. So a record of a deletion is always younger than the newest copy of what it deletes, and needs no
//! copy itself. Every segment opens with the declarations in force ([`Engine::declarations`]), so they need none either.

use std::borrow::Cow;

use super::change::{Change, EntryState, Restated, Scope, Sent, Target};
use super::windows::Original;
use super::{Engine, Millis, Place, Position, QueueId, Seq, StreamId};

/// A record of an old segment, read: what is asked of it then, while the whole cloud waits, takes no time.
#[derive(Debug)]
pub struct OldRecord<'a> {
    place: Place,
    bytes: usize,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    /// A message as it was first written: it may have opened windows.
    Message(Sent<'a>, &'a [u8]),
    /// Another payload, or a copy of one.
    Payload(Seq, Option<Change<'a>>, &'a [u8]),
    Other(Change<'a>),
    /// The same of a state that was being loaded.
    Incoming(Box<OldRecord<'a>>),
}

impl<'a> OldRecord<'a> {
    /// Reads the record at `place`; nothing where no copy is ever needed.
    pub fn read(place: Place, encoded: &'a [u8]) -> Option<Self> {
        let what = match postcard::from_bytes::<Change<'a>>(encoded).ok()? {
            Change::Sent(sent) => What::Message(sent, encoded),
            Change::Put(put) => What::Payload(put.seq, Some(Change::Put(put)), encoded),
            Change::Restated(Restated { seq, payload, .. }) => {
                What::Payload(seq, postcard::from_bytes(payload).ok(), payload)
            }
            other @ (Change::Deduplicated { .. }
            | Change::PartsLanded { .. }
            | Change::Doc { .. }
            | Change::Kept { .. }) => What::Other(other),
            Change::Incoming { change: Cow::Borrowed(change) } => match Self::read(place, change)? {
                // No state is loaded into one that is being loaded.
                OldRecord { what: What::Incoming(_), .. } => return None,
                within => What::Incoming(Box::new(within)),
            },
            _ => return None,
        };
        Some(Self { place, bytes: encoded.len(), what })
    }

    /// Bytes of the record.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Engine {
    /// The changes that keep alive what is alive of an old record; most need nothing.
    pub fn restate<'a>(&self, old: &OldRecord<'a>, now: Millis) -> Vec<Change<'a>> {
        let place = old.place;
        match &old.what {
            What::Message(sent, encoded) => {
                let mut changes: Vec<_> = self.restate_windows(sent, now).collect();
                changes.extend(self.restate_payload(sent.seq, place, encoded, |found| self.find_sent(sent, found)));
                changes
            }
            What::Payload(seq, change, encoded) => {
                let find = |found: &mut Found| match change {
                    Some(Change::Sent(sent)) => self.find_sent(sent, found),
                    Some(Change::Put(put)) if self.buffered(put.stream, put.position, put.seq) => {
                        found.streams.push((put.stream, put.position, 0));
                    }
                    _ => {}
                };
                self.restate_payload(*seq, place, encoded, find).into_iter().collect()
            }
            What::Other(change) => self.restate_other(change, place, now).into_iter().collect(),
            What::Incoming(within) => {
                // Since it was loaded, it is a record as any other.
                let loaded = self.restate(within, now);
                match &self.incoming {
                    Some(incoming) if loaded.is_empty() => {
                        incoming.restate(within, now).iter().map(Change::incoming).collect()
                    }
                    _ => loaded,
                }
            }
        }
    }

    fn restate_other<'a>(&self, change: &Change<'a>, place: Place, now: Millis) -> Option<Change<'a>> {
        let alive = match change {
            // A purge may have closed it since.
            Change::Deduplicated { scope, key, seq, .. } => {
                self.window(*scope, *key, now).is_some_and(|original| original.seq == *seq)
            }
            Change::PartsLanded { stream, parts } => {
                // The record's copy is younger than this, and knows nothing of it.
                let buffered = &self.streams.get(stream)?.records;
                let parts: Vec<_> = parts.iter().filter(|it| buffered.contains_key(&it.position)).cloned().collect();
                return (!parts.is_empty()).then_some(Change::PartsLanded { stream: *stream, parts });
            }
            Change::Doc { key, .. } => self.docs.get(*key).is_some_and(|doc| doc.place == place),
            Change::Kept { seq, .. } => self.payloads.get(*seq) == Some(place),
            _ => false,
        };
        alive.then(|| change.clone())
    }

    /// All that a segment of the log opens with: the declarations in force, and those of a state that is being loaded.
    pub fn each_declaration(&self, mut each: impl FnMut(&Change<'_>)) {
        self.declarations().for_each(|change| each(&change));
        let incoming = self.incoming.iter().flat_map(|incoming| incoming.declarations());
        incoming.for_each(|change| each(&change.incoming()));
    }

    /// All declarations and counters.
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

    /// The copy of a payload, if that is alive; `find` finds where it is needed, but for the strays.
    fn restate_payload<'a>(
        &self,
        seq: Seq,
        place: Place,
        payload: &'a [u8],
        find: impl FnOnce(&mut Found),
    ) -> Option<Change<'a>> {
        if self.payloads.get(seq) != Some(place) {
            return None;
        }
        let mut found = Found::default();
        find(&mut found);
        for (queue, position) in self.strays.get(&seq).into_iter().flatten() {
            found.entries.extend(self.entry_state(*queue, *position, seq));
        }
        let Found { entries, streams } = found;
        Some(Change::Restated(Restated { seq, payload, entries, streams }))
    }

    /// Where a message is that hasn't left the queues and streams that it was sent to.
    fn find_sent(&self, sent: &Sent<'_>, found: &mut Found) {
        for (index, delivery) in sent.deliveries.iter().enumerate() {
            match delivery.to {
                Target::Queue { queue, position, .. } => {
                    found.entries.extend(self.entry_state(queue, position, sent.seq));
                }
                Target::Stream { stream, position } if self.buffered(stream, position, sent.seq) => {
                    found.streams.push((stream, position, index as u16));
                }
                Target::Stream { .. } => {}
            }
        }
    }

    fn entry_state(&self, queue: QueueId, position: Position, seq: Seq) -> Option<EntryState> {
        self.queues.get(&queue)?.state_of(position, seq)
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

/// Where a payload is needed.
#[derive(Default)]
struct Found {
    entries: Vec<EntryState>,
    streams: Vec<(StreamId, Position, u16)>,
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
