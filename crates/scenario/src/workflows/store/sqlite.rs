//! The store in an SQLite file. Writers wait for each other.

use async_trait::async_trait;
use serde_json::Value;
use service::database::File;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::types::Json;
use sqlx::{FromRow, Row};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::{Consumed, LEASE, New, Outgoing, Page, REFUSED, Store, cut};
use crate::workflows::workflow::{Consumption, Status, Workflow, now};

/// What a workflow is read from.
const COLUMNS: &str = "position, uuid, status, data, columns, steps, generation, created_at, updated_at, queued_at, \
    consumed_at, attempts, execution_ms, lead_ms";

/// The store.
pub(super) struct Sqlite(pub File);

impl FromRow<'_, SqliteRow> for Workflow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
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
            uuid: row.try_get::<Hyphenated, _>("uuid")?.into_uuid(),
            status: row.try_get("status")?,
            data: row.try_get::<Json<Value>, _>("data")?.0,
            columns: row.try_get::<Json<Vec<String>>, _>("columns")?.0,
            steps: row.try_get::<Json<Vec<String>>, _>("steps")?.0,
            generation: row.try_get("generation")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            queued_at: row.try_get("queued_at")?,
            consumption,
        })
    }
}

impl FromRow<'_, SqliteRow> for Outgoing {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            uuid: row.try_get::<Hyphenated, _>("uuid")?.into_uuid(),
            generation: row.try_get("generation")?,
            trace: row.try_get("trace")?,
        })
    }
}

/// Puts a workflow's message into the outbox, leased by the caller.
async fn put_out(connection: &mut SqliteConnection, it: &Workflow, trace: &str) -> Result<Outgoing, sqlx::Error> {
    sqlx::query_as(
        "INSERT INTO outbox (uuid, generation, trace, leased_until) VALUES (?, ?, ?, ?) \
         RETURNING id, uuid, generation, trace",
    )
    .bind(it.uuid.hyphenated())
    .bind(it.generation)
    .bind(trace)
    .bind(now() + LEASE * 1_000)
    .fetch_one(connection)
    .await
}

#[async_trait]
impl Store for Sqlite {
    async fn create(&self, new: &New) -> Result<Option<(Workflow, Option<Outgoing>)>, sqlx::Error> {
        let mut transaction = self.0.write().await?;
        let created: Option<Workflow> = sqlx::query_as(&format!(
            "INSERT INTO workflow (uuid, status, data, columns, steps, created_at, updated_at, queued_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6) ON CONFLICT (uuid) DO NOTHING RETURNING {COLUMNS}"
        ))
        .bind(new.uuid.hyphenated())
        .bind(new.status)
        .bind(Json(&new.data))
        .bind(Json(&new.columns))
        .bind(Json(&new.steps))
        .bind(new.now)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(created) = created else { return Ok(None) };
        let outgoing = match new.status {
            Status::Inserted => Some(put_out(&mut transaction, &created, &new.trace).await?),
            Status::Consumed => None,
        };
        self.0.commit(transaction).await?;
        Ok(Some((created, outgoing)))
    }

    async fn get(&self, uuid: Uuid) -> Result<Option<Workflow>, sqlx::Error> {
        sqlx::query_as(&format!("SELECT {COLUMNS} FROM workflow WHERE uuid = ?"))
            .bind(uuid.hyphenated())
            .fetch_optional(self.0.pool()?)
            .await
    }

    async fn page(&self, page: Page) -> Result<(Vec<Workflow>, bool), sqlx::Error> {
        // One transaction: both statements see the same.
        let mut transaction = self.0.pool()?.begin().await?;
        let found: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT position, octet_length(data) FROM workflow WHERE position > ?1 AND (?2 IS NULL OR status = ?2) \
             ORDER BY position LIMIT ?3",
        )
        .bind(page.after)
        .bind(page.status)
        .bind(page.limit + 1)
        .fetch_all(&mut *transaction)
        .await?;
        let (shown, more) = cut(found.iter().map(|&(_, size)| size), page);
        let last = found.iter().take(shown).next_back().map_or(page.after, |&(position, _)| position);
        let rows = sqlx::query_as(&format!(
            "SELECT {COLUMNS} FROM workflow WHERE position > ?1 AND position <= ?2 AND (?3 IS NULL OR status = ?3) \
             ORDER BY position"
        ))
        .bind(page.after)
        .bind(last)
        .bind(page.status)
        .fetch_all(&mut *transaction)
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
        let mut transaction = self.0.write().await?;
        let changed: Option<Workflow> = sqlx::query_as(&format!(
            "UPDATE workflow SET status = ?2, generation = generation + 1, updated_at = ?3, \
                 queued_at = CASE ?2 WHEN 'inserted' THEN ?3 ELSE queued_at END \
             WHERE uuid = ?1 AND status <> ?2 RETURNING {COLUMNS}"
        ))
        .bind(uuid.hyphenated())
        .bind(status)
        .bind(now)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(changed) = changed else {
            drop(transaction);
            return Ok(self.get(uuid).await?.map(|it| (it, None)));
        };
        // What wasn't sent yet is void by now.
        sqlx::query("DELETE FROM outbox WHERE uuid = ?").bind(uuid.hyphenated()).execute(&mut *transaction).await?;
        let outgoing = match status {
            Status::Inserted => Some(put_out(&mut transaction, &changed, trace).await?),
            Status::Consumed => None,
        };
        self.0.commit(transaction).await?;
        Ok(Some((changed, outgoing)))
    }

    async fn consume(&self, consumed: Consumed<'_>) -> Result<bool, sqlx::Error> {
        let mut transaction = self.0.write().await?;
        let consumption = consumed.consumption;
        let marked = sqlx::query(
            "UPDATE workflow SET status = 'consumed', updated_at = ?1, consumed_at = ?1, attempts = ?2, \
             execution_ms = ?3, lead_ms = ?4 WHERE uuid = ?5 AND generation = ?6 AND status = 'inserted'",
        )
        .bind(consumption.at)
        .bind(consumption.attempts)
        .bind(consumption.execution)
        .bind(consumption.lead)
        .bind(consumed.uuid.hyphenated())
        .bind(consumed.generation)
        .execute(&mut *transaction)
        .await?;
        if marked.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO csv (uuid, text) VALUES (?, ?) ON CONFLICT (uuid) DO UPDATE SET text = excluded.text")
            .bind(consumed.uuid.hyphenated())
            .bind(consumed.csv)
            .execute(&mut *transaction)
            .await?;
        self.0.commit(transaction).await?;
        Ok(true)
    }

    async fn csv_size(&self, uuid: Uuid) -> Result<Option<i64>, sqlx::Error> {
        let statement = "SELECT octet_length(text) FROM csv WHERE uuid = ?";
        sqlx::query_scalar(statement).bind(uuid.hyphenated()).fetch_optional(self.0.pool()?).await
    }

    async fn csv(&self, uuid: Uuid) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT text FROM csv WHERE uuid = ?")
            .bind(uuid.hyphenated())
            .fetch_optional(self.0.pool()?)
            .await
    }

    async fn lease(&self, most: usize) -> Result<Vec<Outgoing>, sqlx::Error> {
        let mut rows: Vec<Outgoing> = sqlx::query_as(
            "UPDATE outbox SET leased_until = ? WHERE id IN \
             (SELECT id FROM outbox WHERE leased_until < ? ORDER BY id LIMIT ?) RETURNING id, uuid, generation, trace",
        )
        .bind(now() + LEASE * 1_000)
        .bind(now())
        .bind(most as i64)
        .fetch_all(self.0.pool()?)
        .await?;
        rows.sort_unstable_by_key(|row| row.id);
        Ok(rows)
    }

    async fn sent(&self, ids: &[i64]) -> Result<(), sqlx::Error> {
        let statement = "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))";
        sqlx::query(statement).bind(Json(ids)).execute(self.0.pool()?).await.map(drop)
    }

    async fn release(&self, ids: &[i64], refused: bool) -> Result<(), sqlx::Error> {
        let until = if refused { now() + REFUSED * 1_000 } else { 0 };
        let statement = "UPDATE outbox SET leased_until = ? WHERE id IN (SELECT value FROM json_each(?))";
        sqlx::query(statement).bind(until).bind(Json(ids)).execute(self.0.pool()?).await.map(drop)
    }

    async fn waiting(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(self.0.pool()?).await
    }
}
