//! The change log loses nothing.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jeton::{Change, RecordId, Store};

use crate::store::sample::{edit, epochs, id, insert, insert_all, minimal_record, read_on, stored};

/// Raises the epoch of the record so many times.
async fn raise(store: &dyn Store, id: RecordId, times: usize) {
    for _ in 0..times {
        edit(store, id, |record| record.epoch += 1).await.unwrap();
    }
}

pub async fn rows_are_read_in_order_and_once(store: Arc<dyn Store>) {
    let (rows, start) = read_on(&*store, None).await;
    assert_eq!(rows, []);
    insert(&*store, &minimal_record(1)).await.unwrap();
    assert_eq!(read_on(&*store, Some(start.clone())).await.0, [], "nobody has cached a record that is new");

    // More than fits into one batch of a store that reads in batches of a thousand.
    raise(&*store, id(1), 1_100).await;
    let (rows, end) = read_on(&*store, Some(start)).await;
    assert_eq!(epochs(&rows, id(1)), (1..=1_100).collect::<Vec<_>>());
    assert_eq!(read_on(&*store, None).await.0, rows, "no cursor is the beginning");

    let (rows, still) = read_on(&*store, Some(end)).await;
    assert_eq!(rows, []);
    raise(&*store, id(1), 1).await;
    assert_eq!(epochs(&read_on(&*store, Some(still)).await.0, id(1)), [1_101]);
}

pub async fn the_log_is_complete_under_concurrent_writers(store: Arc<dyn Store>) {
    const WRITERS: u64 = 4;
    const UPDATES: usize = 50;
    insert_all(&*store, &(0..WRITERS).map(minimal_record).collect::<Vec<_>>()).await;
    let write = |writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { raise(&*store, id(writer), UPDATES).await })
    };
    let writers: Vec<_> = (0..WRITERS).map(write).collect();
    let (mut seen, mut cursor) = (HashSet::new(), None);
    loop {
        let last = writers.iter().all(|writer| writer.is_finished());
        let (rows, end) = read_on(&*store, cursor).await;
        seen.extend(rows.into_iter().map(|row| match row.change {
            Change::Record { id, epoch } => (id, epoch),
            other => panic!("a row that nobody wrote: {other:?}"),
        }));
        cursor = Some(end);
        if last {
            break;
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen.len(), WRITERS as usize * UPDATES);
}

/// A node that reads a row drops what it cached and reads the record again: it must not get the old one.
pub async fn who_reads_a_row_finds_the_update(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move { raise(&*store, id(1), 100).await }
    });
    let (mut cursor, mut highest) = (None, 0);
    while highest < 100 {
        let ended = writer.is_finished();
        let (rows, end) = read_on(&*store, cursor).await;
        highest = epochs(&rows, id(1)).into_iter().fold(highest, u64::max);
        let found = stored(&*store, id(1)).await.epoch;
        assert!(found >= highest, "a row of epoch {highest}, but the record has {found}");
        let (rows, _) = read_on(&*store, None).await;
        let logged = epochs(&rows, id(1)).into_iter().max().unwrap_or(0);
        assert!(logged >= found, "a record of epoch {found}, but no row of it");
        assert!(!ended || highest == 100, "the writer has ended, and rows are missing");
        cursor = Some(end);
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

pub async fn trimming_keeps_later_rows(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    raise(&*store, id(1), 2).await;
    let (_, second) = read_on(&*store, None).await;
    raise(&*store, id(1), 1).await;
    let (_, third) = read_on(&*store, None).await;
    raise(&*store, id(1), 2).await;

    store.trim(&third).await.unwrap();
    for reader in [None, Some(second.clone()), Some(third)] {
        let (rows, _) = read_on(&*store, reader).await;
        assert_eq!(epochs(&rows, id(1)), [4, 5]);
    }
    store.trim(&second).await.expect("trimming less than was trimmed already is nothing");
    assert_eq!(read_on(&*store, None).await.0.len(), 2);
}

pub async fn no_place_in_the_log_is_given_twice(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    raise(&*store, id(1), 3).await;
    let (_, mut end) = read_on(&*store, None).await;
    for round in 4..=8 {
        // Nothing is left: what comes next must still come after the end.
        store.trim(&end).await.unwrap();
        assert_eq!(read_on(&*store, None).await.0, []);
        raise(&*store, id(1), 1).await;
        let (rows, next) = read_on(&*store, Some(end)).await;
        assert_eq!(epochs(&rows, id(1)), [round]);
        end = next;
    }
}

pub async fn the_longest_lifetime_only_rises(store: Arc<dyn Store>) {
    let seconds = Duration::from_secs;
    for (at_least, stored) in [(0, 0), (300, 300), (60, 300), (301, 301), (0, 301)] {
        assert_eq!(store.longest_access_ttl(seconds(at_least)).await.unwrap(), seconds(stored));
    }
    let raise = |number| {
        let store = Arc::clone(&store);
        async move { store.longest_access_ttl(seconds(number)).await.unwrap() >= seconds(number) }
    };
    let answers = crate::store::sample::at_once((400..416).map(raise)).await;
    assert!(answers.into_iter().all(|risen| risen));
    assert_eq!(store.longest_access_ttl(Duration::ZERO).await.unwrap(), seconds(415));
}

pub async fn rows_carry_the_longest_lifetime(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    for seconds in [300, 60, 900] {
        store.longest_access_ttl(Duration::from_secs(seconds)).await.unwrap();
        raise(&*store, id(1), 1).await;
    }
    let (rows, _) = read_on(&*store, None).await;
    let carried: Vec<_> = rows.iter().map(|row| row.longest_access_ttl.as_secs()).collect();
    assert_eq!(carried, [300, 300, 900]);
}
