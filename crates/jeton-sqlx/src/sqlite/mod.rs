//! The store in a SQLite file.
//!
//! One connection writes, a few read. With the write-ahead log (WAL) neither waits for the other, and what has been
//! committed is seen by every read that begins later, in every process.

mod audiences;
mod audit;
mod changes;
mod column;
mod directory;
mod error;
mod file;
mod keys;
mod limit;
mod list;
mod once;
mod open;
mod record;
mod watch;

use std::{fmt, path::Path, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use jeton::{
    AuditEntry, Change, Changes, Cursor, Insert, LastUse, NamedAudience, Page, Query, Record, RecordId,
    Restoration, Store, StoreError, Timestamp, Update, Wakeups,
};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

pub use self::{
    directory::{DirectoryQueries, SqliteDirectory},
    open::OpenError,
};
use self::{error::from_sqlx, open::Pools};

/// A store in a SQLite file.
///
/// Several processes of one machine may open one file. The file must not lie on a network file system.
///
/// A caller that stops waiting leaves nothing behind: a transaction that is not committed by then is rolled back
/// before the next one begins.
///
/// ```
/// use jeton::Store;
/// use jeton_sqlx::SqliteStore;
///
/// # async fn example(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteStore::open(folder.join("tokens.sqlite3")).await?;
/// store.ping().await?;
/// # Ok(())
/// # }
/// # let folder = tempfile::tempdir().unwrap();
/// # tokio::runtime::Runtime::new().unwrap().block_on(example(folder.path())).unwrap();
/// ```
pub struct SqliteStore {
    /// One connection, so that writers queue here in the order they came, and not in the busy handler of SQLite.
    writer: SqlitePool,
    readers: SqlitePool,
    /// One connection that never writes.
    watcher: SqlitePool,
    wakeups: OnceLock<Wakeups>,
}

impl SqliteStore {
    /// Opens the database at that path and brings its tables up to date. Makes the file, with mode 0600, if there is
    /// none; its folder must be there. The mode of a file that is there is left as it is.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let Pools { writer, readers, watcher } = open::open(path.as_ref()).await?;
        Ok(Self { writer, readers, watcher, wakeups: OnceLock::new() })
    }

    /// Opens the database of a URL as configuration files hold it: `sqlite:relative/path`, `sqlite:///absolute/path`.
    /// The path stands for itself, without escapes; there are no parameters, and no databases in memory.
    pub async fn from_url(url: &str) -> Result<Self, OpenError> {
        Self::open(open::path_of(url)?).await
    }

    /// Waits for what is under way, and closes the file. A store that is dropped does so in the background.
    pub async fn close(&self) {
        self.watcher.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that holds the write lock from its beginning, so that it cannot fail for another's in the middle.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)
    }
}

/// Appends to the change log and to the audit log.
async fn log(
    connection: &mut SqliteConnection,
    change: &Change,
    audit: &AuditEntry,
) -> Result<(), StoreError> {
    changes::append(connection, change).await?;
    audit::append(connection, audit).await
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        record::insert(&mut transaction, &insert.record).await?;
        limit::check(&mut transaction, &insert.record, &insert.limits).await?;
        audit::append(&mut transaction, &insert.audit).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        record::find(&self.readers, id).await
    }

    async fn list(&self, query: &Query) -> Result<Page, StoreError> {
        list::list(&self.readers, query).await
    }

    async fn update(&self, update: &Update) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        record::replace(&mut transaction, &update.record, update.expected_version).await?;
        limit::check(&mut transaction, &update.record, &update.limits).await?;
        log(&mut transaction, &update.change, &update.audit).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for (id, last_use) in uses {
            record::touch(&mut transaction, *id, last_use).await?;
        }
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        changes::after(&self.readers, after).await
    }

    fn watch(&self) -> Option<Wakeups> {
        Some(self.wakeups.get_or_init(|| watch::wakeups(self.watcher.clone())).clone())
    }

    async fn trim(&self, through: &Cursor) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        changes::trim(&mut transaction, through).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    /// Kept in whole seconds, rounded up.
    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError> {
        let stored = changes::longest_access_ttl(&self.readers).await?;
        if stored >= at_least {
            return Ok(stored);
        }
        let mut transaction = self.begin().await?;
        changes::raise_longest_access_ttl(&mut transaction, at_least).await?;
        let raised = changes::longest_access_ttl(&mut *transaction).await?;
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(raised)
    }

    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError> {
        audiences::all(&self.readers).await
    }

    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError> {
        audiences::find(&self.readers, name).await
    }

    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        audiences::put(&mut transaction, audience).await?;
        log(&mut transaction, change, audit).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        log(&mut transaction, change, audit).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError> {
        let Restoration { at_least, at, audit } = restoration;
        let mut transaction = self.begin().await?;
        record::raise_all(&mut transaction, *at_least, *at).await?;
        changes::lose_cursors(&mut transaction).await?;
        log(&mut transaction, &Change::AllRecords { epoch: *at_least }, audit).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError> {
        record::prune_tombstones(&self.writer, before).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        changes::longest_access_ttl(&self.readers).await.map(drop)
    }
}
