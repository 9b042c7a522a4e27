//! Records are kept as they are, under ids of their own.

use std::sync::Arc;

use jeton::{Store, StoreError};

use crate::store::sample::{delete, full_record, id, insert, insert_all, minimal_record};

pub async fn a_record_is_found_as_it_was_inserted(store: Arc<dyn Store>) {
    let records = [full_record(1), minimal_record(2)];
    insert_all(&*store, &records).await;
    for record in records {
        assert_eq!(store.find(record.id).await.unwrap().as_ref(), Some(&record));
    }
}

pub async fn an_unknown_record_is_not_found(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    assert_eq!(store.find(id(2)).await.unwrap(), None);
}

pub async fn an_id_is_taken_once(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    let mut other = full_record(2);
    other.id = id(1);
    assert!(matches!(insert(&*store, &other).await, Err(StoreError::IdTaken)));
    assert_eq!(store.find(id(1)).await.unwrap(), Some(minimal_record(1)));
}

pub async fn a_tombstone_keeps_its_id_taken(store: Arc<dyn Store>) {
    insert(&*store, &minimal_record(1)).await.unwrap();
    delete(&*store, id(1)).await;
    assert!(matches!(insert(&*store, &minimal_record(1)).await, Err(StoreError::IdTaken)));
    let tombstone = store.find(id(1)).await.unwrap();
    assert_eq!(tombstone.map(|record| record.standing), Some(jeton::Standing::Deleted));
}

pub async fn it_answers(store: Arc<dyn Store>) {
    store.ping().await.unwrap();
}
