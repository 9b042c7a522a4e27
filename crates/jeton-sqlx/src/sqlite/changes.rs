//! The change log, and the longest lifetime that its rows carry.
//!
//! Writers come one after another, so rows are committed in the order of their numbers, and a cursor is the number of
//! the last row read, behind the incarnation of the store.

use std::time::Duration;

use jeton::{Change, ChangeRow, Changes, Cursor, StoreError};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool, sqlite::SqliteRow};

use super::{
    column::{read, read_counter, read_json, read_optional},
    error::from_sqlx,
};

/// Rows that one read returns at most.
const BATCH: usize = 1000;

/// Appends a row.
pub(super) async fn append(connection: &mut SqliteConnection, change: &Change) -> Result<(), StoreError> {
    let change = serde_json::to_string(change).map_err(StoreError::unavailable)?;
    let sql = "INSERT INTO jeton_changes (longest_access_ttl, change)
               SELECT longest_access_ttl, ? FROM jeton_meta";
    sqlx::query(sql).bind(change).execute(connection).await.map(drop).map_err(from_sqlx)
}

/// The rows after the cursor, or the first of them.
pub(super) async fn after(readers: &SqlitePool, cursor: Option<&Cursor>) -> Result<Changes, StoreError> {
    let seen = cursor.map(Place::parse).transpose()?;
    let mut number = seen.as_ref().map_or(0, |seen| seen.number);
    // One statement, so that all of it is of one moment. Where there are no rows, it gives one without a number.
    let sql = "SELECT incarnation, last, seq, ttl, change FROM
                   (SELECT incarnation, (SELECT seq FROM sqlite_sequence WHERE name = 'jeton_changes') AS last
                    FROM jeton_meta)
               LEFT JOIN
                   (SELECT seq, longest_access_ttl AS ttl, change FROM jeton_changes
                    WHERE seq > ? ORDER BY seq LIMIT ?)
               ORDER BY seq";
    let query = sqlx::query(sql).bind(number).bind(BATCH as i64);
    let rows = query.fetch_all(readers).await.map_err(from_sqlx)?;
    let end = End::read(rows.first())?;
    if let Some(seen) = seen {
        end.check(&seen)?;
    }
    let mut found = Vec::new();
    for row in &rows {
        let Some(seq) = read_optional(row, "seq")? else { break };
        number = seq;
        let longest_access_ttl = Duration::from_secs(read_counter(row, "ttl")?);
        found.push(ChangeRow { longest_access_ttl, change: read_json(row, "change")? });
    }
    let more = found.len() == BATCH;
    Ok(Changes { rows: found, cursor: Cursor::new(format!("{}.{number}", end.incarnation)), more })
}

/// Drops the rows up to the cursor.
pub(super) async fn trim(connection: &mut SqliteConnection, through: &Cursor) -> Result<(), StoreError> {
    let through = Place::parse(through)?;
    let sql = "SELECT incarnation, (SELECT seq FROM sqlite_sequence WHERE name = 'jeton_changes') AS last
               FROM jeton_meta";
    let row = sqlx::query(sql).fetch_optional(&mut *connection).await.map_err(from_sqlx)?;
    End::read(row.as_ref())?.check(&through)?;
    let query = sqlx::query("DELETE FROM jeton_changes WHERE seq <= ?").bind(through.number);
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Loses all cursors that were given out.
pub(super) async fn lose_cursors(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE jeton_meta SET incarnation = lower(hex(randomblob(16)))");
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// The longest access-token lifetime that is stored.
pub(super) async fn longest_access_ttl(executor: impl SqliteExecutor<'_>) -> Result<Duration, StoreError> {
    let query = sqlx::query("SELECT longest_access_ttl FROM jeton_meta");
    let row = query.fetch_one(executor).await.map_err(from_sqlx)?;
    read_counter(&row, "longest_access_ttl").map(Duration::from_secs)
}

/// Raises it. A part of a second counts as a whole one: too long is safe.
pub(super) async fn raise_longest_access_ttl(
    connection: &mut SqliteConnection,
    at_least: Duration,
) -> Result<(), StoreError> {
    let seconds = at_least.as_secs().saturating_add(u64::from(at_least.subsec_nanos() > 0));
    let sql = "UPDATE jeton_meta SET longest_access_ttl = max(longest_access_ttl, ?)";
    let query = sqlx::query(sql).bind(i64::try_from(seconds).unwrap_or(i64::MAX));
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// What a cursor says.
struct Place {
    incarnation: String,
    number: i64,
}

impl Place {
    fn parse(cursor: &Cursor) -> Result<Self, StoreError> {
        let (incarnation, number) = cursor.as_str().split_once('.').ok_or(StoreError::CursorLost)?;
        let number = number.parse().map_err(|_| StoreError::CursorLost)?;
        Ok(Self { incarnation: incarnation.to_owned(), number })
    }
}

/// Which store this is, and how far its log ever came.
struct End {
    incarnation: String,
    last: i64,
}

impl End {
    fn read(row: Option<&SqliteRow>) -> Result<Self, StoreError> {
        let row = row.ok_or_else(|| StoreError::unavailable("the store has lost its incarnation"))?;
        Ok(Self {
            incarnation: read(row, "incarnation")?,
            last: read_optional(row, "last")?.unwrap_or_default(),
        })
    }

    /// A number that was never reached is from after the backup that this file was.
    fn check(&self, place: &Place) -> Result<(), StoreError> {
        let known = place.incarnation == self.incarnation && (0..=self.last).contains(&place.number);
        known.then_some(()).ok_or(StoreError::CursorLost)
    }
}
