//! A database that does not answer, or not in time.

use std::time::Duration;

use jeton::{Filter, Query, Sort, Store as _, StoreError};
use jeton_testkit::store::{insert_of, minimal_record, time};
use sqlx::{Connection as _, PgPool};

use crate::{
    proxy::Proxy,
    server::{LONG, fresh, run, until, url},
};

#[tokio::test]
async fn a_statement_that_takes_too_long_is_unavailable() {
    let (_, schema) = fresh().await;
    let mut direct = schema.direct().await;
    // By the store's own pool, and by one of the host, where the server sets no bound.
    let host = PgPool::connect(&url()).await.unwrap();
    let over_host = jeton_sqlx::PostgresSettings::from_pool(host).with_schema(&schema.0);
    for settings in [schema.settings(), over_host] {
        let store = settings.with_timeout(Duration::from_millis(200)).connect().await.unwrap();
        let mut held = direct.begin().await.unwrap();
        run(&mut held, "LOCK TABLE jeton_records IN ACCESS EXCLUSIVE MODE").await;
        let found = store.find(minimal_record(1).id).await;
        assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
        let inserted = store.insert(&insert_of(&minimal_record(1))).await;
        assert!(matches!(inserted, Err(StoreError::Unavailable(_))), "{inserted:?}");
        held.rollback().await.unwrap();
        // Answered again, by as many at a time as the pool has connections.
        store.find(minimal_record(1).id).await.unwrap();
    }
}

#[tokio::test]
async fn connections_that_are_cut_are_replaced() {
    let (store, schema) = fresh().await;
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let mut direct = schema.direct().await;
    // In the middle of a statement: it waits for a lock when its connection is cut.
    let mut held = direct.begin().await.unwrap();
    run(&mut held, "LOCK TABLE jeton_records IN ACCESS EXCLUSIVE MODE").await;
    let cut = async {
        let waiting = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_locks
                       WHERE NOT granted AND relation = 'jeton_records'::regclass";
        until(&schema, waiting).await;
    };
    let (found, ()) = tokio::join!(store.find(minimal_record(1).id), cut);
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    held.rollback().await.unwrap();
    assert!(store.find(minimal_record(1).id).await.unwrap().is_some());
}

/// The network swallows what is sent, and says nothing: as when a machine is gone.
#[tokio::test]
async fn connections_that_hang_are_given_up_and_replaced() {
    let (_, schema) = fresh().await;
    let proxy = Proxy::start().await;
    let settings = jeton_sqlx::PostgresSettings::from_url(&proxy.url()).unwrap().with_schema(&schema.0);
    let store = settings.with_max_connections(4).with_timeout(Duration::from_millis(500)).connect().await;
    let store = std::sync::Arc::new(store.unwrap());
    let find = || {
        let store = store.clone();
        tokio::spawn(async move { store.find(minimal_record(1).id).await })
    };
    for found in [find(), find(), find(), find()] {
        found.await.unwrap().unwrap();
    }
    proxy.swallow(true);
    for found in (0..8).map(|_| find()).collect::<Vec<_>>() {
        let found = found.await.unwrap();
        assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    }
    // The old connections stay dead; new ones are through.
    proxy.swallow(false);
    let back = std::time::Instant::now();
    while find().await.unwrap().is_err() && back.elapsed() < LONG {}
    let took = back.elapsed();
    assert!(took < Duration::from_secs(2), "works again only after {took:?}");
    for found in (0..8).map(|_| find()).collect::<Vec<_>>() {
        found.await.unwrap().unwrap();
    }
}

/// No text in PostgreSQL holds this character; to ask for it is no fault of the database.
#[tokio::test]
async fn what_cannot_be_stored_is_not_found() {
    let (store, _schema) = fresh().await;
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let nul = Some("a\0b".to_owned());
    let all = Filter::default;
    for filter in [
        Filter { name: nul.clone(), ..all() },
        Filter { subject: nul.clone(), ..all() },
        Filter { tenant: nul.clone(), ..all() },
        Filter { role: nul.clone(), ..all() },
    ] {
        let query = Query { filter, sort: Sort::default(), after: None, limit: 5, now: time(0) };
        let page = store.list(&query).await.unwrap();
        assert!(page.records.is_empty() && page.next.is_none());
    }
    assert_eq!(store.audience("a\0b").await.unwrap(), None);
}
