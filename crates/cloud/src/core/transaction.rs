//! A transaction: what one request changes, decided and applied in order under the engine's lock, logged as a whole.

use postcard::ser_flavors::Flavor;

use super::consumers::Number;
use super::format::Format;
use super::journal::{Journal, Landed};
use engine::change::{Sent, Target};
use engine::explain::Outcomes;
use engine::queue::Queue;
use engine::topic::Refusal;
use engine::{
    Change, Engine, Millis, Notification, Owner, Position, Published, QueueId, SendError, Seq, StreamId, TopicId,
};
use log::{self, LogError};

/// Bytes of a transaction: half of what the log takes, since the declarations of a new segment may stand before it.
const MAX_BYTES: usize = log::MAX_TRANSACTION / 2;
/// A buffer that grew beyond this is given back.
const KEPT_BUFFER: usize = 4 << 20;

/// The encoded changes of a transaction, and what they are about. Reused from one transaction to the next.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
    pub owners: Vec<Owner>,
}

impl Frames {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BUFFER);
        self.ends.clear();
        self.owners.clear();
    }

    /// Encodes a change behind the others.
    pub(super) fn push(&mut self, change: &Change<'_>) {
        // Writing to memory can't fail, and every type of a change has a known shape.
        let written = postcard::serialize_with_flavor(change, Appender(&mut self.bytes));
        debug_assert!(written.is_ok());
        self.ends.push(self.bytes.len());
    }

    /// Why the log would refuse what was pushed last, if it would.
    fn too_large(&self, most: u64) -> Option<LogError> {
        let largest = log::MAX_PAYLOAD;
        if self.bytes.len() as u64 > most {
            let bytes = self.bytes.len();
            return Some(LogError::NoRoom { bytes });
        }
        if self.bytes.len() <= largest {
            return None;
        }
        let last = self.slices().last().map_or(0, <[u8]>::len);
        let bytes: usize = self.slices().map(|frame| log::frame_bytes(frame.len()) as usize).sum();
        if last > largest {
            return Some(LogError::TooLarge { what: "record", bytes: last, limit: largest });
        }
        (bytes > MAX_BYTES).then_some(LogError::TooLarge { what: "transaction", bytes, limit: MAX_BYTES })
    }

    /// Drops the last change if it was encoded and not applied: a panic came between, or it was too large.
    pub(super) fn keep_applied(&mut self) {
        self.ends.truncate(self.owners.len());
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// What was pushed last.
    fn last(&self) -> &[u8] {
        let start = self.ends.len().checked_sub(2).map_or(0, |before| self.ends[before]);
        &self.bytes[start..]
    }

    /// The encoded changes in order.
    pub(super) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.ends.iter().enumerate().map(|(i, end)| {
            let start = if i == 0 { 0 } else { self.ends[i - 1] };
            &self.bytes[start..*end]
        })
    }
}

/// Serializes behind what a vector holds.
struct Appender<'v>(&'v mut Vec<u8>);

impl Flavor for Appender<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Sees the state and changes it. What it has changed is kept, whether the request then succeeds or fails: validate first.
pub struct Transaction<'t> {
    engine: &'t mut Engine,
    /// The time at which it is decided.
    pub now: Millis,
    pub(super) frames: &'t mut Frames,
    journal: &'t mut Journal,
    pub(super) wake: Vec<QueueId>,
    /// Queues of which messages were hidden, with the time when these become visible again.
    pub(super) hidden: Vec<(QueueId, Millis)>,
    /// A stream got its first record, has enough, or was declared: the flusher looks again.
    pub(super) wake_streams: bool,
    /// A change is being made: a panic now leaves half of it.
    pub(super) applying: bool,
    /// Says in the data folder that the log holds what an older program can't read.
    pub(super) format: &'t Format,
    /// What is deleted goes because its time is over.
    expires: bool,
    /// Bytes of changes that there is room for.
    pub(super) most: u64,
    /// Why none of its changes is made: one is larger than the log takes, or than the disk has room for.
    pub(super) refused: Option<LogError>,
}

impl<'t> Transaction<'t> {
    pub(super) fn new(
        engine: &'t mut Engine,
        now: Millis,
        frames: &'t mut Frames,
        journal: &'t mut Journal,
        format: &'t Format,
    ) -> Self {
        let (wake, hidden) = (Vec::new(), Vec::new());
        let (most, refused) = (u64::MAX, None);
        Self {
            engine,
            now,
            frames,
            journal,
            wake,
            hidden,
            wake_streams: false,
            applying: false,
            format,
            expires: false,
            most,
            refused,
        }
    }

    /// The state, to decide on.
    pub fn engine(&self) -> &Engine {
        self.engine
    }

    /// A queue, to look at what is due in it by now: that moves its clock, and changes nothing that the log has to hold.
    pub fn queue_mut(&mut self, id: QueueId) -> Option<&mut Queue> {
        self.engine.queue_mut(id)
    }

    /// Decides where a message of a topic goes: see [`Engine::decide_publish`], which may look its routes up anew.
    pub fn decide_publish<'a>(
        &mut self,
        topic: TopicId,
        topic_arn: &'a str,
        notification: Notification<'a>,
        outcomes: Option<&mut Outcomes>,
    ) -> Result<Published<'a>, SendError> {
        self.engine.decide_publish(topic, topic_arn, notification, self.now, outcomes)
    }

    /// Makes a change, in the state and in the log. One that the log would not take, and all after it, are not made, and
    /// the whole transaction fails.
    pub fn apply(&mut self, change: &Change<'_>) {
        if self.refused.is_some() {
            return;
        }
        self.frames.push(change);
        self.refused = self.frames.too_large(self.most).or_else(|| self.format.rise(change.format()).err());
        if self.refused.is_some() {
            return;
        }
        match change {
            Change::Sent(sent) => self.wake_targets(sent),
            Change::Put(put) => self.wake_streams |= self.is_due(put.stream, put.data.len()),
            Change::Stream(_) => self.wake_streams = true,
            Change::Visible { queue, entries } => self.wake.extend(entries.iter().map(|_| *queue)),
            Change::Received { queue, visible_at, .. } => self.hidden.push((*queue, *visible_at)),
            Change::Moved(moved) => self.wake.push(moved.to),
            // The message may have held up others of its group.
            Change::Deleted { queue, positions } if self.is_fifo(*queue) => {
                self.wake.extend(positions.iter().map(|_| *queue));
            }
            _ => {}
        }
        self.journal.note(self.engine, change, self.frames.last(), self.now, self.expires);
        self.applying = true;
        let owner = self.engine.apply(change);
        self.applying = false;
        self.frames.owners.push(owner);
    }

    /// Takes messages out of a queue because their time is over.
    pub(crate) fn expire(&mut self, queue: QueueId, positions: Vec<Position>) {
        self.expires = true;
        self.apply(&Change::Deleted { queue, positions });
        self.expires = false;
    }

    /// Remembers that a topic got a message, and which subscriptions could not have it.
    pub(crate) fn note_published(&mut self, topic: TopicId, seq: Seq, refusals: &[Refusal]) {
        self.journal.published(self.engine, topic, seq, refusals);
    }

    /// Says who receives what is received next.
    pub(crate) fn note_receiver(&mut self, by: Number) {
        self.journal.receiver = by;
    }

    /// Remembers that S3 told a queue or a topic of something in a bucket, or could not.
    pub(crate) fn note_notified(&mut self, bucket: &str, to: &str, sent: bool) {
        self.journal.notified.note(bucket, to, sent);
    }

    /// Remembers where records land, before the change is made that takes them out of their buffer.
    pub(crate) fn note_landed(&mut self, object: Landed, records: &[(Seq, u16, u64)]) {
        self.journal.landed(object, records);
    }

    /// Puts a document: the state of a service that the engine doesn't know itself.
    pub fn put_doc(&mut self, key: &str, value: &[u8]) {
        self.apply(&Change::Doc { key, value });
    }

    /// Takes a document away.
    pub fn delete_doc(&mut self, key: &str) {
        if self.engine.doc(key).is_some() {
            self.apply(&Change::DocGone { key });
        }
    }

    fn is_fifo(&self, queue: QueueId) -> bool {
        self.engine.queue(queue).is_some_and(|queue| queue.settings.fifo)
    }

    fn wake_targets(&mut self, sent: &Sent<'_>) {
        for delivery in &sent.deliveries {
            match delivery.to {
                Target::Queue { queue, .. } => self.wake.push(queue),
                Target::Stream { stream, .. } => {
                    let bytes = sent.bodies.get(usize::from(delivery.body)).map_or(0, |body| body.len());
                    self.wake_streams |= self.is_due(stream, bytes);
                }
            }
        }
    }

    /// Whether one more record changes when a stream is due.
    fn is_due(&self, id: StreamId, bytes: usize) -> bool {
        self.engine
            .stream(id)
            .is_some_and(|stream| stream.is_empty() || stream.settings.buffering.is_full(stream.bytes() + bytes as u64))
    }
}
