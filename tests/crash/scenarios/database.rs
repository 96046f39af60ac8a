//! The database behind a service's back: PostgreSQL where it is told of, else the service's file.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};

use super::Result;
use super::world::World;

/// Runs a statement, in which `{}` stands before the names of tables; the rows' columns as text.
pub(crate) async fn sql(world: &World, scenario: &str, file: &str, statement: &str) -> Result<Vec<Vec<String>>> {
    match &world.database_url {
        Some(url) => {
            let statement = statement.replace("{}", &format!("{scenario}."));
            let mut connection = PgConnection::connect(url).await?;
            let rows = sqlx::query(&statement).fetch_all(&mut connection).await?;
            let columns = |row| columns::<sqlx::Postgres>(row);
            rows.iter().map(columns).collect()
        }
        None => {
            let statement = statement.replace("{}", "");
            let options = SqliteConnectOptions::new().filename(world.folder.join(file)).foreign_keys(true);
            let mut connection = SqliteConnection::connect_with(&options).await?;
            let rows = sqlx::query(&statement).fetch_all(&mut connection).await?;
            let columns = |row| columns::<sqlx::Sqlite>(row);
            rows.iter().map(columns).collect()
        }
    }
}

/// Drops what an earlier run has left on the server.
pub(crate) async fn clear(world: &World, scenario: &str) -> Result<()> {
    if world.database_url.is_some() {
        sql(world, scenario, "", &format!("DROP SCHEMA IF EXISTS {scenario} CASCADE")).await?;
    }
    Ok(())
}

fn columns<D: sqlx::Database>(row: &D::Row) -> Result<Vec<String>>
where
    usize: sqlx::ColumnIndex<D::Row>,
    Option<String>: for<'r> sqlx::Decode<'r, D> + sqlx::Type<D>,
{
    (0..row.len()).map(|n| Ok(row.try_get::<Option<String>, _>(n)?.unwrap_or_default())).collect()
}
