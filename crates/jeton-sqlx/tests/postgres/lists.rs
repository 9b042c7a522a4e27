//! Lists of many records: every filter in every order finds all that passes, once, and no page looks at all of them.

use std::collections::BTreeSet;

use jeton::{EndBound, EndBounds, Filter, Kind, Page, Position, Query, Record, RecordId, State, Store as _};
use jeton_sqlx::{PostgresSettings, PostgresStore};
use jeton_testkit::store::{insert_of, minimal_record, time};
use sqlx::{PgConnection, PgPool, postgres::PgPoolOptions};

use crate::server::{TestSchema, run, url};

const NOW: i64 = 500_000;
const ORDERS: [&str; 8] = [
    "created_at",
    "-created_at",
    "name",
    "-name",
    "expires_at",
    "-expires_at",
    "last_used_at",
    "-last_used_at",
];

/// So many records. Of some things there are more than one page may look at: of half of the tenants, of a role, of what
/// expired, waits, or was not used. These are the oldest, so that a walk from the newest meets none for long. The server
/// was not told to count anything, so that what it takes for their number is a guess.
async fn crowded(many: i64) -> (PostgresStore, PgPool, TestSchema) {
    let schema = TestSchema::new();
    // One connection, which tells of all that was read.
    let pool = PgPoolOptions::new().max_connections(1).connect(&url()).await.unwrap();
    let settings = PostgresSettings::from_pool(pool.clone()).with_schema(&schema.0);
    let store = settings.with_timeout(std::time::Duration::from_secs(60)).connect().await.unwrap();
    store.insert(&insert_of(&minimal_record(0))).await.unwrap();
    let many_old = many / 2;
    let sql = format!(
        "CREATE TEMP TABLE copies AS SELECT stored.*, n FROM jeton_records stored, generate_series(1, {many}) n;
         UPDATE copies SET
             id = decode(md5(n::text), 'hex'), name = 'Token ' || n, name_folded = 'token ' || n,
             created_at = 1000 + n, subject = CASE n % 7 WHEN 0 THEN NULL ELSE 's' || n % 1000 END,
             tenant = CASE WHEN n % 2 = 0 THEN 'half' WHEN n % 500 = 1 THEN 'few' END,
             roles = CASE n % 2 WHEN 0 THEN ARRAY['half', 'r' || n % 1000] ELSE '{{}}' END
                 || CASE n % 7 WHEN 0 THEN ARRAY['default'] ELSE '{{}}' END,
             has_secret = n % 500 = 0,
             kind = CASE n % 500 WHEN 0 THEN 'personal' ELSE 'service' END,
             standing = CASE n % 500 WHEN 1 THEN 'disabled' WHEN 2 THEN 'revoked' WHEN 3 THEN 'deleted' ELSE 'active' END,
             expires_at = CASE WHEN n <= {many_old} AND n % 2 = 0 THEN 2000 + n % 100 ELSE 800000 + n % 1000 END,
             not_before = CASE WHEN n <= {many_old} AND n % 2 = 1 THEN 900000 ELSE 1000 END,
             last_used_at = CASE WHEN n > {many_old} THEN 700000 + n % 1000 WHEN n % 5 = 0 THEN -1 ELSE 1000 + n % 7 END;
         ALTER TABLE copies DROP COLUMN n;
         INSERT INTO jeton_records SELECT * FROM copies;
         DROP TABLE copies"
    );
    run(&mut schema.direct().await, &sql).await;
    (store, pool, schema)
}

/// With whether more pass than one page may look at.
fn filters() -> Vec<(Filter, bool)> {
    let all = Filter::default;
    let some = |text: &str| Some(text.to_owned());
    let state = |state| Filter { state: Some(state), ..all() };
    let tenant = |tenant| Filter { tenant: some(tenant), ..all() };
    let role = |role, role_is_default| Filter { role: some(role), role_is_default, ..all() };
    let bound = EndBound { last: Some(time(800_990)), must_end: true };
    vec![
        (Filter { name: some("99"), ..all() }, false),
        (Filter { subject: some("s8"), ..all() }, false),
        (tenant("few"), false),
        (tenant("half"), true),
        (role("r8", false), false),
        (role("half", false), true),
        (role("r8", true), false),
        (role("nobody", true), false),
        (role("default", true), false),
        (Filter { kind: Some(Kind::Personal), ..all() }, false),
        (Filter { acts_for_anyone: true, ..all() }, false),
        (state(State::Disabled), false),
        (state(State::Revoked), false),
        (state(State::Expired), true),
        (state(State::NotYetValid), true),
        (Filter { expires_before: Some(time(2_003)), ..all() }, false),
        (Filter { expires_before: Some(time(3_000)), ..all() }, true),
        (Filter { last_used_before: Some(time(1_000)), ..all() }, false),
        (Filter { last_used_before: Some(time(3_000)), ..all() }, true),
        (Filter { beyond: Some(EndBounds { service: bound, personal: bound }), ..all() }, false),
        (Filter { state: Some(State::Expired), ..tenant("few") }, false),
        (Filter { state: Some(State::Expired), ..tenant("half") }, true),
        (Filter { state: Some(State::Disabled), ..role("half", false) }, false),
        (Filter { tenant: some("half"), expires_before: Some(time(3_000)), ..role("half", false) }, true),
        (Filter { kind: Some(Kind::Personal), last_used_before: Some(time(3_000)), ..all() }, false),
        (Filter { name: some("7"), state: Some(State::NotYetValid), ..all() }, true),
    ]
}

fn query(filter: &Filter, sort: &str, limit: u32) -> Query {
    Query { filter: filter.clone(), sort: sort.parse().unwrap(), after: None, limit, now: time(NOW) }
}

/// All that is found page by page, of which each comes after the one before.
async fn walked(store: &PostgresStore, mut query: Query) -> Vec<Record> {
    let mut found: Vec<Record> = Vec::new();
    loop {
        let Page { records, next } = store.list(&query).await.unwrap();
        assert!(records.len() <= query.limit as usize);
        found.extend(records);
        if next.is_none() {
            break;
        }
        query.after = next;
    }
    let places: Vec<_> = found.iter().map(|record| query.sort.position(record)).collect();
    let in_order =
        |one: &Position, next: &Position| if query.sort.descending { one > next } else { one < next };
    assert!(places.is_sorted_by(in_order), "{query:?}");
    found
}

fn ids<'a>(records: impl IntoIterator<Item = &'a Record>) -> BTreeSet<RecordId> {
    records.into_iter().map(|record| record.id).collect()
}

#[tokio::test]
async fn every_filter_in_every_order_finds_all_once() {
    let (store, _, _schema) = crowded(24_000).await;
    let all = walked(&store, query(&Filter::default(), "name", 200)).await;
    assert!(all.len() > 23_900);
    for (filter, many) in filters() {
        let expected = ids(all.iter().filter(|record| filter.admits(record, time(NOW))));
        // What takes hundreds of pages is walked in fewer orders.
        for sort in ORDERS.into_iter().filter(|sort| !many || ["-created_at", "name"].contains(sort)) {
            let found = walked(&store, query(&filter, sort, 200)).await;
            assert_eq!(ids(&found), expected, "{filter:?} by {sort}");
            assert_eq!(found.len(), expected.len(), "{filter:?} by {sort}: some twice");
        }
    }
}

/// How many entries of indexes and how many rows were read, since the beginning.
async fn looked_at(pool: &PgPool, schema: &TestSchema, direct: &mut PgConnection) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(pool).await.unwrap();
    let sql = "SELECT ((SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE schemaname = $1)
                   + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = $1))::bigint";
    sqlx::query_scalar(sql).bind(&schema.0).fetch_one(direct).await.unwrap()
}

/// How much one page may look at: it counts what fits each condition, walks, looks records up and finds where it ended.
fn at_most(filter: &Filter) -> i64 {
    let Filter { subject, tenant, role, state, kind, expires_before, last_used_before, beyond, .. } = filter;
    let count = |there: &[bool]| there.iter().filter(|there| **there).count();
    let texts =
        count(&[subject.is_some(), tenant.is_some(), role.is_some(), kind.is_some(), state.is_some()]);
    let times = count(&[expires_before.is_some(), last_used_before.is_some(), beyond.is_some()]);
    let conditions = i64::try_from(texts + times).unwrap();
    // What is all admitted in the order of its index is read there and nowhere else.
    let is_plain = conditions == 1 && state.is_none_or(|state| state == State::Revoked) && times == 0;
    if is_plain && filter.name.is_none() { 0 } else { (conditions + 3) * 10_001 }
}

#[tokio::test]
async fn no_page_looks_at_all() {
    const MANY: i64 = 100_000;
    let (store, pool, schema) = crowded(MANY).await;
    let mut direct = schema.direct().await;
    for (filter, _) in filters() {
        for sort in ORDERS {
            let mut query = query(&filter, sort, 50);
            let bound =
                if sort.ends_with("created_at") { at_most(&filter) } else { at_most(&filter).max(40_004) };
            assert!(bound < MANY * 2 / 3);
            for page in ["first", "second"] {
                let before = looked_at(&pool, &schema, &mut direct).await;
                query.after = store.list(&query).await.unwrap().next;
                let looked_at = looked_at(&pool, &schema, &mut direct).await - before;
                // Beside, those that are shown, by the index and by their ids.
                assert!(looked_at <= bound + 200, "{looked_at} on the {page} page: {filter:?} by {sort}");
                if query.after.is_none() {
                    break;
                }
            }
        }
    }
}
