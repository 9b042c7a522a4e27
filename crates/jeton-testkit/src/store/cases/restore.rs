//! A restored backup, and what is dropped when it is old.

use std::sync::Arc;

use jeton::{Action, Change, Cursor, Record, Restoration, Standing, Store, StoreError};

use super::cancel::{STEPS, polled_at_most};
use crate::store::sample::{
    delete, edit, entry_at, full_record, id, insert, insert_all, minimal_record, query, read_on, stored,
    time, update_to, walk,
};

fn restoration(at_least: u64) -> Restoration {
    Restoration { at_least, at: time(8_000), audit: entry_at(8_000, Action::Restore) }
}

fn is_lost<T>(answer: Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::CursorLost))
}

pub async fn a_restoration_raises_every_record(store: Arc<dyn Store>) {
    let mut records: Vec<_> = [full_record(1)].into_iter().chain((2..=4).map(minimal_record)).collect();
    records[1].epoch = 700;
    records[2].last_generation = 501;
    insert_all(&*store, &records).await;
    delete(&*store, id(4)).await;
    let mut expected = Vec::new();
    for record in &records {
        let before = stored(&*store, record.id).await;
        expected.push(Record {
            epoch: before.epoch.max(500),
            last_generation: before.last_generation.max(500),
            version: before.version + 1,
            updated_at: time(8_000),
            ..before
        });
    }
    let late = update_to(&stored(&*store, id(2)).await);
    store.restore(&restoration(500)).await.unwrap();
    for expected in &expected {
        assert_eq!(stored(&*store, expected.id).await, *expected);
    }
    let refused = store.update(&late).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "who has read before writes nothing: {refused:?}");
    let (rows, _) = read_on(&*store, None).await;
    assert_eq!(rows.last().unwrap().change, Change::AllRecords { epoch: 500 });
    // Lists and names are as they were.
    let listed = walk(&*store, query(jeton::Filter::default(), "created_at".parse().unwrap(), 2)).await;
    assert_eq!(listed, [id(2), id(3), id(1)]);
    let taken = insert(&*store, &Record { name: "token 2".to_owned(), ..minimal_record(9) }).await;
    assert!(matches!(taken, Err(StoreError::NameTaken)), "{taken:?}");
    edit(&*store, id(2), |record| record.epoch += 1).await.unwrap();
}

pub async fn a_restoration_loses_every_cursor(store: Arc<dyn Store>) {
    let (_, of_the_empty) = read_on(&*store, None).await;
    insert(&*store, &minimal_record(1)).await.unwrap();
    edit(&*store, id(1), |record| record.epoch += 1).await.unwrap();
    let (_, end) = read_on(&*store, None).await;
    for round in 1..=2 {
        store.restore(&restoration(round)).await.unwrap();
        for cursor in [&of_the_empty, &end] {
            assert!(is_lost(store.changes(Some(cursor)).await));
            assert!(is_lost(store.trim(cursor).await));
        }
        let (rows, next) = read_on(&*store, None).await;
        assert_eq!(rows.len(), 2, "what was there is read again, from the beginning");
        edit(&*store, id(1), |record| record.epoch += 1).await.unwrap();
        assert_eq!(read_on(&*store, Some(next.clone())).await.0.len(), 1);
        store.restore(&restoration(0)).await.unwrap();
        assert!(is_lost(store.changes(Some(&next)).await), "again, though nothing was raised");
        let (rows, all) = read_on(&*store, None).await;
        assert_eq!(rows.len(), 4);
        store.trim(&all).await.unwrap();
        edit(&*store, id(1), |record| record.epoch += 1).await.unwrap();
    }
}

pub async fn a_cursor_that_nobody_gave_out_is_lost(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    edit(&*store, id(1), |record| record.epoch += 1).await.unwrap();
    let (_, end) = read_on(&*store, None).await;
    let end = end.as_str();
    let mut made_up = vec![String::new(), format!("{end}x"), format!("x{end}"), format!("{end}.{end}")];
    made_up.extend(["0", "1", "-1", ".", ".1", "1.", "0.-1", "a.b", "'; --", "\u{1f511}"].map(str::to_owned));
    made_up.push("0".repeat(10_000));
    for text in made_up {
        let cursor = Cursor::new(text);
        assert!(is_lost(store.changes(Some(&cursor)).await), "{cursor:?}");
        assert!(is_lost(store.trim(&cursor).await), "{cursor:?}");
    }
    assert_eq!(read_on(&*store, None).await.0.len(), 1, "nothing was dropped");
}

pub async fn a_dropped_restoration_is_done_or_undone(store: Arc<dyn Store>) {
    insert_all(&*store, &[minimal_record(1), minimal_record(2)]).await;
    let (_, mut cursor) = read_on(&*store, None).await;
    for step in 0..STEPS {
        let before = stored(&*store, id(1)).await.version;
        let at_least = 10 + step;
        let answer = polled_at_most(step, store.restore(&restoration(at_least))).await;
        // A record that is added waits until what was begun is over.
        insert(&*store, &minimal_record(100 + step)).await.unwrap();
        let done = stored(&*store, id(1)).await.version > before;
        assert!(done || answer.is_none());
        assert_eq!(stored(&*store, id(2)).await.epoch == at_least, done, "after {step} steps");
        assert_eq!(is_lost(store.changes(Some(&cursor)).await), done, "after {step} steps");
        let (rows, end) = read_on(&*store, None).await;
        let told = rows.iter().any(|row| row.change == Change::AllRecords { epoch: at_least });
        assert_eq!(told, done, "after {step} steps");
        cursor = end;
    }
}

pub async fn an_announcement_is_in_the_log_alone(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    let changes = [
        Change::AccessToken { jti: "a'b\"\u{1f511}".to_owned(), expires_at: time(9_000) },
        Change::Record { id: id(1), epoch: 7 },
        Change::Keys,
    ];
    for change in &changes {
        store.announce(change, &entry_at(1, Action::RevokeAccessToken)).await.unwrap();
    }
    let (rows, _) = read_on(&*store, None).await;
    assert!(rows.iter().map(|row| &row.change).eq(&changes), "{rows:?}");
    assert_eq!(stored(&*store, id(1)).await, minimal_record(1));
}

pub async fn old_tombstones_are_pruned_and_nothing_else(store: Arc<dyn Store>) {
    let at = |number, standing, seconds| {
        let record = minimal_record(number);
        Record { standing, updated_at: time(seconds), ..record }
    };
    let old = [at(1, Standing::Deleted, 999), at(2, Standing::Deleted, 0)];
    let kept = [
        at(11, Standing::Deleted, 1_000),
        at(12, Standing::Deleted, 5_000),
        at(13, Standing::Active, 0),
        at(14, Standing::Revoked, 0),
        at(15, Standing::Disabled, 999),
    ];
    insert_all(&*store, &old).await;
    insert_all(&*store, &kept).await;
    // The record is old, its deletion is not.
    insert(&*store, &at(16, Standing::Active, 0)).await.unwrap();
    edit(&*store, id(16), |record| (record.standing, record.updated_at) = (Standing::Deleted, time(1_001)))
        .await
        .unwrap();
    let (rows, _) = read_on(&*store, None).await;
    store.prune_tombstones(time(1_000)).await.unwrap();
    for record in &old {
        assert_eq!(store.find(record.id).await.unwrap(), None);
    }
    for record in &kept {
        assert_eq!(stored(&*store, record.id).await, *record);
    }
    assert_eq!(stored(&*store, id(16)).await.standing, Standing::Deleted);
    assert_eq!(read_on(&*store, None).await.0, rows, "it is no change");
}
