//! What jeton adds to a request, beside what its users would pick instead: in one process and one run, with the same
//! tokens, the same key and the same handler.
//!
//! Each candidate is first checked to accept a good token and to refuse one that was tampered with, or the run stops.
//! Then it is called in process, and served over sockets; the candidates take turns and each figure is a median. What
//! it prints is Markdown. Last, API tokens are exchanged over sockets. `in-process`, `sockets` or `exchanges` as an argument
//! leaves the others out, and so do names of algorithms.

mod actix_app;
mod app;
mod apps;
mod checks;
mod claims;
mod core;
mod in_process;
mod issuer;
mod keys;
mod proof;
mod results;
mod sockets;
mod stopwatch;
mod table;
mod tower_app;
mod walk;

use std::error::Error;

use jeton::Algorithm;

use crate::{
    issuer::Issuer,
    results::{Results, Wanted},
};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What is compared. Others of a family cost the same.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

#[actix_web::main]
async fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !["in-process", "sockets", "exchanges"].into_iter().any(has);
    let wants = |name| all || has(name);
    let wanted =
        Wanted { in_process: wants("in-process"), sockets: wants("sockets"), exchanges: wants("exchanges") };
    let named: Vec<_> = ALGORITHMS.into_iter().filter(|algorithm| has(algorithm.as_str())).collect();
    let algorithms = if named.is_empty() { ALGORITHMS.to_vec() } else { named };
    core::pin(core::SERVER);
    let picks = walk::zipf(issuer::TOKENS);
    let mut results = Results::default();
    for algorithm in algorithms {
        let issuer = Issuer::new(algorithm).await?;
        eprintln!("{algorithm}: tokens of {} bytes", issuer.tokens.first().map_or(0, String::len));
        results.add(&wanted, &issuer, &picks).await?;
    }
    println!("{results}");
    Ok(())
}
