//! The store in PostgreSQL, for many nodes.
//!
//! Each statement names its schema, each write says what it relies on, and nothing of a connection is changed for good:
//! so the pool may be the host's.

mod audiences;
mod audit;
mod changes;
mod column;
mod cursor;
mod error;
mod filter;
mod keys;
mod lease;
mod limits;
mod list;
mod listen;
mod once;
mod open;
mod record;
mod schema;
mod settings;
mod source;
mod store;
mod touch;
mod walk;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use jeton::{StoreError, Wakeups};
use sqlx::PgPool;
use tokio::sync::Semaphore;

use self::{error::from_sqlx, lease::Lease, schema::Schema};
pub use self::{open::ConnectError, settings::PostgresSettings};

/// A store in a PostgreSQL database, version 15 or later, shared by any number of nodes.
///
/// The tables lie in a schema of their own. The database must be the one that is written to, and no standby; between it
/// and the store there must be no pooler that hands out connections by the statement or the transaction.
///
/// A caller that stops waiting leaves nothing behind: a transaction that is not committed by then is rolled back.
///
/// ```no_run
/// use jeton::Store;
/// use jeton_sqlx::{PostgresSettings, PostgresStore};
///
/// # async fn example(pool: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app@localhost/app").await?;
/// store.ping().await?;
///
/// // Or beside the tables of the host, over its own pool.
/// let store = PostgresSettings::from_pool(pool).with_schema("tokens").connect().await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    pool: PgPool,
    /// For the log, which must not wait in turn with requests.
    aside: PgPool,
    /// Held by the one who reads the log.
    turns: Arc<Semaphore>,
    /// Whether the pool is the store's own, and not the host's.
    own: bool,
    schema: Schema,
    timeout: Duration,
    wakeups: OnceLock<Wakeups>,
}

impl PostgresStore {
    /// Connects to the database of that URL, with the defaults of [`PostgresSettings`].
    ///
    /// # Errors
    ///
    /// As [`PostgresSettings::from_url`] and [`PostgresSettings::connect`].
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        PostgresSettings::from_url(url)?.connect().await
    }

    fn new(pool: PgPool, own: bool, schema: Schema, timeout: Duration) -> Self {
        // One reads; the other one is for when that one hangs.
        let aside = settings::aside(&pool, 2, timeout);
        let turns = Arc::new(Semaphore::new(1));
        Self { pool, aside, turns, own, schema, timeout, wakeups: OnceLock::new() }
    }

    /// Waits for what is under way, and closes the connections. A pool of the host stays open, and of no use here.
    pub async fn close(&self) {
        if self.own {
            self.pool.close().await;
        }
        self.aside.close().await;
    }

    /// One connection beside the pool listens for all who wait, and connects again by itself whenever it is lost.
    fn wakeups(&self) -> Wakeups {
        let wakeups = self.wakeups.get_or_init(|| listen::wakeups(self.pool.clone(), self.schema.channel()));
        wakeups.clone()
    }

    /// A connection that reads the log: it is open already, whatever else goes on.
    async fn lease_aside(&self) -> Result<Lease, StoreError> {
        if self.pool.is_closed() {
            return Err(from_sqlx(sqlx::Error::PoolClosed));
        }
        Lease::in_turn(&self.aside, &self.turns, settings::TRIAL).await.map_err(from_sqlx)
    }

    async fn lease(&self) -> Result<Lease, StoreError> {
        Lease::of(&self.pool).await.map_err(from_sqlx)
    }

    /// The work, unless it takes too long.
    async fn within<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.timeout, work)
            .await
            .unwrap_or_else(|late| Err(StoreError::unavailable(late)))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.schema.name()).finish_non_exhaustive()
    }
}
