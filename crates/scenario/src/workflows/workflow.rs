//! What a workflow is.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a workflow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "status", rename_all = "lowercase")]
pub(super) enum Status {
    /// In the database and on the queue: it waits for a consumer.
    Inserted,
    /// It was consumed, or somebody said so.
    Consumed,
}

impl Status {
    /// Of its name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "inserted" => Some(Self::Inserted),
            "consumed" => Some(Self::Consumed),
            _ => None,
        }
    }
}

/// A workflow. Times are in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Workflow {
    /// Its place in the order of creation.
    pub position: i64,
    pub uuid: Uuid,
    pub status: Status,
    pub data: Value,
    /// The CSV's columns in the order of `data` as it was sent: `jsonb` keeps no order.
    pub columns: Vec<String>,
    pub steps: Vec<String>,
    /// Raised whenever it is queued again or withdrawn: a message of an earlier one is void.
    pub generation: i64,
    pub created_at: i64,
    pub updated_at: i64,
    /// When it was asked for the last time that it be consumed.
    pub queued_at: i64,
    /// How it was consumed the last time, if it was.
    pub consumption: Option<Consumption>,
}

/// How a workflow was consumed. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Consumption {
    /// When, since the epoch.
    pub at: i64,
    /// How often its message had been received.
    pub attempts: i64,
    /// How long it took to make and store the CSV.
    pub execution: i64,
    /// From the request to the consumption.
    pub lead: i64,
}

/// A workflow as the API shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Workflow, title = "Workflow", example = json!(example()))]
pub(super) struct Shown {
    /// Its name.
    uuid: Uuid,
    /// Where it is.
    status: Status,
    /// What it carries: any JSON.
    data: Value,
    /// The names of its steps, in order.
    steps: Vec<String>,
    /// When it was created.
    created_at: String,
    /// When its status changed last.
    updated_at: String,
    /// When it was consumed last from the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_at: Option<String>,
    /// How often its message had been received until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<i64>,
    /// How long the work on its CSV took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_ms: Option<i64>,
    /// How long it took from the request to the end of the work, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_ms: Option<i64>,
}

impl From<Workflow> for Shown {
    fn from(it: Workflow) -> Self {
        Self {
            uuid: it.uuid,
            status: it.status,
            data: it.data,
            steps: it.steps,
            created_at: time(it.created_at),
            updated_at: time(it.updated_at),
            consumed_at: it.consumption.map(|consumption| time(consumption.at)),
            attempts: it.consumption.map(|consumption| consumption.attempts),
            execution_ms: it.consumption.map(|consumption| consumption.execution),
            lead_ms: it.consumption.map(|consumption| consumption.lead),
        }
    }
}

/// The documentation's example.
fn example() -> Value {
    json!({
        "uuid": "5f0c7f4e-8e0b-4b61-9d1f-2f7b1f7f8a11",
        "status": "inserted",
        "data": { "order": 7, "customer": { "name": "Ada" }, "lines": [{ "sku": "A-1", "n": 2 }, { "sku": "B-2", "n": 1 }] },
        "steps": ["validate", "ship"],
        "created_at": "2026-03-14T23:30:00Z",
        "updated_at": "2026-03-14T23:30:00Z",
    })
}

/// Milliseconds since the epoch as RFC 3339.
fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(|time| time.to_string()).unwrap_or_default()
}

/// Now, in milliseconds since the epoch.
pub(super) fn now() -> i64 {
    service::clock::now().as_millisecond()
}
