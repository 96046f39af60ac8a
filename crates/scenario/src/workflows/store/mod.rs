//! Where workflows are kept: one interface, an SQLite file and PostgreSQL behind it.
//!
//! A workflow and what is to be sent to the queue for it are written in one transaction (a transactional outbox), so that
//! neither a crash nor a queue that is away makes the two disagree: what stands in the outbox is sent later.

mod postgres;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use service::database::{Address, Database, Migrations};
use uuid::Uuid;

use super::workflow::{Consumption, Status, Workflow};

/// For how long who sends a row of the outbox has it for itself, in seconds: longer than a send may take.
const LEASE: i64 = 10;
/// A row that the queue refused is tried again after so many seconds, so that it doesn't hold up the others.
const REFUSED: i64 = 60;

/// A workflow to be created.
#[derive(Debug, Clone)]
pub(super) struct New {
    pub uuid: Uuid,
    pub status: Status,
    pub data: Value,
    pub columns: Vec<String>,
    pub steps: Vec<String>,
    /// The request's trace.
    pub trace: String,
    /// When, in milliseconds since the epoch.
    pub now: i64,
}

/// A row of the outbox: a message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub id: i64,
    pub uuid: Uuid,
    pub generation: i64,
    pub trace: String,
}

/// Which workflows a page shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// Those behind this position.
    pub after: i64,
    /// At most so many.
    pub limit: i64,
    /// The page ends before it has more than so many bytes of data; it has one workflow at least.
    pub bytes: i64,
    /// Only those of a status.
    pub status: Option<Status>,
}

/// What of a consumption is stored.
#[derive(Debug)]
pub(super) struct Consumed<'a> {
    pub uuid: Uuid,
    pub generation: i64,
    pub csv: &'a str,
    pub consumption: Consumption,
}

/// Keeps workflows. What it answers is on disk.
#[async_trait]
pub(super) trait Store: Send + Sync + 'static {
    /// Creates a workflow, and puts its message into the outbox if it is `inserted`: that row is the caller's to send for the
    /// time of a lease. Nothing if the uuid is taken.
    async fn create(&self, new: &New) -> Result<Option<(Workflow, Option<Outgoing>)>, sqlx::Error>;

    /// One.
    async fn get(&self, uuid: Uuid) -> Result<Option<Workflow>, sqlx::Error>;

    /// A page, in the order of creation, and whether there is more behind it.
    async fn page(&self, page: Page) -> Result<(Vec<Workflow>, bool), sqlx::Error>;

    /// Sets the status. A new one makes all messages of before void; `inserted` puts a new message into the outbox, the
    /// caller's to send. Nothing if there is no such workflow.
    async fn set(
        &self,
        uuid: Uuid,
        status: Status,
        trace: &str,
        now: i64,
    ) -> Result<Option<(Workflow, Option<Outgoing>)>, sqlx::Error>;

    /// Stores the CSV and marks the workflow consumed, both or neither. False if it isn't inserted any more, or of another
    /// generation: of two that consume the same, one gets true.
    async fn consume(&self, consumed: Consumed<'_>) -> Result<bool, sqlx::Error>;

    /// How many bytes the CSV of the last consumption has.
    async fn csv_size(&self, uuid: Uuid) -> Result<Option<i64>, sqlx::Error>;

    /// The CSV of the last consumption.
    async fn csv(&self, uuid: Uuid) -> Result<Option<String>, sqlx::Error>;

    /// Rows of the outbox that nobody sends at the moment, the oldest first: they are the caller's for the time of a lease.
    async fn lease(&self, most: usize) -> Result<Vec<Outgoing>, sqlx::Error>;

    /// These were sent.
    async fn sent(&self, ids: &[i64]) -> Result<(), sqlx::Error>;

    /// These were not: they are for anybody to send, at once, or later if the queue refused them.
    async fn release(&self, ids: &[i64], refused: bool) -> Result<(), sqlx::Error>;

    /// How many rows the outbox has.
    async fn waiting(&self) -> Result<i64, sqlx::Error>;
}

/// Opens the store, and applies its migrations.
///
/// # Errors
/// It can't be opened.
pub(super) async fn open(address: &Address) -> Result<(Database, Arc<dyn Store>), String> {
    let migrations = Migrations {
        schema: "workflows",
        sqlite: sqlx::migrate!("src/workflows/store/sqlite"),
        postgres: sqlx::migrate!("src/workflows/store/postgres"),
    };
    let database = Database::open(address, &migrations).await?;
    let store: Arc<dyn Store> = match &database {
        Database::Sqlite(file) => Arc::new(sqlite::Sqlite(file.clone())),
        Database::Postgres(pool) => Arc::new(postgres::Postgres(pool.clone())),
    };
    Ok((database, store))
}

/// How much of a page is shown: `sizes` are the bytes of each row that was found, of which there may be one too many.
/// The number of rows, and whether there is more.
fn cut(sizes: impl Iterator<Item = i64>, page: Page) -> (usize, bool) {
    let mut total = 0_i64;
    for (n, size) in sizes.enumerate() {
        total = total.saturating_add(size);
        if n as i64 == page.limit || (n > 0 && total > page.bytes) {
            return (n, true);
        }
    }
    (usize::MAX, false)
}

#[cfg(test)]
mod tests;
