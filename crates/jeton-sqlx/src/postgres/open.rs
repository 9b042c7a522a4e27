//! Whether a database can be used, and its tables brought up to date.

use std::{error::Error, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};

use super::{
    lease::{BEGIN, Lease},
    schema::Schema,
};

/// The oldest version that has all that is used here.
const OLDEST: i32 = 15;
/// The first half of the lock that one migration holds; the second one stands for the schema.
const LOCK: i32 = 0x6a65_746f;
/// How long to wait for the migration of another node, and for what touches every record.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is of another form than the one that is read.
    #[error("a PostgreSQL URL is postgres://user:password@host:port/database")]
    Url,
    /// The name of the schema is not one that is allowed.
    #[error("a schema is 1 to 48 small letters, digits and underscores, and none of PostgreSQL's own")]
    Schema,
    /// The server is too old.
    #[error("the PostgreSQL server is of version {0}, and 15 is the oldest that can be used")]
    Version(i32),
    /// The database does not keep its text in UTF-8.
    #[error("the database keeps its text in {0} and not in UTF8")]
    Encoding(String),
    /// It does not answer, or refuses.
    #[error("the database cannot be reached")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// The tables are not those of this version, nor of an older one.
    #[error("the tables in the schema {schema} cannot be brought up to date")]
    Migration {
        /// Which schema.
        schema: String,
        /// Why, as the driver says it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl From<sqlx::Error> for ConnectError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Looks at the server and brings the tables up to date.
pub(super) async fn prepare(pool: &PgPool, schema: &Schema) -> Result<(), ConnectError> {
    let mut lease = Lease::of(pool).await?;
    let work = async {
        look_at(&mut lease).await?;
        migrate(&mut lease, schema).await.map_err(|source| ConnectError::Migration {
            schema: schema.name().to_owned(),
            source: source.into(),
        })
    };
    tokio::time::timeout(PATIENCE, work).await.map_err(|late| ConnectError::Database(late.into()))?
}

async fn look_at(connection: &mut PgConnection) -> Result<(), ConnectError> {
    let sql =
        "SELECT current_setting('server_version_num')::int4 / 10000, current_setting('server_encoding')";
    let (version, encoding): (i32, String) = sqlx::query_as(sql).fetch_one(connection).await?;
    if version < OLDEST {
        return Err(ConnectError::Version(version));
    }
    if encoding != "UTF8" {
        return Err(ConnectError::Encoding(encoding));
    }
    Ok(())
}

/// All migrations in one transaction that holds a lock, so that of several nodes one does it.
async fn migrate(connection: &mut PgConnection, schema: &Schema) -> Result<(), MigrateError> {
    let texts = [
        ("first", include_str!("migrations/0001_first.sql")),
        ("lists", include_str!("migrations/0002_lists.sql")),
    ];
    let migrations = (1..).zip(texts).map(|(number, (name, text))| {
        let text = AssertSqlSafe(schema.sql(text)).into_sql_str();
        Migration::new(number, name.into(), MigrationType::Simple, text, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // The host has a table of its own for its migrations, and a lock.
    migrator.dangerous_set_table_name(format!("\"{}\"._jeton_migrations", schema.name()));
    migrator.set_locking(false);

    let mut transaction = connection.begin_with(BEGIN).await?;
    // A big table takes its time.
    sqlx::raw_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        .execute(&mut *transaction)
        .await?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext($2))").bind(LOCK).bind(schema.name());
    lock.execute(&mut *transaction).await?;
    // Asked first: it may be there without the right to make one.
    let there = sqlx::query("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(schema.name());
    if there.fetch_optional(&mut *transaction).await?.is_none() {
        let create = AssertSqlSafe(format!("CREATE SCHEMA \"{}\"", schema.name()));
        sqlx::query(create).execute(&mut *transaction).await?;
    }
    // Not `run`: the future of that one is not `Send` (says the compiler, "not general enough").
    migrator.run_direct(None, &mut *transaction, false).await?;
    // A dump of another server brings numbers of transactions that this one has not reached yet.
    let sql = "UPDATE @jeton_changes SET xid = pg_current_xact_id() WHERE xid >= pg_current_xact_id()";
    schema.query(sql).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}
