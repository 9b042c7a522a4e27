//! Lists of records: the filter and the order as SQL.
//!
//! The pieces of SQL are constants and every value is bound.

use jeton::{EndBounds, Filter, Kind, Page, Query, SortBy, SortKey, State, StoreError, Timestamp, fold};
use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use super::{error::from_sqlx, record};

/// The page that the query asks for.
pub(super) async fn list(readers: &SqlitePool, query: &Query) -> Result<Page, StoreError> {
    let mut sql = QueryBuilder::new("");
    push_select(&mut sql, query);
    let rows = sql.build().fetch_all(readers).await.map_err(from_sqlx)?;
    Ok(Page::of(rows.iter().map(record::from_row).collect::<Result<_, _>>()?, query))
}

fn push_select(sql: &mut QueryBuilder<Sqlite>, query: &Query) {
    // In these words, so that SQLite knows that the partial indexes hold all that is asked for.
    sql.push("SELECT * FROM jeton_records WHERE standing <> 'deleted'");
    push_filter(sql, &query.filter, query.now);

    let key = match query.sort.by {
        SortBy::CreatedAt => "created_at",
        SortBy::Name => "name_folded",
        SortBy::ExpiresAt => "expires_at",
        SortBy::LastUsedAt => "last_used_at",
    };
    let (beyond, order) = if query.sort.descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some(place) = &query.after {
        sql.push(format_args!(" AND ({key}, id) {beyond} ("));
        match &place.key {
            SortKey::Seconds(seconds) => sql.push_bind(*seconds),
            SortKey::Text(text) => sql.push_bind(text.clone()),
        };
        sql.push(", ").push_bind(place.id.as_bytes().to_vec()).push(")");
    }
    sql.push(format_args!(" ORDER BY {key} {order}, id {order} LIMIT "));
    // One more than asked for tells whether there is a next page.
    sql.push_bind(i64::from(query.limit) + 1);
}

/// What [`Filter::admits`] says, as SQL.
fn push_filter(sql: &mut QueryBuilder<Sqlite>, filter: &Filter, now: Timestamp) {
    if let Some(part) = &filter.name {
        sql.push(" AND instr(name_folded, ").push_bind(fold(part)).push(") > 0");
    }
    if let Some(subject) = &filter.subject {
        sql.push(" AND subject = ").push_bind(subject.clone());
    }
    if let Some(tenant) = &filter.tenant {
        sql.push(" AND tenant = ").push_bind(tenant.clone());
    }
    if let Some(state) = filter.state {
        push_state(sql, state, now);
    }
    if let Some(kind) = filter.kind {
        sql.push(" AND kind = ").push_bind(kind.as_str());
    }
    if let Some(role) = &filter.role {
        sql.push(" AND (EXISTS (SELECT 1 FROM json_each(roles) WHERE value = ").push_bind(role.clone());
        sql.push(if filter.role_is_default { ") OR subject IS NULL)" } else { "))" });
    }
    if let Some(end) = filter.expires_before {
        sql.push(" AND expires_at < ").push_bind(end.unix_seconds());
    }
    if let Some(end) = filter.last_used_before {
        sql.push(" AND last_used_at < ").push_bind(end.unix_seconds());
    }
    if let Some(bounds) = filter.beyond {
        push_beyond(sql, bounds, now);
    }
    if filter.acts_for_anyone {
        sql.push(" AND has_secret = 1 AND subject IS NULL");
    }
}

/// What [`EndBound::is_exceeded_by`](jeton::EndBound::is_exceeded_by) says of the live ones, as SQL.
fn push_beyond(sql: &mut QueryBuilder<Sqlite>, bounds: EndBounds, now: Timestamp) {
    sql.push(" AND standing IN ('active', 'disabled') AND expires_at > ").push_bind(now.unix_seconds());
    sql.push(" AND CASE");
    for kind in [Kind::Service, Kind::Personal] {
        let bound = bounds.of(kind);
        sql.push(" WHEN kind = ").push_bind(kind.as_str());
        sql.push(" THEN CASE expires_at WHEN ").push_bind(SortKey::NEVER_ENDS);
        sql.push(" THEN ").push_bind(bound.must_end);
        // Without a last moment: none is beyond NULL.
        sql.push(" ELSE expires_at > ").push_bind(bound.last.map(Timestamp::unix_seconds)).push(" END");
    }
    sql.push(" END");
}

/// What [`Record::state`](jeton::Record::state) says, as SQL: revoked before expired before disabled before the rest.
fn push_state(sql: &mut QueryBuilder<Sqlite>, state: State, now: Timestamp) {
    let now = now.unix_seconds();
    let standing = match state {
        State::Revoked => " AND standing = 'revoked'",
        State::Expired => " AND standing <> 'revoked'",
        State::Disabled => " AND standing = 'disabled'",
        State::NotYetValid | State::Active => " AND standing = 'active'",
    };
    sql.push(standing);
    match state {
        State::Revoked => {}
        State::Expired => {
            sql.push(" AND expires_at <= ").push_bind(now);
        }
        State::Disabled | State::NotYetValid | State::Active => {
            sql.push(" AND expires_at > ").push_bind(now);
        }
    }
    match state {
        State::NotYetValid => sql.push(" AND not_before > ").push_bind(now),
        State::Active => sql.push(" AND not_before <= ").push_bind(now),
        State::Revoked | State::Expired | State::Disabled => sql,
    };
}

#[cfg(test)]
mod tests {
    use jeton::{Position, RecordId, Sort};
    use sqlx::Row as _;

    use super::*;
    use crate::SqliteStore;

    const PLACE: RecordId = RecordId::from_bytes([7; 16]);

    async fn plan(store: &SqliteStore, query: &Query) -> String {
        let mut sql = QueryBuilder::new("EXPLAIN QUERY PLAN ");
        push_select(&mut sql, query);
        let rows = sql.build().fetch_all(&store.readers).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect()
    }

    #[tokio::test]
    async fn every_page_is_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("tokens.sqlite3")).await.unwrap();
        let all = Filter::default();
        let of_subject = Filter { subject: Some("a".to_owned()), ..all.clone() };
        let of_tenant = Filter { tenant: Some("a".to_owned()), ..all.clone() };
        for (by, filter, index) in [
            ("created_at", &all, "jeton_records_by_created_at"),
            ("name", &all, "jeton_records_by_name"),
            ("expires_at", &all, "jeton_records_by_expires_at"),
            ("last_used_at", &all, "jeton_records_by_last_used_at"),
            ("created_at", &of_subject, "jeton_records_of_subject"),
            ("created_at", &of_tenant, "jeton_records_of_tenant"),
        ] {
            let key = if by == "name" { SortKey::Text("a".to_owned()) } else { SortKey::Seconds(5) };
            let place = Position { key, id: PLACE };
            for (descending, after) in [false, true].map(|way| [(way, None), (way, Some(&place))]).concat() {
                let sort = Sort { descending, ..by.parse().unwrap() };
                let query = Query {
                    filter: filter.clone(),
                    sort,
                    after: after.cloned(),
                    limit: 50,
                    now: Timestamp::MIN,
                };
                let plan = plan(&store, &query).await;
                let found = plan.contains(&format!("USING INDEX {index}")) && !plan.contains("TEMP B-TREE");
                assert!(found, "{query:?}\n{plan}");
                // By the place itself, and not by all that lies before it.
                let key = if by == "name" { "name_folded" } else { by };
                let seeks = plan.contains(&format!("({key},id)"));
                assert_eq!(seeks, after.is_some(), "{query:?}\n{plan}");
            }
        }
    }
}
