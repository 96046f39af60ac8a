//! The tracking table in SQLite and in PostgreSQL.

use async_trait::async_trait;
use service::database::{Database, Migrations};
use service::http::Dependency;
use sqlx::FromRow;

use super::{End, Entry, Request, Status, Tracking, Trouble, millis};
use crate::jobs::options::MAX_PAYLOAD;

/// The migrations of both.
pub(super) fn migrations() -> Migrations {
    Migrations {
        schema: "jobs",
        sqlite: sqlx::migrate!("src/jobs/tracking/sqlite"),
        postgres: sqlx::migrate!("src/jobs/tracking/postgres"),
    }
}

/// A database with the table `jobs`.
pub(super) struct Sql(pub Database);

/// A row, but for its payload.
#[derive(FromRow)]
struct Row {
    tenant: String,
    status: String,
    sent_timestamp: i64,
    trace: String,
    bucket: Option<String>,
    object_key: Option<String>,
    reason: Option<String>,
    attempts: i64,
    execution_ms: Option<f64>,
    lead_ms: Option<f64>,
}

impl Row {
    fn entry(self) -> Result<Entry, Trouble> {
        Ok(Entry {
            tenant: self.tenant,
            status: Status::parse(&self.status)?,
            sent: self.sent_timestamp,
            trace: self.trace,
            bucket: self.bucket,
            key: self.object_key,
            reason: self.reason,
            attempts: self.attempts,
            execution_ms: self.execution_ms,
            lead_ms: self.lead_ms,
        })
    }
}

/// Runs a statement with its values on whichever database it is.
macro_rules! execute {
    ($database:expr, sqlite: $sqlite:expr, postgres: $postgres:expr, $($value:expr),+ $(,)?) => {
        match $database {
            Database::Sqlite(file) => {
                sqlx::query($sqlite)$(.bind($value))+.execute(file.pool()?).await.and_then(|_| file.is_kept())
            }
            Database::Postgres(pool) => sqlx::query($postgres)$(.bind($value))+.execute(pool).await.map(drop),
        }
    };
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self { throttled: matches!(error, sqlx::Error::PoolTimedOut), why: error.to_string() }
    }
}

#[async_trait]
impl Tracking for Sql {
    fn name(&self) -> &'static str {
        "database"
    }

    fn max_payload(&self) -> usize {
        MAX_PAYLOAD
    }

    async fn check(&self) -> Result<(), String> {
        self.0.check().await
    }

    async fn add(&self, request: &Request<'_>) -> Result<(), Trouble> {
        let sent = i64::try_from(request.sent.as_millis()).unwrap_or(i64::MAX);
        execute!(
            &self.0,
            sqlite: "INSERT INTO jobs (job_request_id, tenant, payload, sent_timestamp, status, trace) \
                     VALUES (?, ?, ?, ?, 'submitted', ?) ON CONFLICT (job_request_id) DO NOTHING",
            postgres: "INSERT INTO jobs (job_request_id, tenant, payload, sent_timestamp, status, trace) \
                       VALUES ($1, $2, $3, $4, 'submitted', $5) ON CONFLICT (job_request_id) DO NOTHING",
            request.job, request.tenant, request.payload, sent, request.trace
        )?;
        Ok(())
    }

    async fn get(&self, job: &str) -> Result<Option<Entry>, Trouble> {
        // PostgreSQL's text can't hold it, so no job's id has it.
        if job.contains('\0') {
            return Ok(None);
        }
        macro_rules! select {
            ($status:literal, $place:literal) => {
                concat!(
                    "SELECT tenant, ",
                    $status,
                    ", sent_timestamp, trace, bucket, object_key, reason, attempts, execution_ms, lead_ms FROM jobs \
                     WHERE job_request_id = ",
                    $place
                )
            };
        }
        let row: Option<Row> = match &self.0 {
            Database::Sqlite(file) => {
                sqlx::query_as(select!("status", "?")).bind(job).fetch_optional(file.pool()?).await?
            }
            Database::Postgres(pool) => {
                sqlx::query_as(select!("status::text AS status", "$1")).bind(job).fetch_optional(pool).await?
            }
        };
        row.map(Row::entry).transpose()
    }

    async fn end(&self, job: &str, end: &End<'_>) -> Result<(), Trouble> {
        let (bucket, key) = end.place();
        execute!(
            &self.0,
            sqlite: "UPDATE jobs SET status = ?, bucket = ?, object_key = ?, reason = ?, attempts = ?, execution_ms = ?, \
                     lead_ms = ? WHERE job_request_id = ? AND status <> 'complete'",
            postgres: "UPDATE jobs SET status = $1::job_status, bucket = $2, object_key = $3, reason = $4, attempts = $5, \
                       execution_ms = $6, lead_ms = $7 WHERE job_request_id = $8 AND status <> 'complete'",
            end.status().name(),
            bucket,
            key,
            end.reason(),
            i64::from(end.attempts),
            millis(end.execution),
            millis(end.lead),
            job
        )?;
        Ok(())
    }
}
