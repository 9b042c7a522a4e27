//! Updates replace one version of a record, and only that one.

use std::sync::Arc;

use jeton::{Filter, LastUse, Record, Store, StoreError};

use crate::store::sample::{
    at_once, edit, epochs, full_record, id, insert, insert_all, minimal_record, named, query, read_on,
    stored, time, update_to, walk,
};

pub async fn an_update_replaces_everything_that_may_change(store: Arc<dyn Store>) {
    // From the least to the most that a record can hold, and back.
    let (least, most) = (minimal_record(1), full_record(1));
    let keep = |record: Record, version| Record {
        version,
        created_at: least.created_at,
        created_by: least.created_by.clone(),
        last_use: LastUse::default(),
        ..record
    };
    insert(&*store, &least).await.unwrap();
    for next in [keep(most, 1), keep(least.clone(), 2)] {
        let update = update_to(&next);
        store.update(&update).await.unwrap();
        assert_eq!(stored(&*store, id(1)).await, update.record);
    }
}

pub async fn an_update_leaves_the_last_use(store: Arc<dyn Store>) {
    let before = full_record(1);
    insert(&*store, &before).await.unwrap();
    let other = LastUse { at: Some(time(9)), ..LastUse::default() };
    edit(&*store, id(1), |record| record.last_use = other).await.unwrap();
    assert_eq!(stored(&*store, id(1)).await.last_use, before.last_use);
}

pub async fn a_last_use_moves_forward_alone(store: Arc<dyn Store>) {
    let before = minimal_record(1);
    insert(&*store, &before).await.unwrap();
    let later = used(200, Some("2001:db8::1"), Some("curl/8"), 3);
    store.touch(&[(id(1), later.clone()), (id(2), later.clone())]).await.unwrap();
    let earlier = used(100, Some("10.0.0.1"), Some("old"), 0);
    store.touch(&[(id(1), earlier), (id(1), used(200, None, None, 0))]).await.unwrap();
    store.touch(&[]).await.unwrap();
    assert_eq!(stored(&*store, id(1)).await, Record { last_use: later, ..before });
    assert_eq!(store.find(id(2)).await.unwrap(), None, "nothing comes into being by it");
    assert!(store.changes(None).await.unwrap().rows.is_empty());
    // The lists follow.
    insert(&*store, &Record { name: "other".to_owned(), ..minimal_record(3) }).await.unwrap();
    store.touch(&[(id(3), used(300, None, None, 1))]).await.unwrap();
    let found = walk(&*store, query(Filter::default(), "-last_used_at".parse().unwrap(), 10)).await;
    assert_eq!(found, [id(3), id(1)]);
}

pub async fn uses_are_added_whenever_they_were(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    let latest = LastUse { count: 0, ..used(200, None, Some("curl/8"), 0) };
    // In any order, also two of one record in one call.
    store.touch(&[(id(1), used(100, None, None, 5)), (id(1), used(50, None, None, 7))]).await.unwrap();
    store.touch(&[(id(1), LastUse { count: 11, ..latest.clone() })]).await.unwrap();
    store.touch(&[(id(1), used(60, None, None, 13))]).await.unwrap();
    store.touch(&[(id(1), LastUse { count: 17, ..LastUse::default() })]).await.unwrap();
    assert_eq!(stored(&*store, id(1)).await.last_use, LastUse { count: 53, ..latest.clone() });

    let touch = |number: i64| {
        let store = Arc::clone(&store);
        async move { store.touch(&[(id(1), used(number, None, None, 100))]).await.unwrap() }
    };
    at_once((0..16).map(touch)).await;
    assert_eq!(stored(&*store, id(1)).await.last_use, LastUse { count: 1_653, ..latest });
}

fn used(seconds: i64, address: Option<&str>, user_agent: Option<&str>, count: u64) -> LastUse {
    LastUse {
        at: Some(time(seconds)),
        address: address.map(|address| address.parse().unwrap()),
        user_agent: user_agent.map(str::to_owned),
        count,
    }
}

pub async fn an_update_of_another_version_is_a_conflict(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    let update = update_to(&minimal_record(1));
    store.update(&update).await.unwrap();
    let again = store.update(&update).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    let ahead = store.update(&jeton::Update { expected_version: 3, ..update }).await;
    assert!(matches!(ahead, Err(StoreError::Conflict)), "{ahead:?}");
}

pub async fn an_update_of_no_record_is_a_conflict(store: Arc<dyn Store>) {
    let update = store.update(&update_to(&minimal_record(1))).await;
    assert!(matches!(update, Err(StoreError::Conflict)), "{update:?}");
    assert_eq!(store.find(id(1)).await.unwrap(), None);
}

pub async fn of_many_updates_of_one_version_one_succeeds(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    for round in 1..=5 {
        let before = stored(&*store, id(1)).await;
        let write = |number: u64| {
            let (store, mut record) = (Arc::clone(&store), before.clone());
            record.epoch = round * 100 + number;
            async move { (record.epoch, store.update(&update_to(&record)).await) }
        };
        let answers = at_once((0..16).map(write)).await;
        let won: Vec<_> = answers.iter().filter(|(_, answer)| answer.is_ok()).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let lost = answers.iter().filter(|(_, answer)| matches!(answer, Err(StoreError::Conflict)));
        assert_eq!(lost.count(), 15, "{answers:?}");
        assert_eq!(stored(&*store, id(1)).await.epoch, won[0].0);
    }
    assert_eq!(read_on(&*store, None).await.0.len(), 5, "the losers left no row");
}

pub async fn a_refused_update_leaves_nothing(store: Arc<dyn Store>) {
    let records = [named(1, None, "one"), named(2, None, "two")];
    insert_all(&*store, &records).await;
    let mut taken = update_to(&records[1]);
    taken.record.name = "one".to_owned();
    let mut late = update_to(&records[1]);
    late.expected_version = 7;
    for update in [taken, late] {
        store.update(&update).await.unwrap_err();
        assert_eq!(stored(&*store, id(2)).await, records[1]);
    }
    assert_eq!(epochs(&read_on(&*store, None).await.0, id(2)), [0; 0]);
}
