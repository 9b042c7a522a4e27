//! A list of 100 000 records: a page far down costs what the first one costs.
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use std::time::{Duration, Instant};

use end_to_end::{Actor, App, Framework, on_both};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

on_both!(a_deep_page_costs_what_the_first_costs);

/// Copies of one record, with ids, names and times of their own.
const COPY: &str = "
    BEGIN IMMEDIATE;
    CREATE TEMP TABLE copies AS
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99998)
        SELECT jeton_records.*, n FROM jeton_records, numbers WHERE jeton_records.name = 'template';
    UPDATE copies SET
        id = randomblob(16), name = 'Token ' || n, name_folded = 'token ' || n, created_at = 1000 + n,
        expires_at = CASE n % 3 WHEN 0 THEN 9223372036854775807 ELSE 5000000000 + abs(random() % 1000000) END;
    ALTER TABLE copies DROP COLUMN n;
    INSERT INTO jeton_records SELECT * FROM copies;
    DROP TABLE copies;
    COMMIT;";

async fn with_many(framework: Framework) -> App {
    let app = App::start(framework).await;
    app.generate(json!({"name": "template"})).await;
    let options = SqliteConnectOptions::new().filename(app.database());
    let mut direct = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(COPY).execute(&mut direct).await.unwrap();
    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jeton_records");
    assert_eq!(count.fetch_one(&mut direct).await.unwrap(), 100_000);
    direct.close().await.unwrap();
    app
}

/// What a person waits for: `cargo test -p end-to-end first_page -- --ignored --nocapture`.
#[ignore = "tells times"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_of_the_console() {
    let app = with_many(Framework::Axum).await;
    let admin = app.admin().await;
    let cookie = format!("insecure-loopback-jeton-console={}", admin.token());
    let browser = app.anon().with_header("cookie", &cookie);
    for path in ["/auth/tokens", "/auth/console/tokens", "/auth/console/tokens?name=token%2099"] {
        let mut times = Vec::new();
        for _ in 0..21 {
            let start = Instant::now();
            let asked = if path.contains("console") { &browser } else { &admin };
            asked.get(path).await.is(200);
            times.push(start.elapsed());
        }
        times.sort();
        eprintln!("{path}: {:?} (median of 21)", times[10]);
    }
}

async fn a_deep_page_costs_what_the_first_costs(framework: Framework) {
    let app = with_many(framework).await;
    let admin = app.admin().await;
    for sort in ["-created_at", "name", "expires_at"] {
        // A cursor can only be got by going there; nine tenths of the way.
        let first = format!("/auth/tokens?sort={sort}");
        let mut cursor = String::new();
        for _ in 0..450 {
            let page = admin.get(&format!("{first}&limit=200&cursor={cursor}")).await.is(200).json();
            cursor = page["next_cursor"].as_str().unwrap().to_owned();
        }
        let deep = format!("{first}&cursor={cursor}");
        let mut seen = Vec::new();
        // The best of a few: what else the machine does can only make it worse.
        while seen.iter().all(|ratio| *ratio >= 2.0) {
            assert!(seen.len() < 5, "{sort}: a deep page takes {seen:?} times as long as the first one");
            seen.push(ratio(&admin, &first, &deep).await);
        }
    }
}

/// The medians of both, measured in turn.
async fn ratio(admin: &Actor, first: &str, deep: &str) -> f64 {
    let (mut of_first, mut of_deep) = (Vec::new(), Vec::new());
    for _ in 0..41 {
        for (path, times) in [(first, &mut of_first), (deep, &mut of_deep)] {
            let start = Instant::now();
            let answer = admin.get(path).await;
            times.push(start.elapsed());
            assert_eq!(answer.is(200).json()["items"].as_array().unwrap().len(), 50);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    median(of_deep) / median(of_first)
}
