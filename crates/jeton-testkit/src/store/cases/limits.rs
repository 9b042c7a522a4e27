//! A subject has no more live tokens than it may, whatever is written at a time.

use std::sync::Arc;

use jeton::{
    Action, AuditFilter, Insert, Kind, LiveLimit, Record, Standing, Store, StoreError, Timestamp, Update,
};

use crate::store::sample::{
    at_once, delete, id, insert_all, insert_of, minimal_record, stored, time, trail, update_to,
};

fn now() -> Timestamp {
    time(5_000)
}

fn at_most(at_most: u64, kind: Option<Kind>) -> LiveLimit {
    LiveLimit { kind, at_most, now: now() }
}

fn of(number: u64, subject: &str, edit: impl FnOnce(&mut Record)) -> Record {
    let mut record = minimal_record(number);
    record.grant.subject = Some(subject.to_owned());
    edit(&mut record);
    record
}

fn alice(number: u64) -> Record {
    of(number, "alice", |_| {})
}

fn limited(record: &Record, limit: LiveLimit) -> Insert {
    Insert { limits: vec![limit], ..insert_of(record) }
}

/// How many of them did it; the others were refused for the limit.
fn won(answers: &[Result<(), StoreError>]) -> usize {
    let refused = answers.iter().filter(|answer| matches!(answer, Err(StoreError::TooMany))).count();
    let won = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(won + refused, answers.len(), "{answers:?}");
    won
}

pub async fn of_many_inserts_as_many_succeed_as_fit(store: Arc<dyn Store>) {
    let insert = |number: u64| {
        let (store, insert) = (Arc::clone(&store), limited(&alice(number), at_most(3, None)));
        async move { store.insert(&insert).await }
    };
    assert_eq!(won(&at_once((0..16).map(insert)).await), 3);
    let mut there = 0;
    for number in 0..16 {
        there += usize::from(store.find(id(number)).await.unwrap().is_some());
    }
    assert_eq!((there, trail(&*store, AuditFilter::default()).await.len()), (3, 3));
}

pub async fn of_many_updates_as_many_succeed_as_fit(store: Arc<dyn Store>) {
    // Half of them get the subject, the others a life.
    let before = |number: u64| match number % 2 {
        0 => of(number, "bob", |_| {}),
        _ => of(number, "alice", |record| record.grant.expires_at = Some(now())),
    };
    insert_all(&*store, &(0..16).map(before).collect::<Vec<_>>()).await;
    let update = |number: u64| {
        let store = Arc::clone(&store);
        let update = Update { limits: vec![at_most(3, None)], ..update_to(&alice(number)) };
        async move { store.update(&update).await }
    };
    assert_eq!(won(&at_once((0..16).map(update)).await), 3);
    let mut live = 0;
    for number in 0..16 {
        let found = stored(&*store, id(number)).await;
        assert!(found.version == 2 || found == before(number), "{found:?}");
        live += found.version - 1;
    }
    assert_eq!(live, 3);
}

pub async fn inserts_and_updates_share_a_limit(store: Arc<dyn Store>) {
    insert_all(&*store, &(0..8).map(|number| of(number, "bob", |_| {})).collect::<Vec<_>>()).await;
    let write = |number: u64| {
        let (store, limits) = (Arc::clone(&store), vec![at_most(3, Some(Kind::Service))]);
        async move {
            match number {
                0..8 => store.update(&Update { limits, ..update_to(&alice(number)) }).await,
                _ => store.insert(&Insert { limits, ..insert_of(&alice(number)) }).await,
            }
        }
    };
    assert_eq!(won(&at_once((0..16).map(write)).await), 3);
}

pub async fn what_is_live_counts_against_a_limit(store: Arc<dyn Store>) {
    let ends = |at| move |record: &mut Record| record.grant.expires_at = Some(time(at));
    let live = [
        alice(1),
        of(2, "alice", |record| record.standing = Standing::Disabled),
        of(3, "alice", |record| record.not_before = time(6_000)),
        of(4, "alice", ends(5_001)),
        of(5, "alice", |record| record.grant.tenant = Some("a".to_owned())),
        of(6, "alice", |record| record.kind = Kind::Personal),
    ];
    let others = [
        of(11, "alice", |record| record.standing = Standing::Revoked),
        of(12, "alice", ends(5_000)),
        of(13, "alice", ends(4_000)),
        of(14, "alice", |record| (record.standing, record.kind) = (Standing::Revoked, Kind::Personal)),
        alice(15),
        of(16, "Alice", |_| {}),
        of(17, "alice@example.org", |_| {}),
        minimal_record(18),
    ];
    insert_all(&*store, &live).await;
    insert_all(&*store, &others).await;
    delete(&*store, id(15)).await;
    for (kind, count) in [(None, 6), (Some(Kind::Service), 5), (Some(Kind::Personal), 1)] {
        let record = of(20, "alice", |record| record.kind = kind.unwrap_or(Kind::Service));
        let counted = live.iter().chain(&others).filter(|other| other.id != id(15));
        let limit = at_most(count, kind);
        assert_eq!(counted.filter(|other| limit.counts(other, &record)).count() as u64, count);
        for too_few in [0, 1, count] {
            let refused = store.insert(&limited(&record, at_most(too_few, kind))).await;
            assert!(
                matches!(refused, Err(StoreError::TooMany)),
                "{count} of {kind:?} at {too_few}: {refused:?}"
            );
        }
        let limits = vec![at_most(100, None), limit, at_most(u64::MAX, kind)];
        let refused = store.insert(&Insert { limits, ..insert_of(&record) }).await;
        assert!(matches!(refused, Err(StoreError::TooMany)), "one of several is enough: {refused:?}");
    }
    let all_hold = [(None, 7), (Some(Kind::Service), 6), (Some(Kind::Personal), 2)];
    let limits = all_hold.map(|(kind, count)| at_most(count, kind)).into();
    store.insert(&Insert { limits, ..insert_of(&alice(20)) }).await.unwrap();
    store.insert(&limited(&of(21, "carol", |_| {}), at_most(1, None))).await.expect("another subject");
    store.insert(&insert_of(&alice(22))).await.expect("without a limit");
}

pub async fn a_record_does_not_count_against_itself(store: Arc<dyn Store>) {
    insert_all(&*store, &[alice(1), alice(2)]).await;
    let refused = store.update(&Update { limits: vec![at_most(1, None)], ..update_to(&alice(1)) }).await;
    assert!(matches!(refused, Err(StoreError::TooMany)), "{refused:?}");
    store.update(&Update { limits: vec![at_most(2, None)], ..update_to(&alice(1)) }).await.unwrap();
    let edits = AuditFilter { action: Some(Action::Edit), ..AuditFilter::default() };
    assert_eq!(trail(&*store, edits).await.len(), 1);
}
