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
    // The first round accepts every token once, which is not what is measured.
    for round in 0..=ROUNDS {
        let bearers = if round == 0 { tokens.all() } else { tokens.round(round) };
        // Whoever is first would find the tokens far away.
        for bearer in &bearers {
            axum_apps[0].call(bearer).await;
        }
        for app in &axum_apps {
            on_axum.measure(app.name, &clock, &bearers, async |bearer| app.call(bearer).await).await;
        }
        for bearer in &bearers {
            actix_apps[0].call(bearer).await;
        }
        for app in &actix_apps {
            on_actix.measure(app.name, &clock, &bearers, async |bearer| app.call(bearer).await).await;
        }
        if round == 0 {
            (on_axum, on_actix) = (Table::new("axum"), Table::new("actix-web"));
        }
    }
    println!("{algorithm}, {count} live tokens of about {} bytes\n", tokens.bytes());
    println!("{on_axum}\n{on_actix}");
}
