//! The change log, and the longest lifetime that its rows carry.
//!
//! Writers come one after another, so rows are committed in the order of their numbers, and a cursor is simply the
//! number of the last row read.

use std::time::Duration;

use jeton::{Change, ChangeRow, Changes, Cursor, StoreError};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::{
    column::{read, read_counter, read_json},
    error::from_sqlx,
};

/// Rows that one read returns at most.
const BATCH: usize = 1000;

/// Appends a row.
pub(super) async fn append(connection: &mut SqliteConnection, change: &Change) -> Result<(), StoreError> {
    let change = serde_json::to_string(change).map_err(StoreError::unavailable)?;
    let sql = "INSERT INTO jeton_changes (longest_access_ttl, change)
               SELECT value, ? FROM jeton_meta WHERE key = 'longest_access_ttl'";
    sqlx::query(sql).bind(change).execute(connection).await.map(drop).map_err(from_sqlx)
}

/// The rows after the cursor, or the first of them.
pub(super) async fn after(readers: &SqlitePool, cursor: Option<&Cursor>) -> Result<Changes, StoreError> {
    let seen = cursor.map_or(Ok(0), number)?;
    let sql = "SELECT seq, longest_access_ttl, change FROM jeton_changes WHERE seq > ? ORDER BY seq LIMIT ?";
    let query = sqlx::query(sql).bind(seen).bind(BATCH as i64);
    let rows = query.fetch_all(readers).await.map_err(from_sqlx)?;
    let reached = rows.last().map_or(Ok(seen), |row| read(row, "seq"))?;
    let more = rows.len() == BATCH;
    let rows = rows.iter().map(|row| {
        let longest_access_ttl = Duration::from_secs(read_counter(row, "longest_access_ttl")?);
        Ok(ChangeRow { longest_access_ttl, change: read_json(row, "change")? })
    });
    Ok(Changes {
        rows: rows.collect::<Result<_, StoreError>>()?,
        cursor: Cursor::new(reached.to_string()),
        more,
    })
}

/// Drops the rows up to the cursor.
pub(super) async fn trim(writer: &SqlitePool, through: &Cursor) -> Result<(), StoreError> {
    let query = sqlx::query("DELETE FROM jeton_changes WHERE seq <= ?").bind(number(through)?);
    query.execute(writer).await.map(drop).map_err(from_sqlx)
}

/// The longest access-token lifetime that is stored.
pub(super) async fn longest_access_ttl(executor: impl SqliteExecutor<'_>) -> Result<Duration, StoreError> {
    let query = sqlx::query("SELECT value FROM jeton_meta WHERE key = 'longest_access_ttl'");
    let row = query.fetch_one(executor).await.map_err(from_sqlx)?;
    read_counter(&row, "value").map(Duration::from_secs)
}

/// Raises it. A part of a second counts as a whole one: too long is safe.
pub(super) async fn raise_longest_access_ttl(
    connection: &mut SqliteConnection,
    at_least: Duration,
) -> Result<(), StoreError> {
    let seconds = at_least.as_secs().saturating_add(u64::from(at_least.subsec_nanos() > 0));
    let sql = "UPDATE jeton_meta SET value = max(value, ?) WHERE key = 'longest_access_ttl'";
    let query = sqlx::query(sql).bind(i64::try_from(seconds).unwrap_or(i64::MAX));
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

fn number(cursor: &Cursor) -> Result<i64, StoreError> {
    cursor.as_str().parse().map_err(|_| StoreError::unavailable("the cursor is not one of this store"))
}
