//! Waking: who waits hears of a change as it is made, also after the connection was lost.

use std::time::Duration;

use jeton::{Record, Store as _, Wakeups};
use jeton_redis::{RedisSettings, RedisStore};
use jeton_testkit::store::{insert_of, minimal_record, update_to};

use crate::{
    proxy::Proxy,
    server::{LONG, OwnServer, TestPrefix, ask, direct, fresh},
};

async fn woken(wakeups: &mut Wakeups) {
    tokio::time::timeout(LONG, wakeups.next()).await.expect("a change woke nobody");
}

async fn change(store: &RedisStore, version: u64) {
    let record = Record { version: version - 1, ..minimal_record(1) };
    store.update(&update_to(&record)).await.unwrap();
}

#[tokio::test]
async fn a_change_on_one_node_wakes_the_others() {
    let (store, prefix) = fresh().await;
    let node = prefix.store().await;
    let mut other = node.watch().unwrap();
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
async fn changes_under_another_prefix_wake_nobody() {
    let ((store, _prefix), (unconcerned, _other_prefix)) = (fresh().await, fresh().await);
    let (mut own, mut other) = (store.watch().unwrap(), unconcerned.watch().unwrap());
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    woken(&mut other).await;
    woken(&mut own).await;
    change(&store, 2).await;
    // By then it would have been heard.
    woken(&mut own).await;
    assert!(tokio::time::timeout(Duration::from_millis(100), other.next()).await.is_err());
}

/// How many listen on the channel of that prefix.
async fn listeners(prefix: &TestPrefix) -> i64 {
    let (_, count): (String, i64) =
        ask(&mut direct().await, &["PUBSUB", "NUMSUB", &prefix.key("wake")]).await;
    count
}

#[tokio::test]
async fn it_listens_again_after_the_connection_was_cut() {
    // A server of its own: Redis tells no client's channels, and all that listen are cut.
    let server = OwnServer::start(&[]).await;
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let mut other = store.watch().unwrap();
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    woken(&mut other).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut direct = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(ask::<i64>(&mut direct, &["CLIENT", "KILL", "TYPE", "pubsub"]).await, 1);
    // As soon as it listens again, whoever waits reads what it may have missed.
    woken(&mut other).await;
    change(&store, 2).await;
    woken(&mut other).await;
}

#[tokio::test]
async fn it_listens_again_after_the_server_was_killed() {
    let mut server = OwnServer::start(&[]).await;
    let store = RedisStore::connect(&server.url()).await.unwrap();
    let mut other = store.watch().unwrap();
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    woken(&mut other).await;
    server.kill().await;
    server.again().await;
    woken(&mut other).await;
    // The connection for all else may have learned of nothing yet: the first call on it does.
    while store.ping().await.is_err() {}
    change(&store, 2).await;
    woken(&mut other).await;
}

/// A read of the log that hangs takes no later one along: whoever asks again a second later is answered.
#[tokio::test]
async fn the_log_is_read_while_a_connection_hangs() {
    let (store, prefix) = fresh().await;
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let proxy = Proxy::start().await;
    let settings = RedisSettings::from_url(&proxy.url()).unwrap().with_prefix(&prefix.0);
    let node = settings.with_timeout(10 * LONG).connect().await.unwrap();
    node.changes(None).await.unwrap();
    change(&store, 2).await;
    proxy.swallow(true);
    let mut hangs = std::pin::pin!(node.changes(None));
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut hangs).await.is_err());
    proxy.swallow(false);
    let again = tokio::time::timeout(LONG, node.changes(None)).await;
    assert_eq!(again.expect("it waits for the one that hangs").unwrap().rows.len(), 1);
}

#[tokio::test]
async fn a_store_that_is_gone_listens_no_more() {
    let (store, prefix) = fresh().await;
    woken(&mut store.watch().unwrap()).await;
    assert_eq!(listeners(&prefix).await, 1);
    drop(store);
    let gone = async {
        while listeners(&prefix).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, gone).await.expect("somebody still listens");
}
