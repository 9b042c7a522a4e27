//! Lists of records: the filter and the order as SQL.
//!
//! The pieces of SQL are constants and every value is bound.

use jeton::{EndBound, Filter, Kind, Page, Query, SortBy, SortKey, State, StoreError, Timestamp, fold};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{column::read, error::from_sqlx, record, schema::Schema};

/// How many records are searched by name for one page. A page that finds fewer than asked among them ends early, and
/// says where the next one begins.
const SEARCHED: i64 = 10_000;

/// The page that the query asks for.
pub(super) async fn list(
    connection: &mut PgConnection,
    schema: &Schema,
    query: &Query,
) -> Result<Page, StoreError> {
    if asks_for_nul(query) {
        return Ok(Page { records: Vec::new(), next: None });
    }
    let mut sql = QueryBuilder::new("");
    push_page(&mut sql, schema, query);
    // Planned anew each time: which index is the best depends on the values.
    let rows = sql.build().persistent(false).fetch_all(connection).await.map_err(from_sqlx)?;
    let (mut records, mut searched) = (Vec::new(), None);
    for row in &rows {
        let record = record::from_row(row)?;
        if query.filter.name.is_some() && read::<i64>(row, "place")? == SEARCHED {
            searched = Some(query.sort.position(&record));
            if !read::<bool>(row, "found")? {
                continue;
            }
        }
        records.push(record);
    }
    let mut page = Page::of(records, query);
    if page.next.is_none() {
        page.next = searched;
    }
    Ok(page)
}

/// No text in PostgreSQL holds the character NUL, and none can be compared with it.
fn asks_for_nul(query: &Query) -> bool {
    let Filter { name, subject, tenant, role, .. } = &query.filter;
    let place = query.after.as_ref().and_then(|place| match &place.key {
        SortKey::Text(text) => Some(text),
        SortKey::Seconds(_) => None,
    });
    [name.as_ref(), subject.as_ref(), tenant.as_ref(), role.as_ref(), place]
        .into_iter()
        .flatten()
        .any(|text| text.contains('\0'))
}

fn push_page(sql: &mut QueryBuilder<Postgres>, schema: &Schema, query: &Query) {
    let key = match query.sort.by {
        SortBy::CreatedAt => "created_at",
        SortBy::Name => "name_folded",
        SortBy::ExpiresAt => "expires_at",
        SortBy::LastUsedAt => "last_used_at",
    };
    let order = if query.sort.descending { "DESC" } else { "ASC" };
    // One more than asked for tells whether there is a next page.
    let limit = i64::from(query.limit) + 1;
    let Some(part) = &query.filter.name else {
        push_select(sql, schema, query, (key, order));
        sql.push_bind(limit);
        return;
    };
    // In order and numbered, so that the last of those searched is known whether it was found or not.
    sql.push("SELECT * FROM (SELECT *, strpos(name_folded, ").push_bind(fold(part)).push(") > 0 AS found");
    sql.push(format_args!(", row_number() OVER (ORDER BY {key} {order}, id {order}) AS place FROM ("));
    push_select(sql, schema, query, (key, order));
    sql.push_bind(SEARCHED).push(") searched) numbered WHERE found OR place = ").push_bind(SEARCHED);
    // In the words of the order below, so that nothing is sorted and the search ends with a full page.
    sql.push(format_args!(" ORDER BY {key} {order}, id {order} LIMIT ")).push_bind(limit + 1);
}

/// All but the number after `LIMIT`.
fn push_select(
    sql: &mut QueryBuilder<Postgres>,
    schema: &Schema,
    query: &Query,
    (key, order): (&'static str, &'static str),
) {
    // In these words, so that the partial indexes are seen to hold all that is asked for.
    sql.push(schema.sql("SELECT * FROM @jeton_records WHERE standing <> 'deleted'"));
    push_filter(sql, &query.filter, query.now);
    let beyond = if query.sort.descending { "<" } else { ">" };
    if let Some(place) = &query.after {
        sql.push(format_args!(" AND ({key}, id) {beyond} ("));
        match &place.key {
            SortKey::Seconds(seconds) => sql.push_bind(*seconds),
            SortKey::Text(text) => sql.push_bind(text.clone()),
        };
        sql.push(", ").push_bind(place.id.as_bytes().to_vec()).push(")");
    }
    sql.push(format_args!(" ORDER BY {key} {order}, id {order} LIMIT "));
}

/// What [`Filter::admits`] says but for the name, as SQL.
fn push_filter(sql: &mut QueryBuilder<Postgres>, filter: &Filter, now: Timestamp) {
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
        sql.push(" AND (roles @> ").push_bind(vec![role.clone()]);
        sql.push(if filter.role_is_default { " OR subject IS NULL)" } else { ")" });
    }
    if let Some(end) = filter.expires_before {
        sql.push(" AND expires_at < ").push_bind(end.unix_seconds());
    }
    if let Some(end) = filter.last_used_before {
        sql.push(" AND last_used_at < ").push_bind(end.unix_seconds());
    }
    if let Some(bounds) = filter.beyond {
        sql.push(" AND standing IN ('active', 'disabled') AND expires_at > ").push_bind(now.unix_seconds());
        sql.push(" AND (false");
        push_bound(sql, Kind::Service, bounds.service);
        push_bound(sql, Kind::Personal, bounds.personal);
        sql.push(")");
    }
    if filter.acts_for_anyone {
        sql.push(" AND has_secret AND subject IS NULL");
    }
}

/// What [`EndBound::is_exceeded_by`] says, as SQL.
fn push_bound(sql: &mut QueryBuilder<Postgres>, kind: Kind, bound: EndBound) {
    if bound.must_end {
        sql.push(" OR kind = ").push_bind(kind.as_str());
        sql.push(" AND expires_at = ").push_bind(SortKey::NEVER_ENDS);
    }
    if let Some(last) = bound.last {
        sql.push(" OR kind = ").push_bind(kind.as_str());
        sql.push(" AND expires_at < ").push_bind(SortKey::NEVER_ENDS);
        sql.push(" AND expires_at > ").push_bind(last.unix_seconds());
    }
}

/// What [`Record::state`](jeton::Record::state) says, as SQL: revoked before expired before disabled before the rest.
fn push_state(sql: &mut QueryBuilder<Postgres>, state: State, now: Timestamp) {
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
    use std::collections::BTreeSet;

    use jeton::{Position, RecordId, Sort, Store as _};
    use jeton_testkit::store::{insert_of, minimal_record, time};
    use sqlx::Row as _;

    use super::*;
    use crate::{PostgresSettings, PostgresStore};

    const RECORDS: i64 = 30_000;
    const PLACE: RecordId = RecordId::from_bytes([7; 16]);

    /// Copies of one record: of a thousand subjects, tenants and roles; few are personal, disabled or not yet valid.
    const COPIES: &str = "
        CREATE TEMP TABLE copies AS SELECT stored.*, n FROM @jeton_records stored, generate_series(1, 29999) n;
        UPDATE copies SET
            id = decode(md5(n::text), 'hex'), name = 'Token ' || n, name_folded = 'token ' || n,
            created_at = 1000 + n, subject = 's' || n % 1000, tenant = 't' || n % 1000,
            roles = ARRAY['r' || n % 1000], kind = CASE n % 1000 WHEN 0 THEN 'personal' ELSE 'service' END,
            standing = CASE n % 1000 WHEN 1 THEN 'disabled' WHEN 2 THEN 'revoked' ELSE 'active' END,
            not_before = CASE n % 1000 WHEN 3 THEN 900000 ELSE 1000 END,
            expires_at = CASE WHEN n % 1000 = 4 THEN 1000 + n ELSE 800000 + n END,
            last_used_at = CASE WHEN n % 1000 = 5 THEN 1000 ELSE 700000 + n END;
        ALTER TABLE copies DROP COLUMN n;
        INSERT INTO @jeton_records SELECT * FROM copies;
        DROP TABLE copies;
        ANALYZE @jeton_records";

    /// A store with many records. Its schema is dropped by `drop_schema`.
    async fn crowded(name: &str) -> PostgresStore {
        let url = std::env::var("JETON_TEST_POSTGRES").expect(
            "JETON_TEST_POSTGRES is the URL of a PostgreSQL server: tests/postgres starts one for a command",
        );
        let schema = format!("list_{}_{name}", std::process::id());
        let settings = PostgresSettings::from_url(&url).unwrap().with_schema(&schema);
        let store = settings.with_timeout(std::time::Duration::from_secs(60)).connect().await.unwrap();
        store.insert(&insert_of(&minimal_record(0))).await.unwrap();
        let sql = sqlx::AssertSqlSafe(store.schema.sql(COPIES));
        sqlx::raw_sql(sql).execute(&store.pool).await.unwrap();
        store
    }

    async fn drop_schema(store: &PostgresStore) {
        let sql = sqlx::AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", store.schema.name()));
        sqlx::raw_sql(sql).execute(&store.pool).await.unwrap();
        store.close().await;
    }

    async fn plan(store: &PostgresStore, query: &Query) -> String {
        let mut sql = QueryBuilder::new("EXPLAIN ");
        push_page(&mut sql, &store.schema, query);
        let rows = sql.build().persistent(false).fetch_all(&store.pool).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
    }

    #[tokio::test]
    async fn every_page_is_found_by_an_index() {
        let store = crowded("orders").await;
        for by in ["created_at", "name", "expires_at", "last_used_at"] {
            let (key, index) = if by == "name" { ("name_folded", by) } else { (by, by) };
            let value = if by == "name" { SortKey::Text("token 5".into()) } else { SortKey::Seconds(5_000) };
            for (descending, after) in
                [(false, None), (true, None), (false, Some(&value)), (true, Some(&value))]
            {
                let after = after.map(|key| Position { key: key.clone(), id: PLACE });
                let sort = Sort { descending, ..by.parse().unwrap() };
                for name in [None, Some("5".to_owned())] {
                    let filter = Filter { name, ..Filter::default() };
                    let query = Query { filter, sort, after: after.clone(), limit: 50, now: time(500_000) };
                    let plan = plan(&store, &query).await;
                    let found = plan.contains(&format!(" jeton_records_by_{index} "));
                    assert!(found && !plan.contains("Seq Scan"), "{query:?}\n{plan}");
                    // A search of few may sort them; a page never sorts.
                    let searches = query.filter.name.is_some();
                    assert!(searches || !plan.contains("Sort"), "{query:?}\n{plan}");
                    let seeks = plan.contains(&format!("Index Cond: (ROW({key}, id)"));
                    assert_eq!(seeks, query.after.is_some(), "by the place itself: {query:?}\n{plan}");
                }
            }
        }
        drop_schema(&store).await;
    }

    #[tokio::test]
    async fn an_index_is_behind_every_filter_by_equality() {
        let store = crowded("filters").await;
        let (all, text) = (Filter::default, |text: &str| Some(text.to_owned()));
        let state = |state| Filter { state: Some(state), ..all() };
        for (filter, index, found) in [
            (Filter { subject: text("s7"), ..all() }, "jeton_records_of_subject", 30),
            (Filter { tenant: text("t7"), ..all() }, "jeton_records_of_tenant", 30),
            (Filter { role: text("r7"), ..all() }, "jeton_records_of_roles", 30),
            (Filter { kind: Some(Kind::Personal), ..all() }, "jeton_records_of_kind", 29),
            (state(State::Disabled), "jeton_records_of_standing", 30),
            (state(State::Revoked), "jeton_records_of_standing", 30),
            (state(State::NotYetValid), "jeton_records_by_not_before", 30),
            (state(State::Expired), "jeton_records_by_expires_at", 30),
            (Filter { expires_before: Some(time(500_000)), ..all() }, "jeton_records_by_expires_at", 30),
            (Filter { last_used_before: Some(time(500_000)), ..all() }, "jeton_records_by_last_used_at", 31),
        ] {
            for sort in ["-created_at", "name", "expires_at", "-last_used_at"] {
                let sort = sort.parse().unwrap();
                let query =
                    Query { filter: filter.clone(), sort, after: None, limit: 50, now: time(500_000) };
                let plan = plan(&store, &query).await;
                assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{query:?}\n{plan}");
                let page = store.list(&query).await.unwrap();
                assert_eq!(page.records.len(), found, "{query:?}");
                assert!(page.next.is_none());
            }
        }
        drop_schema(&store).await;
    }

    /// What matches little is found on pages that may be short, or empty, and of which none searches all records.
    #[tokio::test]
    async fn a_search_by_name_is_bounded_per_page_and_finds_all() {
        let store = crowded("search").await;
        for (part, expected, most_pages) in [("TOKEN 2999", 11, 4), ("nowhere", 0, 4), ("token 77", 111, 5)] {
            for sort in ["created_at", "-created_at", "name", "-name", "expires_at", "last_used_at"] {
                let filter = Filter { name: Some(part.to_owned()), ..Filter::default() };
                let sort = sort.parse().unwrap();
                let mut query = Query { filter, sort, after: None, limit: 50, now: time(500_000) };
                let (mut found, mut pages, mut last) = (BTreeSet::new(), 0, None);
                loop {
                    let page = store.list(&query).await.unwrap();
                    pages += 1;
                    assert!(page.records.len() <= 50);
                    for record in page.records {
                        let position = sort.position(&record);
                        let order = last.as_ref().is_none_or(|last| (last < &position) != sort.descending);
                        assert!(order, "{sort:?}: {position:?}");
                        last = Some(position);
                        assert!(found.insert(record.id), "{part} {sort:?}: twice");
                    }
                    let Some(next) = page.next else { break };
                    query.after = Some(next);
                }
                assert_eq!(found.len(), expected, "{part} {sort:?}");
                assert!(pages <= most_pages, "{part} {sort:?}: {pages} pages");
                assert!(expected > 100 || pages == RECORDS / SEARCHED + 1, "{part} {sort:?}: {pages} pages");
            }
        }
        drop_schema(&store).await;
    }
}
