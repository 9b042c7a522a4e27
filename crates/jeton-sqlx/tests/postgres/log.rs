//! The change log: rows that commit in no order, cursors of other databases, more rows than one read gives.

use std::time::Duration;

use jeton::{Change, ChangeRow, Cursor, RecordId, Store, StoreError};
use jeton_sqlx::PostgresStore;
use jeton_testkit::store::{id, insert_of, minimal_record, update_to};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::server::{fresh, hold, run, until};

/// Writes a row as a transaction of another node does, without an end of the transaction.
async fn append(writer: &mut PgConnection, number: u64) {
    let change = serde_json::to_string(&change(number)).unwrap();
    let sql = "INSERT INTO jeton_changes (longest_access_ttl, change) VALUES (300, $1)";
    sqlx::query(sql).bind(change).execute(writer).await.unwrap();
}

fn change(number: u64) -> Change {
    Change::Record { id: id(number), epoch: number }
}

/// Which rows are read from there, and where it goes on.
async fn read_on(store: &PostgresStore, after: Option<&Cursor>) -> (Vec<u64>, Cursor) {
    let changes = store.changes(after).await.unwrap();
    assert!(!changes.more);
    (numbers(&changes.rows), changes.cursor)
}

fn numbers(rows: &[ChangeRow]) -> Vec<u64> {
    let number = |row: &ChangeRow| match row.change {
        Change::Record { epoch, .. } => epoch,
        _ => panic!("a row that nobody wrote: {row:?}"),
    };
    rows.iter().map(number).collect()
}

#[tokio::test]
async fn a_row_that_commits_late_holds_up_none_and_is_not_skipped() {
    let (store, schema) = fresh().await;
    let (mut early, mut late) = (schema.direct().await, schema.direct().await);
    let mut held = early.begin().await.unwrap();
    append(&mut held, 1).await;
    append(&mut late, 2).await;

    let (rows, cursor) = read_on(&store, None).await;
    assert_eq!(rows, [2], "seen at once, though an older transaction is open");
    let (rows, cursor) = read_on(&store, Some(&cursor)).await;
    assert_eq!(rows, [0; 0], "and once");
    append(&mut late, 3).await;
    let (rows, cursor) = read_on(&store, Some(&cursor)).await;
    assert_eq!(rows, [3]);

    held.commit().await.unwrap();
    let (rows, cursor) = read_on(&store, Some(&cursor)).await;
    assert_eq!(rows, [1], "the older one comes when it is committed");
    assert_eq!(read_on(&store, Some(&cursor)).await.0, [0; 0]);
    assert_eq!(read_on(&store, None).await.0, [1, 2, 3]);
}

#[tokio::test]
async fn what_was_not_read_is_not_trimmed() {
    let (store, schema) = fresh().await;
    let (mut early, mut late) = (schema.direct().await, schema.direct().await);
    let mut held = early.begin().await.unwrap();
    append(&mut held, 1).await;
    append(&mut late, 2).await;
    let (_, cursor) = read_on(&store, None).await;
    held.commit().await.unwrap();
    store.trim(&cursor).await.unwrap();
    assert_eq!(read_on(&store, None).await.0, [1]);
    assert_eq!(read_on(&store, Some(&cursor)).await.0, [1]);
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_leaves_no_trace() {
    let (store, schema) = fresh().await;
    let mut writer = schema.direct().await;
    let mut held = writer.begin().await.unwrap();
    append(&mut held, 1).await;
    let (_, cursor) = read_on(&store, None).await;
    held.rollback().await.unwrap();
    assert_eq!(read_on(&store, Some(&cursor)).await.0, [0; 0]);
    // In a savepoint the row belongs to a transaction within the transaction.
    let mut held = writer.begin().await.unwrap();
    append(&mut held, 2).await;
    let mut inner = held.begin().await.unwrap();
    append(&mut inner, 3).await;
    inner.commit().await.unwrap();
    let (rows, cursor) = read_on(&store, Some(&cursor)).await;
    assert_eq!(rows, [0; 0]);
    held.commit().await.unwrap();
    assert_eq!(read_on(&store, Some(&cursor)).await.0, [2, 3]);
}

#[tokio::test]
async fn more_than_one_read_gives_comes_to_an_end_while_others_write() {
    let (store, schema) = fresh().await;
    let (mut early, mut late) = (schema.direct().await, schema.direct().await);
    let mut held = early.begin().await.unwrap();
    append(&mut held, 1).await;
    let many = "INSERT INTO jeton_changes (longest_access_ttl, change)
                SELECT 300, replace($1, '\"epoch\":0', '\"epoch\":' || n) FROM generate_series(1000, 3499) n";
    let zero = serde_json::to_string(&change(0)).unwrap();
    sqlx::query(AssertSqlSafe(many.to_owned())).bind(zero).execute(&mut late).await.unwrap();

    let (mut seen, mut cursor, mut reads) = (Vec::new(), None, 0);
    loop {
        let changes = store.changes(cursor.as_ref()).await.unwrap();
        seen.extend(numbers(&changes.rows));
        cursor = Some(changes.cursor);
        reads += 1;
        if !changes.more {
            break;
        }
        // One more with each read: it comes with the next round, and this one ends.
        append(&mut late, 10 + reads).await;
    }
    assert_eq!(reads, 3);
    assert_eq!(seen, (1000..3500).collect::<Vec<_>>());
    held.commit().await.unwrap();
    let (rows, cursor) = read_on(&store, cursor.as_ref()).await;
    assert_eq!(rows, [1, 11, 12]);
    assert_eq!(read_on(&store, Some(&cursor)).await.0, [0; 0]);
}

#[tokio::test]
async fn a_place_in_the_middle_of_a_long_read_is_trimmed_up_to_there() {
    let (store, schema) = fresh().await;
    let mut writer = schema.direct().await;
    let mut all = writer.begin().await.unwrap();
    for number in 0..1_500 {
        append(&mut all, number).await;
    }
    all.commit().await.unwrap();
    let first = store.changes(None).await.unwrap();
    assert!(first.more);
    store.trim(&first.cursor).await.unwrap();
    for after in [None, Some(&first.cursor)] {
        assert_eq!(read_on(&store, after).await.0, (1_000..1_500).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_cursor_of_another_database_is_told_apart() {
    let (store, schema) = fresh().await;
    let (other, _other_schema) = fresh().await;
    let (_, foreign) = read_on(&other, None).await;
    let foreigner = |answer: Result<(), StoreError>| {
        assert!(matches!(&answer, Err(StoreError::CursorLost)), "{answer:?}");
    };
    foreigner(store.changes(Some(&foreign)).await.map(drop));
    foreigner(store.trim(&foreign).await);
    for bad in ["", "7", "1:1:/0/a", "1:1:/0/1:1:/0/1/1/a.b.c", "1:1:/0/..", "x/0/a.b.c"] {
        foreigner(store.changes(Some(&Cursor::new(bad))).await.map(drop));
        foreigner(store.trim(&Cursor::new(bad)).await);
    }

    // A dump that was put in the place of the tables is another database, though it holds the same words.
    let (_, own) = read_on(&store, None).await;
    let sql =
        "CREATE TABLE copy AS TABLE jeton_meta; DROP TABLE jeton_meta; ALTER TABLE copy RENAME TO jeton_meta";
    run(&mut schema.direct().await, sql).await;
    foreigner(store.changes(Some(&own)).await.map(drop));
    assert!(store.changes(None).await.is_ok());
}

/// A standby that takes over may give out the same numbers of transactions again, to others.
#[tokio::test]
async fn after_a_change_of_the_timeline_the_cursor_is_lost() {
    let (store, schema) = fresh().await;
    append(&mut schema.direct().await, 1).await;
    let (_, cursor) = read_on(&store, None).await;
    let (database, timeline) = cursor.as_str().rsplit_once('.').unwrap();
    assert_eq!(timeline, "00000001");
    let before = Cursor::new(format!("{database}.00000000"));
    assert!(matches!(store.changes(Some(&before)).await, Err(StoreError::CursorLost)));
    assert!(matches!(store.trim(&before).await, Err(StoreError::CursorLost)));
    assert_eq!(read_on(&store, None).await.0, [1]);
}

/// After a crash, the number of a transaction that was rolled back, and so was over, belongs to another one.
#[tokio::test]
async fn a_number_that_is_given_out_again_hides_no_row() {
    let (store, schema) = fresh().await;
    let mut direct = schema.direct().await;
    append(&mut direct, 1).await;
    let (_, cursor) = read_on(&store, None).await;
    append(&mut direct, 2).await;
    let reuse = "UPDATE jeton_changes SET xid = (SELECT min(xid) FROM jeton_changes)";
    run(&mut direct, reuse).await;
    store.trim(&cursor).await.unwrap();
    let (rows, next) = read_on(&store, Some(&cursor)).await;
    assert_eq!(rows, [2]);
    assert_eq!(read_on(&store, Some(&next)).await.0, [0; 0], "and once");
    store.trim(&next).await.unwrap();
    assert_eq!(read_on(&store, None).await.0, [0; 0]);
    // The log is empty; what was its highest number is not forgotten.
    let (_, empty) = read_on(&store, Some(&next)).await;
    append(&mut direct, 3).await;
    run(&mut direct, "UPDATE jeton_changes SET xid = '3'::xid8").await;
    assert_eq!(read_on(&store, Some(&empty)).await.0, [3]);
}

#[tokio::test]
async fn numbers_of_another_server_are_replaced_when_the_store_is_opened() {
    let (store, schema) = fresh().await;
    let mut direct = schema.direct().await;
    append(&mut direct, 1).await;
    run(&mut direct, "UPDATE jeton_changes SET xid = '99999999999'::xid8").await;
    let (_, cursor) = read_on(&store, None).await;
    assert_eq!(read_on(&store, Some(&cursor)).await.0, [1], "from the future");
    let store = schema.store().await;
    let (rows, cursor) = read_on(&store, Some(&cursor)).await;
    assert_eq!(rows, [1]);
    assert_eq!(read_on(&store, Some(&cursor)).await.0, [0; 0]);
}

/// A node signs children of a longer life only after the raise was answered; a row that is committed after that must
/// carry it, also if its transaction began long before.
#[tokio::test]
async fn who_raises_the_lifetime_waits_for_rows_under_way() {
    let (store, schema) = fresh().await;
    store.longest_access_ttl(Duration::from_secs(300)).await.unwrap();
    let record = minimal_record(1);
    store.insert(&insert_of(&record)).await.unwrap();
    // An update that has read the lifetime, and is held up before its commit.
    let held = hold(&schema, "jeton_changes").await;
    let early = {
        let (store, update) = (schema.store().await, update_to(&record));
        tokio::spawn(async move { store.update(&update).await })
    };
    until(
        &schema,
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
                    AND objid = 77 AND classid = 'jeton_changes'::regclass)",
    )
    .await;
    let raise = {
        let store = schema.store().await;
        tokio::spawn(async move { store.longest_access_ttl(Duration::from_secs(900)).await })
    };
    until(
        &schema,
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'jeton_meta'::regclass)",
    )
    .await;
    // What comes meanwhile waits behind the raise, and carries what is raised.
    let other = minimal_record(2);
    store.insert(&insert_of(&other)).await.unwrap();
    let later = {
        let (store, update) = (schema.store().await, update_to(&other));
        tokio::spawn(async move { store.update(&update).await })
    };
    until(
        &schema,
        "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted AND relation = 'jeton_meta'::regclass",
    )
    .await;
    assert!(!raise.is_finished() && !early.is_finished() && !later.is_finished());
    held.close().await.unwrap();
    early.await.unwrap().unwrap();
    assert_eq!(raise.await.unwrap().unwrap(), Duration::from_secs(900));
    later.await.unwrap().unwrap();
    let rows = store.changes(None).await.unwrap().rows;
    let carried = |id: RecordId| {
        let of =
            rows.iter().find(|row| matches!(row.change, Change::Record { id: other, .. } if other == id));
        of.unwrap().longest_access_ttl.as_secs()
    };
    assert_eq!((carried(id(1)), carried(id(2))), (300, 900));
}
