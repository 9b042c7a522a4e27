//! The store in a SQLite file keeps the contract.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use jeton_sqlx::SqliteStore;
use tempfile::TempDir;

async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (SqliteStore::open(folder.path().join("tokens.sqlite3")).await.unwrap(), folder)
}

jeton_testkit::store_contract!(fresh);
jeton_testkit::key_store_contract!(fresh);
jeton_testkit::keys_in_store_contract!(fresh);
jeton_testkit::model_test!(fresh, 10);
jeton_testkit::throughput_test!(fresh);
