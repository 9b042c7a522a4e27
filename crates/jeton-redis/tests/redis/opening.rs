//! Which servers and prefixes are taken, what they share, and what is told of a password.

use std::error::Error;

use jeton::{Filter, OnceStore as _, Query, Sort, Store as _};
use jeton_redis::{ConnectError, RedisSettings, RedisStore};
use jeton_testkit::store::{id, insert_of, minimal_record, time, update_to};

use crate::server::{OwnServer, TestPrefix, ask, direct, fresh};

#[tokio::test]
async fn two_prefixes_do_not_see_each_other() {
    let ((one, _one), (other, prefix)) = (fresh().await, fresh().await);
    one.insert(&insert_of(&minimal_record(1))).await.unwrap();
    one.update(&update_to(&minimal_record(1))).await.unwrap();
    one.take_name("x", time(1)).await.unwrap();
    assert_eq!(other.find(id(1)).await.unwrap(), None);
    assert!(other.changes(None).await.unwrap().rows.is_empty());
    assert!(other.take_name("x", time(1)).await.unwrap());
    other.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let query =
        Query { filter: Filter::default(), sort: Sort::default(), after: None, limit: 5, now: time(0) };
    assert_eq!(other.list(&query).await.unwrap().records, [minimal_record(1)]);
    for key in prefix.keys().await {
        assert!(key.starts_with(&format!("{{{}}}:", prefix.0)), "{key} is in another slot of a cluster");
    }
}

#[tokio::test]
async fn a_prefix_is_a_plain_word() {
    for bad in ["", "a}b", "{a}", "a b", "a*", "ä", &"a".repeat(49)] {
        let refused = TestPrefix::new().settings().with_prefix(bad).connect().await;
        assert!(matches!(refused, Err(ConnectError::Prefix)), "{bad}");
    }
}

#[tokio::test]
async fn another_layout_is_refused() {
    let (_store, prefix) = fresh().await;
    ask::<i64>(&mut direct().await, &["HSET", &prefix.key("meta"), "layout", "2"]).await;
    let refused = prefix.settings().connect().await;
    assert!(matches!(&refused, Err(ConnectError::Layout(layout)) if layout == "2"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_share_one_store() {
    let prefix = TestPrefix::new();
    let nodes: Vec<_> = (0..8).map(|_| tokio::spawn(prefix.settings().connect())).collect();
    let mut cursors = Vec::new();
    for node in nodes {
        cursors.push(node.await.unwrap().unwrap().changes(None).await.unwrap().cursor);
    }
    assert!(cursors.windows(2).all(|pair| pair[0] == pair[1]), "{cursors:?}");
}

#[tokio::test]
async fn the_password_is_never_told() {
    const SECRET: &str = "secret-text";
    let all = |error: &dyn Error| {
        let mut text = format!("{error} {error:?}");
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text} {error} {error:?}");
            cause = error.source();
        }
        assert!(!text.contains(SECRET), "{text}");
    };
    let server = OwnServer::start(&["--requirepass", "another"]).await;
    let wrong = format!("{}?pass={SECRET}", server.url());
    for url in [
        &format!("redis://user:{SECRET}@127.0.0.1:port/0"),
        &format!("mysql://user:{SECRET}@127.0.0.1/0"),
        &format!("redis+unix:///there/is/no/socket?pass={SECRET}"),
        &wrong,
    ] {
        all(&RedisStore::connect(url).await.unwrap_err());
    }
    let settings = RedisSettings::from_url(&wrong).unwrap();
    assert!(!format!("{settings:?}").contains(SECRET));
    let right = RedisStore::connect(&format!("{}?pass=another", server.url())).await.unwrap();
    right.ping().await.unwrap();
    assert!(!format!("{right:?}").contains("another"));
    assert!(server.folder().join("appendonlydir").exists(), "writes are on the disk");
}
