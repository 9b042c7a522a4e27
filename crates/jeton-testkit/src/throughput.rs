//! Many clients at once, on any store: nobody is refused, and how much of what the store can do is left to the exchange.

use std::{future::Future, sync::Arc, time::Duration};

use jeton::{
    Algorithm, Authority, Caller, Clock as _, Exchange, Generate, Generated, SigningKey, StaticDirectory,
    Store, SystemClock, SystemRandom,
};

/// How many clients there are at once.
const CLIENTS: usize = 64;
/// How often each of them asks.
const EACH: usize = 40;

/// Exchanges by 64 clients beside bare reads of their records by as many, on the same store and in the same run.
#[derive(Clone, Copy, Debug)]
pub struct Throughput {
    /// Reads of a record in a second.
    pub reads: f64,
    /// Exchanges in a second, each of which reads a record and signs.
    pub exchanges: f64,
    /// The same, with the records kept in memory.
    pub cached: f64,
}

/// Sixty-four clients exchange on that store, each its own token.
///
/// # Panics
///
/// If one of them is refused.
pub async fn throughput(store: Arc<dyn Store>) -> Throughput {
    let builder = || {
        Authority::builder("https://app.example/auth")
            .store(store.clone())
            .directory(Arc::new(StaticDirectory::new()))
            .api_keys([SigningKey::from_secret(Algorithm::Hs256, &[7; 32], "api").unwrap()])
            .access_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
    };
    let plain = builder().build().await.unwrap();
    let cached = builder().cached_records(1000, Duration::from_secs(10)).build().await.unwrap();
    let caller = Caller::system("clients");
    let mut tokens = Vec::with_capacity(CLIENTS);
    for number in 0..CLIENTS {
        let request = Generate::new(format!("client {number}")).with_role("reader");
        tokens.push(Arc::new(plain.generate(&caller, request).await.unwrap()));
    }
    let exchange = |authority: &Authority| {
        let authority = authority.clone();
        move |token: Arc<Generated>| {
            let authority = authority.clone();
            async move {
                authority.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
            }
        }
    };
    // The first one of each is not measured: what is remembered then is remembered.
    at_once(&tokens, 1, exchange(&plain)).await;
    at_once(&tokens, 1, exchange(&cached)).await;
    let read = move |token: Arc<Generated>| {
        let store = store.clone();
        async move { assert!(store.find(token.record.id).await.unwrap().is_some()) }
    };
    Throughput {
        reads: at_once(&tokens, EACH, read).await,
        exchanges: at_once(&tokens, EACH, exchange(&plain)).await,
        cached: at_once(&tokens, EACH, exchange(&cached)).await,
    }
}

/// How often it was done in a second.
async fn at_once<F: Future<Output = ()> + Send + 'static>(
    tokens: &[Arc<Generated>],
    each: usize,
    act: impl Fn(Arc<Generated>) -> F + Clone + Send + 'static,
) -> f64 {
    let clock = SystemClock::new();
    let clients: Vec<_> = tokens
        .iter()
        .map(|token| {
            let (token, act) = (Arc::clone(token), act.clone());
            tokio::spawn(async move {
                for _ in 0..each {
                    act(Arc::clone(&token)).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let done = u32::try_from(tokens.len().saturating_mul(each)).map_or(f64::MAX, f64::from);
    done / clock.monotonic().as_secs_f64()
}

/// A test of [`throughput`]: of the function that gives a store and what it needs to live.
#[macro_export]
macro_rules! throughput_test {
    ($fresh:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn sixty_four_clients_exchange_at_once() {
            let (store, _alive) = $fresh().await;
            let found = $crate::throughput(std::sync::Arc::new(store)).await;
            assert!(found.reads > 0.0 && found.exchanges > 0.0 && found.cached > 0.0);
            println!(
                "reads {:.0}/s, exchanges {:.0}/s ({:.2}), with records in memory {:.0}/s ({:.2})",
                found.reads,
                found.exchanges,
                found.exchanges / found.reads,
                found.cached,
                found.cached / found.reads,
            );
        }
    };
}
