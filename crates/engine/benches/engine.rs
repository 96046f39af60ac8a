//! What the engine costs without log and wire: a fan-out, a receive and a delete, at several widths and depths.
//! `cargo bench --bench engine`

use std::borrow::Cow;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use messaging_engine::change::{Attribute, Value};
use messaging_engine::config::{Attributes, QueueConfig, SubscriptionConfig, TopicConfig};
use messaging_engine::queue::Receive;
use messaging_engine::{Change, Engine, Notification, QueueId, Strictness, SubscriptionId, TopicId};

const NOW: u64 = 1_700_000_000_000;
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:events";
const BODY: &str =
    r#"{"event_id":"0f4fb9c9-c017-40cb-89a1-61c9d9c6d4fd","event_type":"order.created","total":"129.90"}"#;

/// A cloud with a topic that so many queues get every message of.
struct Cloud {
    engine: Engine,
    topic: TopicId,
    queues: Vec<QueueId>,
}

impl Cloud {
    fn new(queues: usize) -> Self {
        let mut engine = Engine::new(Strictness::Lenient);
        engine.apply(&Change::Counters { salt: 9, next_seq: 1, next_id: 1, queues: vec![], streams: vec![] });
        let topic = TopicId(engine.next_id());
        let (attributes, tags) = (Attributes::new(), Attributes::new());
        let config = TopicConfig { id: topic, arn: TOPIC.to_owned(), attributes, tags, created: NOW };
        engine.apply(&Change::Topic(Cow::Owned(config)));
        let mut cloud = Self { engine, topic, queues: Vec::new() };
        (0..queues).for_each(|number| cloud.subscribe(number));
        cloud
    }

    fn subscribe(&mut self, number: usize) {
        let queue = QueueConfig {
            id: QueueId(self.engine.next_id()),
            arn: format!("arn:aws:sqs:us-east-1:000000000000:queue-{number}"),
            attributes: Attributes::new(),
            tags: Attributes::new(),
            created: NOW,
            modified: NOW,
            hidden: false,
        };
        self.engine.apply(&Change::Queue(Cow::Borrowed(&queue)));
        let subscription = SubscriptionConfig {
            id: SubscriptionId(self.engine.next_id()),
            arn: format!("{TOPIC}:{number}"),
            topic: self.topic,
            topic_arn: TOPIC.to_owned(),
            protocol: "sqs".to_owned(),
            endpoint: queue.arn,
            owner: "000000000000".to_owned(),
            attributes: Attributes::from([("RawMessageDelivery".to_owned(), "true".to_owned())]),
            confirmed: true,
            token: String::new(),
            outbox: None,
            created: NOW,
        };
        self.engine.apply(&Change::Subscription(Cow::Owned(subscription)));
        self.queues.push(queue.id);
    }

    fn publish(&mut self) {
        let attribute = Attribute { name: "event_type", kind: "String", value: Value::Text("order.created") };
        let notification =
            Notification { sender: "000000000000", body: BODY, attributes: vec![attribute], ..Notification::default() };
        let published = self.engine.decide_publish(self.topic, TOPIC, notification, NOW, None).expect("published");
        if let Some(sent) = published.change {
            self.engine.apply(&Change::Sent(sent));
        }
    }

    /// Ten messages of the first queue.
    fn receive(&mut self, now: u64) -> Vec<u64> {
        let id = self.queues[0];
        let receive = Receive { max: 10, visibility: None, attempt: None };
        let received = self.engine.queue_mut(id).expect("a queue").decide_receive(receive, now);
        let (visible_at, positions) = (received.visible_at, received.picked.clone());
        self.engine.apply(&Change::Received { queue: id, at: now, visible_at, positions });
        received.picked
    }

    fn delete(&mut self, positions: Vec<u64>) {
        self.engine.apply(&Change::Deleted { queue: self.queues[0], positions });
    }
}

/// More queued messages than these at once would not fit the memory of a small machine.
const AT_ONCE: u64 = 1_000_000;

fn publish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish to queues");
    for queues in [1, 2, 10, 100] {
        group.bench_function(BenchmarkId::from_parameter(queues), |bencher| {
            bencher.iter_custom(|count| {
                let (mut spent, mut left) = (Duration::ZERO, count);
                while left > 0 {
                    let round = left.min(AT_ONCE / queues as u64);
                    let mut cloud = Cloud::new(queues);
                    cloud.publish();
                    let start = Instant::now();
                    (0..round).for_each(|_| black_box(&mut cloud).publish());
                    spent += start.elapsed();
                    left -= round;
                }
                spent
            });
        });
    }
}

/// The queue keeps its depth: what was deleted is sent anew, outside of what is measured.
fn drain(criterion: &mut Criterion) {
    for depth in [100_u64, 100_000, 1_000_000] {
        let mut cloud = Cloud::new(1);
        (0..depth).for_each(|_| cloud.publish());
        let mut group = criterion.benchmark_group("receive and delete 10");
        group.throughput(Throughput::Elements(10));
        group.bench_function(BenchmarkId::from_parameter(depth), |bencher| {
            bencher.iter_custom(|count| {
                let mut spent = Duration::ZERO;
                for _ in 0..count {
                    let start = Instant::now();
                    let received = black_box(&mut cloud).receive(NOW);
                    black_box(&mut cloud).delete(received);
                    spent += start.elapsed();
                    (0..10).for_each(|_| cloud.publish());
                }
                spent
            });
        });
    }
}

criterion_group!(benches, publish, drain);
criterion_main!(benches);
