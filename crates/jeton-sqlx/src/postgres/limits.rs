//! How many live tokens a subject has, counted where nobody else adds one meanwhile.

use jeton::{LiveLimit, Record, StoreError};
use sqlx::{PgConnection, Row as _};

use super::{error::from_sqlx, schema::Schema};

/// The first half of what the locks of subjects are hashed from.
const SEED: i64 = 0x006a_6574_6f6e;

/// Waits until no other transaction that is limited writes for the same subject, before anything is read.
pub(super) async fn wait_in_turn(
    connection: &mut PgConnection,
    schema: &Schema,
    record: &Record,
    limits: &[LiveLimit],
) -> Result<(), StoreError> {
    let Some(subject) = record.grant.subject.as_ref().filter(|_| !limits.is_empty()) else { return Ok(()) };
    // Of two subjects with one hash, one waits in vain, and not for long.
    let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1 || '.' || $2, $3))")
        .bind(schema.name())
        .bind(subject)
        .bind(SEED);
    lock.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Counts what there is beside the record that was written.
pub(super) async fn check(
    connection: &mut PgConnection,
    schema: &Schema,
    record: &Record,
    limits: &[LiveLimit],
) -> Result<(), StoreError> {
    for limit in limits {
        let at_most = i64::try_from(limit.at_most).unwrap_or(i64::MAX);
        // What `LiveLimit::counts` says. Counted no further than needed.
        let sql = "SELECT count(*) < $1 FROM (
                       SELECT 1 FROM @jeton_records
                       WHERE subject = $2 AND standing <> 'deleted' AND standing IN ('active', 'disabled')
                         AND expires_at > $3 AND id <> $4 AND ($5::text IS NULL OR kind = $5)
                       LIMIT $1) live";
        let query = schema
            .query(sql)
            .bind(at_most)
            .bind(record.grant.subject.clone())
            .bind(limit.now.unix_seconds())
            .bind(record.id.as_bytes().to_vec())
            .bind(limit.kind.map(jeton::Kind::as_str));
        let row = query.fetch_one(&mut *connection).await.map_err(from_sqlx)?;
        if !row.try_get::<bool, _>(0).map_err(from_sqlx)? {
            return Err(StoreError::TooMany);
        }
    }
    Ok(())
}
