//! The worker's rules, each over a fake SQS with tokio's paused clock: hours pass at once.

mod chance;
mod dead_letters;
mod deletes;
mod fake;
mod hand;
mod leases;
mod order;
mod receiving;
mod stopping;
mod trouble;
mod verdicts;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::fake::{Fake, SENT};
use crate::{Backoff, Error, Event, Handler, Jitter, Job, Queue, Settings, Verdict, Worker};

/// A handler that is a closure.
struct By<F>(F);

#[async_trait]
impl<F> Handler for By<F>
where
    F: Fn(Arc<Job>) -> BoxFuture<'static, Verdict> + Send + Sync + 'static,
{
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        (self.0)(job).await
    }
}

/// What was heard of a worker, a line an event.
type Heard = Arc<Mutex<Vec<String>>>;

/// A worker that runs.
struct Running {
    heard: Heard,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// Stops the worker, and waits for its end.
    async fn end(self) -> Vec<String> {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
        self.heard.lock().clone()
    }

    /// How often something was heard that begins so.
    fn count(&self, begin: &str) -> usize {
        self.heard.lock().iter().filter(|line| line.starts_with(begin)).count()
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().clone()
    }
}

/// Settings in which nothing is left to chance.
fn settings() -> Settings {
    Settings {
        retry: Backoff {
            first: Duration::from_secs(10),
            factor: 2.0,
            most: Duration::from_secs(60),
            jitter: Jitter::None,
        },
        grace: Duration::from_secs(5),
        now: || Duration::from_millis(SENT + 7_000),
        ..Settings::default()
    }
}

/// A worker of a queue whose handler is a closure.
fn worker<F, W>(fake: &Fake, queue: Queue, settings: Settings, handler: F) -> (Worker, Heard)
where
    F: Fn(Arc<Job>) -> W + Send + Sync + 'static,
    W: Future<Output = Verdict> + Send + 'static,
{
    let heard = Heard::default();
    let note = heard.clone();
    let handler = By(move |job| -> BoxFuture<'static, Verdict> { Box::pin(handler(job)) });
    let worker = Worker::new(fake.client(), queue, settings, Arc::new(handler));
    (worker.listen(Arc::new(move |event| note.lock().push(told(event)))), heard)
}

fn start<F, W>(fake: &Fake, queue: Queue, settings: Settings, handler: F) -> Running
where
    F: Fn(Arc<Job>) -> W + Send + Sync + 'static,
    W: Future<Output = Verdict> + Send + 'static,
{
    let (worker, heard) = worker(fake, queue, settings, handler);
    let stop = CancellationToken::new();
    Running { heard, stop: stop.clone(), task: tokio::spawn(worker.run(stop)) }
}

/// An event as a line: what happened, to which message, why.
fn told(event: Event<'_>) -> String {
    match event {
        Event::Received { n, .. } => format!("received {n}"),
        Event::Started { job } => format!("started {}", job.body),
        Event::Ended { job, verdict, execution, lead } => {
            assert_eq!(lead, Duration::from_secs(7));
            format!("ended {} after {} s: {verdict:?}", job.body, execution.as_secs())
        }
        Event::Deleted { job } => format!("deleted {}", job.body),
        Event::NotDeleted { job, why } => format!("not deleted {}: {why}", job.body),
        Event::Extended { n } => format!("extended {n}"),
        Event::LeaseLost { job, why } => format!("lost {}: {why}", job.body),
        Event::DeadLettered { job, why } => format!("dead {}: {why}", job.body),
        Event::GivenBack { n } => format!("given back {n}"),
        Event::Again => "again".to_owned(),
        Event::Trouble { why, .. } => format!("trouble: {why}"),
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn retry(why: &str) -> Verdict {
    Verdict::Retry { why: why.to_owned(), after: None }
}

/// Waits until something is so, for an hour of the paused clock at most.
async fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < secs(3_600), "it never came to that");
        sleep(Duration::from_millis(20)).await;
    }
}
