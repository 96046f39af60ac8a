//! The database of a service: an SQLite file by default, PostgreSQL where there is one.
//!
//! A service writes its own statements for each of the two, so that each is used as what it is; what stands here is how they are
//! opened, asked after, and how their errors are told. On PostgreSQL a service's tables lie in a schema of its own, so
//! that several services share a database and their migrations don't meet.

mod address;
mod sqlite;

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use tokio::time::timeout;

pub use self::address::Address;
pub use self::sqlite::File;
use crate::http::Dependency;

/// So many connections to PostgreSQL for a process; others wait.
const MAX_POSTGRES: u32 = 16;
/// How long a request waits for a connection, a new one included.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(5);
/// PostgreSQL's own bounds for each connection: no statement or lock holds up others for long, and what a process leaves
/// open when its machine dies ends.
const POSTGRES_BOUNDS: [(&str, &str); 3] =
    [("statement_timeout", "10s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "15s")];
/// How often an opening is tried again that met another's.
const OPENINGS: u32 = 10;
/// How long to wait in between.
const PAUSE: Duration = Duration::from_millis(200);

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file.
    Sqlite(File),
    /// A server.
    Postgres(PgPool),
}

/// The migrations of a service for each kind of database.
#[derive(Debug)]
pub struct Migrations {
    /// Its name, which is that of its schema on PostgreSQL: small letters.
    pub schema: &'static str,
    /// For SQLite.
    pub sqlite: Migrator,
    /// For PostgreSQL.
    pub postgres: Migrator,
}

impl Database {
    /// Opens it, makes what is missing and applies the migrations: also when several processes do so at once.
    ///
    /// # Errors
    /// It can't be opened; without any password.
    pub async fn open(address: &Address, migrations: &Migrations) -> Result<Self, String> {
        let mut left = OPENINGS;
        loop {
            let opened = match address {
                Address::Sqlite(path) => File::open(path, &migrations.sqlite).await.map(Self::Sqlite),
                Address::Postgres { options, .. } => open_postgres(options, migrations).await.map(Self::Postgres),
            };
            left -= 1;
            match opened {
                // Two that make the same thing at the same moment: it is there the next time.
                Err(error) if left > 0 && is_meeting(&error) => tokio::time::sleep(PAUSE).await,
                opened => return opened.map_err(|error| address.hide(&error.to_string())),
            }
        }
    }

    /// Closes all connections, once they are free.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(file) => file.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

#[async_trait]
impl Dependency for Database {
    fn name(&self) -> &str {
        "database"
    }

    async fn check(&self) -> Result<(), String> {
        let asked = match self {
            Self::Sqlite(file) => file.check().await,
            Self::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.map(drop),
        };
        asked.map_err(|error| error.to_string())
    }
}

/// Whether a statement failed because the database isn't there or has too much to do: it is worth trying again.
pub fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_away_code(&code)),
        _ => false,
    }
}

/// PostgreSQL: connections (08), resources (53), timeouts and stops (57, 55P03), serialization (40). SQLite: busy (5),
/// locked (6), the disk is full (13) or fails (10), the file can't be opened (14), with their extended codes.
fn is_away_code(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13 | 14),
        _ => ["08", "53", "57", "55P03", "40"].iter().any(|class| code.starts_with(class)),
    }
}

async fn open_postgres(options: &PgConnectOptions, migrations: &Migrations) -> Result<PgPool, MigrateError> {
    let schema = migrations.schema;
    let options = options
        .clone()
        .application_name(&format!("messaging {schema}"))
        .options(POSTGRES_BOUNDS)
        .options([("search_path", schema)]);
    // A pool would try again and say no more than that it took too long: a first connection says why it can't be made.
    let first = timeout(CONNECTION_PATIENCE, PgConnection::connect_with(&options)).await;
    first.map_err(|_| sqlx::Error::PoolTimedOut)??.close().await?;
    let pool = PgPoolOptions::new().max_connections(MAX_POSTGRES).acquire_timeout(CONNECTION_PATIENCE);
    let pool = pool.connect_with(options).await?;
    // Who may not make a schema can be given one.
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
        .bind(schema)
        .fetch_one(&pool)
        .await?;
    if !known {
        sqlx::query(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).execute(&pool).await?;
    }
    migrations.postgres.run(&pool).await?;
    Ok(pool)
}

/// Whether two processes met while they made the same thing.
fn is_meeting(error: &MigrateError) -> bool {
    let MigrateError::Execute(error) = error else {
        return matches!(error, MigrateError::ExecuteMigration(error, _) if is_meeting_error(error));
    };
    is_meeting_error(error)
}

fn is_meeting_error(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let text = error.message();
    // PostgreSQL: something of that name is there by now. SQLite: a lock that can't be waited for.
    error.code().is_some_and(|code| ["23505", "42P06", "42P07", "42710", "5", "517"].contains(&&*code))
        || text.contains("already exists")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_passes_by_is_told_from_what_stays() {
        for code in ["08006", "53300", "57P01", "57014", "55P03", "40001", "5", "517", "13", "10", "14"] {
            assert!(is_away_code(code), "{code}");
        }
        for code in ["23505", "22P05", "42P01", "1", "19", "1555"] {
            assert!(!is_away_code(code), "{code}");
        }
    }

    #[tokio::test]
    async fn a_file_is_private_durable_and_says_what_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.db");
        let migrations = Migrations { schema: "it", sqlite: Migrator::DEFAULT, postgres: Migrator::DEFAULT };
        let address = Address::parse(None, &path).unwrap();
        // Several at once, as when processes start together.
        let opened = futures::future::join_all((0..4).map(|_| Database::open(&address, &migrations))).await;
        for database in &opened {
            database.as_ref().unwrap().check().await.unwrap();
        }
        let Ok(Database::Sqlite(file)) = &opened[0] else { panic!() };
        let pool = file.pool().unwrap();
        for (pragma, value) in [("synchronous", 2_i64), ("foreign_keys", 1), ("busy_timeout", 5_000)] {
            let is: i64 = sqlx::query_scalar(&format!("PRAGMA {pragma}")).fetch_one(pool).await.unwrap();
            assert_eq!(is, value, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.unwrap();
        assert_eq!(mode, "wal");
        for name in ["it.db", "it.db-wal"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        for database in opened {
            database.unwrap().close().await;
        }
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_told_without_its_password() {
        let address = Address::parse(Some("postgres://me:hush@127.0.0.1:1/it"), Path::new("it.db")).unwrap();
        let migrations = Migrations { schema: "it", sqlite: Migrator::DEFAULT, postgres: Migrator::DEFAULT };
        let why = Database::open(&address, &migrations).await.unwrap_err();
        assert!(why.contains("refused") && !why.contains("hush"), "{why}");
    }
}
