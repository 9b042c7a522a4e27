//! A page far down costs what the first one costs, also among 100 000 records.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic, and says what it measured")]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use std::time::{Duration, Instant};

use jeton::{Filter, Position, Query, Sort, SortKey, Store as _};
use jeton_sqlx::SqliteStore;
use jeton_testkit::store::{id, insert_of, minimal_record, time};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

const RECORDS: i64 = 100_000;

/// Copies of one record, with ids, names and times of their own.
const COPY: &str = "
    CREATE TEMP TABLE copies AS
        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99999)
        SELECT jeton_records.*, n FROM jeton_records, numbers;
    UPDATE copies SET
        id = randomblob(16), name = 'Token ' || n, name_folded = 'token ' || n, created_at = 1000 + n,
        expires_at = CASE n % 3 WHEN 0 THEN 9223372036854775807 ELSE 1000000 + abs(random() % 1000000) END,
        last_used_at = CASE n % 4 WHEN 0 THEN -1 ELSE abs(random() % 1000000) END;
    ALTER TABLE copies DROP COLUMN n;
    INSERT INTO jeton_records SELECT * FROM copies;
    DROP TABLE copies;";

#[tokio::test]
async fn a_deep_page_costs_what_the_first_costs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.sqlite3");
    let store = SqliteStore::open(&path).await.unwrap();
    store.insert(&insert_of(&minimal_record(0))).await.unwrap();
    let options = SqliteConnectOptions::new().filename(&path);
    let mut direct = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(COPY).execute(&mut direct).await.unwrap();
    let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM jeton_records");
    assert_eq!(count.fetch_one(&mut direct).await.unwrap(), RECORDS);

    // A place with about nine tenths of the list before it.
    let deep = [
        ("created_at", SortKey::Seconds(91_000)),
        ("-created_at", SortKey::Seconds(11_000)),
        ("name", SortKey::Text("token 91".to_owned())),
        ("expires_at", SortKey::Seconds(1_850_000)),
        ("-last_used_at", SortKey::Seconds(100_000)),
    ];
    for (word, key) in deep {
        let sort: Sort = word.parse().unwrap();
        let first = Query { filter: Filter::default(), sort, after: None, limit: 50, now: time(0) };
        let deep = Query { after: Some(Position { key, id: id(0) }), ..first.clone() };
        let (first, deep) = medians(&store, &first, &deep).await;
        eprintln!("{word}: the first page takes {first:?}, a deep one {deep:?}");
        let bound = first * 2 + Duration::from_micros(200);
        assert!(deep < bound, "{word}: the first page takes {first:?}, a deep one {deep:?}");
    }
}

/// Both measured in turn, so that what else the machine does hits both alike.
async fn medians(store: &SqliteStore, first: &Query, deep: &Query) -> (Duration, Duration) {
    let (mut of_first, mut of_deep) = (Vec::new(), Vec::new());
    for _ in 0..61 {
        for (query, times) in [(first, &mut of_first), (deep, &mut of_deep)] {
            let start = Instant::now();
            let page = store.list(query).await.unwrap();
            times.push(start.elapsed());
            assert_eq!(page.records.len(), 50);
            assert!(page.next.is_some());
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    (median(of_first), median(of_deep))
}
