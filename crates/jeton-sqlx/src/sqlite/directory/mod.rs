//! The host's users, by queries of its own against its own SQLite database.
//!
//! It knows no schema and changes nothing: what a query does not say plainly is an error, never a guess.

mod queries;
mod value;

use std::{
    fmt,
    path::{self, Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use jeton::{Account, Directory, DirectoryError, DirectorySearch, Match, Names};
use sqlx::{
    Column as _, Either, Executor as _, Row as _, SqlSafeStr as _, SqliteConnection, SqlitePool,
    Statement as _,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};

pub use self::queries::DirectoryQueries;
use self::value::{flag, key, word};
use super::OpenError;

/// Readers at the same time; more of them wait.
const READERS: u32 = 4;
/// How long one waits for a connection, or for a lock of the host.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A directory over the host's own SQLite database.
///
/// All queries of one answer see the database at one moment, which is not before the call. It reads only. The host
/// calls [`Authority::subject_changed`](jeton::Authority::subject_changed) when it has committed a change.
///
/// ```
/// use jeton::{Directory, DirectorySearch};
/// use jeton_sqlx::{DirectoryQueries, SqliteDirectory};
///
/// # use sqlx::Connection;
/// # async fn example(path: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
/// # let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
/// # let mut host = sqlx::SqliteConnection::connect_with(&options).await?;
/// // What the app has anyway.
/// let tables = "CREATE TABLE users (
///      id     INTEGER PRIMARY KEY AUTOINCREMENT,
///      login  TEXT    NOT NULL UNIQUE,
///      name   TEXT    NOT NULL,
///      locked INTEGER NOT NULL DEFAULT 0
///  );
///  CREATE TABLE user_roles (user_id INTEGER NOT NULL REFERENCES users, role TEXT NOT NULL);
///  INSERT INTO users (login, name) VALUES ('alice', 'Alice Liddell');
///  INSERT INTO user_roles VALUES (1, 'reader');";
/// # sqlx::raw_sql(tables).execute(&mut host).await?;
///
/// const QUERIES: DirectoryQueries = DirectoryQueries::new(
///     "SELECT NOT locked AS active, id AS incarnation FROM users WHERE login = ?1",
/// )
/// .with_roles("SELECT role FROM user_roles JOIN users ON users.id = user_id WHERE login = ?1")
/// .with_search(
///     "SELECT login AS subject, name AS display_name FROM users
///      WHERE instr(lower(login || ' ' || name), lower(?1)) > 0 ORDER BY name, login LIMIT ?2",
/// );
///
/// let directory = SqliteDirectory::open(path, QUERIES).await?;
/// let alice = directory.account("alice").await?.unwrap();
/// assert!(alice.active && alice.roles.contains("reader"));
/// assert_eq!(alice.incarnation, "1");
/// assert_eq!(directory.search("lidd", 20).await?[0].subject, "alice");
/// # Ok(())
/// # }
/// # let folder = tempfile::tempdir().unwrap();
/// # tokio::runtime::Runtime::new().unwrap().block_on(example(&folder.path().join("app.sqlite3"))).unwrap();
/// ```
#[derive(Clone)]
pub struct SqliteDirectory {
    readers: SqlitePool,
    queries: DirectoryQueries,
}

impl SqliteDirectory {
    /// Opens the database at that path, which must be there with the tables that the queries name, and looks at each
    /// query.
    ///
    /// # Errors
    ///
    /// If there is no such database, or if a query does not fit it.
    pub async fn open(path: impl AsRef<Path>, queries: DirectoryQueries) -> Result<Self, OpenError> {
        let path = path.as_ref();
        // Absolute, or else SQLite takes some names for something else: ":memory:", "file:...".
        let path =
            path::absolute(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        let options = SqliteConnectOptions::new().filename(&path).read_only(true).busy_timeout(TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(TIMEOUT);
        let failed = |source: sqlx::Error| OpenError::Database { path: path.clone(), source: source.into() };
        let readers = pool.connect_with(options).await.map_err(failed)?;
        let mut connection = readers.acquire().await.map_err(failed)?;
        look_at(&mut connection, &path, "the account", queries.account, 1, &["active", "incarnation"])
            .await?;
        for (query, sql) in
            [("the roles", queries.roles), ("the groups", queries.groups), ("the scopes", queries.scopes)]
        {
            if let Some(sql) = sql {
                look_at(&mut connection, &path, query, sql, 1, &[]).await?;
            }
        }
        if let Some(sql) = queries.search {
            look_at(&mut connection, &path, "the search", sql, 2, &["subject", "display_name"]).await?;
        }
        drop(connection);
        Ok(Self { readers, queries })
    }
}

impl fmt::Debug for SqliteDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteDirectory").field("queries", &self.queries).finish_non_exhaustive()
    }
}

#[async_trait]
impl Directory for SqliteDirectory {
    async fn account(&self, subject: &str) -> Result<Option<Account>, DirectoryError> {
        // One transaction, so that a change between two queries does not mix two accounts.
        let mut transaction = self.readers.begin().await.map_err(DirectoryError::new)?;
        let query = sqlx::query(self.queries.account).bind(subject);
        let rows = query.fetch_all(&mut *transaction).await.map_err(DirectoryError::new)?;
        let row = match rows.as_slice() {
            [] => return Ok(None),
            [row] => row,
            _ => return Err(DirectoryError::new("the query of the account gave several rows")),
        };
        Ok(Some(Account {
            active: flag(row, "active")?,
            incarnation: key(row, "incarnation")?,
            roles: names(&mut transaction, self.queries.roles, subject, "the roles").await?,
            groups: names(&mut transaction, self.queries.groups, subject, "the groups").await?,
            scopes: names(&mut transaction, self.queries.scopes, subject, "the scopes").await?,
        }))
    }
}

/// Finds nobody without a query for it.
#[async_trait]
impl DirectorySearch for SqliteDirectory {
    async fn search(&self, text: &str, limit: usize) -> Result<Vec<Match>, DirectoryError> {
        let Some(sql) = self.queries.search else { return Ok(Vec::new()) };
        let query = sqlx::query(sql).bind(text).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = query.fetch_all(&self.readers).await.map_err(DirectoryError::new)?;
        let read = |row: &SqliteRow| {
            Ok(Match { subject: word(row, "subject")?, display_name: word(row, "display_name")? })
        };
        rows.iter().take(limit).map(read).collect()
    }
}

/// Whether the query can be used: it is prepared and not run.
async fn look_at(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &'static str,
    sql: &'static str,
    parameters: usize,
    columns: &[&str],
) -> Result<(), OpenError> {
    let fail = |reason: String| OpenError::Query { query, path: PathBuf::from(path), reason };
    let statement = connection.prepare(sql.into_sql_str()).await.map_err(|error| fail(error.to_string()))?;
    let given: Vec<_> = statement.columns().iter().map(|column| column.name()).collect();
    if let Some(missing) = columns.iter().find(|column| !given.contains(*column)) {
        return Err(fail(format!("it has no column {missing}")));
    }
    if columns.is_empty() && given.len() != 1 {
        return Err(fail("it must have one column".to_owned()));
    }
    match statement.parameters() {
        Some(Either::Right(count)) if count == parameters => Ok(()),
        _ => Err(fail(format!("it must use the parameters ?1 to ?{parameters}, and no others"))),
    }
}

async fn names(
    connection: &mut SqliteConnection,
    sql: Option<&'static str>,
    subject: &str,
    of: &str,
) -> Result<Names, DirectoryError> {
    let Some(sql) = sql else { return Ok(Names::new()) };
    let rows = sqlx::query(sql).bind(subject).fetch_all(connection).await.map_err(DirectoryError::new)?;
    let read = |row: &SqliteRow| word(row, row.columns().first().map_or(of, |column| column.name()));
    rows.iter().map(read).collect()
}
