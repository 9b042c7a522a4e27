//! How many live tokens a user has.

use jeton::{LiveLimit, Record, StoreError};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::error::from_sqlx;

/// Fails if the record, which was written in the same transaction, is one too many. The transaction holds the write
/// lock, so nobody else writes one meanwhile.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    record: &Record,
    limits: &[LiveLimit],
) -> Result<(), StoreError> {
    for limit in limits {
        let mut sql = QueryBuilder::new("");
        push_select(&mut sql, record, limit);
        let others: i64 = sql.build_query_scalar().fetch_one(&mut *connection).await.map_err(from_sqlx)?;
        if u64::try_from(others).unwrap_or(0) >= limit.at_most {
            return Err(StoreError::TooMany);
        }
    }
    Ok(())
}

/// How many records [`LiveLimit::counts`], as SQL; no further than to the limit.
fn push_select(sql: &mut QueryBuilder<Sqlite>, record: &Record, limit: &LiveLimit) {
    // In these words, so that SQLite knows that the partial index holds all that is asked for. It looks
    // at no more of them than the limit, but for those of the other kind.
    sql.push("SELECT count(*) FROM (SELECT 1 FROM jeton_records WHERE standing IN ('active', 'disabled')");
    sql.push(" AND subject = ").push_bind(record.grant.subject.clone());
    sql.push(" AND expires_at > ").push_bind(limit.now.unix_seconds());
    if let Some(kind) = limit.kind {
        sql.push(" AND kind = ").push_bind(kind.as_str());
    }
    sql.push(" AND id <> ").push_bind(record.id.as_bytes().to_vec());
    sql.push(" LIMIT ").push_bind(i64::try_from(limit.at_most).unwrap_or(i64::MAX)).push(")");
}

#[cfg(test)]
mod tests {
    use jeton::{Kind, Timestamp};
    use jeton_testkit::store::full_record;
    use sqlx::Row as _;

    use super::*;
    use crate::SqliteStore;

    #[tokio::test]
    async fn live_tokens_are_counted_in_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("tokens.sqlite3")).await.unwrap();
        for kind in [None, Some(Kind::Personal)] {
            let mut sql = QueryBuilder::new("EXPLAIN QUERY PLAN ");
            push_select(&mut sql, &full_record(1), &LiveLimit { kind, at_most: 3, now: Timestamp::MIN });
            let rows = sql.build().fetch_all(&store.readers).await.unwrap();
            let plan: String = rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect();
            let index = "USING INDEX jeton_records_live_of_subject (subject=? AND expires_at>?)";
            assert!(plan.contains(index), "{plan}");
        }
    }
}
