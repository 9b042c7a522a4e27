//! Apps served over sockets: one core for the server, the other one for the load tool.

pub(crate) mod exchanges;
mod load;
mod server;

use std::time::Duration;

use jeton::SystemClock;

use self::{
    load::{Load, Rate},
    server::Server,
};
use crate::{
    Fallible,
    app::Candidate,
    core::{LOAD, pin},
    table::{Series, median},
    walk::{Bearer, Walk},
};

/// How often each candidate has its turn.
const ROUNDS: usize = 25;

/// How long a turn takes.
const TURN: Duration = Duration::from_millis(80);

/// What is measured of each candidate.
pub(crate) struct Rates {
    /// Requests per second.
    pub(crate) clock: Vec<Series>,
    /// Requests per second that the server had its core.
    pub(crate) core: Vec<Series>,
}

/// The medians for each candidate, with tokens picked like that.
pub(crate) fn measure(candidates: &[Candidate], bearers: &[Bearer], picks: &[usize]) -> Fallible<Rates> {
    let server = Server::start()?;
    let mut loads = Vec::new();
    for candidate in candidates {
        loads.push(Load::connect(server.serve(candidate)?, Walk::new(bearers, picks, 0))?);
    }
    let rates = std::thread::scope(|scope| scope.spawn(move || rounds(loads)).join());
    let rates = rates.map_err(|_| "the load tool has failed")??;
    let series = |of: fn(&Rate) -> f64| {
        let medians = rates.iter().map(|rates| median(rates.iter().map(of).collect()));
        candidates.iter().zip(medians).map(|(candidate, rate)| Series::of(candidate, rate)).collect()
    };
    Ok(Rates { clock: series(|rate| rate.clock), core: series(|rate| rate.core) })
}

fn rounds(mut loads: Vec<Load<'_>>) -> std::io::Result<Vec<Vec<Rate>>> {
    pin(LOAD);
    let clock = SystemClock::new();
    let mut rates = vec![Vec::with_capacity(ROUNDS); loads.len()];
    for round in 0..=ROUNDS {
        for (load, rates) in loads.iter_mut().zip(&mut rates) {
            let rate = load.run(&clock, TURN)?;
            // The first turn is for warming up.
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    Ok(rates)
}
