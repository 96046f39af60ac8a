//! The cloud as a whole against its promises: power cuts, damaged, full and broken disks, and random commands, each beside a
//! [`Model`](model::Model) that says what must be there.
//!
//! A [`Ground`] is what outlives a server; a [`Bench`] is a server on it; a [`World`](step::World) runs [`Step`](step::Step)s
//! on a server and on the model at once.

mod damage;
mod failing;
mod model;
mod power;
mod random;
mod space;
mod step;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::model::{Line, View};
use crate::blobs::Blobs;
use crate::core::Cloud;
use crate::core::Core;
use crate::core::clock::Clock;
use crate::core::receive;
use crate::request::Context;
use crate::s3::{Buckets, S3};
use crate::testing::call::{call, context};
use crate::{firehose, sns, sqs};
use directory::Directory;
use engine::queue::Entry;
use engine::{Change, Millis};
use log::faulty::FaultyDisk;
use log::{Durability, LogError, Options, Recovery};
use wire::AwsError;

/// A standard queue that the topic sends to, with a dead-letter queue and a short retention.
const PLAIN: &str = "plain";
/// The dead-letter queue of [`PLAIN`].
const DEAD: &str = "dead";
/// A standard queue that the topic sends red messages to. It comes and goes.
const SECOND: &str = "second";
/// A FIFO queue that the FIFO topic sends to, with a dead-letter queue.
const FIRST: &str = "first.fifo";
/// The dead-letter queue of [`FIRST`].
const DEAD_FIFO: &str = "dead.fifo";

/// 2026-01-01T00:00:00Z.
const START: Millis = 1_767_225_600_000;
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:events";
const FIFO_TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:events.fifo";
const STREAM: &str = "arn:aws:firehose:us-east-1:000000000000:deliverystream/stream";
const ROLE: &str = "arn:aws:iam::000000000000:role/any";
const BUCKET: &str = "landing";

/// What outlives a server.
struct Ground {
    clock: Clock,
    options: Options,
    blobs: Blobs,
    /// The text of each object that was read: an object never changes.
    objects: Mutex<BTreeMap<String, String>>,
    /// The next server's: its ids derive from it.
    seed: Arc<AtomicU64>,
    _folder: Arc<TempDir>,
}

/// A server without a port, and a client of it.
struct Bench {
    cx: Context,
    said: Arc<Mutex<Vec<String>>>,
}

impl Ground {
    fn new(durability: Durability, segment_bytes: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            clock: Clock::manual(START),
            options: Options { durability, segment_bytes },
            blobs: Blobs::open(Arc::new(Directory::open(folder.path()).unwrap()), false).unwrap(),
            objects: Mutex::default(),
            seed: Arc::new(AtomicU64::new(1)),
            _folder: Arc::new(folder),
        }
    }

    /// The same with a clock of its own: folders are slow to make.
    fn another(&self, durability: Durability) -> Self {
        Self {
            clock: Clock::manual(START),
            options: Options { durability, ..self.options },
            blobs: self.blobs.clone(),
            objects: Mutex::default(),
            seed: self.seed.clone(),
            _folder: self._folder.clone(),
        }
    }

    fn open(&self, disk: &FaultyDisk) -> Result<(Bench, Recovery), LogError> {
        let seed = u128::from(self.seed.fetch_add(1, Ordering::Relaxed)) << 64 | 7;
        let (core, recovery) = Core::open(Arc::new(disk.clone()), self.options, self.clock.clone(), false, seed)?;
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let hears = said.clone();
        let cloud = Cloud::new(core, self.blobs.clone(), None, move |text| hears.lock().push(text.to_owned()));
        let cx = context(Arc::new(cloud), "000000000000");
        Ok((Bench { cx, said }, recovery))
    }

    /// What a cloud holds, as clients could find out.
    async fn view(&self, bench: &Bench) -> View {
        let cloud = &bench.cx.cloud;
        let core = &cloud.core;
        let now = core.now();
        let mut found: Vec<(String, Entry, Line)> = Vec::new();
        let mut view = View::default();
        core.read(|engine, _| {
            for queue in engine.queues("").filter(|queue| !queue.config.hidden) {
                let name = sqs::queue_url::name(&queue.config.arn).to_owned();
                for (position, entry) in queue.messages() {
                    let source = queue.stray(position).and_then(|stray| engine.queue(stray.source?));
                    let line = Line {
                        id: engine.message_id(entry.seq, entry.index),
                        sent_at: entry.sent_at,
                        deadline: Some(entry.visible_at).filter(|at| *at > now),
                        count: entry.count,
                        first_received: entry.first_received,
                        source: source.map(|queue| sqs::queue_url::name(&queue.config.arn).to_owned()),
                        ..Line::default()
                    };
                    found.push((name.clone(), *entry, line));
                }
                view.queues.insert(name, Vec::new());
            }
        });
        let seqs: Vec<_> = found.iter().map(|(_, entry, _)| entry.seq).collect();
        let payloads = core.payloads(&seqs).await.unwrap();
        for ((queue, entry, mut line), payload) in found.into_iter().zip(payloads) {
            let sent = receive::sent(&payload).unwrap();
            line.body = sent.bodies[usize::from(sent.deliveries[usize::from(entry.index)].body)].to_owned();
            line.group = sent.group_in(queue.ends_with(".fifo")).map(str::to_owned);
            view.queues.entry(queue).or_default().push(line);
        }
        let records: Vec<_> = core.read(|engine, _| {
            let stream = engine.stream_by_arn(STREAM);
            stream.into_iter().flat_map(|stream| stream.records().map(|(_, record)| record)).collect()
        });
        let seqs: Vec<_> = records.iter().map(|record| record.seq).collect();
        for (record, payload) in records.iter().zip(core.payloads(&seqs).await.unwrap()) {
            view.buffer.push(match receive::put(&payload).unwrap() {
                Change::Put(put) => String::from_utf8(put.data.to_vec()).unwrap(),
                Change::Sent(sent) => {
                    sent.bodies[usize::from(sent.deliveries[usize::from(record.index)].body)].to_owned()
                }
                other => panic!("{other:?}"),
            });
        }
        let prefix = format!("s3/object/{BUCKET}/");
        let keys: Vec<String> =
            core.read(|engine, _| engine.docs(&prefix, "").map(|(key, _)| key[prefix.len()..].to_owned()).collect());
        for key in keys {
            if !self.objects.lock().contains_key(&key) {
                let bytes =
                    S3::of(cloud).read_object(BUCKET, &key).await.unwrap_or_else(|error| panic!("{key}: {error:?}"));
                self.objects.lock().insert(key.clone(), String::from_utf8(bytes.to_vec()).unwrap());
            }
            view.landed.extend(self.objects.lock()[&key].split_inclusive(';').map(str::to_owned));
        }
        view.landed.sort();
        view
    }
}

impl Bench {
    /// Makes the queues, topics, the stream and the bucket that the steps use.
    async fn build(&self) {
        let redrive = |dead: &str, most: u32| {
            json!({"deadLetterTargetArn": sqs::queue_url::arn("us-east-1", "000000000000", dead), "maxReceiveCount": most})
                .to_string()
        };
        self.queue(DEAD, json!({"MessageRetentionPeriod": "100"})).await.unwrap();
        self.queue(DEAD_FIFO, json!({"FifoQueue": "true"})).await.unwrap();
        let attributes = json!({"RedrivePolicy": redrive(DEAD, model::MOST), "MessageRetentionPeriod": "120"});
        self.queue(PLAIN, attributes).await.unwrap();
        self.queue(FIRST, json!({"FifoQueue": "true", "RedrivePolicy": redrive(DEAD_FIFO, model::MOST_FIFO)}))
            .await
            .unwrap();
        self.queue(SECOND, json!({})).await.unwrap();
        Buckets::of(&self.cx).create(BUCKET, false).await.unwrap_or_else(|error| panic!("{error:?}"));
        let destination = json!({
            "RoleARN": ROLE, "BucketARN": format!("arn:aws:s3:::{BUCKET}"),
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        });
        let create = json!({"DeliveryStreamName": "stream", "ExtendedS3DestinationConfiguration": destination});
        self.firehose("CreateDeliveryStream", create).await.unwrap();
        self.sns("CreateTopic", json!({"Name": "events"})).await.unwrap();
        let attributes = json!({"FifoTopic": "true"});
        self.sns("CreateTopic", json!({"Name": "events.fifo", "Attributes": attributes})).await.unwrap();
        let queue = |name| sqs::queue_url::arn("us-east-1", "000000000000", name);
        let raw = json!({"RawMessageDelivery": "true"});
        let red = json!({"RawMessageDelivery": "true", "FilterPolicy": r#"{"color":["red"]}"#});
        let role = json!({"RawMessageDelivery": "true", "SubscriptionRoleArn": ROLE});
        for (topic, protocol, endpoint, attributes) in [
            (TOPIC, "sqs", queue(PLAIN), raw.clone()),
            (TOPIC, "sqs", queue(SECOND), red),
            (TOPIC, "firehose", STREAM.to_owned(), role),
            (FIFO_TOPIC, "sqs", queue(FIRST), raw),
        ] {
            let input =
                json!({"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes});
            self.sns("Subscribe", input).await.unwrap();
        }
    }

    async fn queue(&self, name: &str, attributes: Value) -> Result<Value, AwsError> {
        self.sqs("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await
    }

    async fn sqs(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        call(&self.cx, &sqs::SERVICE, operation, input).await
    }

    async fn sns(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        call(&self.cx, &sns::SERVICE, operation, input).await
    }

    async fn firehose(&self, operation: &str, input: Value) -> Result<Value, AwsError> {
        call(&self.cx, &firehose::SERVICE, operation, input).await
    }
}

/// The text of a member of an answer; empty without one.
fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_default().to_owned()
}
