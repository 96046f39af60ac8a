//! Consumes a workflow: makes its CSV, stores it and marks the workflow, both at once.
//!
//! What a kill at any moment leaves:
//! - before the transaction: the message comes again when its visibility ends, and another consumer has it;
//! - after it, before the message's delete: the message comes again and is void, since the workflow is consumed;
//! - after it, before the answer: nobody has read the CSV, and it can be had at `/workflow/{uuid}/csv`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use service::metrics::Metrics;
use service::record::{Record, Tell};
use tokio::time::Instant;
use uuid::Uuid;
use worker::{Handler, Job, Verdict};

use super::csv::{self, Format};
use super::store::{Consumed, Store};
use super::table::Table;
use super::workflow::{Consumption, Status, Workflow, now};

/// The kind of job in `/metrics`.
const KIND: &str = "workflow";

/// A message: it names a workflow, and the generation that it was queued in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    pub uuid: Uuid,
    pub generation: i64,
}

/// A consumed workflow's CSV.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub uuid: Uuid,
    pub csv: String,
}

/// What a message came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Its workflow is consumed.
    Made(Made),
    /// Its workflow was consumed, withdrawn or queued anew since: there is nothing to do.
    Void(&'static str),
    /// Nobody can consume it.
    Dead(String),
    /// The database failed.
    Failed(sqlx::Error),
}

/// Consumes workflows.
#[derive(Clone)]
pub(super) struct Consumer {
    pub store: Arc<dyn Store>,
    pub metrics: Metrics,
    pub tell: Tell,
}

impl Consumer {
    /// Consumes the workflow that a message names; with the verdict on the message.
    pub(super) async fn consume(&self, job: &Job, format: Format) -> (Verdict, Outcome) {
        let started = Instant::now();
        self.metrics.job_begins(KIND);
        let message: Option<Message> = serde_json::from_str(&job.body).ok();
        let uuid = message.as_ref().map(|message| message.uuid);
        let mut queued_at = i64::try_from(job.sent.as_millis()).unwrap_or_default();
        let outcome = match message {
            None => Outcome::Dead("the message isn't one of a workflow".to_owned()),
            Some(message) => match self.store.get(message.uuid).await {
                Err(error) => Outcome::Failed(error),
                Ok(None) => Outcome::Dead("there is no such workflow".to_owned()),
                Ok(Some(workflow)) => {
                    queued_at = workflow.queued_at;
                    self.work(workflow, &message, job, format, started).await
                }
            },
        };
        let execution = started.elapsed();
        let lead = Duration::from_millis(u64::try_from(now() - queued_at).unwrap_or_default());
        let (verdict, name, why) = match &outcome {
            Outcome::Made(_) => (Verdict::Done, "done", None),
            Outcome::Void(why) => (Verdict::Done, "void", Some((*why).to_owned())),
            Outcome::Dead(why) => (Verdict::Dead { why: why.clone() }, "dead", Some(why.clone())),
            Outcome::Failed(error) => {
                (Verdict::Retry { why: error.to_string(), after: None }, "retry", Some(error.to_string()))
            }
        };
        self.metrics.job_ends(KIND, name, execution, lead);
        let id = uuid.map_or_else(|| job.id.clone(), |uuid| uuid.to_string());
        let mut text = format!("workflow {id} {name} {:.1} ms", execution.as_secs_f64() * 1_000.0);
        if let Some(why) = &why {
            text += &format!(": {why}");
        }
        self.tell.tell(Record::new(
            "job",
            text,
            json!({
                "id": id,
                "kind": KIND,
                "outcome": name,
                "attempts": job.receives,
                "execution_ms": execution.as_secs_f64() * 1_000.0,
                "lead_ms": lead.as_secs_f64() * 1_000.0,
                "message": job.id,
                "trace": job.trace,
                "error": why,
            }),
        ));
        (verdict, outcome)
    }

    async fn work(
        &self,
        workflow: Workflow,
        message: &Message,
        job: &Job,
        format: Format,
        started: Instant,
    ) -> Outcome {
        if let Some(why) = void(&workflow, message) {
            return Outcome::Void(why);
        }
        let queued_at = workflow.queued_at;
        let made =
            tokio::task::spawn_blocking(move || csv::write(&Table::new(&workflow.data, &workflow.columns)?, format));
        // What was accepted can be a CSV. Data that somebody changed in the database may not.
        let csv = match made.await {
            Ok(Ok(csv)) => csv,
            Ok(Err(why)) => return Outcome::Dead(why),
            Err(error) => return Outcome::Dead(format!("its CSV can't be made: {error}")),
        };
        let at = now();
        let consumption = Consumption {
            at,
            attempts: i64::from(job.receives),
            execution: i64::try_from(started.elapsed().as_millis()).unwrap_or_default(),
            lead: (at - queued_at).max(0),
        };
        let (uuid, generation) = (message.uuid, message.generation);
        match self.store.consume(Consumed { uuid, generation, csv: &csv, consumption }).await {
            Ok(true) => Outcome::Made(Made { uuid, csv }),
            Ok(false) => Outcome::Void("somebody else was faster"),
            // The message is kept: if the mark was made nevertheless, it is void the next time.
            Err(error) => Outcome::Failed(error),
        }
    }
}

/// Why there is nothing to do for a message, if there isn't.
fn void(workflow: &Workflow, message: &Message) -> Option<&'static str> {
    if workflow.generation != message.generation {
        Some("its status was set since")
    } else if workflow.status != Status::Inserted {
        Some("it is consumed already")
    } else {
        None
    }
}

/// A worker's handler: whatever comes is consumed.
pub(super) struct Background(pub Consumer);

#[async_trait]
impl Handler for Background {
    async fn handle(&self, job: Arc<Job>) -> Verdict {
        self.0.consume(&job, Format::default()).await.0
    }
}
