//! How a database is reached, and within which bounds.

use std::{fmt, time::Duration};

use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{ConnectError, PostgresStore, open, schema::Schema};

/// A connection that was used so short a time ago is not tried.
const FRESH: Duration = Duration::from_secs(1);
/// How long a trial may take. Short: after an outage each connection of a pool may have to be tried in turn.
pub(super) const TRIAL: Duration = Duration::from_millis(400);

/// Which database, which schema, how many connections, how long to wait.
///
/// ```no_run
/// use jeton_sqlx::PostgresSettings;
///
/// # async fn example() -> Result<(), jeton_sqlx::ConnectError> {
/// let store = PostgresSettings::from_url("postgres://app@db.example.org/app?sslmode=verify-full")?
///     .with_schema("tokens")
///     .with_max_connections(20)
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresSettings {
    source: Source,
    schema: String,
    max_connections: u32,
    timeout: Duration,
}

#[derive(Clone)]
enum Source {
    Options(Box<PgConnectOptions>),
    Pool(PgPool),
}

impl PostgresSettings {
    /// A pool of the store's own to the database of a URL: `postgres://user:password@host:port/database`, or
    /// `postgresql:`. `sslmode`, `sslrootcert` and the like are those of libpq; encryption needs the feature
    /// `postgres-tls`. What the URL leaves out comes from the variables `PGHOST`, `PGUSER` and so on.
    ///
    /// # Errors
    ///
    /// If it is no such URL. The error does not repeat it.
    pub fn from_url(url: &str) -> Result<Self, ConnectError> {
        let is_postgres = url.starts_with("postgres:") || url.starts_with("postgresql:");
        let options = url.parse::<PgConnectOptions>().ok().filter(|_| is_postgres);
        Ok(Self::new(Source::Options(Box::new(options.ok_or(ConnectError::Url)?))))
    }

    /// A pool of the host. It is used and not changed: no setting of its connections is another one afterwards. The
    /// bounds of the pool are the host's. Two connections beside it, to the same database, wait for changes and read them;
    /// a third one is opened when one of them hangs.
    pub fn from_pool(pool: PgPool) -> Self {
        Self::new(Source::Pool(pool))
    }

    fn new(source: Source) -> Self {
        Self { source, schema: "jeton".to_owned(), max_connections: 10, timeout: Duration::from_secs(5) }
    }

    /// The schema that holds the tables, `jeton` if it is not set; made if it is not there. Small letters, digits and
    /// underscores, at most 48.
    pub fn with_schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// How many connections the store's own pool has at most, 10 if it is not set; of two more, one waits for changes and
    /// one reads them. A third one is opened when that one hangs.
    pub fn with_max_connections(mut self, number: u32) -> Self {
        self.max_connections = number.max(1);
        self
    }

    /// How long a call may take in all, 5 seconds if it is not set: waiting for a connection, and its statements. It is
    /// [`Unavailable`](jeton::StoreError::Unavailable) then. In the store's own pool the server ends the statement too.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.max(Duration::from_millis(10));
        self
    }

    /// Connects, and brings the tables up to date: several nodes may do so at once.
    ///
    /// # Errors
    ///
    /// If the database does not answer, is none that this store can use, or its tables cannot be brought up to date.
    pub async fn connect(self) -> Result<PostgresStore, ConnectError> {
        let schema = Schema::parse(&self.schema)?;
        let (pool, own) = match self.source {
            Source::Pool(pool) => (pool, false),
            Source::Options(options) => (pool_of(*options, self.max_connections, self.timeout), true),
        };
        open::prepare(&pool, &schema).await?;
        Ok(PostgresStore::new(pool, own, schema, self.timeout))
    }
}

fn pool_of(options: PgConnectOptions, size: u32, timeout: Duration) -> PgPool {
    // In milliseconds. A node that is cut off in the middle of a transaction must not hold its locks for long.
    let milliseconds = timeout.as_millis().to_string();
    let options = options.options([
        ("statement_timeout", milliseconds.as_str()),
        ("idle_in_transaction_session_timeout", milliseconds.as_str()),
    ]);
    bounds(size, timeout).connect_lazy_with(options)
}

/// Connections to the same database that stay open, for what must not wait in turn with requests nor for a new
/// connection.
pub(super) fn aside(pool: &PgPool, size: u32, timeout: Duration) -> PgPool {
    bounds(size, timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with((*pool.connect_options()).clone())
}

fn bounds(size: u32, timeout: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(timeout)
        // In the place of a trial that waits without end.
        .test_before_acquire(false)
        .before_acquire(|connection, seen| Box::pin(is_alive(connection, seen.idle_for)))
}

/// Whether the connection answers, if it has not just done so. An error closes it at once.
async fn is_alive(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for < FRESH {
        return Ok(true);
    }
    let late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(TRIAL, connection.ping()).await.map_err(late)?.map(|()| true)
}

impl fmt::Debug for PostgresSettings {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, max_connections, timeout, .. } = self;
        f.debug_struct("PostgresSettings")
            .field("schema", schema)
            .field("max_connections", max_connections)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
