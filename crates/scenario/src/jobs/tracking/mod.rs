//! The tracking table: an entry for each job, from its request to its end.
//!
//! Two write it: the API, once the request is in the queue, and the processor. Either may be the first, and each may do it
//! again after a crash, so every write says under which condition it counts: an entry is added only once, one that is
//! complete stays so, and one that failed can still become complete.

mod dynamodb;
mod sql;

use std::time::Duration;

use async_trait::async_trait;
use service::database::{Address, Database};

use self::dynamodb::DynamoDb;
use self::sql::Sql;
use super::options::Store;
use crate::{Clients, Error};

/// Where entries are kept.
#[async_trait]
pub(super) trait Tracking: Send + Sync + 'static {
    /// As `database`.
    fn name(&self) -> &'static str;

    /// How many bytes a payload may have.
    fn max_payload(&self) -> usize;

    /// Whether it can be used.
    async fn check(&self) -> Result<(), String>;

    /// Adds the entry of a new job, unless there is one.
    async fn add(&self, request: &Request<'_>) -> Result<(), Trouble>;

    /// The entry of a job.
    async fn get(&self, job: &str) -> Result<Option<Entry>, Trouble>;

    /// The job came to an end. One that is complete stays as it is.
    async fn end(&self, job: &str, end: &End<'_>) -> Result<(), Trouble>;
}

/// What is known of a job when it is asked for.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    /// The id: that of the message.
    pub job: &'a str,
    /// Whose it is, see [`service::auth::Caller::tenant`].
    pub tenant: &'a str,
    /// The JSON that was sent.
    pub payload: &'a str,
    /// When the message was sent: the time since the epoch.
    pub sent: Duration,
    /// The trace of the request.
    pub trace: &'a str,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(super) struct End<'a> {
    pub outcome: Outcome<'a>,
    /// How often its message had been received.
    pub attempts: u32,
    /// How long it was worked on, the last time.
    pub execution: Duration,
    /// From the request to the end.
    pub lead: Duration,
}

/// How a job ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome<'a> {
    /// Its result lies in a bucket.
    Complete { bucket: &'a str, key: &'a str },
    /// It is a dead letter.
    Failed { why: &'a str },
}

/// What the table knows of a job; all but its payload, which nobody asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub tenant: String,
    pub status: Status,
    /// Milliseconds since the epoch.
    pub sent: i64,
    pub trace: String,
    /// Where the result lies.
    pub bucket: Option<String>,
    pub key: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    pub attempts: i64,
    pub execution_ms: Option<f64>,
    pub lead_ms: Option<f64>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Submitted,
    Complete,
    Failed,
}

impl Status {
    /// Its name in the table.
    fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }

    fn parse(name: &str) -> Result<Self, Trouble> {
        [Self::Submitted, Self::Complete, Self::Failed]
            .into_iter()
            .find(|status| status.name() == name)
            .ok_or_else(|| Trouble::new(format!("the table has an entry with the status {name:?}")))
    }
}

impl End<'_> {
    fn status(&self) -> Status {
        match self.outcome {
            Outcome::Complete { .. } => Status::Complete,
            Outcome::Failed { .. } => Status::Failed,
        }
    }

    fn place(&self) -> (Option<&str>, Option<&str>) {
        match self.outcome {
            Outcome::Complete { bucket, key } => (Some(bucket), Some(key)),
            Outcome::Failed { .. } => (None, None),
        }
    }

    fn reason(&self) -> Option<&str> {
        match self.outcome {
            Outcome::Complete { .. } => None,
            Outcome::Failed { why } => Some(why),
        }
    }
}

/// Why the table couldn't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(super) struct Trouble {
    pub why: String,
    /// Whether it was asked too much.
    pub throttled: bool,
}

impl Trouble {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), throttled: false }
    }
}

/// A duration in milliseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Opens the table that the settings name.
pub(super) async fn open(store: &Store, clients: &Clients) -> Result<Box<dyn Tracking>, Error> {
    Ok(match store {
        Store::Sql(address) => Box::new(open_sql(address).await?),
        Store::DynamoDb { table, endpoint } => Box::new(DynamoDb::new(clients, table, endpoint.as_deref())),
    })
}

async fn open_sql(address: &Address) -> Result<Sql, Error> {
    let opened = Database::open(address, &sql::migrations()).await;
    let database = opened.map_err(|why| Error::failed(format!("Can't open the database {address}"), why))?;
    Ok(Sql(database))
}

#[cfg(test)]
mod tests;
