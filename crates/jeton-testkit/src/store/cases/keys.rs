//! The first key of each ring is made once.

use std::sync::Arc;

use jeton::{Algorithm, KeyStore, Ring, Sealed, StoredKey};

use crate::store::sample::{at_once, time};

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
