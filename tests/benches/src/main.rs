//! What jeton adds to a request, beside what its users would pick instead: in one process and one run, with the same
//! tokens, the same key and the same handler.
//!
//! Each candidate is first checked to accept a good token and to refuse one that was tampered with, or the run stops.
//! Then it is called in process, and served over sockets; the candidates take turns and each figure is a median. What
//! it prints is Markdown. `in-process` or `sockets` as an argument leaves the other one out, and names of algorithms
//! leave out the other ones.

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
mod sockets;
mod stopwatch;
mod table;
mod tower_app;
mod walk;

use std::{collections::BTreeMap, error::Error};

use jeton::Algorithm;

use crate::{
    apps::candidates,
    issuer::Issuer,
    table::{Columns, rates, row, spans},
    walk::{Bearer, zipf},
};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What is compared. Others of a family cost the same.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// What was asked for.
struct Wanted {
    in_process: bool,
    sockets: bool,
    algorithms: Vec<Algorithm>,
}

impl Wanted {
    fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        let named: Vec<_> = ALGORITHMS.into_iter().filter(|algorithm| has(algorithm.as_str())).collect();
        let algorithms = if named.is_empty() { ALGORITHMS.to_vec() } else { named };
        Self { in_process: !has("sockets"), sockets: !has("in-process"), algorithms }
    }
}

#[actix_web::main]
async fn main() -> Fallible<()> {
    let wanted = Wanted::from_arguments();
    core::pin(core::SERVER);
    let picks = zipf(10_000);
    let mut tables: BTreeMap<&str, Columns> = BTreeMap::new();
    let mut checked = Vec::new();
    for &algorithm in &wanted.algorithms {
        let issuer = Issuer::new(algorithm).await?;
        let bearers = issuer.tokens.iter().map(|token| Bearer::new(token)).collect::<Fallible<Vec<_>>>()?;
        let mut candidates = candidates(&issuer).await?;
        proof::prove(&mut candidates, &issuer).await?;
        issuer.remember()?;
        let length = issuer.tokens.first().map_or(0, String::len);
        eprintln!("{algorithm}: {} candidates, tokens of {length} bytes", candidates.len());
        if wanted.in_process {
            checked.push((algorithm, checks::measure(&issuer)?));
            for (name, picks) in [("1 in process, 10 000 tokens", &*picks), ("2 in process, one token", &[0])]
            {
                let column = in_process::measure(&mut candidates, &bearers, picks).await;
                tables.entry(name).or_default().push((algorithm, column));
            }
        }
        if wanted.sockets {
            for (name, by_core, picks) in [
                ("3 sockets, one token", "5 sockets, one token, by core time", &[0][..]),
                ("4 sockets, 10 000 tokens", "6 sockets, 10 000 tokens, by core time", &picks),
            ] {
                let rates = sockets::measure(&candidates, &bearers, picks)?;
                tables.entry(name).or_default().push((algorithm, rates.clock));
                tables.entry(by_core).or_default().push((algorithm, rates.core));
            }
        }
    }
    print(&checked, &tables);
    Ok(())
}

fn print(checked: &[(Algorithm, [f64; 4])], tables: &BTreeMap<&str, Columns>) {
    if !checked.is_empty() {
        println!("0 the check alone\n");
        let heads: Vec<_> = checked.iter().map(|(algorithm, _)| algorithm.as_str().to_owned()).collect();
        print!("{}{}", row("", &heads), row("---", &vec!["---".to_owned(); heads.len()]));
        for (at, name) in checks::NAMES.iter().enumerate() {
            let cell = |(_, figures): &(_, [f64; 4])| {
                format!("{:.2} µs ({:.2} ×)", figures[at], figures[at] / figures[0])
            };
            print!("{}", row(name, &checked.iter().map(cell).collect::<Vec<_>>()));
        }
    }
    for (name, columns) in tables {
        let table = if name.contains("sockets") { rates(columns) } else { spans(columns) };
        println!("\n{name}\n\n{table}");
    }
}
