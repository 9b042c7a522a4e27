//! The tokens of the requests, and in which order they come.

use std::sync::Arc;

use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory,
    SystemRandom,
};

/// How many requests a round has.
const REQUESTS: usize = 1_000;
/// How many access tokens come of one API token.
const CHILDREN: usize = 10;

pub(crate) struct Tokens {
    pub(crate) authority: Authority,
    bearers: Vec<String>,
    /// Which one is taken next, by Zipf's law (exponent 1): the same in each run.
    order: Vec<usize>,
}

impl Tokens {
    pub(crate) async fn new(algorithm: Algorithm, count: usize) -> Self {
        let key = || SigningKey::generate(algorithm, &SystemRandom).unwrap();
        let account = Account::active().with_role("reader").with_role("writer").with_group("sales");
        let authority = Authority::builder("https://app.example/auth")
            .store(Arc::new(MemoryStore::new()))
            .directory(Arc::new(StaticDirectory::new().with("alice", account)))
            .api_keys([SigningKey::generate(Algorithm::Hs256, &SystemRandom).unwrap()])
            .access_keys([key()])
            .build()
            .await
            .unwrap();
        let setup = Caller::system("benchmark");
        let mut bearers = Vec::with_capacity(count);
        while bearers.len() < count {
            let name = format!("benchmark {}", bearers.len());
            let generate = Generate::new(name).with_subject("alice");
            let api_token = authority.generate(&setup, generate).await.unwrap().api_token;
            for _ in 0..CHILDREN.min(count - bearers.len()) {
                let exchanged = authority.exchange(api_token.expose(), &Exchange::default()).await.unwrap();
                bearers.push(format!("Bearer {}", exchanged.access_token.expose()));
            }
        }
        Self { authority, bearers, order: zipf(count, 64 * REQUESTS) }
    }

    /// Each of them once.
    pub(crate) fn all(&self) -> Vec<&str> {
        self.bearers.iter().map(String::as_str).collect()
    }

    /// Those of one round.
    pub(crate) fn round(&self, round: usize) -> Vec<&str> {
        let from = round * REQUESTS;
        let taken = (from..from + REQUESTS).map(|at| self.order[at % self.order.len()]);
        taken.map(|index| self.bearers[index].as_str()).collect()
    }

    /// How long one is.
    pub(crate) fn bytes(&self) -> usize {
        self.bearers[0].len() - "Bearer ".len()
    }
}

fn zipf(count: usize, draws: usize) -> Vec<usize> {
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=count)
        .map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        })
        .collect();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut uniform = || {
        // xorshift64: good enough to shuffle with.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut draw = || {
        let drawn = uniform() * sum;
        sums.partition_point(|up_to| *up_to < drawn).min(count - 1)
    };
    (0..draws).map(|_| draw()).collect()
}
