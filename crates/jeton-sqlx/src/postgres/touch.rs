//! Last uses, written down many at a time.

use std::collections::BTreeMap;

use jeton::{LastUse, RecordId, SortKey, StoreError, Timestamp};
use sqlx::PgConnection;

use super::{error::from_sqlx, schema::Schema};

/// Writes down uses: the latest one of each record, and how many there were.
pub(super) async fn touch(
    connection: &mut PgConnection,
    schema: &Schema,
    uses: &[(RecordId, LastUse)],
) -> Result<(), StoreError> {
    // One row per record: an UPDATE takes any one of several. And in the order of the ids, so that two nodes that
    // write down the same ones lock them in one order.
    let mut together = BTreeMap::<_, LastUse>::new();
    for (id, last_use) in uses {
        let sum = together.entry(id.as_bytes()).or_default();
        let count = sum.count.saturating_add(last_use.count);
        if sum.at < last_use.at {
            *sum = last_use.clone();
        }
        sum.count = count;
    }
    let ids: Vec<_> = together.keys().map(|id| id.as_slice()).collect();
    let uses = together.values();
    let at = |last: &LastUse| last.at.map_or(SortKey::NEVER_USED, Timestamp::unix_seconds);
    let times: Vec<_> = uses.clone().map(at).collect();
    let addresses: Vec<_> =
        uses.clone().map(|last| last.address.map(|address| address.to_string())).collect();
    let programs: Vec<_> = uses.clone().map(|last| last.user_agent.clone()).collect();
    let counts: Vec<_> = uses.map(|last| i64::try_from(last.count).unwrap_or(i64::MAX)).collect();
    let sql = "UPDATE @jeton_records record SET
                   last_used_at = greatest(record.last_used_at, used.at),
                   last_used_from = CASE WHEN record.last_used_at < used.at THEN used.address
                                    ELSE record.last_used_from END,
                   last_used_by = CASE WHEN record.last_used_at < used.at THEN used.program
                                  ELSE record.last_used_by END,
                   use_count = least(record.use_count::numeric + used.count, 9223372036854775807)::bigint
               FROM (SELECT stored.id, new.at, new.address, new.program, new.count
                     FROM @jeton_records stored
                     JOIN unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
                          new (id, at, address, program, count) ON new.id = stored.id
                     ORDER BY stored.id FOR NO KEY UPDATE OF stored) used
               WHERE record.id = used.id";
    let query = schema.query(sql).bind(ids).bind(times).bind(addresses).bind(programs).bind(counts);
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}
