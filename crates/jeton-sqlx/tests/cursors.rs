//! A place in the change log belongs to one file, and to what that file held.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path};

use jeton::{Action, Change, Cursor, Restoration, Store as _, StoreError};
use jeton_sqlx::SqliteStore;
use jeton_testkit::store::{entry, minimal_record, time};

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.unwrap()
}

/// Logs so many changes, and returns the place after the last one.
async fn log(store: &SqliteStore, times: usize) -> Cursor {
    let audit = entry(Action::RotateKeys, &minimal_record(1));
    for _ in 0..times {
        store.announce(&Change::Keys, &audit).await.unwrap();
    }
    store.changes(None).await.unwrap().cursor
}

async fn is_lost(store: &SqliteStore, cursor: &Cursor) -> bool {
    match store.changes(Some(cursor)).await {
        Ok(changes) => {
            assert!(changes.rows.is_empty());
            false
        }
        Err(error) => matches!(error, StoreError::CursorLost),
    }
}

#[tokio::test]
async fn a_cursor_outlives_the_process_and_fits_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one.sqlite3", "other.sqlite3"].map(|name| folder.path().join(name));
    let store = open(&one).await;
    let cursor = log(&store, 3).await;
    store.close().await;
    let (store, stranger) = (open(&one).await, open(&other).await);
    log(&stranger, 3).await;
    assert_eq!((is_lost(&store, &cursor).await, is_lost(&stranger, &cursor).await), (false, true));
}

#[tokio::test]
async fn a_backup_put_back_knows_no_cursor_from_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let [path, backup] = ["tokens.sqlite3", "backup"].map(|name| folder.path().join(name));
    let store = open(&path).await;
    let before = log(&store, 3).await;
    store.close().await;
    fs::copy(&path, &backup).unwrap();
    let store = open(&path).await;
    let after = log(&store, 1).await;
    store.trim(&after).await.unwrap();
    assert!(!is_lost(&store, &after).await, "a place whose row was dropped is known");
    store.close().await;

    fs::rename(&backup, &path).unwrap();
    let store = open(&path).await;
    assert!(is_lost(&store, &after).await, "also before anybody has told that it was restored");
    assert!(!is_lost(&store, &before).await);
    let audit = entry(Action::Restore, &minimal_record(1));
    store.restore(&Restoration { at_least: 1, at: time(1), audit }).await.unwrap();
    store.close().await;
    let store = open(&path).await;
    assert_eq!((is_lost(&store, &after).await, is_lost(&store, &before).await), (true, true));
}
