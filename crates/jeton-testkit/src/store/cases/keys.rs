//! Managed keys: each is made once, and goes from sealed to retired to gone.

use std::sync::Arc;

use jeton::{Action, Algorithm, AuditFilter, Change, KeyStore, Ring, Sealed, Store, StoreError, StoredKey};

use crate::store::sample::{at_once, entry_at, read_on, time, trail};

fn key(kid: &str, ring: Ring, created_at: i64) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        ring,
        algorithm: Algorithm::EdDsa,
        created_at: time(created_at),
        signs_from: time(created_at + 600),
        retired_at: None,
        sealed: Sealed { wrapped: kid.as_bytes().to_vec(), body: vec![0, 255, 7, 0] },
    }
}

pub async fn the_first_key_of_a_ring_stays(store: Arc<dyn KeyStore>) {
    assert_eq!(store.keys().await.unwrap(), []);
    let first = key("first", Ring::Api, 10);
    store.add_first_key(&first).await.unwrap();
    store.add_first_key(&key("second", Ring::Api, 20)).await.expect("nothing to add is no error");
    assert_eq!(store.keys().await.unwrap(), std::slice::from_ref(&first));

    let mut other = key("other", Ring::Access, 30);
    other.algorithm = Algorithm::Hs512;
    store.add_first_key(&other).await.unwrap();
    assert_eq!(store.keys().await.unwrap(), [first, other]);
}

pub async fn of_many_first_keys_one_stays(store: Arc<dyn KeyStore>) {
    let add = |number: i64| {
        let store = Arc::clone(&store);
        async move {
            let ring = if number % 2 == 0 { Ring::Api } else { Ring::Access };
            store.add_first_key(&key(&number.to_string(), ring, number)).await.unwrap();
            // Who has added, or tried to, sees the key that counts.
            let keys = store.keys().await.unwrap();
            keys.into_iter().find(|key| key.ring == ring).unwrap().kid
        }
    };
    let seen = at_once((0..16).map(add)).await;
    assert_eq!(store.keys().await.unwrap().len(), 2);
    for ring in seen.chunks(2).skip(1) {
        assert_eq!(ring, &seen[..2]);
    }
}

pub async fn keys_come_oldest_first(store: Arc<dyn KeyStore>) {
    store.add_first_key(&key("late", Ring::Access, 20)).await.unwrap();
    store.add_first_key(&key("early", Ring::Api, 10)).await.unwrap();
    let order: Vec<_> = store.keys().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(order, ["early", "late"]);
}

/// A ring whose keys are `first` and, younger, `second`; and another ring with a key that is younger still.
async fn filled(store: &dyn KeyStore) -> [StoredKey; 3] {
    let keys = [key("first", Ring::Api, 10), key("second", Ring::Api, 20), key("other", Ring::Access, 30)];
    store.add_first_key(&keys[0]).await.unwrap();
    store.add_first_key(&keys[2]).await.unwrap();
    store.add_key(&keys[1], "first", &entry_at(20, Action::RotateKeys)).await.unwrap();
    assert_eq!(store.keys().await.unwrap(), keys);
    keys
}

fn is_conflict(answer: Result<(), StoreError>) -> bool {
    matches!(answer, Err(StoreError::Conflict))
}

pub async fn a_key_follows_the_youngest_of_its_ring(store: Arc<dyn KeyStore>) {
    let audit = entry_at(30, Action::RotateKeys);
    assert!(
        is_conflict(store.add_key(&key("a", Ring::Api, 1), "", &audit).await),
        "the first one is added otherwise"
    );
    let keys = filled(&*store).await;
    let third = key("third", Ring::Api, 40);
    for wrong in ["first", "other", "third", "nobody's", "Second", ""] {
        assert!(is_conflict(store.add_key(&third, wrong, &audit).await), "after {wrong:?}");
    }
    let same_name = StoredKey { kid: "other".to_owned(), ..third.clone() };
    assert!(is_conflict(store.add_key(&same_name, "second", &audit).await), "names are unique");
    assert!(is_conflict(store.add_key(&key("a", Ring::Secret, 1), "second", &audit).await), "another ring");
    assert_eq!(store.keys().await.unwrap(), keys, "what is refused is not added");

    store.retire_key("second", time(35), &audit).await.unwrap();
    store.add_key(&third, "second", &audit).await.expect("the youngest one, though it is retired");
    // Of one time, the one whose name comes last is the youngest.
    let (early, late) = (key("a", Ring::Api, 40), key("z", Ring::Api, 40));
    store.add_key(&early, "third", &audit).await.unwrap();
    store.add_key(&late, "third", &audit).await.unwrap();
    assert!(is_conflict(store.add_key(&key("y", Ring::Api, 50), "third", &audit).await));
    let order: Vec<_> = store.keys().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(order, ["first", "second", "other", "a", "third", "z"]);
}

pub async fn of_many_keys_after_one_one_is_added(store: Arc<dyn KeyStore>) {
    store.add_first_key(&key("0", Ring::Access, 0)).await.unwrap();
    let mut youngest = "0".to_owned();
    for round in 1..=5 {
        let add = |number: i64| {
            let (store, youngest) = (Arc::clone(&store), youngest.clone());
            let key = key(&format!("{round} {number}"), Ring::Access, round);
            async move { store.add_key(&key, &youngest, &entry_at(round, Action::RotateKeys)).await }
        };
        let answers = at_once((0..16).map(add)).await;
        let won: Vec<_> = (0..16).filter(|number| answers[*number].is_ok()).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert_eq!(
            answers.into_iter().filter(|answer| matches!(answer, Err(StoreError::Conflict))).count(),
            15
        );
        youngest = format!("{round} {}", won[0]);
        assert_eq!(store.keys().await.unwrap().last().unwrap().kid, youngest);
    }
    assert_eq!(store.keys().await.unwrap().len(), 6);
}

pub async fn a_retired_key_stays_without_its_sealed_part(store: Arc<dyn KeyStore>) {
    let audit = entry_at(50, Action::RetireKey);
    let [first, second, other] = filled(&*store).await;
    store.retire_key("second", time(50), &audit).await.unwrap();
    let nothing = Sealed { wrapped: Vec::new(), body: Vec::new() };
    let retired = StoredKey { retired_at: Some(time(50)), sealed: nothing, ..second };
    let expected = [first, retired, other];
    assert_eq!(store.keys().await.unwrap(), expected);
    store.retire_key("second", time(60), &audit).await.expect("it is retired already");
    assert!(is_conflict(store.retire_key("third", time(60), &audit).await));
    assert_eq!(store.keys().await.unwrap(), expected);
}

pub async fn a_key_is_sealed_anew_if_it_is_sealed_as_expected(store: Arc<dyn KeyStore>) {
    let mut keys = filled(&*store).await;
    let (from, to) = (keys[1].sealed.clone(), Sealed { wrapped: vec![1], body: vec![2, 0] });
    for wrong in [
        to.clone(),
        keys[0].sealed.clone(),
        Sealed { wrapped: Vec::new(), ..from.clone() },
        Sealed { body: Vec::new(), ..from.clone() },
    ] {
        assert!(is_conflict(store.reseal_key("second", &wrong, &to).await), "{wrong:?}");
    }
    assert!(is_conflict(store.reseal_key("third", &from, &to).await));
    assert_eq!(store.keys().await.unwrap(), keys);
    store.reseal_key("second", &from, &to).await.unwrap();
    keys[1].sealed = to.clone();
    assert_eq!(store.keys().await.unwrap(), keys);

    let reseal = |number: u8| {
        let (store, from) = (Arc::clone(&store), to.clone());
        let to = Sealed { wrapped: vec![number], body: vec![7] };
        async move { store.reseal_key("second", &from, &to).await }
    };
    let answers = at_once((0..16).map(reseal)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

pub async fn a_key_is_removed_alone(store: Arc<dyn KeyStore>) {
    let [first, second, other] = filled(&*store).await;
    store.remove_key("nobody's").await.expect("nothing to drop is no error");
    store.remove_key("first").await.unwrap();
    assert_eq!(store.keys().await.unwrap(), [second, other.clone()]);
    store.remove_key("second").await.unwrap();
    store.add_first_key(&first).await.unwrap();
    assert_eq!(store.keys().await.unwrap(), [first, other], "its ring was empty again");
}

pub async fn changes_of_keys_are_logged_where_records_are<S: Store + KeyStore>(store: Arc<S>) {
    let told = async || {
        let (rows, _) = read_on(&*store, None).await;
        assert!(rows.iter().all(|row| row.change == Change::Keys), "{rows:?}");
        (rows.len(), trail(&*store, AuditFilter::default()).await.len())
    };
    store.add_first_key(&key("first", Ring::Api, 10)).await.unwrap();
    assert_eq!(told().await, (0, 0), "nobody can know another one");
    let [add, retire] = [Action::RotateKeys, Action::RetireKey].map(|action| entry_at(5, action));
    store.add_key(&key("second", Ring::Api, 20), "first", &add).await.unwrap();
    assert_eq!(told().await, (1, 1));
    store.add_key(&key("third", Ring::Api, 20), "first", &add).await.unwrap_err();
    store.retire_key("third", time(30), &retire).await.unwrap_err();
    assert_eq!(told().await, (1, 1), "what is refused leaves nothing");
    store.retire_key("first", time(30), &retire).await.unwrap();
    assert_eq!(told().await, (2, 2));
    store.retire_key("first", time(30), &retire).await.unwrap();
    let sealed = key("second", Ring::Api, 20).sealed;
    store.reseal_key("second", &sealed, &sealed).await.unwrap();
    store.remove_key("first").await.unwrap();
    assert_eq!(told().await, (2, 2), "and nor does what changes no key");
    assert_eq!(trail(&*store, AuditFilter::default()).await, [add, retire]);
}
