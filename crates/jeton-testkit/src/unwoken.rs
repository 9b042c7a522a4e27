//! Two nodes on one store, of which one is never woken: it learns at its next look into the log.

use std::{sync::Arc, time::Duration};

use jeton::{
    Algorithm, Authority, Caller, Clock as _, Exchange, Generate, SigningKey, StaticDirectory, Store,
    SystemClock,
};

use crate::UnreliableStore;

/// How long it takes until a node that nobody wakes refuses the access token of an API token that another node has revoked.
///
/// # Panics
///
/// If it does not within half a minute.
pub async fn refused_without_waking<S: Store>(store: S) -> Duration {
    const PATIENCE: Duration = Duration::from_secs(30);
    let here = UnreliableStore::new(store);
    let there = here.clone().never_woken();
    let (here, there) = (node(here).await, node(there).await);
    let caller = Caller::system("test");
    let token = here.generate(&caller, Generate::new("CI").with_role("reader")).await.unwrap();
    let child = there.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
    let child = child.access_token.expose();
    there.authenticate(child).unwrap();
    here.revoke(&caller, token.record.id).await.unwrap();
    let clock = SystemClock::new();
    while there.authenticate(child).is_ok() {
        assert!(clock.monotonic() < PATIENCE, "it does not look by itself");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    clock.monotonic()
}

async fn node<S: Store>(store: UnreliableStore<S>) -> Authority {
    let key = |name: &str, byte| SigningKey::from_secret(Algorithm::Hs256, &[byte; 32], name).unwrap();
    Authority::builder("https://app.example/auth")
        .store(Arc::new(store))
        .directory(Arc::new(StaticDirectory::new()))
        .api_keys([key("api", 1)])
        .access_keys([key("access", 2)])
        .build()
        .await
        .unwrap()
}

/// A test of [`refused_without_waking`], of the function that gives a store and what it needs to live: a second, which is how
/// often the log is read anyway, and what a busy machine adds.
#[macro_export]
macro_rules! unwoken_test {
    ($fresh:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn who_is_not_woken_learns_within_the_interval() {
            let (store, _alive) = $fresh().await;
            let took = $crate::refused_without_waking(store).await;
            println!("refused without being woken after {took:?}");
            assert!(took < std::time::Duration::from_secs(5), "{took:?}");
        }
    };
}
