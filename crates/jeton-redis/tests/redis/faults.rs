//! A server that is killed, that hangs, or that holds nonsense.

use std::{fs, time::Duration};

use jeton::{
    AuditFilter, AuditLog as _, AuditQuery, Cursor, Filter, KeyStore as _, OnceStore as _, Query, Record,
    Sort, Store as _, StoreError,
};
use jeton_redis::{ConnectError, RedisSettings, RedisStore};
use jeton_testkit::store::{id, insert_of, minimal_record, time, update_to};

use crate::{
    proxy::Proxy,
    server::{LONG, OwnServer, TestPrefix, ask, direct, fresh},
};

fn is_unavailable<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

/// With `appendfsync always`: what was acknowledged is there, however often the server is killed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_kill_of_the_server() {
    let mut server = OwnServer::start(&[]).await;
    let settings = RedisSettings::from_url(&server.url()).unwrap();
    let store = std::sync::Arc::new(settings.connect().await.unwrap());
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let mut version = 1;
    for _ in 0..3 {
        let writing = tokio::spawn({
            let store = store.clone();
            async move {
                loop {
                    let update = update_to(&Record { version, epoch: version, ..minimal_record(1) });
                    match store.update(&update).await {
                        Ok(()) => version += 1,
                        Err(error) => return (version, error),
                    }
                }
            }
        });
        while store.find(id(1)).await.unwrap().unwrap().version < version + 50 {}
        server.kill().await;
        let (acknowledged, error) = writing.await.unwrap();
        is_unavailable(Err::<(), _>(error));
        is_unavailable(store.find(id(1)).await);
        server.again().await;
        // The same store, which connects by itself.
        let found = store.find(id(1)).await.unwrap().unwrap();
        let written = [acknowledged, acknowledged + 1];
        assert!(written.contains(&found.version), "{found:?} after {acknowledged} were acknowledged");
        assert_eq!(rows(&store).await, found.version - 1, "a row for each update");
        version = found.version;
    }
}

/// How many rows the change log has.
async fn rows(store: &RedisStore) -> u64 {
    let mut changes = store.changes(None).await.unwrap();
    let mut count = changes.rows.len();
    while changes.more {
        changes = store.changes(Some(&changes.cursor)).await.unwrap();
        count += changes.rows.len();
    }
    count as u64
}

/// A crash may cut the server's log wherever it likes. The server forgets the half of a write, but leaves it in its log,
/// and would do it after all when it starts once more.
#[tokio::test]
async fn the_half_of_a_write_never_comes_back() {
    let mut server = OwnServer::start(&[]).await;
    let settings = RedisSettings::from_url(&server.url()).unwrap();
    let first = minimal_record(1);
    let length = |server: &OwnServer| fs::metadata(server.log()).unwrap().len();
    let store = settings.clone().connect().await.unwrap();
    store.insert(&insert_of(&first)).await.unwrap();
    for step in 0..8 {
        let store = settings.clone().connect().await.unwrap();
        let version = store.find(id(1)).await.unwrap().unwrap().version;
        let update = update_to(&Record { version, epoch: version, ..first.clone() });
        let before = length(&server);
        store.update(&update).await.unwrap();
        let all = length(&server);
        server.kill().await;
        let log = fs::OpenOptions::new().write(true).open(server.log()).unwrap();
        log.set_len(before + (all - before) * (2 * step + 1) / 16).unwrap();
        server.again().await;

        let store = settings.clone().connect().await.unwrap();
        assert_eq!(store.find(id(1)).await.unwrap().unwrap().version, version);
        store.update(&update).await.unwrap();
        server.kill().await;
        server.again().await;
        let store = settings.clone().connect().await.unwrap();
        assert_eq!(store.find(id(1)).await.unwrap().unwrap().version, version + 1);
        assert_eq!(rows(&store).await, version, "a row for each update, cut at {step}");
    }
}

/// The network swallows what is sent, and says nothing: as when a machine is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_hangs_is_given_up_and_replaced() {
    let prefix = TestPrefix::new();
    let proxy = Proxy::start().await;
    let settings = RedisSettings::from_url(&proxy.url()).unwrap().with_prefix(&prefix.0);
    let store = settings.with_timeout(Duration::from_millis(500)).connect().await.unwrap();
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    proxy.swallow(true);
    for _ in 0..3 {
        let begin = std::time::Instant::now();
        is_unavailable(store.find(id(1)).await);
        assert!(begin.elapsed() < LONG / 10);
    }
    proxy.swallow(false);
    let back = std::time::Instant::now();
    while store.find(id(1)).await.is_err() && back.elapsed() < LONG {}
    assert!(back.elapsed() < Duration::from_secs(2), "works again only after {:?}", back.elapsed());
}

/// A value of another type under each of the keys in turn, and then nonsense of the right type.
#[tokio::test]
async fn nonsense_in_the_database_is_an_error() {
    let prefix = TestPrefix::new();
    let mut direct = direct().await;
    let other = direct.clone();
    let fill = async || {
        for key in prefix.keys().await {
            ask::<i64>(&mut other.clone(), &["DEL", &key]).await;
        }
        let store = prefix.store().await;
        let mut record = minimal_record(1);
        record.grant.subject = Some("alice".to_owned());
        store.insert(&insert_of(&record)).await.unwrap();
        store.update(&update_to(&record)).await.unwrap();
        store.take_name("x", time(1)).await.unwrap();
        (store, Record { version: 2, ..record })
    };
    let (_, _) = fill().await;
    let keys = prefix.keys().await;
    assert!(keys.len() > 20, "{keys:?}");
    for key in keys {
        let (store, record) = fill().await;
        ask::<()>(&mut direct, &["SET", &key, "garbage"]).await;
        // Some of it may not touch the key; none of it may break, and what is refused must not be told as something else.
        for answer in [
            store.update(&update_to(&record)).await,
            store.insert(&insert_of(&minimal_record(2))).await,
            store.find(record.id).await.map(drop),
            store.list(&of_all("name")).await.map(drop),
            store.list(&of_all("-last_used_at")).await.map(drop),
            store.changes(None).await.map(drop),
            store.append(&[insert_of(&record).audit]).await,
            store.audit(&all_entries()).await.map(drop),
            store.take_name("y", time(1)).await.map(drop),
            store.keys().await.map(drop),
            store.audiences().await.map(drop),
            store.ping().await,
        ] {
            assert!(matches!(answer, Ok(()) | Err(StoreError::Unavailable(_))), "{key}: {answer:?}");
        }
    }

    let record_key = prefix.key(&format!("record:{}", id(1)));
    for (field, nonsense) in [
        ("document", "{}"),
        ("document", "\u{1f511}"),
        ("version", "-1"),
        ("epoch", "x"),
        ("ends", "12"),
        ("created", "9999999999999999999"),
        ("updated", "never"),
        ("use", "[]"),
        ("uses", ""),
    ] {
        let (store, _) = fill().await;
        ask::<i64>(&mut direct, &["HSET", &record_key, field, nonsense]).await;
        is_unavailable(store.find(id(1)).await);
        is_unavailable(store.list(&of_all("name")).await);
    }
    let (store, record) = fill().await;
    ask::<i64>(&mut direct, &["HDEL", &record_key, "groups"]).await;
    is_unavailable(store.update(&update_to(&record)).await);
    assert_eq!(store.changes(None).await.unwrap().rows.len(), 1, "and nothing was done");
    ask::<i64>(&mut direct, &["DEL", &record_key]).await;
    is_unavailable(store.list(&of_all("name")).await);
}

fn of_all(sort: &str) -> Query {
    Query {
        filter: Filter::default(),
        sort: sort.parse::<Sort>().unwrap(),
        after: None,
        limit: 5,
        now: time(0),
    }
}

fn all_entries() -> AuditQuery {
    AuditQuery { filter: AuditFilter::default(), before: None, limit: 5 }
}

/// A server that has lost everything answers nothing, so that no token is judged by it.
#[tokio::test]
async fn an_emptied_database_answers_nothing() {
    let (store, prefix) = fresh().await;
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let cursor = store.changes(None).await.unwrap().cursor;
    for key in prefix.keys().await {
        ask::<i64>(&mut direct().await, &["DEL", &key]).await;
    }
    is_unavailable(store.find(id(1)).await);
    is_unavailable(store.changes(Some(&cursor)).await);
    is_unavailable(store.insert(&insert_of(&minimal_record(2))).await);
    is_unavailable(store.ping().await);
    assert_eq!(prefix.keys().await, [""; 0], "and nothing is written to it");
    // A node that starts makes another store, which knows no place of the old one.
    let other = prefix.store().await;
    assert!(matches!(other.changes(Some(&cursor)).await, Err(StoreError::CursorLost)));
}

/// As after a replica that lags has taken over: rows that were read are gone, and others take their place.
#[tokio::test]
async fn a_place_that_was_lost_with_its_row_is_told_as_lost() {
    let (store, prefix) = fresh().await;
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let change = async |version| {
        store.update(&update_to(&Record { version, ..minimal_record(1) })).await.unwrap();
        store.changes(None).await.unwrap().cursor
    };
    let kept = change(1).await;
    let lost = change(2).await;
    let row = lost.as_str().split_once('.').unwrap().1;
    ask::<i64>(&mut direct().await, &["XDEL", &prefix.key("changes"), row]).await;
    for _ in 0..2 {
        assert!(matches!(store.changes(Some(&lost)).await, Err(StoreError::CursorLost)));
        assert!(matches!(store.trim(&lost).await, Err(StoreError::CursorLost)));
        store.changes(Some(&kept)).await.unwrap();
        // What comes later does not make it known.
        change(3 + u64::from(store.find(id(1)).await.unwrap().unwrap().version == 4)).await;
    }
    let beyond = Cursor::new(lost.as_str().replace(row, "9007199254740990-0"));
    assert!(matches!(store.changes(Some(&beyond)).await, Err(StoreError::CursorLost)));
}

#[tokio::test]
async fn a_server_that_may_drop_tokens_is_refused() {
    let server = OwnServer::start(&["--maxmemory-policy", "allkeys-lru"]).await;
    let refused = RedisStore::connect(&server.url()).await;
    assert!(
        matches!(&refused, Err(ConnectError::Eviction(policy)) if policy == "allkeys-lru"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_server_whose_settings_are_hidden_is_used() {
    let server = OwnServer::start(&["--rename-command", "CONFIG", ""]).await;
    RedisStore::connect(&server.url()).await.unwrap().ping().await.unwrap();
}

/// Refused as a whole, and told as what it is: the tokens are there, and can be read.
#[tokio::test]
async fn a_server_whose_memory_is_full_refuses_writes_and_answers() {
    let server = OwnServer::start(&["--maxmemory-policy", "noeviction"]).await;
    let store = RedisStore::connect(&server.url()).await.unwrap();
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let mut direct = client.get_multiplexed_async_connection().await.unwrap();
    ask::<()>(&mut direct, &["CONFIG", "SET", "maxmemory", "1"]).await;
    is_unavailable(store.update(&update_to(&minimal_record(1))).await);
    assert_eq!(store.find(id(1)).await.unwrap(), Some(minimal_record(1)));
    assert!(store.changes(None).await.unwrap().rows.is_empty());
    ask::<()>(&mut direct, &["CONFIG", "SET", "maxmemory", "0"]).await;
    store.update(&update_to(&minimal_record(1))).await.unwrap();
}
