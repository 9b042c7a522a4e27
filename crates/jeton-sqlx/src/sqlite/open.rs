//! Opening a database: its file, its connections, its tables.

use std::{
    error::Error,
    io,
    path::{self, Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqlSafeStr, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{error::is_busy, file};

/// Readers at the same time; more of them wait.
const READERS: u32 = 4;
/// How long a write waits for those of other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is of another form than the one that is read.
    #[error("a SQLite URL is sqlite: and the path of a file, without parameters")]
    Url,
    /// The file is not there and cannot be made.
    #[error("the database file {path} cannot be made")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is no SQLite database, or cannot be read or written.
    #[error("the database {path} cannot be opened")]
    Database {
        /// Which file.
        path: PathBuf,
        /// Why, as the driver says it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A query of the host's own does not run on its database, or does not give the columns that are needed.
    #[error("the query of {query} cannot be used on {path}: {reason}")]
    Query {
        /// Which query.
        query: &'static str,
        /// Which database.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The tables are not those of this version, nor of an older one.
    #[error("the tables in {path} cannot be brought up to date")]
    Migration {
        /// Which file.
        path: PathBuf,
        /// Why, as the driver says it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The connections to one database.
pub(super) struct Pools {
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) watcher: SqlitePool,
}

/// Opens what is there, or makes it.
pub(super) async fn open(path: &Path) -> Result<Pools, OpenError> {
    let made = path::absolute(path).and_then(|path| file::create_private(&path).map(|()| path));
    // Absolute, or else SQLite takes some names for something else: ":memory:", "file:...".
    let path = made.map_err(|source| OpenError::File { path: path.to_owned(), source })?;

    let writer = patiently(|| connect_writer(&path)).await;
    let writer =
        writer.map_err(|source| OpenError::Database { path: path.clone(), source: source.into() })?;
    let migrated = migrate(&writer).await;
    migrated.map_err(|source| OpenError::Migration { path: path.clone(), source: source.into() })?;
    // The mode of the journal is a property of the file, and is set by now.
    let reading = options(&path).pragma("query_only", "ON");
    let readers = pool(READERS).connect_lazy_with(reading.clone());
    let watcher = pool(1).connect_lazy_with(reading);
    Ok(Pools { writer, readers, watcher })
}

/// The path in the URL.
pub(super) fn path_of(url: &str) -> Result<&Path, OpenError> {
    let rest = url.strip_prefix("sqlite:").ok_or(OpenError::Url)?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path == ":memory:" || path.contains(['?', '#']) {
        return Err(OpenError::Url);
    }
    Ok(Path::new(path))
}

async fn connect_writer(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    pool(1).connect_with(options(path).journal_mode(SqliteJournalMode::Wal)).await
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What was committed must outlive a loss of power; NORMAL does not promise that with a WAL.
        .synchronous(SqliteSynchronous::Full)
}

/// Turning on the WAL fails at once, without the busy timeout, while another connection turns it on as well.
async fn patiently<T, F: Future<Output = Result<T, sqlx::Error>>>(
    attempt: impl Fn() -> F,
) -> Result<T, sqlx::Error> {
    const PAUSE: Duration = Duration::from_millis(20);
    for _ in 0..250 {
        match attempt().await {
            Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
    attempt().await
}

/// All migrations in one transaction that holds the write lock, so that of several processes one does it.
async fn migrate(writer: &SqlitePool) -> Result<(), MigrateError> {
    let first = include_str!("migrations/0001_first.sql").into_sql_str();
    let first = Migration::new(1, "first".into(), MigrationType::Simple, first, false);
    let mut migrator = Migrator::with_migrations(vec![first]);
    // The host has a table of its own for its migrations.
    migrator.dangerous_set_table_name("_jeton_migrations");

    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    // Not `run`: the future of that one is not `Send` (says the compiler, "not general enough").
    migrator.run_direct(None, &mut *transaction, false).await?;
    Ok(transaction.commit().await?)
}
