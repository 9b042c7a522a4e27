//! What an authenticated request costs, in process, against the bare handler.
//!
//! Each figure is the median of several rounds; the rounds of all cases take turns, so that a noisy neighbour
//! disturbs all of them alike.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark has nobody to answer to")]

use std::{future::Future, sync::Arc, time::Duration};

use actix_web::{
    dev::Service as _,
    test::{TestRequest, init_service},
};
use jeton::{
    Algorithm, Authority, Caller, Clock, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory,
    SystemClock, SystemRandom, policy::scope,
};
use tower::ServiceExt as _;

const ROUNDS: usize = 15;
const REQUESTS: u32 = 2_000;

/// One case, and how long one request took in each round.
struct Case {
    name: String,
    rounds: Vec<Duration>,
}

impl Case {
    fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), rounds: Vec::new() }
    }

    async fn round<F: Future<Output = u16>>(&mut self, clock: &SystemClock, mut call: impl FnMut() -> F) {
        let start = clock.monotonic();
        for _ in 0..REQUESTS {
            assert_eq!(call().await, 200);
        }
        self.rounds.push((clock.monotonic() - start) / REQUESTS);
    }

    fn median(&mut self) -> Duration {
        self.rounds.sort();
        self.rounds[ROUNDS / 2]
    }
}

#[actix_web::main]
async fn main() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Hs256] {
        measure(algorithm).await;
    }
}

async fn measure(algorithm: Algorithm) {
    let authority = authority(algorithm).await;
    let bearer = format!("Bearer {}", access_token(&authority).await);
    let protected =
        jeton_axum::Protected::new(authority.clone()).get("/protected", scope("x"), async || "ok");
    let axum: axum::Router =
        axum::Router::new().route("/bare", axum::routing::get(async || "ok")).merge(protected);
    let actix = init_service(
        actix_web::App::new()
            .route("/bare", actix_web::web::get().to(async || "ok"))
            .service(jeton_actix::Protected::new(authority).get("/protected", scope("x"), async || "ok")),
    )
    .await;
    let to_actix = |path: &str| {
        let request =
            TestRequest::get().uri(path).insert_header(("authorization", bearer.as_str())).to_request();
        let answer = actix.call(request);
        async { answer.await.unwrap().status().as_u16() }
    };
    let clock = SystemClock::new();
    let mut cases = ["axum bare", "axum protected", "actix-web bare", "actix-web protected"].map(Case::new);
    for _ in 0..ROUNDS {
        let [axum_bare, axum_protected, actix_bare, actix_protected] = &mut cases;
        axum_bare.round(&clock, || to_axum(&axum, "/bare", &bearer)).await;
        axum_protected.round(&clock, || to_axum(&axum, "/protected", &bearer)).await;
        actix_bare.round(&clock, || to_actix("/bare")).await;
        actix_protected.round(&clock, || to_actix("/protected")).await;
    }
    for pair in cases.chunks_exact_mut(2) {
        let [bare, protected] = pair else { continue };
        let (without, with) = (bare.median(), protected.median());
        println!(
            "{algorithm}: {} {:.2} µs, {} {:.2} µs: {:.1} times, {:.2} µs more",
            bare.name,
            micros(without),
            protected.name,
            micros(with),
            micros(with) / micros(without),
            micros(with) - micros(without),
        );
    }
}

fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

async fn to_axum(app: &axum::Router, path: &str, bearer: &str) -> u16 {
    let request =
        http::Request::get(path).header("authorization", bearer).body(axum::body::Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap().status().as_u16()
}

async fn authority(algorithm: Algorithm) -> Authority {
    let key = || SigningKey::generate(algorithm, &SystemRandom).unwrap();
    let builder = Authority::builder("https://app.example/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(StaticDirectory::new()))
        .api_keys([key()])
        .access_keys([key()]);
    builder.build().await.unwrap()
}

async fn access_token(authority: &Authority) -> String {
    let setup = Caller::system("benchmark");
    let generated = authority.generate(&setup, Generate::new("benchmark").with_scope("x")).await.unwrap();
    let exchanged = authority.exchange(generated.api_token.expose(), &Exchange::default()).await.unwrap();
    exchanged.access_token.expose().to_owned()
}
