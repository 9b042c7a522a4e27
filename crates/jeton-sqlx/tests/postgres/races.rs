//! Several nodes at once: what must be so whatever comes first.

use std::{collections::BTreeSet, sync::Arc};

use jeton::{
    Action, Algorithm, AuditFilter, AuditLog as _, AuditQuery, Change, Insert, KeyStore as _, LastUse,
    LiveLimit, OnceStore as _, Record, Restoration, Ring, Sealed, Standing, Store as _, StoreError,
    StoredKey,
};
use jeton_sqlx::PostgresStore;
use jeton_testkit::store::{entry, id, insert_of, minimal_record, time, update_to};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::server::{TestSchema, fresh, hold, run, until};

/// Two nodes on one schema.
async fn two() -> ([Arc<PostgresStore>; 2], TestSchema) {
    let (one, schema) = fresh().await;
    let other = schema.store().await;
    ([Arc::new(one), Arc::new(other)], schema)
}

/// What each of these answers, asked at the same time.
async fn at_once<F: Future<Output: Send> + Send + 'static>(
    tasks: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let mut answers = Vec::new();
    for task in tasks.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
        answers.push(task.await.unwrap());
    }
    answers
}

fn of_alice(number: u64, limit: u64) -> Insert {
    let mut record = minimal_record(number);
    record.grant.subject = Some("alice".to_owned());
    let limits = vec![LiveLimit { kind: None, at_most: limit, now: time(1_000) }];
    Insert { limits, ..insert_of(&record) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_on_all_nodes_together() {
    let (nodes, _schema) = two().await;
    let insert = |number: u64| {
        let node = nodes[number as usize % 2].clone();
        async move { node.insert(&of_alice(number, 5)).await }
    };
    let answers = at_once((0..16).map(insert)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5, "{answers:?}");
    let refused = answers.iter().filter(|answer| matches!(answer, Err(StoreError::TooMany)));
    assert_eq!(refused.count(), 11, "{answers:?}");

    // Enabling at once what was disabled, where one more is free.
    let stored: Vec<Record> = {
        let mut all = Vec::new();
        for number in 0..16 {
            all.extend(nodes[0].find(id(number)).await.unwrap());
        }
        all
    };
    assert_eq!(stored.len(), 5);
    let mut revoked = update_to(&stored[0]);
    revoked.record.standing = Standing::Revoked;
    nodes[0].update(&revoked).await.unwrap();
    let answers = at_once((20..24).map(insert)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nodes_that_rotate_keys_at_once_one_wins() {
    let (nodes, schema) = two().await;
    let key = |kid: &str, created_at| StoredKey {
        kid: kid.to_owned(),
        ring: Ring::Access,
        algorithm: Algorithm::EdDsa,
        created_at: time(created_at),
        signs_from: time(created_at),
        retired_at: None,
        sealed: Sealed { wrapped: vec![1], body: vec![2] },
    };
    nodes[0].add_first_key(&key("first", 10)).await.unwrap();
    let audit = entry(Action::RotateKeys, &minimal_record(0));
    let add = |number: usize| {
        let (node, key, audit) = (nodes[number % 2].clone(), key(&number.to_string(), 20), audit.clone());
        async move { node.add_key(&key, "first", &audit).await }
    };
    // Each as far as it gets while the first one is in the middle of its insertion.
    let held = hold(&schema, "jeton_keys").await;
    let adding: Vec<_> = (0..8).map(add).map(tokio::spawn).collect();
    until(&schema, "SELECT count(*) = 8 FROM pg_locks WHERE NOT granted AND (locktype = 'advisory'
                    AND objid = 77 AND classid = 'jeton_keys'::regclass OR relation = 'jeton_keys'::regclass)")
        .await;
    held.close().await.unwrap();
    let answers = at_once(adding).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(nodes[0].keys().await.unwrap().len(), 2);
    assert_eq!(nodes[0].changes(None).await.unwrap().rows.len(), 1, "the losers left no row");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_take_a_name_one_is_the_first() {
    let (nodes, _schema) = two().await;
    for name in ["plain", "with\0nul", "\u{1f511}"] {
        let take = |number: usize| {
            let (node, name) = (nodes[number % 2].clone(), name.to_owned());
            async move { node.take_name(&name, time(5)).await.unwrap() }
        };
        assert_eq!(at_once((0..8).map(take)).await.into_iter().filter(|first| *first).count(), 1);
        nodes[0].give_name_back(name).await.unwrap();
        assert!(nodes[1].take_name(name, time(5)).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_from_all_nodes_add_up() {
    const RECORDS: u64 = 20;
    let (nodes, _schema) = two().await;
    for number in 0..RECORDS {
        nodes[0].insert(&insert_of(&minimal_record(number))).await.unwrap();
    }
    let used = |number, round: i64| {
        (id(number), LastUse { at: Some(time(2_000 + round)), count: 1, ..LastUse::default() })
    };
    // One node goes up, the other one down, and each names every record twice.
    let touch = |number: usize| {
        let node = nodes[number % 2].clone();
        async move {
            for round in 0..20 {
                let mut uses: Vec<_> = (0..RECORDS).chain(0..RECORDS).map(|id| used(id, round)).collect();
                if number % 2 == 1 {
                    uses.reverse();
                }
                node.touch(&uses).await.unwrap();
            }
        }
    };
    at_once((0..4).map(touch)).await;
    for number in 0..RECORDS {
        let last_use = nodes[0].find(id(number)).await.unwrap().unwrap().last_use;
        assert_eq!((last_use.count, last_use.at), (4 * 20 * 2, Some(time(2_019))));
    }
}

/// A record whose transaction is open when a backup is restored would else escape it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restoration_reaches_what_is_under_way() {
    let ([one, other], schema) = two().await;
    one.insert(&insert_of(&minimal_record(1))).await.unwrap();
    let cursor = one.changes(None).await.unwrap().cursor;
    let mut direct = schema.direct().await;
    let mut held = direct.begin().await.unwrap();
    let copy = "CREATE TEMP TABLE copy AS TABLE jeton_records; UPDATE copy SET id = decode(repeat('07', 16), 'hex'), name = 'x';
                INSERT INTO jeton_records SELECT * FROM copy";
    run(&mut held, copy).await;
    let audit = entry(Action::Restore, &minimal_record(0));
    let restoring =
        tokio::spawn(
            async move { other.restore(&Restoration { at_least: 900, at: time(9_000), audit }).await },
        );
    let waits =
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'jeton_records'::regclass)";
    until(&schema, waits).await;
    held.commit().await.unwrap();
    restoring.await.unwrap().unwrap();
    for id in [id(1), jeton::RecordId::from_bytes([7; 16])] {
        let record = one.find(id).await.unwrap().unwrap();
        assert_eq!((record.epoch, record.last_generation, record.version), (900, 900, 2));
        assert_eq!(record.updated_at, time(9_000));
    }
    assert!(matches!(one.changes(Some(&cursor)).await, Err(StoreError::CursorLost)));
    let rows = one.changes(None).await.unwrap().rows;
    assert_eq!(
        rows.into_iter().map(|row| row.change).collect::<Vec<_>>(),
        [Change::AllRecords { epoch: 900 }]
    );
}

#[tokio::test]
async fn pruning_many_rows_takes_several_steps_and_all_go() {
    let (store, schema) = fresh().await;
    let mut direct = schema.direct().await;
    let fill = "INSERT INTO jeton_audit (at, action, actor) SELECT n, 'refuse', 'x' FROM generate_series(1, 12001) n;
                INSERT INTO jeton_names SELECT decode(md5(n::text), 'hex'), n FROM generate_series(1, 12001) n";
    run(&mut direct, fill).await;
    store.prune_audit(time(12_001)).await.unwrap();
    store.prune_names(time(12_001)).await.unwrap();
    for table in ["jeton_audit", "jeton_names"] {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut direct).await.unwrap(), 1, "{table}");
    }
}

/// What another node drops at the same moment is left to it, and not waited for.
#[tokio::test]
async fn who_prunes_waits_for_nobody_who_does_the_same() {
    let (store, schema) = fresh().await;
    let mut direct = schema.direct().await;
    let record =
        |number| Record { standing: Standing::Deleted, updated_at: time(1), ..minimal_record(number) };
    for number in [1, 2] {
        store.insert(&insert_of(&record(number))).await.unwrap();
        store.update(&update_to(&record(number))).await.unwrap();
        store.take_name(&number.to_string(), time(1)).await.unwrap();
    }
    let through = store.changes(None).await.unwrap().cursor;
    let tables = ["jeton_records", "jeton_names", "jeton_audit", "jeton_changes"];
    run(&mut direct, "BEGIN").await;
    for table in tables {
        run(&mut direct, &format!("DELETE FROM {table} WHERE ctid = (SELECT min(ctid) FROM {table})")).await;
    }
    store.prune_tombstones(time(2)).await.unwrap();
    store.prune_names(time(2)).await.unwrap();
    store.prune_audit(time(1_000_000_000)).await.unwrap();
    store.trim(&through).await.unwrap();
    // As it is for this one, and for all once it has changed its mind.
    let left = async |direct: &mut PgConnection, expected: i64| {
        for table in tables {
            let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            let found: i64 = sqlx::query_scalar(count).fetch_one(&mut *direct).await.unwrap();
            assert_eq!(found, expected, "{table}");
        }
    };
    left(&mut direct, 0).await;
    run(&mut direct, "ROLLBACK").await;
    left(&mut direct, 1).await;
}

#[tokio::test]
async fn an_audit_entry_holds_whatever_was_said() {
    let (store, _schema) = fresh().await;
    let mut said = entry(Action::Refuse, &minimal_record(1));
    said.actor = "'; DROP TABLE x; -- \u{1f511}\0".to_owned();
    said.reason = Some("a\0b".to_owned());
    store.append(&[said.clone(), entry(Action::Exchange, &minimal_record(2))]).await.unwrap();
    let query = AuditQuery { filter: AuditFilter::default(), before: None, limit: 10 };
    let rows = store.audit(&query).await.unwrap().rows;
    assert_eq!(
        rows.iter().map(|row| row.entry.action).collect::<Vec<_>>(),
        [Action::Exchange, Action::Refuse]
    );
    assert_eq!(rows[1].entry.reason.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(rows[1].entry.actor, said.actor.replace('\0', "\u{fffd}"));
    let of_nobody = AuditFilter { actor: Some("\0".to_owned()), ..AuditFilter::default() };
    let nobody = store.audit(&AuditQuery { filter: of_nobody, ..query }).await.unwrap();
    assert!(nobody.rows.is_empty());
    let seqs: BTreeSet<_> = rows.iter().map(|row| row.seq).collect();
    assert_eq!(seqs.len(), 2);
}
