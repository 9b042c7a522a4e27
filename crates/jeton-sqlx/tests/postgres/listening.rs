//! Waking: who waits hears of a change as it is committed, also after the connection was lost.

use std::time::Duration;

use jeton::{Record, Store as _, Wakeups};
use jeton_sqlx::{PostgresSettings, PostgresStore};
use jeton_testkit::store::{id, insert_of, minimal_record, update_to};

use crate::{
    proxy::Proxy,
    server::{LONG, TestSchema, fresh, run, until},
};

async fn woken(wakeups: &mut Wakeups) {
    tokio::time::timeout(LONG, wakeups.next()).await.expect("a change woke nobody");
}

fn watch(store: &PostgresStore) -> Wakeups {
    store.watch().unwrap()
}

async fn change(store: &PostgresStore, version: u64) {
    let record = Record { version: version - 1, ..minimal_record(1) };
    store.update(&update_to(&record)).await.unwrap();
}

#[tokio::test]
async fn a_change_on_one_node_wakes_the_others() {
    let (store, schema) = fresh().await;
    let node = schema.store().await;
    let mut other = watch(&node);
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    // The first one tells that it listens: what came before was not heard.
    woken(&mut other).await;
    for version in 2..12 {
        let (_, ()) = tokio::join!(woken(&mut other), change(&store, version));
    }
    // Between two calls, too.
    change(&store, 12).await;
    woken(&mut other).await;
}

#[tokio::test]
async fn changes_of_another_schema_wake_nobody() {
    let (store, _schema) = fresh().await;
    let (unconcerned, _other_schema) = fresh().await;
    let (mut own, mut other) = (watch(&store), watch(&unconcerned));
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    woken(&mut other).await;
    woken(&mut own).await;
    change(&store, 2).await;
    // By then it would have been heard.
    woken(&mut own).await;
    assert!(tokio::time::timeout(Duration::from_millis(100), other.next()).await.is_err());
}

#[tokio::test]
async fn it_listens_again_after_the_connection_was_cut() {
    let (store, schema) = fresh().await;
    let node = schema.store().await;
    let mut other = watch(&node);
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    woken(&mut other).await;
    assert_eq!(cut_listeners(&schema).await, 1);
    // As soon as it listens again, whoever waits reads what it may have missed.
    woken(&mut other).await;
    change(&store, 2).await;
    woken(&mut other).await;
}

/// What was revoked elsewhere must be heard of, and read, however many requests wait for a connection.
#[tokio::test]
async fn changes_are_read_while_all_connections_are_taken() {
    let (other, schema) = fresh().await;
    other.insert(&insert_of(&minimal_record(1))).await.unwrap();
    other.insert(&insert_of(&minimal_record(2))).await.unwrap();
    let node = schema.settings().with_max_connections(1).with_timeout(LONG).connect().await.unwrap();
    let mut wakeups = watch(&node);
    woken(&mut wakeups).await;
    let mut direct = schema.direct().await;
    run(&mut direct, "BEGIN; SELECT FROM jeton_records WHERE get_byte(id, 7) = 2 FOR UPDATE").await;
    let update = update_to(&Record { version: 1, ..minimal_record(2) });
    let (taken, waiting) = (node.update(&update), node.find(id(1)));
    tokio::pin!(taken, waiting);
    let work = async {
        let held = "SELECT count(*) = 1 FROM pg_stat_activity
                    WHERE wait_event_type = 'Lock' AND query LIKE '%' || current_schema || '%'";
        until(&schema, held).await;
        change(&other, 2).await;
        woken(&mut wakeups).await;
        assert_eq!(node.changes(None).await.unwrap().rows.len(), 1);
    };
    tokio::select! {
        biased;
        _ = &mut taken => panic!("nothing held it up"),
        _ = &mut waiting => panic!("there was another connection"),
        () = work => {}
    }
    run(&mut direct, "COMMIT").await;
    let (taken, waiting) = tokio::join!(taken, waiting);
    taken.unwrap();
    assert!(waiting.unwrap().is_some());
}

/// A read of the log that hangs takes no other one along: whoever asks again is answered.
#[tokio::test]
async fn the_log_is_read_while_a_connection_hangs() {
    let (store, schema) = fresh().await;
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let proxy = Proxy::start().await;
    let settings = PostgresSettings::from_url(&proxy.url()).unwrap().with_schema(&schema.0);
    let node = settings.with_timeout(10 * LONG).connect().await.unwrap();
    node.changes(None).await.unwrap();
    change(&store, 2).await;
    proxy.swallow(true);
    let mut hangs = std::pin::pin!(node.changes(None));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut hangs).await.is_err());
    proxy.swallow(false);
    let again = tokio::time::timeout(LONG, node.changes(None)).await;
    assert_eq!(again.expect("it waits for the one that hangs").unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_store_that_is_gone_listens_no_more() {
    let (store, schema) = fresh().await;
    woken(&mut watch(&store)).await;
    store.close().await;
    drop(store);
    let none =
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' || current_schema || '%'";
    until(&schema, none).await;
}

/// Cuts the connections that listen for that schema: the last statement of each is `LISTEN`.
async fn cut_listeners(schema: &TestSchema) -> i64 {
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE query LIKE 'LISTEN%' || current_schema || '%'";
    sqlx::query_scalar(sql).fetch_one(&mut schema.direct().await).await.unwrap()
}
