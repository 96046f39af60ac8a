//! A message move task. It is a document, so it goes on after a restart; the transaction that moves messages also writes how
//! far the task is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::core::transaction::Transaction;
use crate::request::Context;
use crate::sqs::{error, queue_url};
use engine::{Engine, Millis, QueueId};
use wire::AwsError;

/// "ListMessageMoveTasks" (Amazon SQS API Reference): the 10 most recent tasks of a source are kept.
pub(super) const KEPT: usize = 10;

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Running,
    Completed,
    Cancelling,
    Cancelled,
    Failed,
}

/// A task, as its document holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub id: String,
    /// ARNs. Without a destination every message goes to the queue that it was redriven from.
    pub source: String,
    pub destination: Option<String>,
    /// Messages a second; as fast as it goes without.
    pub rate: Option<u32>,
    pub started: Millis,
    pub moved: u64,
    /// Messages that could be received from the source when the task started.
    pub to_move: u64,
    pub status: Status,
    pub failure: Option<String>,
}

const PREFIX: &str = "sqs/move-task/";

impl Task {
    /// The key of its document; a source's tasks lie in order of their start.
    pub(super) fn key(&self) -> String {
        format!("{PREFIX}{}/{:016}/{}", self.source, self.started, self.id)
    }

    /// Its name for clients.
    pub(super) fn handle(&self) -> String {
        BASE64.encode(serde_json::json!({ "taskId": self.id, "sourceArn": self.source }).to_string())
    }

    /// Whether it still runs, or is about to stop.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.status, Status::Running | Status::Cancelling)
    }

    /// Reads its document.
    pub(super) fn read(tx: &Transaction<'_>, key: &str) -> Option<Self> {
        serde_json::from_slice(tx.engine().doc(key)?).ok()
    }

    /// Writes its document.
    pub(super) fn save(&self, tx: &mut Transaction<'_>) -> Result<(), AwsError> {
        let value = serde_json::to_vec(self).map_err(|error| AwsError::internal(error.to_string()))?;
        tx.put_doc(&self.key(), &value);
        Ok(())
    }
}

/// The tasks of a source, newest first.
pub(super) fn tasks(engine: &Engine, source: &str) -> Vec<Task> {
    let mut tasks = read(engine, &format!("{PREFIX}{source}/"));
    tasks.reverse();
    tasks
}

/// The tasks that aren't finished.
pub(super) fn active(engine: &Engine) -> Vec<Task> {
    read(engine, PREFIX).into_iter().filter(Task::is_active).collect()
}

fn read(engine: &Engine, prefix: &str) -> Vec<Task> {
    engine.docs(prefix, "").filter_map(|(_, value)| serde_json::from_slice(value).ok()).collect()
}

/// Forgets the tasks of a queue that is gone.
pub(crate) fn forget(tx: &mut Transaction<'_>, source: &str) {
    let keys: Vec<String> = tasks(tx.engine(), source).iter().map(Task::key).collect();
    keys.iter().for_each(|key| tx.delete_doc(key));
}

/// The caller's queue that a parameter names.
///
/// # Errors
/// `ResourceNotFoundException`.
pub(super) fn resource(cx: &Context, engine: &Engine, arn: &str, parameter: &str) -> Result<QueueId, AwsError> {
    let own = queue_url::parse(arn).is_some_and(|arn| *arn.region == *cx.region && *arn.account == *cx.account);
    queue_url::find(engine, arn).filter(|_| own).ok_or_else(|| {
        error::not_found(&format!("The resource that you specified for the {parameter} parameter doesn't exist."))
    })
}
