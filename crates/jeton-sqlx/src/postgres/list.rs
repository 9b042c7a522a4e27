//! Lists of records. None of the few steps to a page looks at more than [`SEARCHED`] of them, however many pass and however
//! many do not.
//!
//! Which way leads to a page is decided here, by counting a little, and not by what the server takes for the number of
//! those that pass: left to itself it may sort all that it finds, or walk along the order past all that do not pass.

use jeton::{Filter, Page, Query, SortKey, StoreError};
use sqlx::{Connection as _, PgConnection, Postgres, QueryBuilder, postgres::PgRow};

use super::{
    column::read,
    error::from_sqlx,
    record,
    schema::Schema,
    source::Source,
    walk::{SEARCHED, Walk},
};

/// One snapshot for all that leads to a page, so that what others write meanwhile moves nothing. What is asked for in the
/// order of an index is read in this order, and no further than needed: in the ways that are left out all that fits would
/// be read first, however little of it the server expects.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
     SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashagg = off;
     SET LOCAL jit = off";

/// The page that the query asks for.
pub(super) async fn list(
    connection: &mut PgConnection,
    schema: &Schema,
    query: &Query,
) -> Result<Page, StoreError> {
    if asks_for_nul(query) {
        return Ok(Page { records: Vec::new(), next: None });
    }
    let mut transaction = connection.begin_with(BEGIN).await.map_err(from_sqlx)?;
    let page = find(&mut transaction, &Walk::of(schema, query)).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(page)
}

async fn find(connection: &mut PgConnection, walk: &Walk<'_>) -> Result<Page, StoreError> {
    if walk.is_plain() {
        return walked(connection, walk).await;
    }
    // Where an index tells what passes, the walk is quick, and only what fits on this page is found sooner otherwise.
    let is_quick = walk.is_judged_by_index();
    if let Some(page) = of_few(connection, walk, is_quick).await? {
        return Ok(page);
    }
    let mut page = walked(connection, walk).await?;
    if page.next.is_some() {
        return Ok(page);
    }
    let mut sql = QueryBuilder::new("");
    walk.push_end(&mut sql);
    let [end] = &fetch(connection, sql).await?[..] else { return Ok(page) };
    if is_quick && let Some(page) = of_few(connection, walk, false).await? {
        return Ok(page);
    }
    page.next = Some(walk.query.sort.position(&record::from_row(end)?));
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

/// The page, if one of the sources holds so few that all can be sorted; or if the rest of what it holds fits on the page.
async fn of_few(
    connection: &mut PgConnection,
    walk: &Walk<'_>,
    fits: bool,
) -> Result<Option<Page>, StoreError> {
    let sources = Source::of(&walk.query.filter, walk.query.now);
    if sources.iter().all(|source| *source == walk.source) {
        return Ok(None);
    }
    let mut sql = QueryBuilder::new("");
    let few = if fits {
        walk.push_rests(&mut sql, &sources);
        walk.query.limit
    } else {
        walk.push_counts(&mut sql, &sources);
        SEARCHED
    };
    let row = sql.build().persistent(false).fetch_one(&mut *connection).await.map_err(from_sqlx)?;
    let counts: Vec<i64> = read(&row, "counts")?;
    let fewest = counts.into_iter().zip(sources).min_by_key(|(count, _)| *count);
    let Some((_, source)) = fewest.filter(|(count, _)| *count <= i64::from(few)) else { return Ok(None) };
    if source == walk.source {
        // The walk comes past all of them, if need be.
        return walked(connection, walk).await.map(Some);
    }
    let mut sql = QueryBuilder::new("");
    walk.push_sorted(&mut sql, source);
    page(connection, walk, sql).await.map(Some)
}

/// The first that pass on the walk.
async fn walked(connection: &mut PgConnection, walk: &Walk<'_>) -> Result<Page, StoreError> {
    let mut sql = QueryBuilder::new("");
    walk.push_passing(&mut sql);
    page(connection, walk, sql).await
}

async fn page(
    connection: &mut PgConnection,
    walk: &Walk<'_>,
    sql: QueryBuilder<Postgres>,
) -> Result<Page, StoreError> {
    let rows = fetch(connection, sql).await?;
    Ok(Page::of(rows.iter().map(record::from_row).collect::<Result<_, _>>()?, walk.query))
}

/// Planned anew each time: which index is the best depends on the values.
async fn fetch(
    connection: &mut PgConnection,
    mut sql: QueryBuilder<Postgres>,
) -> Result<Vec<PgRow>, StoreError> {
    sql.build().persistent(false).fetch_all(connection).await.map_err(from_sqlx)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jeton::{Kind, Position, RecordId, Sort, State, Store as _};
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

    async fn plan(store: &PostgresStore, push: impl FnOnce(&mut QueryBuilder<Postgres>)) -> String {
        let mut lease = store.lease().await.unwrap();
        let mut transaction = lease.begin_with(BEGIN).await.unwrap();
        let mut sql = QueryBuilder::new("EXPLAIN ");
        push(&mut sql);
        let rows = sql.build().persistent(false).fetch_all(&mut *transaction).await.unwrap();
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
                let state = Filter { state: Some(State::Active), ..Filter::default() };
                for filter in [Filter::default(), state] {
                    let query = Query { filter, sort, after: after.clone(), limit: 50, now: time(500_000) };
                    let walk = Walk::of(&store.schema, &query);
                    let plan = plan(&store, |sql| walk.push_passing(sql)).await;
                    let found = plan.contains(&format!(" jeton_records_by_{index} "));
                    assert!(found && !plan.contains("Seq Scan"), "{query:?}\n{plan}");
                    assert!(!plan.contains("Sort"), "{query:?}\n{plan}");
                    let only = plan.contains("Index Only Scan");
                    assert_eq!(only, query.filter.state.is_some(), "judged there: {query:?}\n{plan}");
                    let seeks = plan.contains(&format!("(ROW({key}, id)"));
                    assert_eq!(seeks, query.after.is_some(), "by the place itself: {query:?}\n{plan}");
                }
            }
        }
        drop_schema(&store).await;
    }

    #[tokio::test]
    async fn an_index_is_behind_every_filter() {
        let store = crowded("filters").await;
        let (all, text) = (Filter::default, |text: &str| Some(text.to_owned()));
        let state = |state| Filter { state: Some(state), ..all() };
        let role = |is_default| Filter { role: text("r7"), role_is_default: is_default, ..all() };
        for (filter, index, found) in [
            (Filter { subject: text("s7"), ..all() }, "jeton_records_of_subject", 30),
            (Filter { tenant: text("t7"), ..all() }, "jeton_records_of_tenant", 30),
            (role(false), "jeton_roles_pkey", 30),
            (role(true), "jeton_roles_pkey", 31),
            (role(true), "jeton_records_without_subject", 31),
            (Filter { kind: Some(Kind::Personal), ..all() }, "jeton_records_of_kind", 29),
            (Filter { acts_for_anyone: true, ..all() }, "jeton_records_for_anyone", 0),
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
                let walk = Walk::of(&store.schema, &query);
                let sources = Source::of(&query.filter, query.now);
                let mut plans = vec![plan(&store, |sql| walk.push_passing(sql)).await];
                if walk.source == Source::All && !walk.is_plain() {
                    plans = vec![
                        plan(&store, |sql| walk.push_counts(sql, &sources)).await,
                        plan(&store, |sql| walk.push_sorted(sql, sources[0])).await,
                    ];
                }
                for plan in plans {
                    assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{query:?}\n{plan}");
                }
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
                assert!(
                    expected > 100 || pages == RECORDS / i64::from(SEARCHED) + 1,
                    "{part} {sort:?}: {pages} pages"
                );
            }
        }
        drop_schema(&store).await;
    }
}
