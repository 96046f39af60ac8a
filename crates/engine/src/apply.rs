//! Changes to state. A replay does the same, so nothing here may fail, ask the time, or depend on anything but the change.

use std::cell::LazyCell;

use super::change::{Change, Moved, Put, Restated, Scope, Sent, Target};
use super::engine::Doc;
use super::queue::{Entry, Queue, State, Stray};
use super::roles::IAM;
use super::stream::{Record, Stream};
use super::topic::{Subscription, Topic};
use super::windows::Original;
use super::{Engine, Owner, Place, Position, QueueId, StreamId};

impl Engine {
    /// Makes a change and says what it is about. The caller notes the record's place with [`Engine::note_place`].
    pub fn apply(&mut self, change: &Change<'_>) -> Owner {
        match change {
            Change::Sent(sent) => self.apply_sent(sent),
            Change::Put(put) => self.apply_put(put),
            Change::Received { queue, at, visible_at, positions } => {
                if let Some(queue) = self.queues.get_mut(queue) {
                    positions.iter().for_each(|position| queue.receive_one(*position, *at, *visible_at));
                }
                Owner::None
            }
            Change::Visible { queue, entries } => {
                if let Some(queue) = self.queues.get_mut(queue) {
                    entries.iter().for_each(|(position, visible_at)| queue.set_visible_at(*position, *visible_at));
                }
                Owner::None
            }
            Change::Deleted { queue, positions } => {
                positions.iter().for_each(|position| self.delete_message(*queue, *position));
                Owner::None
            }
            Change::Purged { queue, before, at } => {
                self.purge_queue(*queue, *before);
                if let Some(queue) = self.queues.get_mut(queue) {
                    queue.purge(*at);
                }
                Owner::None
            }
            Change::Moved(moved) => self.apply_moved(moved),
            Change::Restated(restated) => self.apply_restated(restated),
            Change::Deduplicated { scope, key, until, seq, index } => {
                // Restated windows are open by definition; 0 forgets none of the others.
                self.open_window(*scope, *key, Original { until: *until, seq: *seq, index: *index }, 0);
                Owner::None
            }
            Change::Counters { salt, next_seq, next_id, queues, streams } => {
                self.salt = *salt;
                self.next_seq = self.next_seq.max(*next_seq);
                self.next_id = self.next_id.max(*next_id);
                self.advance_positions(queues, streams);
                Owner::None
            }
            Change::Flushed { stream, positions } => {
                positions.iter().for_each(|position| self.flush_record(*stream, *position));
                Owner::None
            }
            Change::PartsLanded { stream, parts } => {
                if let Some(stream) = self.streams.get_mut(stream) {
                    parts.iter().for_each(|it| stream.land_parts(it.position, it.of, &it.landed));
                }
                Owner::None
            }
            Change::Doc { .. } | Change::DocGone { .. } | Change::Kept { .. } | Change::LetGo { .. } => {
                self.apply_kept(change)
            }
            Change::Incoming { change } => self.apply_incoming(change),
            Change::IncomingGone => {
                self.drop_incoming();
                Owner::None
            }
            Change::Loaded => {
                self.become_incoming();
                Owner::None
            }
            Change::Queue(_)
            | Change::QueueGone(_)
            | Change::Topic(_)
            | Change::TopicGone(_)
            | Change::Subscription(_)
            | Change::SubscriptionGone(_)
            | Change::Stream(_)
            | Change::StreamGone(_) => {
                self.declare(change);
                Owner::None
            }
        }
    }

    /// What is kept for others: documents, and bytes that lie in the log.
    fn apply_kept(&mut self, change: &Change<'_>) -> Owner {
        match change {
            Change::Doc { key, value } => {
                self.put_doc(key, value);
                return Owner::Doc((*key).to_owned());
            }
            Change::DocGone { key } => self.delete_doc(key),
            Change::Kept { seq, .. } => {
                self.next_seq = self.next_seq.max(*seq + 1);
                // Of a compaction's copy there is one already, as long as its segment is.
                if self.payloads.references(*seq) == 0 {
                    self.payloads.retain(*seq, 1);
                }
                return Owner::Payload(*seq);
            }
            Change::LetGo { seqs } => seqs.iter().for_each(|seq| self.payloads.release(*seq)),
            _ => {}
        }
        Owner::None
    }

    /// Notes where the record that an owner lives in lies.
    pub fn note_place(&mut self, owner: &Owner, place: Place, bytes: u32) {
        match owner {
            Owner::Payload(seq) => self.payloads.place(*seq, place, bytes),
            Owner::Doc(key) => {
                if let Some(doc) = self.docs.get_mut(key) {
                    self.doc_segments.remove(doc.place.segment);
                    self.doc_segments.add(place.segment);
                    doc.place = place;
                }
            }
            Owner::Incoming(owner) => match &mut self.incoming {
                Some(incoming) => incoming.note_place(owner, place, bytes),
                // It was loaded by the same transaction.
                None => self.note_place(owner, place, bytes),
            },
            Owner::None => {}
        }
    }

    /// Positions that were given out before are never given out again.
    fn advance_positions(&mut self, queues: &[(QueueId, Position)], streams: &[(StreamId, Position)]) {
        for (id, position) in queues {
            if let Some(queue) = self.queues.get_mut(id) {
                queue.next_position = queue.next_position.max(*position);
            }
        }
        for (id, position) in streams {
            if let Some(stream) = self.streams.get_mut(id) {
                stream.next_position = stream.next_position.max(*position);
            }
        }
    }

    fn put_doc(&mut self, key: &str, value: &[u8]) {
        if key.starts_with(IAM) {
            self.generation += 1;
        }
        self.doc_bytes += (key.len() + value.len()) as u64;
        let doc = Doc { value: value.into(), place: Place::default() };
        self.doc_segments.add(doc.place.segment);
        if let Some(before) = self.docs.insert(key.to_owned(), doc) {
            self.doc_segments.remove(before.place.segment);
            self.doc_bytes -= (key.len() + before.value.len()) as u64;
        }
    }

    fn delete_doc(&mut self, key: &str) {
        if key.starts_with(IAM) {
            self.generation += 1;
        }
        if let Some(before) = self.docs.remove(key) {
            self.doc_segments.remove(before.place.segment);
            self.doc_bytes -= (key.len() + before.value.len()) as u64;
        }
    }

    /// Declarations: rare, and each makes the routes stale.
    fn declare(&mut self, change: &Change<'_>) {
        self.generation += 1;
        self.declared_bytes = self.declared_after(change);
        match change {
            Change::Queue(config) => {
                let config = config.clone().into_owned();
                let id = config.id;
                self.next_id = self.next_id.max(id.0 + 1);
                self.queue_by_arn.insert(config.arn.clone(), id);
                match self.queues.get_mut(&id) {
                    Some(queue) => queue.configure(config),
                    None => _ = self.queues.insert(id, Queue::new(config)),
                }
            }
            Change::QueueGone(id) => {
                self.purge_queue(*id, Position::MAX);
                if let Some(queue) = self.queues.remove(id) {
                    self.queue_by_arn.remove(&queue.config.arn);
                }
            }
            Change::Topic(config) => {
                let config = config.clone().into_owned();
                let id = config.id;
                self.next_id = self.next_id.max(id.0 + 1);
                self.topic_by_arn.insert(config.arn.clone(), id);
                match self.topics.get_mut(&id) {
                    Some(topic) => topic.configure(config),
                    None => _ = self.topics.insert(id, Topic::new(config)),
                }
            }
            Change::TopicGone(id) => {
                if let Some(topic) = self.topics.remove(id) {
                    self.topic_by_arn.remove(&topic.config.arn);
                }
            }
            Change::Subscription(config) => {
                let subscription = Subscription::new(config.clone().into_owned());
                let (id, topic) = (subscription.config.id, subscription.config.topic);
                self.next_id = self.next_id.max(id.0 + 1);
                self.subscription_by_arn.insert(subscription.config.arn.clone(), id);
                self.subscriptions.insert(id, subscription);
                if let Some(topic) = self.topics.get_mut(&topic) {
                    topic.subscriptions.insert(id);
                }
            }
            Change::SubscriptionGone(id) => {
                if let Some(subscription) = self.subscriptions.remove(id) {
                    self.subscription_by_arn.remove(&subscription.config.arn);
                    if let Some(topic) = self.topics.get_mut(&subscription.config.topic) {
                        topic.subscriptions.remove(id);
                    }
                }
            }
            Change::Stream(config) => {
                let config = config.clone().into_owned();
                let id = config.id;
                self.next_id = self.next_id.max(id.0 + 1);
                self.stream_by_arn.insert(config.arn.clone(), id);
                match self.streams.get_mut(&id) {
                    Some(stream) => stream.declare(config),
                    None => _ = self.streams.insert(id, Stream::new(config)),
                }
            }
            Change::StreamGone(id) => {
                if let Some(stream) = self.streams.remove(id) {
                    self.stream_by_arn.remove(&stream.config.arn);
                    stream.records.values().for_each(|record| self.payloads.release(record.seq));
                }
            }
            _ => {}
        }
    }

    fn apply_sent(&mut self, sent: &Sent<'_>) -> Owner {
        self.next_seq = self.next_seq.max(sent.seq + 1);
        let mut references = 0;
        for (index, delivery) in sent.deliveries.iter().enumerate() {
            let index = index as u16;
            match delivery.to {
                Target::Queue { queue, position, visible_at } => {
                    let Some(queue) = self.queues.get_mut(&queue) else { continue };
                    let state = if visible_at == 0 { State::Fresh } else { State::Delayed };
                    let entry = Entry { seq: sent.seq, sent_at: sent.at, visible_at, index, state, ..Entry::default() };
                    let group = sent.group_in(queue.settings.fifo);
                    queue.add(position, entry, group);
                }
                Target::Stream { stream, position } => {
                    let Some(stream) = self.streams.get_mut(&stream) else { continue };
                    let bytes = sent.bodies.get(usize::from(delivery.body)).map_or(0, |body| body.len() as u32);
                    stream.add(position, Record { seq: sent.seq, index, at: sent.at, bytes });
                }
            }
            references += 1;
        }
        self.payloads.retain(sent.seq, references);
        for window in &sent.windows {
            let original = Original { until: window.until, seq: sent.seq, index: window.index };
            self.open_window(window.scope, window.key, original, sent.at);
        }
        Owner::Payload(sent.seq)
    }

    fn apply_put(&mut self, put: &Put<'_>) -> Owner {
        self.next_seq = self.next_seq.max(put.seq + 1);
        if let Some(stream) = self.streams.get_mut(&put.stream) {
            stream.add(put.position, Record { seq: put.seq, index: 0, at: put.at, bytes: put.data.len() as u32 });
            self.payloads.retain(put.seq, 1);
        }
        Owner::Payload(put.seq)
    }

    fn delete_message(&mut self, queue: QueueId, position: Position) {
        if let Some(entry) = self.queues.get_mut(&queue).and_then(|queue| queue.remove(position)) {
            self.release_entry(&entry);
        }
    }

    /// A queue's reference to a payload is gone.
    fn release_entry(&mut self, entry: &Entry) {
        self.payloads.release(entry.seq);
        if entry.stray && self.payloads.references(entry.seq) == 0 {
            self.strays.remove(&entry.seq);
        }
    }

    fn purge_queue(&mut self, queue: QueueId, before: Position) {
        let Some(queue) = self.queues.get_mut(&queue) else { return };
        let positions: Vec<_> =
            queue.messages().map(|(position, _)| position).take_while(|position| *position < before).collect();
        let entries: Vec<_> = positions.into_iter().filter_map(|position| queue.remove(position)).collect();
        entries.iter().for_each(|entry| self.release_entry(entry));
    }

    fn flush_record(&mut self, stream: StreamId, position: Position) {
        if let Some(record) = self.streams.get_mut(&stream).and_then(|stream| stream.remove(position)) {
            self.payloads.release(record.seq);
        }
    }

    fn apply_moved(&mut self, moved: &Moved) -> Owner {
        let Some(from) = self.queues.get_mut(&moved.from) else { return Owner::None };
        let group = from.get(moved.from_position).map(|entry| from.group_of(entry).to_owned());
        let Some(entry) = from.remove(moved.from_position) else { return Owner::None };
        let Some(to) = self.queues.get_mut(&moved.to) else {
            self.release_entry(&entry);
            return Owner::None;
        };
        let source = moved.redrive.then_some(moved.from);
        let mut entry = Entry { state: State::Fresh, visible_at: 0, stray: true, ..entry };
        if !moved.redrive {
            // A move back is a new start ("StartMessageMoveTask").
            (entry.count, entry.first_received) = (0, 0);
        }
        if !moved.redrive || to.settings.fifo {
            // "Dead-letter queues and message retention": only a standard queue's redrive keeps the time of the send.
            entry.sent_at = moved.at;
        }
        to.add(moved.to_position, entry, group.as_deref().filter(|group| !group.is_empty()));
        to.strays.insert(moved.to_position, Stray { source });
        self.strays.entry(entry.seq).or_default().push((moved.to, moved.to_position));
        Owner::None
    }

    fn apply_restated(&mut self, restated: &Restated<'_>) -> Owner {
        self.next_seq = self.next_seq.max(restated.seq + 1);
        // Read only if it is needed: a compaction restates what is there.
        let sent = LazyCell::new(|| match postcard::from_bytes::<Change<'_>>(restated.payload) {
            Ok(Change::Sent(sent)) => Some(sent),
            _ => None,
        });
        let bytes = restated.payload.len() as u32;
        // While the cloud runs the entries are there already, as the restatement says; in a replay whose older segments
        // are gone they are not.
        for state in &restated.entries {
            let Some(queue) = self.queues.get_mut(&state.queue) else { continue };
            if queue.get(state.position).is_some_and(|entry| entry.seq == restated.seq) {
                continue;
            }
            let group = sent.as_ref().and_then(|sent| sent.group_in(queue.settings.fifo));
            queue.restore(restated.seq, state, group);
            self.payloads.retain(restated.seq, 1);
            if queue.stray(state.position).is_some() {
                self.strays.entry(restated.seq).or_default().push((state.queue, state.position));
            }
        }
        for (id, position, index) in &restated.streams {
            let Some(stream) = self.streams.get_mut(id) else { continue };
            if stream.records.contains_key(position) {
                continue;
            }
            let (at, bytes) = super::restate::record_of(restated.payload, *index).unwrap_or((0, bytes));
            stream.add(*position, Record { seq: restated.seq, index: *index, at, bytes });
            self.payloads.retain(restated.seq, 1);
        }
        Owner::Payload(restated.seq)
    }

    fn open_window(&mut self, scope: Scope, key: u128, original: Original, now: super::Millis) {
        match scope {
            Scope::Queue(id) => _ = self.queues.get_mut(&id).map(|queue| queue.windows.open(key, original, now)),
            Scope::Topic(id) => _ = self.topics.get_mut(&id).map(|topic| topic.windows.open(key, original, now)),
        }
    }
}
