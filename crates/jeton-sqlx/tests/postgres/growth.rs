//! What a million records cost, against ten thousand. `tests/million` runs it, and prints a table.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jeton::{
    Algorithm, Authority, Caller, EndBound, EndBounds, Exchange, Filter, Generate, Generated, Kind, Position,
    Query, RecordId, SigningKey, Sort, SortKey, State, StaticDirectory, Store, SystemRandom, Timestamp,
};
use jeton_sqlx::PostgresStore;
use sqlx::PgConnection;

use crate::server::{TestSchema, run};

const SMALL: usize = 10_000;
const LARGE: usize = 1_000_000;
const TRIES: usize = 200;
const NOW: i64 = 500_000;

/// Copies of the record that there is: of a hundred subjects, tenants and roles, so that each fills a page in the smaller
/// table too; one in a hundred is personal, disabled, revoked, expired or was used long ago.
fn copies(from: usize, to: usize) -> String {
    format!(
        "CREATE TEMP TABLE copies AS SELECT stored.*, n FROM
             (SELECT * FROM jeton_records ORDER BY created_at LIMIT 1) stored, generate_series({from}, {to}) n;
         UPDATE copies SET
             id = decode(md5(n::text), 'hex'), name = 'Token ' || n, name_folded = 'token ' || n,
             created_at = 1000 + n % 400000, subject = 's' || n % 100, tenant = 't' || n % 100,
             roles = ARRAY['r' || n % 100], kind = CASE n % 100 WHEN 0 THEN 'personal' ELSE 'service' END,
             standing = CASE n % 100 WHEN 1 THEN 'disabled' WHEN 2 THEN 'revoked' ELSE 'active' END,
             not_before = CASE n % 100 WHEN 3 THEN 900000 ELSE 1000 END,
             expires_at = CASE WHEN n % 100 = 4 THEN 2000 + n % 1000 ELSE 800000 + n END,
             last_used_at = CASE WHEN n % 100 = 5 THEN 1000 + n % 1000 ELSE 700000 + n END;
         ALTER TABLE copies DROP COLUMN n;
         INSERT INTO jeton_records SELECT * FROM copies;
         DROP TABLE copies;
         VACUUM ANALYZE jeton_records"
    )
}

async fn fill(direct: &mut PgConnection, from: usize, to: usize) {
    // Each alone: what cleans up may stand in no transaction.
    for sql in copies(from, to).split(';') {
        run(direct, sql).await;
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

fn filters() -> Vec<(&'static str, Filter)> {
    let some = |text: &str| Some(text.to_owned());
    let bound = EndBound { last: Some(at(NOW + 400_000)), must_end: true };
    let state = |state| Filter { state: Some(state), ..Filter::default() };
    vec![
        ("no filter", Filter::default()),
        ("name, found often", Filter { name: some("7"), ..Filter::default() }),
        ("name, found nowhere", Filter { name: some("nothing"), ..Filter::default() }),
        ("subject", Filter { subject: some("s7"), ..Filter::default() }),
        ("tenant", Filter { tenant: some("t7"), ..Filter::default() }),
        ("role", Filter { role: some("r7"), ..Filter::default() }),
        ("kind", Filter { kind: Some(Kind::Personal), ..Filter::default() }),
        ("active", state(State::Active)),
        ("disabled", state(State::Disabled)),
        ("revoked", state(State::Revoked)),
        ("expired", state(State::Expired)),
        ("not yet valid", state(State::NotYetValid)),
        ("expires before", Filter { expires_before: Some(at(3000)), ..Filter::default() }),
        ("last used before", Filter { last_used_before: Some(at(3000)), ..Filter::default() }),
        (
            "beyond the policy",
            Filter { beyond: Some(EndBounds { service: bound, personal: bound }), ..Filter::default() },
        ),
    ]
}

struct Row {
    what: String,
    p50: Duration,
    p99: Duration,
}

fn row(what: impl Into<String>, mut times: Vec<Duration>) -> Row {
    times.sort();
    Row { what: what.into(), p50: times[times.len() / 2], p99: times[times.len() * 99 / 100] }
}

async fn timed<T>(times: &mut Vec<Duration>, act: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let done = act.await;
    times.push(start.elapsed());
    done
}

async fn lists(store: &PostgresStore) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, filter) in filters() {
        // In the middle of a second, with so much left in the smaller table that a page is full wherever it is in the larger.
        let deep = Position { key: SortKey::Seconds(1000 + 9000), id: RecordId::from_bytes([128; 16]) };
        for (page, after) in [("first page", None), ("deep page", Some(deep))] {
            let filter = filter.clone();
            let query = Query { filter, sort: Sort::default(), after, limit: 50, now: at(NOW) };
            let mut times = Vec::new();
            for _ in 0..TRIES / 4 {
                timed(&mut times, store.list(&query)).await.unwrap();
            }
            rows.push(row(format!("list: {name}, {page}"), times));
        }
    }
    rows
}

async fn measured(authority: &Authority, store: &PostgresStore, round: &str) -> Vec<Row> {
    let caller = Caller::system("test");
    let mut times = [const { Vec::new() }; 3];
    let mut tokens: Vec<Generated> = Vec::new();
    for number in 0..TRIES {
        let request = Generate::new(format!("{round} {number}")).with_role("reader");
        tokens.push(timed(&mut times[0], authority.generate(&caller, request)).await.unwrap());
    }
    for token in &tokens {
        let exchange = Exchange::default();
        timed(&mut times[1], authority.exchange(token.api_token.expose(), &exchange)).await.unwrap();
    }
    for token in &tokens {
        timed(&mut times[2], authority.revoke(&caller, token.record.id)).await.unwrap();
    }
    let names = ["generate", "exchange", "revoke"];
    let mut rows: Vec<_> = names.into_iter().zip(times).map(|(name, times)| row(name, times)).collect();
    rows.extend(lists(store).await);
    rows
}

#[ignore = "takes minutes, and tells times"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_records_cost_what_ten_thousand_do() {
    let schema = TestSchema::new();
    let store = Arc::new(schema.store().await);
    let mut direct = schema.direct().await;
    let key = || SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
    let authority = Authority::builder("https://app.example/auth")
        .store(store.clone())
        .directory(Arc::new(StaticDirectory::new()))
        .api_keys([key()])
        .access_keys([key()])
        .build()
        .await
        .unwrap();
    authority.generate(&Caller::system("test"), Generate::new("first")).await.unwrap();
    run(&mut direct, "UPDATE jeton_records SET created_at = 1").await;
    fill(&mut direct, 1, SMALL).await;
    measured(&authority, &store, "warm").await;
    let small = measured(&authority, &store, "small").await;
    fill(&mut direct, SMALL + 1, LARGE).await;
    measured(&authority, &store, "warm again").await;
    let large = measured(&authority, &store, "large").await;
    println!("| | p50 of {SMALL} | p99 | p50 of {LARGE} | p99 | p50 grew by |\n|---|---|---|---|---|---|");
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    for (small, large) in small.iter().zip(&large) {
        let grew = large.p50.as_secs_f64() / small.p50.as_secs_f64();
        let [a, b, c, d] = [small.p50, small.p99, large.p50, large.p99].map(ms);
        println!("| {} | {a:.2} ms | {b:.2} ms | {c:.2} ms | {d:.2} ms | {grew:.2} |", small.what);
    }
    assert!(small.iter().zip(&large).all(|(small, large)| small.what == large.what));
}
