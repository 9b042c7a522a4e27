//! What the layers add to a request, in process: each way to mount them against the bare handler, an empty layer, and one
//! that does nothing but insert something into the request.
//!
//! The rounds of all cases take turns, so that a noisy neighbour disturbs all of them alike, and each is compared with the
//! bare one of its own round. Every request is built within its round, in all cases alike: its token is in the nearest
//! memory then, as it is after a server read it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark has nobody to answer to")]

mod actix;
mod axum;
mod case;
mod tokens;

use jeton::{Algorithm, SystemClock};

use crate::{case::Table, tokens::Tokens};

const ROUNDS: usize = 100;

#[actix_web::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Rs256] {
        if wanted.is_empty() || wanted.iter().any(|name| name.eq_ignore_ascii_case(&algorithm.to_string())) {
            for count in [1, 10_000] {
                measure(algorithm, count).await;
            }
        }
    }
}

/// That many tokens, of which one is taken by Zipf's law for each request.
async fn measure(algorithm: Algorithm, count: usize) {
    let tokens = Tokens::new(algorithm, count).await;
    let clock = SystemClock::new();
    let (axum_apps, actix_apps) = (axum::apps(&tokens.authority), actix::apps(&tokens.authority).await);
    let (mut on_axum, mut on_actix) = (Table::new("axum"), Table::new("actix-web"));
    // Every token is accepted once, which is not what is measured.
    for bearer in tokens.all() {
        axum_apps.last().unwrap().call(bearer).await;
    }
    for round in 1..=ROUNDS {
        // Each case first serves others, as it would if it were alone, and none finds near what the one before it used.
        let bearers = |case: usize| [2 * case, 2 * case + 1].map(|at| tokens.round(round + at));
        for (case, app) in axum_apps.iter().enumerate() {
            let [others, bearers] = bearers(case);
            on_axum
                .measure(app.name, &clock, [&others, &bearers], async |bearer| app.call(bearer).await)
                .await;
        }
        for (case, app) in actix_apps.iter().enumerate() {
            let [others, bearers] = bearers(axum_apps.len() + case);
            on_actix
                .measure(app.name, &clock, [&others, &bearers], async |bearer| app.call(bearer).await)
                .await;
        }
    }
    println!("{algorithm}, {count} live tokens of about {} bytes\n", tokens.bytes());
    println!("{on_axum}\n{on_actix}");
}
