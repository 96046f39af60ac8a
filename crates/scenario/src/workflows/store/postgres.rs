//! The store in PostgreSQL: `jsonb`, `text[]`, an enum.
//!
//! Positions are given out before their transactions commit, so a later one could be seen before an earlier one, and
//! who reads page by page would pass the earlier one by. So who creates holds a lock with all others who create, and who reads
//! a page waits a moment for those who hold it: up to the last position that is there then, all are there.

use async_trait::async_trait;
use serde_json::Value;
use sqlx::postgres::{PgConnection, PgPool, PgRow};
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::{Consumed, LEASE, New, Outgoing, Page, REFUSED, Store, cut};
use crate::workflows::workflow::{Consumption, Status, Workflow};

/// What a workflow is read from.
const COLUMNS: &str = "position, uuid, status, data, columns, steps, generation, \
    (extract(epoch FROM created_at) * 1000)::bigint AS created_at, \
    (extract(epoch FROM updated_at) * 1000)::bigint AS updated_at, \
    (extract(epoch FROM queued_at) * 1000)::bigint AS queued_at, \
    (extract(epoch FROM consumed_at) * 1000)::bigint AS consumed_at, attempts, execution_ms, lead_ms";
/// The lock's key: locks are a database's, so the table's own number is half of it.
const LOCK: &str = "7462, 'workflow'::regclass::oid::int";

/// The store.
pub(super) struct Postgres(pub PgPool);

impl FromRow<'_, PgRow> for Workflow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let consumption = match row.try_get::<Option<i64>, _>("consumed_at")? {
            None => None,
            Some(at) => Some(Consumption {
                at,
                attempts: row.try_get("attempts")?,
                execution: row.try_get("execution_ms")?,
                lead: row.try_get("lead_ms")?,
            }),
        };
        Ok(Self {
            position: row.try_get("position")?,
            uuid: row.try_get("uuid")?,
            status: row.try_get("status")?,
            data: row.try_get::<Json<Value>, _>("data")?.0,
            columns: row.try_get("columns")?,
            steps: row.try_get("steps")?,
            generation: row.try_get("generation")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            queued_at: row.try_get("queued_at")?,
            consumption,
        })
    }
}

impl FromRow<'_, PgRow> for Outgoing {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            uuid: row.try_get("uuid")?,
            generation: row.try_get("generation")?,
            trace: row.try_get("trace")?,
        })
    }
}

/// Puts a workflow's message into the outbox, leased by the caller.
async fn put_out(connection: &mut PgConnection, it: &Workflow, trace: &str) -> Result<Outgoing, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO outbox (uuid, generation, trace, leased_until) \
         VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4)) RETURNING id, uuid, generation, trace",
    )
    .bind(it.uuid)
    .bind(it.generation)
    .bind(trace)
    .bind(LEASE as f64)
    .fetch_one(connection)
    .await
}

#[async_trait]
impl Store for Postgres {
    async fn create(&self, new: &New) -> Result<Option<(Workflow, Option<Outgoing>)>, sqlx::Error> {
        let mut transaction = self.0.begin().await?;
        sqlx::query(&format!("SELECT pg_advisory_xact_lock_shared({LOCK})")).execute(&mut *transaction).await?;
        let created: Option<Workflow> = sqlx::query_as(&format!(
            "INSERT INTO workflow (uuid, status, data, columns, steps, created_at, updated_at, queued_at) \
             SELECT $1, $2, $3, $4, $5, now, now, now FROM to_timestamp($6::float8 / 1000) AS now \
             ON CONFLICT (uuid) DO NOTHING RETURNING {COLUMNS}"
        ))
        .bind(new.uuid)
        .bind(new.status)
        .bind(Json(&new.data))
        .bind(&new.columns)
        .bind(&new.steps)
        .bind(new.now)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(created) = created else { return Ok(None) };
        let outgoing = match new.status {
            Status::Inserted => Some(put_out(&mut transaction, &created, &new.trace).await?),
            Status::Consumed => None,
        };
        transaction.commit().await?;
        Ok(Some((created, outgoing)))
    }

    async fn get(&self, uuid: Uuid) -> Result<Option<Workflow>, sqlx::Error> {
        sqlx::query_as(&format!("SELECT {COLUMNS} FROM workflow WHERE uuid = $1"))
            .bind(uuid)
            .fetch_optional(&self.0)
            .await
    }

    async fn page(&self, page: Page) -> Result<(Vec<Workflow>, bool), sqlx::Error> {
        let mut transaction = self.0.begin().await?;
        sqlx::query(&format!("SELECT pg_advisory_xact_lock({LOCK})")).execute(&mut *transaction).await?;
        let until: Option<i64> =
            sqlx::query_scalar("SELECT max(position) FROM workflow").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        let found: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT position, octet_length(data::text)::bigint FROM workflow \
             WHERE position > $1 AND position <= $2 AND ($3::status IS NULL OR status = $3) ORDER BY position LIMIT $4",
        )
        .bind(page.after)
        .bind(until.unwrap_or_default())
        .bind(page.status)
        .bind(page.limit + 1)
        .fetch_all(&self.0)
        .await?;
        let (shown, more) = cut(found.iter().map(|&(_, size)| size), page);
        let positions: Vec<i64> = found.iter().take(shown).map(|&(position, _)| position).collect();
        let rows =
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM workflow WHERE position = ANY($1) ORDER BY position"))
                .bind(positions)
                .fetch_all(&self.0)
                .await?;
        Ok((rows, more))
    }

    async fn set(
        &self,
        uuid: Uuid,
        status: Status,
        trace: &str,
        now: i64,
    ) -> Result<Option<(Workflow, Option<Outgoing>)>, sqlx::Error> {
        let mut transaction = self.0.begin().await?;
        let changed: Option<Workflow> = sqlx::query_as(&format!(
            "UPDATE workflow SET status = $2, generation = generation + 1, updated_at = to_timestamp($3::float8 / 1000), \
                 queued_at = CASE $2 WHEN 'inserted' THEN to_timestamp($3::float8 / 1000) ELSE queued_at END \
             WHERE uuid = $1 AND status <> $2 RETURNING {COLUMNS}"
        ))
        .bind(uuid)
        .bind(status)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(changed) = changed else {
            drop(transaction);
            return Ok(self.get(uuid).await?.map(|it| (it, None)));
        };
        // What wasn't sent yet is void by now.
        sqlx::query("DELETE FROM outbox WHERE uuid = $1").bind(uuid).execute(&mut *transaction).await?;
        let outgoing = match status {
            Status::Inserted => Some(put_out(&mut transaction, &changed, trace).await?),
            Status::Consumed => None,
        };
        transaction.commit().await?;
        Ok(Some((changed, outgoing)))
    }

    async fn consume(&self, consumed: Consumed<'_>) -> Result<bool, sqlx::Error> {
        let consumption = consumed.consumption;
        // One statement is one transaction.
        let stored = sqlx::query(
            "WITH marked AS (UPDATE workflow SET status = 'consumed', updated_at = to_timestamp($1::float8 / 1000), \
                 consumed_at = to_timestamp($1::float8 / 1000), attempts = $2, execution_ms = $3, lead_ms = $4 \
                 WHERE uuid = $5 AND generation = $6 AND status = 'inserted' RETURNING uuid) \
             INSERT INTO csv (uuid, text) SELECT uuid, $7 FROM marked \
             ON CONFLICT (uuid) DO UPDATE SET text = excluded.text",
        )
        .bind(consumption.at)
        .bind(consumption.attempts)
        .bind(consumption.execution)
        .bind(consumption.lead)
        .bind(consumed.uuid)
        .bind(consumed.generation)
        .bind(consumed.csv)
        .execute(&self.0)
        .await?;
        Ok(stored.rows_affected() > 0)
    }

    async fn csv_size(&self, uuid: Uuid) -> Result<Option<i64>, sqlx::Error> {
        let statement = "SELECT octet_length(text)::bigint FROM csv WHERE uuid = $1";
        sqlx::query_scalar(statement).bind(uuid).fetch_optional(&self.0).await
    }

    async fn csv(&self, uuid: Uuid) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT text FROM csv WHERE uuid = $1").bind(uuid).fetch_optional(&self.0).await
    }

    async fn lease(&self, most: usize) -> Result<Vec<Outgoing>, sqlx::Error> {
        let mut rows: Vec<Outgoing> = sqlx::query_as(
            "UPDATE outbox SET leased_until = clock_timestamp() + make_interval(secs => $1) WHERE id IN \
             (SELECT id FROM outbox WHERE leased_until < clock_timestamp() ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) \
             RETURNING id, uuid, generation, trace",
        )
        .bind(LEASE as f64)
        .bind(most as i64)
        .fetch_all(&self.0)
        .await?;
        rows.sort_unstable_by_key(|row| row.id);
        Ok(rows)
    }

    async fn sent(&self, ids: &[i64]) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM outbox WHERE id = ANY($1)").bind(ids).execute(&self.0).await.map(drop)
    }

    async fn release(&self, ids: &[i64], refused: bool) -> Result<(), sqlx::Error> {
        let seconds = if refused { REFUSED } else { 0 };
        sqlx::query("UPDATE outbox SET leased_until = clock_timestamp() + make_interval(secs => $1) WHERE id = ANY($2)")
            .bind(seconds as f64)
            .bind(ids)
            .execute(&self.0)
            .await
            .map(drop)
    }

    async fn waiting(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(&self.0).await
    }
}
