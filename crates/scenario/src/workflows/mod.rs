//! An API in front of a database and a queue: workflows are created, queued, and consumed as CSV files.
//!
//! ```text
//! api/         the routes, a file each
//! store/       where workflows are kept: an SQLite file or PostgreSQL, with the outbox
//! relay        brings what stands in the outbox to the queue
//! consumer     makes a workflow's CSV, stores it and marks the workflow
//! memory       how much of it requests may hold
//! handover     where a request for a workflow meets the message that was received for it
//! data, table, csv   what data may be, as a table, as a file
//! traffic/     clients that create, withdraw and consume, and what is proved of it
//! ```

mod api;
mod consumer;
mod csv;
mod data;
mod handover;
mod memory;
mod queue;
mod relay;
mod store;
mod table;
mod traffic;
mod workflow;

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use service::database::Address;
use service::http::Face;
use service::record::{Record, Tell};
use worker::{Event, Listener, Worker};

use self::api::Api;
use self::consumer::{Background, Consumer};
use self::handover::{Handover, OnDemand};
use self::relay::Relay;
use crate::{Error, Ledger, Role, Scenario, Setting, Setup, System, Traffic, UsedBy, make_folder};

/// The output that names the queue.
const QUEUE_URL: &str = "QueueUrl";
/// The output that names the dead-letter queue.
const DEAD_LETTERS_URL: &str = "DeadLetterQueueUrl";
const DATABASE_URL: &str = "DATABASE_URL";
const CONSUME: &str = "WORKFLOWS_CONSUME";
const LITERAL: &str = "LITERAL";
/// So many requests may consume at once; others are told to come again.
const MAX_CONSUMERS: usize = 256;

/// The scenario.
pub(crate) struct Workflows;

#[async_trait]
impl Scenario for Workflows {
    fn name(&self) -> &'static str {
        "workflows"
    }

    fn about(&self) -> &'static str {
        "Workflows in a database and on a queue, consumed as CSV files"
    }

    fn template(&self) -> &'static str {
        include_str!("../../../../templates/workflows.yaml")
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting {
                name: DATABASE_URL,
                value: Some("URL"),
                help: "Where the workflows are kept: postgres://USER:PASSWORD@HOST/NAME, or sqlite:PATH. Default: a file \
                    in the data folder",
                default: None,
                used_by: UsedBy::Both,
            },
            Setting {
                name: CONSUME,
                value: None,
                help: "The workers consume on their own, as many at once as --workers says; without it only requests \
                    consume",
                default: None,
                used_by: UsedBy::Both,
            },
            Setting {
                name: LITERAL,
                value: None,
                help: "Answer 403 instead of 422 where a status is neither inserted nor consumed",
                default: None,
                used_by: UsedBy::Both,
            },
        ]
    }

    async fn open(&self, setup: Setup) -> Result<System, Error> {
        let address = address(&setup)?;
        let literal = setup.settings.is_on(LITERAL)?;
        let consumes_itself = setup.settings.is_on(CONSUME)?;
        let queue_url = setup.output(QUEUE_URL)?;
        let sqs = setup.clients.sqs.clone();
        let queue = worker::Queue::look(&sqs, &queue_url).await;
        let queue = queue.map_err(|error| Error::failed(format!("Can't look at the queue {queue_url}"), error))?;
        let opened = store::open(&address).await;
        let (database, store) = opened.map_err(|why| Error::failed(format!("Can't open {address}"), why))?;

        let about = "Workflows are created, queued, and consumed as CSV files.";
        let mut face = Face::new("Workflows", about, setup.tell.clone())
            .needs(Arc::new(database.clone()))
            .needs(Arc::new(queue::Queue { sqs: sqs.clone(), url: queue_url.clone() }));
        let relay = Relay::new(store.clone(), sqs.clone(), queue_url, &face.metrics, setup.tell.clone());
        let consumer = Consumer { store: store.clone(), metrics: face.metrics.clone(), tell: setup.tell.clone() };
        let mut work: Vec<BoxFuture<'static, Result<(), Error>>> = Vec::new();
        let stop = setup.stop.clone();
        work.push({
            let relay = relay.clone();
            async move {
                relay.run(stop).await;
                Ok(())
            }
            .boxed()
        });
        if setup.role.has_api() {
            let handover = Handover::default();
            let handler = OnDemand { consumer: consumer.clone(), handover: handover.clone() };
            let settings =
                worker::Settings { receivers: 0, concurrency: MAX_CONSUMERS, buffer: 0, ..Default::default() };
            let on_demand = Worker::new(sqs.clone(), queue.clone(), settings, Arc::new(handler));
            let on_demand = on_demand.listen(listener(setup.tell.clone()));
            let api = Api { store, relay, hand: on_demand.hand(), handover, literal, memory: Default::default() };
            face = face.routes(api::routes(Arc::new(api)));
            work.push(run(on_demand, &setup));
        }
        if setup.role.has_workers() && consumes_itself {
            let settings = worker::Settings { concurrency: setup.workers, buffer: setup.workers, ..Default::default() };
            let background = Worker::new(sqs, queue, settings, Arc::new(Background(consumer)));
            work.push(run(background.listen(listener(setup.tell.clone())), &setup));
        }
        let note = format!("Workflows are kept in {address}");
        setup.tell.tell(Record::note(note));
        Ok(System { face, work })
    }

    async fn traffic(&self, traffic: Traffic) -> Result<Ledger, Error> {
        traffic::make(traffic).await
    }
}

/// Where the workflows are kept.
fn address(setup: &Setup) -> Result<Address, Error> {
    let file = setup.folder.join("workflows.db");
    let address = Address::parse(setup.settings.get(DATABASE_URL), &file).map_err(|why| {
        let help = "Set DATABASE_URL to postgres://USER:PASSWORD@HOST/NAME or sqlite:PATH.";
        Error::usage(format!("{DATABASE_URL} names no database: {why}"), help)
    })?;
    if setup.role != Role::All && !address.is_shared() {
        let help = "Set DATABASE_URL to a PostgreSQL database that both can reach, as postgres://USER:PASSWORD@HOST/NAME, \
            or leave --role out.";
        return Err(Error::usage("API and workers run apart, but a file is no database for both", help));
    }
    if !address.is_shared() {
        make_folder(&setup.folder)?;
    }
    Ok(address)
}

/// Runs a worker until the scenario stops.
fn run(worker: Worker, setup: &Setup) -> BoxFuture<'static, Result<(), Error>> {
    let stop = setup.stop.clone();
    async move { worker.run(stop).await.map_err(|error| Error::failed("Can't consume from the queue", error)) }.boxed()
}

/// Tells what troubles a worker; each job is told by the consumer, which knows its workflow.
fn listener(tell: Tell) -> Listener {
    Arc::new(move |event| match event {
        Event::Trouble { why, .. } => tell.tell(Record::note(why)),
        Event::NotDeleted { job, why } => {
            tell.tell(Record::note(format!("The message {} comes again, it can't be deleted: {why}", job.id)));
        }
        Event::LeaseLost { job, why } => {
            tell.tell(Record::note(format!("The message {} is for others: {why}", job.id)));
        }
        _ => {}
    })
}
