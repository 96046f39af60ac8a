//! What is told of each attempt: a line in the log, and figures.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::json;
use service::clock;
use service::metrics::Metrics;
use service::record::{Record, Tell};
use tokio::time::Instant;
use worker::{Event, Job, Verdict};

use super::task::{Kind, Meta, Order, ms_between};

/// How an attempt ended, where its verdict doesn't say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The file is wrong.
    Errored,
    /// It had ended before.
    Again,
}

/// What is known of an attempt that is under way.
struct Attempt {
    kind: Kind,
    token: String,
    tenant: Option<String>,
    begun: Instant,
    requested: Option<Timestamp>,
    outcome: Option<Outcome>,
}

/// Tells what happens.
pub(super) struct Watch {
    pub(super) metrics: Metrics,
    pub(super) tell: Tell,
    attempts: Mutex<HashMap<String, Attempt>>,
}

impl Watch {
    pub(super) fn new(metrics: Metrics, tell: Tell) -> Self {
        Self { metrics, tell, attempts: Mutex::default() }
    }

    /// An attempt begins: it has its place.
    pub(super) fn begin(&self, job: &Job, order: &Order) {
        self.metrics.job_begins(order.task.name());
        let attempt = Attempt {
            kind: order.task,
            token: order.token.as_str().to_owned(),
            tenant: job.group.clone(),
            begun: Instant::now(),
            requested: None,
            outcome: None,
        };
        self.attempts.lock().insert(job.id.clone(), attempt);
    }

    /// What it works on is known.
    pub(super) fn know(&self, job: &Job, meta: &Meta) {
        if let Some(attempt) = self.attempts.lock().get_mut(&job.id) {
            attempt.requested = Some(meta.requested);
        }
    }

    /// How it ended.
    pub(super) fn outcome(&self, job: &Job, outcome: Outcome) {
        if let Some(attempt) = self.attempts.lock().get_mut(&job.id) {
            attempt.outcome = Some(outcome);
        }
    }

    /// What a worker says.
    pub(super) fn hear(&self, event: &Event<'_>) {
        match event {
            Event::Ended { job, verdict, lead, .. } => self.ended(job, verdict, *lead),
            Event::Trouble { why, .. } => self.tell.tell(Record::note(format!("A worker has trouble: {why}"))),
            Event::LeaseLost { job, why } => {
                self.tell.tell(Record::note(format!("The work on the message {} had to stop: {why}", job.id)));
            }
            Event::DeadLettered { job, why } => {
                // No note: a simulation shows those, and sends such messages on purpose.
                let text = format!("The message {} is in the dead-letter queue: {why}", job.id);
                self.tell.tell(Record::new("dead_letter", text, json!({ "message_id": job.id, "error": why })));
            }
            _ => {}
        }
    }

    fn ended(&self, job: &Job, verdict: &Verdict, lead: Duration) {
        // What waited for its turn and went back never began.
        let Some(attempt) = self.attempts.lock().remove(&job.id) else { return };
        let (outcome, why) = match (verdict, attempt.outcome) {
            (Verdict::Done, Some(Outcome::Errored)) => ("errored", None),
            (Verdict::Done, Some(Outcome::Again)) => ("again", None),
            (Verdict::Done, None) => ("done", None),
            (Verdict::Retry { why, .. } | Verdict::Leave { why }, _) => ("retry", Some(why)),
            (Verdict::Dead { why }, _) => ("dead", Some(why)),
            (Verdict::GiveBack, _) => ("given_back", None),
        };
        let execution = attempt.begun.elapsed();
        // From the request on, where the message tells of one; the message came later.
        let lead = attempt.requested.map_or(lead, |at| Duration::from_secs_f64(ms_between(at, clock::now()) / 1_000.0));
        let kind = attempt.kind.name();
        self.metrics.job_ends(kind, outcome, execution, lead);
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        let text = format!(
            "{kind} {} {outcome}: {:.1} ms of work, {:.1} ms since its request{}",
            attempt.token,
            ms(execution),
            ms(lead),
            why.map(|why| format!(": {why}")).unwrap_or_default()
        );
        self.tell.tell(Record::new(
            "job",
            text,
            json!({
                "time": clock::now().to_string(),
                "id": attempt.token,
                "kind": kind,
                "tenant": attempt.tenant,
                "outcome": outcome,
                "attempts": job.receives,
                "execution_ms": ms(execution),
                "lead_ms": ms(lead),
                "trace": job.trace,
                "error": why,
            }),
        ));
    }
}
