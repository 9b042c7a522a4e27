//! A name belongs to one undeleted record of a tenant.

use std::sync::Arc;

use jeton::{Store, StoreError};

use crate::store::sample::{at_once, delete, edit, id, insert, insert_all, named};

pub async fn a_name_is_taken_once_per_tenant(store: Arc<dyn Store>) {
    for (number, tenant) in [(1, None), (2, Some("a")), (3, Some("b"))] {
        insert(&*store, &named(number, tenant, "same")).await.unwrap();
        let again = insert(&*store, &named(number + 10, tenant, "same")).await;
        assert!(matches!(again, Err(StoreError::NameTaken)), "{tenant:?}: {again:?}");
        assert_eq!(store.find(id(number + 10)).await.unwrap(), None);
    }
    insert(&*store, &named(4, None, "Same")).await.expect("another name");
}

pub async fn a_name_is_free_after_its_record_was_deleted(store: Arc<dyn Store>) {
    for number in 1..=3 {
        insert(&*store, &named(number, Some("a"), "same")).await.unwrap();
        delete(&*store, id(number)).await;
    }
    insert(&*store, &named(4, Some("a"), "same")).await.unwrap();
    edit(&*store, id(2), |tombstone| tombstone.epoch += 1).await.expect("a tombstone has no name to defend");
}

pub async fn a_rename_takes_the_new_name_and_frees_the_old(store: Arc<dyn Store>) {
    insert_all(&*store, &[named(1, None, "one"), named(2, None, "two"), named(3, Some("a"), "one")]).await;
    let taken = edit(&*store, id(2), |record| record.name = "one".to_owned()).await;
    assert!(matches!(taken, Err(StoreError::NameTaken)), "{taken:?}");
    let moved = edit(&*store, id(3), |record| record.grant.tenant = None).await;
    assert!(matches!(moved, Err(StoreError::NameTaken)), "{moved:?}");

    edit(&*store, id(1), |record| record.name = "uno".to_owned()).await.unwrap();
    edit(&*store, id(2), |record| record.name = "one".to_owned()).await.unwrap();
    insert(&*store, &named(4, None, "two")).await.unwrap();
    edit(&*store, id(2), |record| record.epoch += 1).await.expect("its own name is no obstacle");
}

pub async fn of_two_inserts_with_one_name_one_succeeds(store: Arc<dyn Store>) {
    for round in 0..20 {
        let name = format!("round {round}");
        let insert = |number: u64| {
            let (store, record) = (Arc::clone(&store), named(round * 2 + number, None, &name));
            async move { insert(&*store, &record).await }
        };
        let answers = at_once([insert(0), insert(1)]).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        let taken = answers.iter().filter(|answer| matches!(answer, Err(StoreError::NameTaken)));
        assert_eq!(taken.count(), 1, "{answers:?}");
    }
}
