//! The database in an SQLite file.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, Transaction};

use super::CONNECTION_PATIENCE;

/// So many connections to a file; one of them writes at a time.
const MAX_CONNECTIONS: u32 = 4;
/// How long a writer waits for the one before it.
const BUSY_PATIENCE: Duration = Duration::from_secs(5);

/// An open file. Who holds it open can read and write it after somebody has removed it, but nobody else ever will: so
/// every use looks whether the file of this name still is the one that was opened.
#[derive(Debug, Clone)]
pub struct File {
    pool: SqlitePool,
    path: PathBuf,
    /// Its device and its number there.
    identity: (u64, u64),
}

impl File {
    /// Opens it, makes what is missing and applies the migrations.
    pub(super) async fn open(path: &Path, migrations: &Migrator) -> Result<Self, MigrateError> {
        let identity = make_private(path).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_PATIENCE)
            .journal_mode(SqliteJournalMode::Wal)
            // What was answered survives a power cut too.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(CONNECTION_PATIENCE)
            .after_release(|connection, _| is_usable(connection));
        let pool = pool.connect_with(options).await?;
        migrations.run(&pool).await?;
        let file = Self { pool, path: path.to_owned(), identity };
        file.is_kept()?;
        Ok(file)
    }

    /// Its connections, for what reads, and for single statements that write: after these ask [`Self::is_kept`].
    ///
    /// # Errors
    /// The file was removed or replaced.
    pub fn pool(&self) -> Result<&SqlitePool, sqlx::Error> {
        self.is_at(&self.path, true)?;
        Ok(&self.pool)
    }

    /// Begins a transaction as a writer: one that read first and then wants to write would be refused when another wrote in
    /// between.
    ///
    /// # Errors
    /// The file was removed or replaced, or can't be written.
    pub async fn write(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.pool()?.begin_with("BEGIN IMMEDIATE").await
    }

    /// Commits what [`Self::write`] began.
    ///
    /// # Errors
    /// It isn't committed; or it is, but the file was removed or replaced meanwhile, so that it is lost.
    pub async fn commit(&self, transaction: Transaction<'static, Sqlite>) -> Result<(), sqlx::Error> {
        transaction.commit().await?;
        self.is_kept()
    }

    /// Whether what was written stands in the files of these names: the database's, and the log beside it, where the last
    /// writes are. Two looks into a folder, which block for no time worth a thread.
    ///
    /// # Errors
    /// One was removed or replaced: what was written last isn't found by whoever opens them again.
    pub fn is_kept(&self) -> Result<(), sqlx::Error> {
        self.is_at(&self.path, true)?;
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        self.is_at(Path::new(&log), false)
    }

    fn is_at(&self, path: &Path, same: bool) -> Result<(), sqlx::Error> {
        let found = std::fs::metadata(path).ok().map(|found| identity(&found));
        if found.is_some_and(|found| !same || found == self.identity) {
            return Ok(());
        }
        let why = format!("{} was removed or replaced: put it back, or start the service again", path.display());
        Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::NotFound, why)))
    }

    /// Whether it can be written: who only reads doesn't see that the disk is full.
    pub(super) async fn check(&self) -> Result<(), sqlx::Error> {
        let mut transaction = self.write().await?;
        // A number in the file's header that nobody reads: what is set is written, also if it is the same.
        sqlx::query("PRAGMA user_version = 1").execute(&mut *transaction).await?;
        self.commit(transaction).await
    }

    /// Closes all connections, once they are free.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Whether a connection that comes back can be given to the next one. SQLite itself ends a transaction when the disk is full;
/// the `ROLLBACK` then fails, and the connection counts as one within a transaction for ever.
fn is_usable(connection: &mut SqliteConnection) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
    async move {
        // A rollback that is on its way comes first.
        connection.ping().await?;
        Ok(!connection.is_in_transaction())
    }
    .boxed()
}

/// The file is for its owner only: SQLite gives its other files the same mode. Its identity.
fn make_private(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    Ok(identity(&file.metadata()?))
}

fn identity(of: &std::fs::Metadata) -> (u64, u64) {
    (of.dev(), of.ino())
}

#[cfg(test)]
mod tests {
    use super::super::is_away;
    use super::*;

    // Once the disk had been full, every write failed until the service was started again.
    #[tokio::test]
    async fn after_a_full_disk_every_connection_writes_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::open(&folder.path().join("it.db"), &Migrator::DEFAULT).await.unwrap();
        let pool = file.pool().unwrap();
        sqlx::query("CREATE TABLE it (data BLOB)").execute(pool).await.unwrap();
        let mut full = pool.acquire().await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *full).await.unwrap();
        sqlx::query(&format!("PRAGMA max_page_count = {}", pages + 1)).execute(&mut *full).await.unwrap();
        let mut transaction = full.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let insert = "INSERT INTO it VALUES (zeroblob(100000))";
        let error = sqlx::query(insert).execute(&mut *transaction).await.unwrap_err();
        assert!(is_away(&error), "{error}");
        drop(transaction);
        drop(full);
        let mut all = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            all.push(pool.acquire().await.unwrap());
        }
        for connection in &mut all {
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
            sqlx::query(insert).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
        }
        drop(all);
        file.check().await.unwrap();
        file.close().await;
    }

    // Writes went into a file that was removed, and were answered as if they were kept.
    #[tokio::test]
    async fn what_is_written_into_a_file_that_is_gone_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let [path, aside] = ["it.db", "aside.db"].map(|name| folder.path().join(name));
        let file = File::open(&path, &Migrator::DEFAULT).await.unwrap();
        file.check().await.unwrap();
        let began = file.write().await.unwrap();
        std::fs::rename(&path, &aside).unwrap();
        // Once it is away, then with another in its place.
        assert!(is_away(&file.commit(began).await.unwrap_err()));
        for _ in 0..2 {
            let why = file.check().await.unwrap_err();
            assert!(is_away(&why) && why.to_string().contains("removed or replaced"), "{why}");
            assert!(file.pool().is_err());
            std::fs::write(&path, "").unwrap();
        }
        std::fs::rename(&aside, &path).unwrap();
        file.check().await.unwrap();
        // The log holds what was written last.
        std::fs::remove_file(folder.path().join("it.db-wal")).unwrap();
        file.check().await.unwrap_err();
        file.close().await;
    }
}
