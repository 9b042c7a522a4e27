//! Opening a database: the file, the tables of the host beside it, several at once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path, process::Command};

use jeton::{Store as _, StoreError};
use jeton_sqlx::{OpenError, SqliteStore};
use jeton_testkit::store::{full_record, insert_of, minimal_record, update_to};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

async fn direct(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("tokens.sqlite3")).await.unwrap();
    store.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        files.push(entry.file_name().into_string().unwrap());
    }
    files.sort();
    assert_eq!(files, ["tokens.sqlite3", "tokens.sqlite3-shm", "tokens.sqlite3-wal"]);
}

#[tokio::test]
async fn what_was_stored_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.sqlite3");
    let store = SqliteStore::open(&path).await.unwrap();
    store.insert(&insert_of(&full_record(1))).await.unwrap();
    store.close().await;
    assert!(matches!(store.find(full_record(1).id).await, Err(StoreError::Unavailable(_))));
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.find(full_record(1).id).await.unwrap(), Some(full_record(1)));
}

#[tokio::test]
async fn many_open_one_new_file_at_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.sqlite3");
        let open = |number| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = SqliteStore::open(path).await.unwrap();
                store.insert(&insert_of(&minimal_record(number))).await.unwrap();
                store
            })
        };
        let opening: Vec<_> = (0..8).map(open).collect();
        for (number, opening) in opening.into_iter().enumerate() {
            let store = opening.await.unwrap();
            for other in 0..=number {
                let id = minimal_record(other as u64).id;
                assert!(store.find(id).await.unwrap().is_some(), "{other} from {number}");
            }
        }
    }
}

/// Several processes, each of them this test again.
#[tokio::test]
async fn processes_share_one_file() {
    const PATH: &str = "JETON_TEST_SHARED_FILE";
    const NUMBER: &str = "JETON_TEST_NUMBER";
    const TIMES: u64 = 20;
    if let Some(path) = std::env::var_os(PATH) {
        let number: u64 = std::env::var(NUMBER).unwrap().parse().unwrap();
        let store = SqliteStore::open(path).await.unwrap();
        for time in 0..TIMES {
            store.insert(&insert_of(&minimal_record(number * TIMES + time))).await.unwrap();
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.sqlite3");
    let start = |number: u64| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "opening::processes_share_one_file"])
            .env(PATH, &path)
            .env(NUMBER, number.to_string())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..4).map(start).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(&path).await.unwrap();
    for number in 0..4 * TIMES {
        assert!(store.find(minimal_record(number).id).await.unwrap().is_some(), "{number}");
    }
}

#[tokio::test]
async fn the_host_keeps_its_own_migrations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sqlite3");
    let mut host = direct(&path).await;
    sqlx::raw_sql(
        "CREATE TABLE _sqlx_migrations (version BIGINT); INSERT INTO _sqlx_migrations VALUES (77);",
    )
    .execute(&mut host)
    .await
    .unwrap();
    SqliteStore::open(&path).await.unwrap();
    let foreign = "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '%jeton\\_%' ESCAPE '\\'
                   AND name NOT IN ('_sqlx_migrations', 'sqlite_sequence')";
    assert_eq!(sqlx::query_scalar::<_, i64>(foreign).fetch_one(&mut host).await.unwrap(), 0);
    let theirs = sqlx::query_scalar::<_, i64>("SELECT version FROM _sqlx_migrations");
    assert_eq!(theirs.fetch_all(&mut host).await.unwrap(), [77]);
}

#[tokio::test]
async fn errors_say_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no folder/tokens.sqlite3");
    assert!(
        matches!(SqliteStore::open(&missing).await, Err(OpenError::File { path, .. }) if path == missing)
    );
    assert!(!missing.parent().unwrap().exists());

    let text = folder.path().join("text");
    fs::write(&text, "this is no database, but it is long enough to be looked at. ".repeat(100)).unwrap();
    assert!(matches!(SqliteStore::open(&text).await, Err(OpenError::Database { .. })));

    let newer = folder.path().join("newer.sqlite3");
    SqliteStore::open(&newer).await.unwrap().close().await;
    let sql = "INSERT INTO _jeton_migrations SELECT 9999, 'later', installed_on, success, checksum, 0
               FROM _jeton_migrations";
    sqlx::query(sql).execute(&mut direct(&newer).await).await.unwrap();
    assert!(matches!(SqliteStore::open(&newer).await, Err(OpenError::Migration { .. })));
}

#[tokio::test]
async fn urls_are_paths() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a%20b c.sqlite3");
    let url = format!("sqlite://{}", path.display());
    SqliteStore::from_url(&url).await.unwrap();
    assert!(path.exists());
    for bad in ["", "sqlite:", "sqlite://", "sqlite::memory:", "sqlite:a?mode=memory", "postgres://host/db"] {
        assert!(matches!(SqliteStore::from_url(bad).await, Err(OpenError::Url)), "{bad}");
    }
}

#[tokio::test]
async fn a_name_of_sqlite_is_a_file_here() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(":memory:");
    SqliteStore::open(&path).await.unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 0);
}

#[tokio::test]
async fn nonsense_in_the_file_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.sqlite3");
    let store = SqliteStore::open(&path).await.unwrap();
    let record = full_record(1);
    store.insert(&insert_of(&record)).await.unwrap();
    let mut direct = direct(&path).await;
    for sql in [
        "UPDATE jeton_records SET epoch = -1",
        "UPDATE jeton_records SET kind = 'other', epoch = 1",
        "UPDATE jeton_records SET kind = 'service', created_at = 9223372036854775807",
        "UPDATE jeton_records SET created_at = 1, roles = '{'",
        "UPDATE jeton_records SET roles = '[]', fingerprint = x'00'",
        "UPDATE jeton_records SET fingerprint = zeroblob(32), last_used_from = 'here'",
        "UPDATE jeton_records SET last_used_from = NULL, previous_generation = NULL",
    ] {
        sqlx::query(sql).execute(&mut direct).await.unwrap();
        assert!(matches!(store.find(record.id).await, Err(StoreError::Unavailable(_))), "{sql}");
    }
    sqlx::query("UPDATE jeton_records SET previous_until = NULL").execute(&mut direct).await.unwrap();
    assert!(store.find(record.id).await.unwrap().is_some());
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("tokens.sqlite3")).await.unwrap();
    let mut record = minimal_record(1);
    store.insert(&insert_of(&record)).await.unwrap();
    record.epoch = u64::MAX;
    assert!(matches!(store.update(&update_to(&record)).await, Err(StoreError::Unavailable(_))));
    assert!(store.changes(None).await.unwrap().rows.is_empty());
    record.id = minimal_record(2).id;
    assert!(matches!(store.insert(&insert_of(&record)).await, Err(StoreError::Unavailable(_))));
}
