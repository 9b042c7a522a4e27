//! Names that count once.

use std::sync::Arc;

use jeton::{Store, Timestamp};

use crate::store::sample::{at_once, time};

pub async fn of_many_who_take_a_name_one_is_first(store: Arc<dyn Store>) {
    for round in 0..10 {
        let name = format!("proof {round}");
        let take = |number: i64| {
            let (store, name) = (Arc::clone(&store), name.clone());
            async move { store.take_name(&name, time(number)).await.unwrap() }
        };
        let answers = at_once((0..16).map(take)).await;
        assert_eq!(answers.iter().filter(|first| **first).count(), 1, "{answers:?}");
    }
}

pub async fn a_name_is_taken_until_it_is_dropped(store: Arc<dyn Store>) {
    assert!(store.take_name("a", time(100)).await.unwrap());
    assert!(store.take_name("b", time(101)).await.unwrap());
    assert!(!store.take_name("a", Timestamp::MAX).await.unwrap(), "and is not kept longer by that");
    store.prune_names(time(100)).await.unwrap();
    assert!(!store.take_name("a", time(100)).await.unwrap(), "it ended at that time, and not before");
    store.prune_names(time(101)).await.unwrap();
    assert!(store.take_name("a", time(300)).await.unwrap());
    assert!(!store.take_name("b", time(300)).await.unwrap());
}

pub async fn a_name_that_was_given_back_can_be_taken_again(store: Arc<dyn Store>) {
    store.give_name_back("nobody's").await.expect("nothing to give back is no error");
    for name in ["end 1", "END 1", "end 1 ", "", "'; DROP TABLE x; --", "日本 \u{1f511}"] {
        assert!(store.take_name(name, time(100)).await.unwrap(), "{name:?} is another name");
    }
    store.give_name_back("END 1").await.unwrap();
    assert!(!store.take_name("end 1", time(100)).await.unwrap(), "the others stay taken");
    assert!(store.take_name("END 1", time(100)).await.unwrap());
    assert!(!store.take_name("END 1", time(100)).await.unwrap());
}
