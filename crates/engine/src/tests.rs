//! The engine against a simple model: random commands, a replay being one of them.

mod incoming;
mod kept;

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::change::{Change, Moved};
use super::config::{QueueConfig, SubscriptionConfig, TopicConfig};
use super::queue::Receive;
use super::*;

/// An engine whose changes are kept as a log would keep them.
struct Kept {
    engine: Engine,
    segments: Vec<Vec<Vec<u8>>>,
    now: Millis,
}

impl Kept {
    fn new() -> Self {
        let mut kept = Self { engine: Engine::new(Strictness::Lenient), segments: vec![Vec::new()], now: 1_000 };
        kept.apply(&Change::Counters { salt: 9, next_seq: 1, next_id: 1, queues: vec![], streams: vec![] });
        kept
    }

    fn apply(&mut self, change: &Change<'_>) {
        let encoded = postcard::to_stdvec(change).unwrap();
        let owner = self.engine.apply(change);
        let segment = self.segments.len() - 1;
        let place = Place { segment: segment as u32, offset: self.segments[segment].len() as u32 };
        self.engine.note_place(&owner, place, encoded.len() as u32);
        self.segments[segment].push(encoded);
    }

    fn replay(&mut self) {
        let mut engine = Engine::new(Strictness::Lenient);
        for (segment, records) in self.segments.iter().enumerate() {
            for (offset, record) in records.iter().enumerate() {
                let owner = engine.apply(&postcard::from_bytes(record).unwrap());
                let place = Place { segment: segment as u32, offset: offset as u32 };
                engine.note_place(&owner, place, record.len() as u32);
            }
        }
        self.engine = engine;
    }

    fn roll(&mut self) {
        let mut opening = Vec::new();
        self.engine.each_declaration(|change| opening.push(postcard::to_stdvec(change).unwrap()));
        self.segments.push(opening);
    }

    /// Compacts the oldest segment that holds anything.
    fn compact(&mut self) {
        self.roll();
        let Some(oldest) = self.segments.iter().position(|segment| !segment.is_empty()) else { return };
        for (offset, record) in self.segments[oldest].clone().iter().enumerate() {
            let place = Place { segment: oldest as u32, offset: offset as u32 };
            let Some(old) = OldRecord::read(place, record) else { continue };
            let needed = self.engine.restate(&old, self.now);
            assert!(needed.is_empty() || !self.engine.needs_nothing_of(oldest as u32), "{needed:?}");
            for change in needed {
                self.apply(&change);
            }
        }
        self.segments[oldest].clear();
    }

    fn queue(&mut self, name: &str, attributes: &[(&str, &str)]) -> QueueId {
        let id = QueueId(self.engine.next_id());
        let config = QueueConfig {
            id,
            arn: format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            tags: BTreeMap::new(),
            created: 0,
            modified: 0,
            hidden: false,
        };
        self.apply(&Change::Queue(std::borrow::Cow::Owned(config)));
        id
    }

    fn topic(&mut self, name: &str, queues: &[&str]) -> TopicId {
        let topic = TopicId(self.engine.next_id());
        let arn = format!("arn:aws:sns:us-east-1:000000000000:{name}");
        let config = TopicConfig {
            id: topic,
            arn: arn.clone(),
            attributes: BTreeMap::from([("ContentBasedDeduplication".to_owned(), "true".to_owned())]),
            tags: BTreeMap::new(),
            created: 0,
        };
        self.apply(&Change::Topic(std::borrow::Cow::Owned(config)));
        for queue in queues {
            let id = SubscriptionId(self.engine.next_id());
            let config = SubscriptionConfig {
                id,
                arn: format!("{arn}:{}", id.0),
                topic,
                topic_arn: arn.clone(),
                protocol: "sqs".to_owned(),
                endpoint: format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
                owner: "000000000000".to_owned(),
                attributes: BTreeMap::from([("RawMessageDelivery".to_owned(), "true".to_owned())]),
                confirmed: true,
                token: String::new(),
                outbox: None,
                created: 0,
            };
            self.apply(&Change::Subscription(std::borrow::Cow::Owned(config)));
        }
        topic
    }

    fn send(&mut self, queue: QueueId, body: &str, group: Option<&str>, delay: Option<Millis>) -> Option<Seq> {
        let message = Message { body, group, delay, deduplication: group.map(|_| body), ..Message::default() };
        match self.engine.decide_send(queue, message, self.now).unwrap() {
            Sending::New(sent) => {
                let seq = sent.seq;
                self.apply(&Change::Sent(sent));
                Some(seq)
            }
            Sending::Duplicate { .. } => None,
        }
    }

    fn publish(&mut self, topic: TopicId, body: &str) -> Published<'static> {
        let notification = Notification { body, group: Some("g"), ..Notification::default() };
        let published = self.engine.decide_publish(topic, "arn:t", notification, self.now, None).unwrap();
        if let Some(sent) = &published.change {
            self.apply(&Change::Sent(sent.clone()));
        }
        Published { seq: published.seq, change: None, refusals: published.refusals }
    }

    fn receive(&mut self, queue: QueueId, max: usize, visibility: Millis) -> Vec<queue::Picked> {
        let now = self.now;
        let receive = Receive { max, visibility: Some(visibility), attempt: None };
        let decision = self.engine.queue_mut(queue).unwrap().decide_receive(receive, now);
        if !decision.expired.is_empty() {
            self.apply(&Change::Deleted { queue, positions: decision.expired });
        }
        for from_position in decision.redriven {
            let target = self.engine.queue(queue).unwrap().settings.redrive.clone().unwrap().target;
            let to = self.engine.queue_id(&target).unwrap();
            let to_position = self.engine.queue(to).unwrap().next_position();
            let moved = Moved { from: queue, from_position, to, to_position, at: now, redrive: true };
            self.apply(&Change::Moved(moved));
        }
        let (picked, visible_at) = (decision.picked, decision.visible_at);
        self.apply(&Change::Received { queue, at: now, visible_at, positions: picked.clone() });
        let queue = self.engine.queue(queue).unwrap();
        picked.into_iter().map(|position| queue.picked(position).unwrap()).collect()
    }

    fn delete(&mut self, queue: QueueId, position: Position) {
        self.apply(&Change::Deleted { queue, positions: vec![position] });
    }
}

#[test]
fn a_message_comes_back_until_it_is_deleted() {
    let mut kept = Kept::new();
    let queue = kept.queue("q", &[]);
    let seq = kept.send(queue, "a", None, None).unwrap();
    let first = kept.receive(queue, 10, 30_000);
    assert_eq!((first.len(), first[0].seq, first[0].count), (1, seq, 1));
    assert!(kept.receive(queue, 10, 30_000).is_empty());
    kept.now += 30_000;
    let again = kept.receive(queue, 10, 30_000);
    assert_eq!((again.len(), again[0].count, again[0].first_received), (1, 2, 1_000));
    kept.delete(queue, again[0].position);
    kept.now += 60_000;
    assert!(kept.receive(queue, 10, 0).is_empty());
    assert_eq!(kept.engine.payloads.live(), 0);
}

#[test]
fn a_message_received_too_often_goes_to_the_dead_letter_queue_with_its_id() {
    let mut kept = Kept::new();
    let dead = kept.queue("dead", &[]);
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}"#;
    let queue = kept.queue("q", &[("RedrivePolicy", policy)]);
    kept.send(queue, "a", None, None);
    let id = |kept: &Kept, picked: &queue::Picked| kept.engine.message_id(picked.seq, picked.index);
    let first = kept.receive(queue, 1, 0);
    let before = id(&kept, &first[0]);
    assert_eq!(kept.receive(queue, 1, 0).len(), 1);
    assert!(kept.receive(queue, 1, 0).is_empty());
    kept.compact();
    kept.replay();
    let moved = kept.receive(dead, 1, 0);
    assert_eq!(id(&kept, &moved[0]), before);
    assert_eq!(kept.engine.queue(dead).unwrap().stray(moved[0].position).unwrap().source, Some(queue));
}

/// A dead-letter queue handed out a message whose retention had ended, because a younger one had come before it.
#[test]
fn an_expired_message_behind_a_younger_one_is_not_handed_out() {
    let mut kept = Kept::new();
    let dead = kept.queue("dead", &[("MessageRetentionPeriod", "100")]);
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":1}"#;
    let queue = kept.queue("q", &[("RedrivePolicy", policy)]);
    kept.send(queue, "older", None, None);
    assert_eq!(kept.receive(queue, 1, 60_000).len(), 1);
    kept.now += 50_000;
    let younger = kept.send(queue, "younger", None, None).unwrap();
    for _ in 0..2 {
        kept.receive(queue, 1, 0);
    }
    kept.now += 10_000;
    kept.receive(queue, 1, 0);
    kept.now += 40_000;
    let seqs: Vec<_> = kept.receive(dead, 10, 0).iter().map(|picked| picked.seq).collect();
    assert_eq!(seqs, [younger]);
    assert_eq!(kept.engine.payloads.live(), 1);
}

#[test]
fn one_publish_is_one_payload_in_every_queue() {
    let mut kept = Kept::new();
    let queues: Vec<_> = ["a", "b", "c"].map(|name| kept.queue(name, &[])).into();
    let topic = kept.topic("t", &["a", "b", "c"]);
    kept.publish(topic, "x");
    assert_eq!(kept.engine.payloads.live(), 1);
    for queue in &queues {
        let got = kept.receive(*queue, 10, 30_000);
        assert_eq!(got.len(), 1);
        kept.delete(*queue, got[0].position);
    }
    assert_eq!(kept.engine.payloads.live(), 0);
}

#[test]
fn a_fifo_topic_and_its_queue_deduplicate_for_five_minutes_also_after_a_replay() {
    let mut kept = Kept::new();
    let queue = kept.queue("q.fifo", &[("FifoQueue", "true")]);
    let topic = kept.topic("t.fifo", &["q.fifo"]);
    let first = kept.publish(topic, "x").seq;
    let got = kept.receive(queue, 10, 30_000);
    kept.delete(queue, got[0].position);
    kept.compact();
    kept.replay();
    kept.now += 299_999;
    assert_eq!(kept.publish(topic, "x").seq, first);
    assert!(kept.receive(queue, 10, 0).is_empty());
    kept.now += 1;
    assert_ne!(kept.publish(topic, "x").seq, first);
    assert_eq!(kept.receive(queue, 10, 0).len(), 1);
}

/// A compaction brought back the deduplication windows that a purge had closed: what was sent again was taken for a
/// duplicate, and lost.
#[test]
fn a_window_that_a_purge_closed_stays_closed() {
    let mut kept = Kept::new();
    let queue = kept.queue("q.fifo", &[("FifoQueue", "true")]);
    let first = kept.send(queue, "x", Some("g"), None).unwrap();
    let got = kept.receive(queue, 1, 30_000);
    kept.delete(queue, got[0].position);
    kept.compact();
    let before = kept.engine.queue(queue).unwrap().next_position();
    kept.apply(&Change::Purged { queue, before, at: kept.now });
    for _ in 0..3 {
        kept.compact();
        kept.replay();
    }
    assert!(kept.send(queue, "x", Some("g"), None).is_some_and(|seq| seq > first));
}

#[test]
fn parts_of_a_record_that_have_landed_are_known_after_replays_and_compactions() {
    let mut kept = Kept::new();
    let id = StreamId(kept.engine.next_id());
    let config = config::StreamConfig {
        id,
        arn: "arn:aws:firehose:us-east-1:000000000000:deliverystream/s".to_owned(),
        document: String::new(),
        buffer_bytes: 0,
        buffer_millis: 1,
        created: 0,
    };
    kept.apply(&Change::Stream(std::borrow::Cow::Owned(config)));
    for position in 0..2 {
        let put = change::Put { seq: kept.engine.next_seq(), at: 7, stream: id, position, data: b"data" };
        kept.apply(&Change::Put(put));
    }
    kept.roll();
    let landed = |position| change::PartsOf { position, of: 3, landed: vec![0, 2] };
    kept.apply(&Change::PartsLanded { stream: id, parts: vec![landed(0), landed(1)] });
    kept.apply(&Change::Flushed { stream: id, positions: vec![1] });
    for _ in 0..3 {
        kept.compact();
        kept.replay();
        let stream = kept.engine.stream(id).unwrap();
        assert_eq!(stream.records().map(|(position, _)| position).collect::<Vec<_>>(), [0]);
        let parts = stream.landed_parts(0).unwrap();
        assert_eq!((parts.of, parts.landed.iter().copied().collect::<Vec<_>>()), (3, vec![0, 2]));
        assert_eq!(stream.landed_parts(1), None);
    }
}

#[test]
fn a_queue_that_is_gone_is_named_and_the_others_still_get_the_message() {
    let mut kept = Kept::new();
    let a = kept.queue("a", &[]);
    let topic = kept.topic("t", &["a", "nowhere"]);
    let published = kept.publish(topic, "x");
    assert!(published.refusals[0].reason.contains("nowhere"), "{:?}", published.refusals);
    assert_eq!(kept.receive(a, 10, 0).len(), 1);
}

/// What a client does.
#[derive(Debug, Clone)]
enum Step {
    Send { group: Option<u8>, delay: u16 },
    Publish,
    Receive { max: usize, visibility: u16 },
    Delete(usize),
    Visibility(usize, u16),
    Wait(u16),
    Roll,
    Compact,
    Replay,
}

fn steps(fifo: bool) -> impl Strategy<Value = Vec<Step>> {
    let group = prop::option::of(0..3u8).prop_map(move |group| if fifo { group.or(Some(9)) } else { group });
    let delay = if fifo { Just(0).boxed() } else { prop_oneof![Just(0u16), 1..50u16].boxed() };
    let step = prop_oneof![
        4 => (group, delay).prop_map(|(group, delay)| Step::Send { group, delay }),
        1 => Just(Step::Publish),
        4 => (1..11usize, 0..60u16).prop_map(|(max, visibility)| Step::Receive { max, visibility }),
        3 => any::<usize>().prop_map(Step::Delete),
        1 => (any::<usize>(), 0..60u16).prop_map(|(which, visibility)| Step::Visibility(which, visibility)),
        2 => (0..40u16).prop_map(Step::Wait),
        1 => Just(Step::Roll),
        1 => Just(Step::Compact),
        1 => Just(Step::Replay),
    ];
    prop::collection::vec(step, 1..120)
}

/// The model: what each message should be doing.
#[derive(Debug, Clone)]
struct Expected {
    visible_at: Millis,
    count: u32,
    group: Option<u8>,
}

fn run(fifo: bool, steps: &[Step]) {
    let mut kept = Kept::new();
    let name = if fifo { "q.fifo" } else { "q" };
    let queue = kept.queue(name, &[("FifoQueue", if fifo { "true" } else { "false" }), ("VisibilityTimeout", "30")]);
    let topic = kept.topic(if fifo { "t.fifo" } else { "t" }, &[name]);
    let mut model: BTreeMap<Seq, Expected> = BTreeMap::new();
    let mut positions: HashMap<Seq, Position> = HashMap::new();
    let mut body = 0;
    for step in steps {
        let now = kept.now;
        match step {
            Step::Send { group, delay } => {
                body += 1;
                let name = group.map(|group| group.to_string());
                let delay = Millis::from(*delay);
                let seq = kept.send(queue, &body.to_string(), name.as_deref(), Some(delay)).unwrap();
                model.insert(seq, Expected { visible_at: now + delay, count: 0, group: *group });
            }
            Step::Publish => {
                body += 1;
                let seq = kept.publish(topic, &format!("p{body}")).seq;
                model.insert(seq, Expected { visible_at: now, count: 0, group: fifo.then_some(100) });
            }
            Step::Receive { max, visibility } => {
                let got = kept.receive(queue, *max, Millis::from(*visibility));
                // A message in flight holds up those of its group that come after it, not those before.
                let free = |seq: Seq| {
                    let it = &model[&seq];
                    let held = |(_, other): (&Seq, &Expected)| other.group == it.group && other.visible_at > now;
                    it.visible_at <= now && (!fifo || !model.range(..seq).any(held))
                };
                let can = model.keys().filter(|seq| free(**seq)).count();
                assert_eq!(got.len(), can.min(*max));
                for picked in &got {
                    let expected = &model[&picked.seq];
                    assert!(free(picked.seq));
                    assert_eq!(picked.count, expected.count + 1);
                    if fifo {
                        let older = model.iter().find(|(seq, it)| **seq < picked.seq && it.group == expected.group);
                        assert!(older.is_none_or(|(seq, _)| got.iter().any(|it| it.seq == *seq)), "order in a group");
                    }
                }
                for picked in got {
                    positions.insert(picked.seq, picked.position);
                    let expected = model.get_mut(&picked.seq).unwrap();
                    expected.count += 1;
                    expected.visible_at = now + Millis::from(*visibility);
                }
            }
            Step::Delete(which) => {
                let received: Vec<Seq> = model.iter().filter(|(_, it)| it.count > 0).map(|(seq, _)| *seq).collect();
                if !received.is_empty() {
                    let seq = received[which % received.len()];
                    model.remove(&seq);
                    kept.delete(queue, positions[&seq]);
                }
            }
            Step::Visibility(which, visibility) => {
                let flying: Vec<Seq> =
                    model.iter().filter(|(_, it)| it.count > 0 && it.visible_at > now).map(|(seq, _)| *seq).collect();
                if !flying.is_empty() {
                    let seq = flying[which % flying.len()];
                    let visible_at = now + Millis::from(*visibility);
                    model.get_mut(&seq).unwrap().visible_at = visible_at;
                    kept.apply(&Change::Visible { queue, entries: vec![(positions[&seq], visible_at)] });
                }
            }
            Step::Wait(by) => kept.now += Millis::from(*by),
            Step::Roll => kept.roll(),
            Step::Compact => kept.compact(),
            Step::Replay => kept.replay(),
        }
        let now = kept.now;
        let depth = kept.engine.queue_mut(queue).unwrap().depth(now);
        assert_eq!(depth.visible, model.values().filter(|it| it.visible_at <= now).count());
        assert_eq!(depth.in_flight, model.values().filter(|it| it.visible_at > now && it.count > 0).count());
        assert_eq!(depth.delayed, model.values().filter(|it| it.visible_at > now && it.count == 0).count());
        assert_eq!(kept.engine.payloads.live(), model.len() as u64);
    }
}

proptest! {
    #[test]
    fn a_standard_queue_is_as_the_model(steps in steps(false)) {
        run(false, &steps);
    }

    #[test]
    fn a_fifo_queue_is_as_the_model(steps in steps(true)) {
        run(true, &steps);
    }
}
