//! tasks: work that takes a file and gives a result.
//!
//! ```text
//! api/      takes files, says where their tasks stand, gives results
//! work      works on tasks: tenants in turn, one end each
//!   picture   randomize: the blocks of a picture in another order
//!   sum/      sum-even: the sum of a text's even numbers
//!   fair      who works next
//!   watch     what is told of each attempt
//! store     where tasks are kept: objects in the bucket
//! task      what a task is, and what is written about it
//! tenant    whose task it is
//! traffic/  what clients do, and whether what they get is right
//! ```

mod api;
mod fair;
mod picture;
mod size;
mod store;
mod sum;
mod task;
mod tenant;
mod traffic;
mod watch;
mod work;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::QueueAttributeName;
use service::http::{Dependency, Face};
use service::objects::{Buffers, Objects};
use worker::{Backoff, Jitter, Queue, Worker};

use self::api::Api;
use self::size::Size;
use self::store::Store;
use self::watch::Watch;
use self::work::Work;
use crate::{Error, Ledger, Scenario, Setting, Setup, System, Traffic, UsedBy};

/// The stack's outputs.
const BUCKET: &str = "BucketName";
const QUEUE: &str = "QueueUrl";
const DEAD_LETTERS: &str = "DeadLetterQueueUrl";
/// The settings.
const MAX_SIZE: &str = "TASKS_MAX_SIZE";
const SIZE: &str = "SIZE";
/// The longest text unless somebody says otherwise; S3's 10,000 parts are enough for 78 GiB.
const DEFAULT_MAX_SIZE: &str = "16GB";
const LARGEST: u64 = 10_000 * (8 << 20);
/// A worker holds at least so many messages, of which most wait for their turn. SQS calls a tenant noisy that has 30 in
/// flight: with fewer of them a flood wouldn't be seen as one at once ("How Amazon SQS fair queues work").
const HELD: usize = 40;
/// How many receives run side by side.
const RECEIVERS: u32 = 2;

const SETTINGS: &[Setting] = &[
    Setting {
        name: MAX_SIZE,
        value: Some("SIZE"),
        help: "How large a text for sum-even may be, as 5GB",
        default: Some(DEFAULT_MAX_SIZE),
        used_by: UsedBy::Serve,
    },
    Setting {
        name: SIZE,
        value: Some("SIZE"),
        help: "Measure instead: sum-even of one generated text of this size, as 5GB, beside a plain read of it",
        default: None,
        used_by: UsedBy::Simulate,
    },
];

/// The scenario.
pub(crate) struct Tasks;

#[async_trait]
impl Scenario for Tasks {
    fn name(&self) -> &'static str {
        "tasks"
    }

    fn about(&self) -> &'static str {
        "Work that takes a file and gives a result: pictures and sums, fair to all tenants"
    }

    fn template(&self) -> &'static str {
        include_str!("../../../../templates/tasks.yaml")
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    async fn open(&self, setup: Setup) -> Result<System, Error> {
        // Of a worker, too: what it can't have meant is said, not ignored.
        let max_text = max_size(&setup)?;
        let objects = Objects::new(setup.clients.s3.clone(), setup.output(BUCKET)?, Buffers::default());
        let store = Store { objects: objects.clone() };
        let queue_url = setup.output(QUEUE)?;
        let about = "Takes files, works on them behind a queue, and gives the results.";
        let mut face = Face::new("Tasks", about, setup.tell.clone())
            .needs(Arc::new(objects))
            .needs(Arc::new(TaskQueue { sqs: setup.clients.sqs.clone(), url: queue_url.clone() }));
        if setup.role.has_api() {
            let api =
                Api { store: store.clone(), sqs: setup.clients.sqs.clone(), queue_url: queue_url.clone(), max_text };
            face = face.routes(api.routes()).streaming_routes(api.streaming_routes());
        }
        let mut system = System { face, work: Vec::new() };
        if setup.role.has_workers() {
            let queue = Queue::look(&setup.clients.sqs, &queue_url).await;
            let queue = queue.map_err(|why| Error::failed("Can't look at the queue", why))?;
            let worker = make_worker(&setup, store, queue, system.face.metrics.clone());
            let stop = setup.stop.clone();
            system.work.push(Box::pin(async move {
                worker.run(stop).await.map_err(|why| Error::failed("The worker ended", why))
            }));
        }
        Ok(system)
    }

    async fn traffic(&self, traffic: Traffic) -> Result<Ledger, Error> {
        traffic::run(traffic).await
    }
}

fn make_worker(setup: &Setup, store: Store, queue: Queue, metrics: service::metrics::Metrics) -> Worker {
    let watch = Arc::new(Watch::new(metrics, setup.tell.clone()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Two for each core: one computes while another waits for its bytes.
    let work = Work::new(store, setup.workers, 2 * cores, queue.max_receives, watch.clone());
    let settings = worker::Settings {
        receivers: RECEIVERS,
        concurrency: HELD.max(2 * setup.workers),
        // What waits for its turn waits in the handler, which knows tenants.
        buffer: 0,
        // A bucket that is away for minutes costs no task its attempts.
        retry: Backoff {
            first: Duration::from_secs(2),
            factor: 4.0,
            most: Duration::from_secs(15 * 60),
            jitter: Jitter::Half,
        },
        ..worker::Settings::default()
    };
    Worker::new(setup.clients.sqs.clone(), queue, settings, Arc::new(work))
        .listen(Arc::new(move |event| watch.hear(&event)))
}

/// How large a text may be, in bytes.
fn max_size(setup: &Setup) -> Result<u64, Error> {
    let Size(most) = setup.settings.parse(MAX_SIZE, size::NEEDED)?.unwrap_or(Size(LARGEST));
    if most == 0 {
        return Err(Error::usage(
            format!("{MAX_SIZE} is 0: no text could be sent"),
            format!("Give a size like 5GB, or nothing for {DEFAULT_MAX_SIZE}."),
        ));
    }
    if most > LARGEST {
        return Err(Error::usage(
            format!("{MAX_SIZE} is {}", Size(most)),
            format!("An upload has 10,000 parts: {LARGEST} bytes are the most."),
        ));
    }
    Ok(most)
}

/// The queue, for the service's health.
struct TaskQueue {
    sqs: aws_sdk_sqs::Client,
    url: String,
}

#[async_trait]
impl Dependency for TaskQueue {
    fn name(&self) -> &str {
        "queue"
    }

    async fn check(&self) -> Result<(), String> {
        let ask = self.sqs.get_queue_attributes().queue_url(&self.url).attribute_names(QueueAttributeName::QueueArn);
        ask.send().await.map(drop).map_err(|error| DisplayErrorContext(error).to_string())
    }
}
