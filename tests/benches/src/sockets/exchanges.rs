//! Exchanges over HTTP: how many a core makes.

use std::{thread, time::Duration};

use axum::{Router, routing::post};

use super::{Load, Rate, Server, rounds};
use crate::{
    Fallible,
    app::Role,
    apps::axum,
    issuer::{Issuer, TOKENS, api_tokens, builder},
    table::{median, row},
    walk::{Bearer, Walk},
};

/// What is measured.
pub(crate) const NAMES: [&str; 3] =
    ["a handler that answers `ok`", "exchanges of one API token", "exchanges of 10 000 API tokens"];

/// Requests per second: by the time that the server had its core, and by the clock.
pub(crate) type Exchanges = [(f64, f64); 3];

/// The medians, for an authority like that of the issuer, with its records in memory.
pub(crate) fn measure(issuer: &Issuer, picks: &[usize]) -> Fallible<Exchanges> {
    let server = Server::start()?;
    // Built on the server's runtime, where it reads its log in the background. The caller's own cannot wait for another one.
    let built = thread::scope(|scope| {
        let build = || {
            server.runtime.block_on(async {
                let builder = builder(&issuer.key).map_err(|error| error.to_string())?;
                let builder = builder.cached_records(TOKENS, Duration::from_secs(60));
                let authority = builder.build().await.map_err(|error| error.to_string())?;
                let tokens = api_tokens(&authority).await.map_err(|error| error.to_string())?;
                Ok::<_, String>((authority, tokens))
            })
        };
        scope.spawn(build).join()
    });
    let (authority, tokens) = built.map_err(|_| "no authority was built")??;
    let bearers = tokens.iter().map(|token| Bearer::of_exchange(token)).collect::<Fallible<Vec<_>>>()?;
    let bare = Router::new().route("/auth/exchange", post(async || "ok"));
    let bare = server.serve(&axum(NAMES[0], Role::Bare, bare))?;
    let exchanges = Router::new().nest("/auth", jeton_axum::router(authority));
    let exchanges = server.serve(&axum(NAMES[1], Role::Jeton, exchanges))?;
    let loads = vec![
        Load::connect(bare, Walk::new(&bearers, &[0], 0))?,
        Load::connect(exchanges, Walk::new(&bearers, &[0], 0))?,
        Load::connect(exchanges, Walk::new(&bearers, picks, 0))?,
    ];
    let rates = thread::scope(|scope| scope.spawn(move || rounds(loads)).join());
    let rates = rates.map_err(|_| "the load tool has failed")??;
    let of = |at: usize, figure: fn(&Rate) -> f64| median(rates[at].iter().map(figure).collect());
    Ok([0, 1, 2].map(|at| (of(at, |rate| rate.core), of(at, |rate| rate.clock))))
}

/// A table, a column for each algorithm.
pub(crate) fn table(columns: &[(jeton::Algorithm, Exchanges)]) -> String {
    let heads: Vec<_> = columns.iter().map(|(algorithm, _)| algorithm.to_string()).collect();
    let head = row("", &heads) + &row("---", &vec!["---".to_owned(); heads.len()]);
    NAMES.iter().enumerate().fold(head, |text, (at, name)| {
        let cell = |(_, rates): &(_, Exchanges)| format!("{:.0}/s, {:.0}/s", rates[at].0, rates[at].1);
        text + &row(name, &columns.iter().map(cell).collect::<Vec<_>>())
    })
}
