//! The change log, and the longest lifetime that its rows carry.

use std::time::Duration;

use jeton::{Change, ChangeRow, Changes, Cursor, StoreError};
use sqlx::{PgConnection, postgres::PgRow};

use super::{
    column::{read, read_counter, sense},
    cursor::{Part, Place, Seen},
    error::from_sqlx,
    schema::Schema,
};

/// Rows that one read returns at most.
const BATCH: usize = 1000;

/// Which life of which database it is. A restoration gives it another name, a dump that is restored makes another
/// table. A server that was replaced by its standby, or set back, has another timeline: it may give out numbers of
/// transactions again. On a standby, whose snapshots are of another kind, the timeline is an error.
const ORIGIN: &str =
    "SELECT incarnation || '.' || tableoid || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS origin,
            pg_current_snapshot()::text AS snapshot,
            (SELECT coalesce(max(seq), 0) FROM @jeton_changes) AS top
     FROM @jeton_meta";

/// The snapshot that is returned is the one by which the rows are found.
const HEAD: &str = "SELECT here.origin, here.snapshot, here.top, log.xid::text AS xid, log.seq,
                           log.longest_access_ttl, log.change
                    FROM (";
const NEW: &str = ") here LEFT JOIN LATERAL (
                       SELECT * FROM @jeton_changes
                       WHERE (seq > $2 OR xid >= pg_snapshot_xmin($1::text::pg_snapshot)
                                          AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot))";
const REST: &str = " AND seq <= $5 AND pg_visible_in_snapshot(xid, $4::text::pg_snapshot)
                     AND (xid, seq) > ($6::text::xid8, $7)";
const TAIL: &str = " ORDER BY xid, seq LIMIT $3) log ON true ORDER BY log.xid, log.seq";

/// Appends a row and wakes who waits for one, once the transaction is committed.
pub(super) async fn append(
    connection: &mut PgConnection,
    schema: &Schema,
    change: &Change,
) -> Result<(), StoreError> {
    let change = serde_json::to_string(change).map_err(StoreError::unavailable)?;
    // Whoever raises the lifetime waits for this transaction, and the value read below stays the stored one until
    // the commit. A lock of the table and not of its row: those who wait for it are served in turn.
    let lock = schema.query("LOCK TABLE @jeton_meta IN SHARE MODE");
    lock.execute(&mut *connection).await.map_err(from_sqlx)?;
    let sql = "INSERT INTO @jeton_changes (longest_access_ttl, change)
               SELECT longest_access_ttl, $1 FROM @jeton_meta RETURNING pg_notify($2, '')";
    let query = schema.query(sql).bind(change).bind(schema.channel());
    let done = query.execute(connection).await.map_err(from_sqlx)?;
    if done.rows_affected() == 1 { Ok(()) } else { sense(None, "longest_access_ttl") }
}

/// The rows after the cursor, or the first of them.
pub(super) async fn after(
    connection: &mut PgConnection,
    schema: &Schema,
    cursor: Option<&Cursor>,
) -> Result<Changes, StoreError> {
    let place = cursor.map(Place::from_cursor).transpose()?;
    let found = read_after(connection, schema, place.as_ref().unwrap_or(&Place::beginning())).await?;
    match place {
        Some(place) if place.origin != found.origin || !place.is_reached(&found.now) => {
            Err(StoreError::CursorLost)
        }
        _ => found.changes(),
    }
}

/// What one statement read.
struct Found {
    origin: String,
    /// The snapshot of this statement.
    now: String,
    /// What the reader has seen before.
    before: Seen,
    /// The snapshot whose rows are given out.
    of: Seen,
    rows: Vec<PgRow>,
}

async fn read_after(
    connection: &mut PgConnection,
    schema: &Schema,
    place: &Place,
) -> Result<Found, StoreError> {
    let begin = |texts| {
        let Seen { snapshot, top } = &place.seen;
        schema.query_of(texts).bind(snapshot.clone()).bind(*top).bind(BATCH as i64)
    };
    let query = match &place.part {
        None => begin(&[HEAD, ORIGIN, NEW, TAIL]),
        Some(Part { of, xid, seq }) => begin(&[HEAD, ORIGIN, NEW, REST, TAIL])
            .bind(of.snapshot.clone())
            .bind(of.top)
            .bind(xid.clone())
            .bind(*seq),
    };
    let mut rows = query.fetch_all(connection).await.map_err(from_sqlx)?;
    let first = rows.first().ok_or_else(|| StoreError::unavailable("the table jeton_meta is empty"))?;
    let (origin, now) = (read(first, "origin")?, read::<String>(first, "snapshot")?);
    // The log may be empty by now, and was not always.
    let top = place.seen.top.max(read(first, "top")?);
    if read::<Option<i64>>(first, "seq")?.is_none() {
        rows.clear();
    }
    let of = place.part.as_ref().map(|part| part.of.clone());
    let of = of.unwrap_or_else(|| Seen { snapshot: now.clone(), top });
    Ok(Found { origin, now, before: place.seen.clone(), of, rows })
}

impl Found {
    fn changes(self) -> Result<Changes, StoreError> {
        let more = self.rows.len() == BATCH;
        let last = self.rows.last().filter(|_| more);
        let place = match last {
            // All rows of the snapshot were given out.
            None => Place { origin: self.origin, seen: self.of, part: None },
            Some(row) => {
                let part = Part { of: self.of, xid: read(row, "xid")?, seq: read(row, "seq")? };
                Place { origin: self.origin, seen: self.before, part: Some(part) }
            }
        };
        let rows = self.rows.iter().map(|row| {
            let longest_access_ttl = Duration::from_secs(read_counter(row, "longest_access_ttl")?);
            let change = sense(serde_json::from_str(read(row, "change")?).ok(), "change")?;
            Ok(ChangeRow { longest_access_ttl, change })
        });
        Ok(Changes { rows: rows.collect::<Result<_, StoreError>>()?, cursor: place.to_cursor(), more })
    }
}

/// Drops the rows up to the cursor. Those that another node drops at this moment are left to it.
pub(super) async fn trim(
    connection: &mut PgConnection,
    schema: &Schema,
    through: &Cursor,
) -> Result<(), StoreError> {
    let place = Place::from_cursor(through)?;
    let row = schema.query(ORIGIN).fetch_one(&mut *connection).await.map_err(from_sqlx)?;
    if place.origin != read::<&str>(&row, "origin")? || !place.is_reached(read(&row, "snapshot")?) {
        return Err(StoreError::CursorLost);
    }
    let Place { seen, part, .. } = place;
    let part = part.unwrap_or_else(|| Part { of: seen.clone(), xid: "0".to_owned(), seq: 0 });
    let sql = "DELETE FROM @jeton_changes WHERE (xid, seq) IN (
                   SELECT xid, seq FROM @jeton_changes
                   WHERE seq <= $2 AND pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
                      OR seq <= $4 AND pg_visible_in_snapshot(xid, $3::text::pg_snapshot)
                         AND (xid, seq) <= ($5::text::xid8, $6)
                   FOR UPDATE SKIP LOCKED)";
    let query = schema.query(sql).bind(seen.snapshot).bind(seen.top).bind(part.of.snapshot);
    let query = query.bind(part.of.top).bind(part.xid).bind(part.seq);
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// The longest access-token lifetime that is stored.
pub(super) async fn longest_access_ttl(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<Duration, StoreError> {
    let query = schema.query("SELECT longest_access_ttl FROM @jeton_meta");
    let row = query.fetch_one(connection).await.map_err(from_sqlx)?;
    read_counter(&row, "longest_access_ttl").map(Duration::from_secs)
}

/// Raises it, when every transaction that has read the lower value is over. A part of a second counts as a whole one:
/// too long is safe.
pub(super) async fn raise_longest_access_ttl(
    connection: &mut PgConnection,
    schema: &Schema,
    at_least: Duration,
) -> Result<(), StoreError> {
    let seconds = at_least.as_secs().saturating_add(u64::from(at_least.subsec_nanos() > 0));
    let sql = "UPDATE @jeton_meta SET longest_access_ttl = greatest(longest_access_ttl, $1)";
    let query = schema.query(sql).bind(i64::try_from(seconds).unwrap_or(i64::MAX));
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Loses all cursors that were given out.
pub(super) async fn lose_cursors(connection: &mut PgConnection, schema: &Schema) -> Result<(), StoreError> {
    let query = schema.query("UPDATE @jeton_meta SET incarnation = gen_random_uuid()::text");
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}
