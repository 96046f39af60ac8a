//! Books from a queue into a bucket per genre.
//!
//! Producers send books to `InputQueue.fifo`. Each is filed as `<title>.json` in the bucket of its genre, and a message on
//! `OutputQueue.fifo` says where. `GET /` takes up to ten books at once; the work on them goes on beside it.
//!
//! ```text
//! options   the settings, read
//! queues    the queues by their usual names, and a dead-letter queue where there is none
//! book      a message's body, read leniently; `repair` mends raw line breaks
//! shelves   which bucket a genre has
//! key       the name of a book's object
//! filing    files a book: object first, then the message, and why that order
//! log       what is told of each book: a line, figures
//! api       `GET /`, and the looking by itself when nobody asks
//! traffic/  publishers, askers and readers, and the ledger of what came of it
//! ```

mod api;
mod book;
mod filing;
mod key;
mod log;
mod options;
mod queues;
mod reason;
mod repair;
mod shelves;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use service::http::Face;
use worker::{Backoff, Jitter, Worker};

use self::api::Desk;
use self::filing::Filing;
use self::log::Log;
use self::options::Options;
use self::shelves::Shelves;
use crate::{Clients, Error, Ledger, Outputs, Role, Scenario, Setting, Setup, System, Traffic};

/// The outputs that the template has for the code.
const INPUT: &str = "InputQueueUrl";
const OUTPUT: &str = "OutputQueueUrl";
const GENRES: &str = "GenreBuckets";

/// How many books may wait in the process for one of the hands that file them.
const WAITING: usize = 100;

/// The pauses after a failure. Ten receives, as the template has it, make up about twenty minutes: an absence of S3 of that
/// length costs no dead letter.
const RETRY: Backoff =
    Backoff { first: Duration::from_secs(1), factor: 3.0, most: Duration::from_secs(300), jitter: Jitter::Half };

/// The scenario.
pub(crate) struct Archive;

#[async_trait]
impl Scenario for Archive {
    fn name(&self) -> &'static str {
        "archive"
    }

    fn about(&self) -> &'static str {
        "Books from a queue into a bucket per genre"
    }

    fn template(&self) -> &'static str {
        include_str!("../../../../templates/archive.yaml")
    }

    fn settings(&self) -> &'static [Setting] {
        options::SETTINGS
    }

    async fn find_by_name(&self, clients: &Clients) -> Result<Outputs, Error> {
        queues::find(clients).await
    }

    async fn open(&self, setup: Setup) -> Result<System, Error> {
        open(setup).await
    }

    async fn traffic(&self, traffic: Traffic) -> Result<Ledger, Error> {
        traffic::run(traffic).await
    }
}

async fn open(setup: Setup) -> Result<System, Error> {
    let options = Options::read(&setup.settings)?;
    let input = queue_url(&setup, INPUT, queues::INPUT)?;
    let output = queue_url(&setup, OUTPUT, queues::OUTPUT)?;
    let (sqs, s3) = (setup.clients.sqs.clone(), setup.clients.s3.clone());
    let queue = queues::with_dead_letters(&sqs, &input, &setup.tell).await?;
    let shelves = Arc::new(Shelves::new(s3.clone(), &input, options.genres, setup.outputs.get(GENRES))?);

    let face = Face::new("Archive", ABOUT, setup.tell.clone())
        .needs(queues::there("input queue", &sqs, &input))
        .needs(queues::there("output queue", &sqs, &output))
        .needs(shelves.clone());
    let log = Log::new(&face.metrics, setup.tell.clone());
    let filing = Filing { s3, sqs: sqs.clone(), shelves, output, work: options.work, log: log.clone() };
    // A process with the API takes what it is asked to take; one that only works is never asked, and polls.
    let settings = worker::Settings {
        receivers: if setup.role.has_api() { 0 } else { 1 },
        concurrency: setup.workers.max(1),
        buffer: WAITING,
        retry: RETRY,
        ..worker::Settings::default()
    };
    let worker = Worker::new(sqs, queue, settings, Arc::new(filing)).listen(log.listener());
    let mut work: Vec<BoxFuture<'static, Result<(), Error>>> = Vec::new();
    let mut system = System { face, work: Vec::new() };
    if setup.role.has_api() {
        let desk = Arc::new(Desk::new(worker.hand()));
        if setup.role == Role::All
            && let Some(period) = options.poll
        {
            work.push(desk.clone().look_when_nobody_asks(period, setup.tell.clone(), setup.stop.clone()).boxed());
        }
        system.face = system.face.routes(api::routes(desk));
    }
    let stop = setup.stop;
    work.push(async move { worker.run(stop).await.map_err(|why| Error::failed("The worker ended", why)) }.boxed());
    system.work = work;
    Ok(system)
}

/// What stands at the top of the documentation.
const ABOUT: &str = "Files books from InputQueue.fifo into a bucket per genre, and says on OutputQueue.fifo where each lies. \
                     Books come by the queue; this API asks for the next ones to be taken.";

/// The URL of a queue, from the stack or by its usual name.
fn queue_url(setup: &Setup, output: &str, name: &str) -> Result<String, Error> {
    setup.outputs.get(output).cloned().ok_or_else(|| {
        Error::usage(
            format!("There is no queue {name}, and no stack that names another"),
            "Deploy the template, with `messaging deploy --scenario archive`, or create the queues and the buckets by hand.",
        )
    })
}
