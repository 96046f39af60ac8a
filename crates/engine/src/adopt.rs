//! Another cloud's state, or this one's of another time, as one that this cloud can take: checked, since anybody may have written
//! it; with numbers of this cloud's own, so that what is under way here never takes a thing of that state for one of this one;
//! and with its times moved, so that what waits there waits as long here.

use std::borrow::Cow;
use std::collections::HashSet;

use rustc_hash::FxHashMap;

use super::change::{Change, EntryState, Put, Restated, Scope, Sent, Target};
use super::config::{QueueConfig, StreamConfig, SubscriptionConfig, TopicConfig};
use super::{Millis, Position, QueueId, Seq, StreamId, SubscriptionId, TopicId};

/// No number of a payload, no position and no time of a state is larger: what is counted up from there on stays in its bounds.
const MOST: u64 = 1 << 56;
/// No ARN is longer.
const LONGEST: usize = 2_048;

/// Why a change can't be one of a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Strange(&'static str);

/// What a state's numbers and times become here.
#[derive(Debug)]
pub struct Adoption {
    /// By their numbers there: what queues, topics, subscriptions and streams have here.
    ids: FxHashMap<u32, u32>,
    arns: HashSet<String>,
    next_id: u32,
    end_id: u32,
    next_seq: Seq,
    jump: Seq,
    later: i64,
}

impl Adoption {
    /// Of a state whose queues, topics, subscriptions and streams get the numbers from `next_id` up to before `end_id`. Its next
    /// payload gets a number that is larger, by `jump`, than `next_seq` and than any there. Its times are made `later` by so many
    /// milliseconds.
    pub fn new(next_id: u32, end_id: u32, next_seq: Seq, jump: Seq, later: i64) -> Self {
        Self { ids: FxHashMap::default(), arns: HashSet::new(), next_id, end_id, next_seq, jump, later }
    }

    /// The change as one of a state of this cloud.
    ///
    /// # Errors
    /// It is none that a state is made of, or has a number that none can have.
    pub fn adopt<'a>(&mut self, change: Change<'a>) -> Result<Change<'a>, Strange> {
        Ok(match change {
            Change::Queue(config) => Change::Queue(Cow::Owned(self.queue(config.into_owned())?)),
            Change::Topic(config) => Change::Topic(Cow::Owned(self.topic(config.into_owned())?)),
            Change::Subscription(config) => Change::Subscription(Cow::Owned(self.subscription(config.into_owned())?)),
            Change::Stream(config) => Change::Stream(Cow::Owned(self.stream(config.into_owned())?)),
            Change::Counters { salt, next_seq, next_id, queues, streams } => {
                let queues: Vec<_> =
                    queues.iter().map(|(id, at)| Ok((self.of_queue(*id), bounded(*at)?))).collect::<Result<_, _>>()?;
                let streams: Vec<_> = streams
                    .iter()
                    .map(|(id, at)| Ok((self.of_stream(*id), bounded(*at)?)))
                    .collect::<Result<_, _>>()?;
                if salt == 0 {
                    return Err(Strange("it has no salt"));
                }
                Change::Counters {
                    salt,
                    next_seq: self.next_seq.max(bounded(next_seq)?) + self.jump,
                    // An ARN of a subscription follows from its number there.
                    next_id: self.end_id.max(next_id.min(u32::MAX / 2)),
                    queues,
                    streams,
                }
            }
            Change::Deduplicated { scope, key, until, seq, index } => Change::Deduplicated {
                scope: self.scope(scope),
                key,
                until: self.time(until)?,
                seq: bounded(seq)?,
                index,
            },
            Change::PartsLanded { stream, parts } => {
                parts.iter().try_for_each(|it| bounded(it.position).map(drop))?;
                Change::PartsLanded { stream: self.of_stream(stream), parts }
            }
            Change::Kept { seq, data } => Change::Kept { seq: bounded(seq)?, data },
            Change::Doc { key, value } => Change::Doc { key, value },
            _ => return Err(Strange("it is no part of a state")),
        })
    }

    /// A payload and where it lies, encoded.
    ///
    /// # Errors
    /// As [`adopt`](Self::adopt).
    pub fn adopt_payload(&self, restated: &Restated<'_>) -> Result<Vec<u8>, Strange> {
        let seq = bounded(restated.seq)?;
        let (payload, deliveries) = match postcard::from_bytes::<Change<'_>>(restated.payload) {
            Ok(Change::Sent(sent)) if sent.seq == seq => {
                let deliveries = sent.deliveries.len();
                (Change::Sent(self.sent(sent)?), deliveries)
            }
            Ok(Change::Put(put)) if put.seq == seq => {
                let put = Put {
                    at: self.time(put.at)?,
                    stream: self.of_stream(put.stream),
                    position: bounded(put.position)?,
                    ..put
                };
                (Change::Put(put), 1)
            }
            _ => return Err(Strange("it isn't the payload that it should be")),
        };
        if restated
            .streams
            .iter()
            .map(|(.., index)| *index)
            .chain(restated.entries.iter().map(|it| it.index))
            .any(|index| usize::from(index) >= deliveries)
        {
            return Err(Strange("it lies where it was never sent"));
        }
        let entries = restated.entries.iter().map(|entry| self.entry(entry)).collect::<Result<_, _>>()?;
        let streams = restated.streams.iter().map(|(id, at, index)| Ok((self.of_stream(*id), bounded(*at)?, *index)));
        let streams = streams.collect::<Result<_, _>>()?;
        // Writing to memory can't fail, and every type of a change has a known shape.
        let payload = postcard::to_stdvec(&payload).unwrap_or_default();
        let change = Change::Restated(Restated { seq, payload: &payload, entries, streams });
        Ok(postcard::to_stdvec(&change).unwrap_or_default())
    }

    fn sent<'a>(&self, sent: Sent<'a>) -> Result<Sent<'a>, Strange> {
        let mut sent = Sent { at: self.time(sent.at)?, ..sent };
        for delivery in &mut sent.deliveries {
            if usize::from(delivery.body) >= sent.bodies.len() {
                return Err(Strange("it has no body"));
            }
            delivery.subscription = delivery.subscription.map(|id| SubscriptionId(self.id(id.0)));
            delivery.to = match delivery.to {
                Target::Queue { queue, position, visible_at } => Target::Queue {
                    queue: self.of_queue(queue),
                    position: bounded(position)?,
                    visible_at: self.time(visible_at)?,
                },
                Target::Stream { stream, position } => {
                    Target::Stream { stream: self.of_stream(stream), position: bounded(position)? }
                }
            };
        }
        for window in &mut sent.windows {
            (window.scope, window.until) = (self.scope(window.scope), self.time(window.until)?);
        }
        if let Some(original) = &mut sent.replay_of {
            (original.seq, original.at) = (bounded(original.seq)?, self.time(original.at)?);
        }
        Ok(sent)
    }

    fn entry(&self, entry: &EntryState) -> Result<EntryState, Strange> {
        Ok(EntryState {
            queue: self.of_queue(entry.queue),
            position: bounded(entry.position)?,
            sent_at: self.time(entry.sent_at)?,
            visible_at: self.time(entry.visible_at)?,
            first_received: self.time(entry.first_received)?,
            source: entry.source.map(|source| self.of_queue(source)),
            ..*entry
        })
    }

    fn queue(&mut self, config: QueueConfig) -> Result<QueueConfig, Strange> {
        let id = QueueId(self.declare(config.id.0, &config.arn)?);
        Ok(QueueConfig { id, created: bounded(config.created)?, modified: bounded(config.modified)?, ..config })
    }

    fn topic(&mut self, config: TopicConfig) -> Result<TopicConfig, Strange> {
        let id = TopicId(self.declare(config.id.0, &config.arn)?);
        Ok(TopicConfig { id, created: bounded(config.created)?, ..config })
    }

    fn subscription(&mut self, config: SubscriptionConfig) -> Result<SubscriptionConfig, Strange> {
        let id = SubscriptionId(self.declare(config.id.0, &config.arn)?);
        let (topic, outbox) = (TopicId(self.id(config.topic.0)), config.outbox.map(|outbox| self.of_queue(outbox)));
        Ok(SubscriptionConfig { id, topic, outbox, created: bounded(config.created)?, ..config })
    }

    fn stream(&mut self, config: StreamConfig) -> Result<StreamConfig, Strange> {
        let id = StreamId(self.declare(config.id.0, &config.arn)?);
        bounded(config.buffer_millis)?;
        Ok(StreamConfig { id, created: bounded(config.created)?, ..config })
    }

    /// The number of what is declared here, which is new.
    fn declare(&mut self, there: u32, arn: &str) -> Result<u32, Strange> {
        if arn.len() > LONGEST || !arn.starts_with("arn:") || arn.split(':').count() < 6 {
            return Err(Strange("it has no ARN"));
        }
        if !self.arns.insert(arn.to_owned()) {
            return Err(Strange("there are two of one ARN"));
        }
        let here = self.next_id;
        if here >= self.end_id {
            return Err(Strange("more is declared than it says"));
        }
        if self.ids.insert(there, here).is_some() {
            return Err(Strange("there are two of one number"));
        }
        self.next_id += 1;
        Ok(here)
    }

    /// The number here of what was declared; 0, which nothing has, for what is gone.
    fn id(&self, there: u32) -> u32 {
        self.ids.get(&there).copied().unwrap_or(0)
    }

    fn of_queue(&self, there: QueueId) -> QueueId {
        QueueId(self.id(there.0))
    }

    fn of_stream(&self, there: StreamId) -> StreamId {
        StreamId(self.id(there.0))
    }

    fn scope(&self, scope: Scope) -> Scope {
        match scope {
            Scope::Queue(id) => Scope::Queue(self.of_queue(id)),
            Scope::Topic(id) => Scope::Topic(TopicId(self.id(id.0))),
        }
    }

    /// 0 means that there is no such time.
    fn time(&self, at: Millis) -> Result<Millis, Strange> {
        match bounded(at)? {
            0 => Ok(0),
            at => Ok(at.saturating_add_signed(self.later).clamp(1, MOST)),
        }
    }
}

fn bounded(number: Position) -> Result<u64, Strange> {
    if number < MOST { Ok(number) } else { Err(Strange("it has a number that is too large")) }
}
