//! A queue-based ingestion: an API that takes jobs from callers whom an authorizer lets in, a processor that works on them and
//! keeps a tracking table, a simulator that writes their results, alarms over all of it.
//!
//! ```text
//! options     the settings, and what they come to: the table, the authorizer
//! api/        submit a job, ask for its status; the page of figures
//! processor   works on a job; `weather` is its result
//! coroner     tells the table of jobs that no worker ended
//! tracking/   the tracking table: SQLite, PostgreSQL, DynamoDB
//! figures     what each part did; `alarms` watch them
//! throttle    how many requests a caller may make
//! health      what the service needs
//! failure     what AWS says when it doesn't do something
//! traffic/    clients that submit jobs, and the proof that all were done
//! ```

mod alarms;
mod api;
mod coroner;
mod failure;
mod figures;
mod health;
mod options;
mod output;
mod processor;
mod throttle;
mod tracking;
mod traffic;
mod weather;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use service::alarms::{Raised, Watch};
use service::http::{Answered, Face};
use service::metrics::Metrics;
use service::record::{Record, Tell};
use worker::{Backoff, Event, Jitter, Queue, Verdict, Worker};

use self::alarms::{ALARMS, NAMESPACE};
use self::api::Api;
use self::coroner::Coroner;
use self::figures::{Call, Figures, Moved, Part};
use self::health::{TheBucket, TheKeys, TheQueue, TheTable};
use self::options::{Options, Store};
use self::processor::Processor;
use self::throttle::Throttle;
use self::tracking::Tracking;
use crate::{Error, Ledger, Scenario, Setting, Settings, Setup, System, Traffic, make_folder};

/// The message's attribute that says whose job it is.
const TENANT: &str = "Tenant";
/// How long a job stays away that failed. With the template's ten receives that is four minutes at least in all: a table that is
/// away for shorter costs no job.
const RETRY: Backoff =
    Backoff { first: Duration::from_secs(1), factor: 2.0, most: Duration::from_secs(15 * 60), jitter: Jitter::Half };
/// The kind of job in figures and log.
const KIND: &str = "job";

/// The scenario.
pub(crate) struct Jobs;

#[async_trait]
impl Scenario for Jobs {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn about(&self) -> &'static str {
        "Queue-based ingestion: an API with an authorizer, a processor with a tracking table, alarms"
    }

    fn template(&self) -> &'static str {
        include_str!("../../../../templates/jobs.yaml")
    }

    fn settings(&self) -> &'static [Setting] {
        options::SETTINGS
    }

    fn takes_tokens(&self) -> bool {
        true
    }

    fn token(
        &self,
        settings: &Settings,
        folder: &Path,
        subject: &str,
        lifetime: Duration,
    ) -> Option<Result<String, Error>> {
        Some(options::token(settings, folder, subject, lifetime))
    }

    async fn open(&self, setup: Setup) -> Result<System, Error> {
        open(setup).await
    }

    async fn traffic(&self, traffic: Traffic) -> Result<Ledger, Error> {
        traffic::run(traffic).await
    }
}

async fn open(setup: Setup) -> Result<System, Error> {
    let options = Options::of(&setup.settings)?;
    let store = Store::of(&setup.settings, &setup.folder, setup.clients.is_aws)?;
    store.check_role(setup.role)?;
    if !store.is_shared() {
        make_folder(&setup.folder)?;
    }
    let queue = setup.output(output::QUEUE)?;
    let bucket = setup.output(output::BUCKET)?;
    let authorizer = match setup.role.has_api() {
        true => Some(options::authorizer(&setup).await?),
        false => None,
    };
    let tracking: Arc<dyn Tracking> = tracking::open(&store, &setup.clients).await?.into();
    let about = "Takes jobs into a queue, works on them, and tells how far they are.";
    let face = Face::new("Jobs", about, setup.tell.clone());
    let figures = Figures::new(&face.metrics, setup.tell.clone());
    let raised = Raised::none(ALARMS.len());
    let mut face = observed(face, figures.clone())
        .needs(Arc::new(TheQueue { clients: setup.clients.clone(), url: queue.clone() }))
        .needs(Arc::new(TheBucket { clients: setup.clients.clone(), name: bucket.clone() }))
        .needs(Arc::new(TheTable(tracking.clone())));
    let mut work: Vec<BoxFuture<'static, Result<(), Error>>> = Vec::new();
    if let Some((authorizer, own_key)) = authorizer {
        let authorizer = Arc::new(authorizer);
        face = face.needs(Arc::new(TheKeys(authorizer.clone())));
        let api = Arc::new(Api {
            clients: setup.clients.clone(),
            queue: queue.clone(),
            dead_letters: setup.output(output::DEAD_LETTERS)?,
            tracking: tracking.clone(),
            authorizer,
            throttle: Throttle::new(options.throttle),
            figures: figures.clone(),
            raised: raised.clone(),
            literal: options.literal,
            depths: Default::default(),
        });
        face = face.routes(api::routes(api, own_key));
    }
    if setup.role.has_workers() {
        work.push(worker(&setup, &options, &queue, bucket, tracking, &figures, face.metrics.clone()).await?);
    }
    // On AWS the same alarms are CloudWatch's, over the figures in the log.
    if !setup.clients.is_aws {
        let watch = Watch {
            alarms: ALARMS,
            namespace: NAMESPACE,
            period: options.alarm_period,
            topic: setup.output(output::ALARM_TOPIC)?,
            region: setup.clients.region.clone(),
            sns: setup.clients.sns.clone(),
            tell: setup.tell.clone(),
        };
        let stop = setup.stop.clone();
        work.push(watch.run(raised, move |alarm| figures.total(alarm), stop).map(Ok).boxed());
    }
    Ok(System { face, work })
}

/// A face whose requests are the API's figures.
fn observed(face: Face, figures: Figures) -> Face {
    face.observed_by(Arc::new(move |answered: &Answered<'_>| {
        if !api::ROUTES.contains(&answered.route) {
            return;
        }
        let call = match answered.status.as_u16() {
            429 => Call::Throttled,
            500.. => Call::Failed,
            _ => Call::Well,
        };
        figures.answered(answered.status.as_u16());
        figures.called(Part::Api, call, answered.took, answered.id, answered.trace);
    }))
}

/// The worker that runs the processor.
async fn worker(
    setup: &Setup,
    options: &Options,
    queue: &str,
    bucket: String,
    tracking: Arc<dyn Tracking>,
    figures: &Figures,
    metrics: Metrics,
) -> Result<BoxFuture<'static, Result<(), Error>>, Error> {
    let sqs = setup.clients.sqs.clone();
    let queue = Queue::look(&sqs, queue).await.map_err(|error| Error::failed("Can't look at the queue", error))?;
    let coroner = queue.dead_letters.clone().map(|dead_letters| Coroner {
        sqs: sqs.clone(),
        dead_letters,
        tracking: tracking.clone(),
        max_receives: queue.max_receives,
        tell: setup.tell.clone(),
    });
    let processor = Processor {
        clients: setup.clients.clone(),
        bucket,
        tracking,
        figures: figures.clone(),
        max_receives: queue.max_receives,
        fail_on: options.fail_on.clone(),
    };
    let settings =
        worker::Settings { concurrency: setup.workers, buffer: setup.workers, retry: RETRY, ..Default::default() };
    let listener = listener(metrics, figures.clone(), setup.tell.clone());
    let worker = Worker::new(sqs, queue, settings, Arc::new(processor)).listen(listener);
    let stop = setup.stop.clone();
    let run = async move {
        let looking = async {
            if let Some(coroner) = coroner {
                coroner.run(stop.clone()).await;
            }
        };
        let (ended, ()) = tokio::join!(worker.run(stop.clone()), looking);
        ended.map_err(|error| Error::failed("The worker ended", error))
    };
    Ok(run.boxed())
}

/// Counts and tells of what the worker does.
fn listener(metrics: Metrics, figures: Figures, tell: Tell) -> worker::Listener {
    Arc::new(move |event| match event {
        Event::Received { n, .. } => figures.moved(Moved::Received, n as u64),
        Event::Started { .. } => metrics.job_begins(KIND),
        Event::Ended { job, verdict, execution, lead } => {
            let (outcome, why) = match verdict {
                Verdict::Done => ("done", None),
                Verdict::Retry { why, .. } => ("retry", Some(why)),
                Verdict::Dead { why } => ("dead", Some(why)),
                Verdict::GiveBack => ("given_back", None),
                Verdict::Leave { why } => ("left", Some(why)),
            };
            metrics.job_ends(KIND, outcome, execution, lead);
            let id = processor::id_of(job);
            let (execution_ms, lead_ms) = (tracking::millis(execution), tracking::millis(lead));
            let mut text = format!("job {id} {outcome} after {execution_ms:.1} ms, {lead_ms:.0} ms from its request");
            if let Some(why) = why {
                text += &format!(": {why}");
            }
            let json = json!({
                "id": id,
                "kind": KIND,
                "outcome": outcome,
                "attempts": job.receives,
                "execution_ms": execution_ms,
                "lead_ms": lead_ms,
                "trace": job.trace,
                "error": why,
            });
            tell.tell(Record::new("job", text, json));
        }
        Event::Deleted { .. } => figures.moved(Moved::Deleted, 1),
        Event::DeadLettered { .. } => figures.moved(Moved::DeadLettered, 1),
        Event::LeaseLost { job, why } => {
            tell.tell(Record::note(format!("job {}: the right to work on it ended: {why}", processor::id_of(job))));
        }
        Event::NotDeleted { job, why } => {
            tell.tell(Record::note(format!("job {} isn't deleted, and comes again: {why}", processor::id_of(job))));
        }
        Event::Trouble { why, .. } => tell.tell(Record::note(why)),
        _ => {}
    })
}
