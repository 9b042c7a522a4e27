//! Apps called in process: no socket, no HTTP parser, one request after the other.

use std::time::Duration;

use crate::{
    app::Candidate,
    table::{Series, median},
    walk::{Bearer, Walk},
};

/// How often each candidate has its turn.
const ROUNDS: usize = 25;

/// How long a turn is to take, about.
const TURN: Duration = Duration::from_millis(6);

/// By how many requests it is found out how many fit into a turn.
const TRIAL: u32 = 200;

/// The median of what a request took, in microseconds, for each candidate. The candidates take turns, so that what
/// else the machine does disturbs all of them alike.
pub(crate) async fn measure(
    candidates: &mut [Candidate],
    bearers: &[Bearer],
    picks: &[usize],
) -> Vec<Series> {
    let mut calls = Vec::new();
    for candidate in &mut *candidates {
        let span = candidate.app.round(Walk::new(bearers, picks, 0), TRIAL).await;
        let each = span.as_secs_f64() / f64::from(TRIAL);
        calls.push((TURN.as_secs_f64() / each).clamp(50.0, 20_000.0) as u32);
    }
    let mut spans = vec![Vec::with_capacity(ROUNDS); candidates.len()];
    for round in 0..ROUNDS {
        for ((candidate, calls), spans) in candidates.iter_mut().zip(&calls).zip(&mut spans) {
            let mut span = Duration::ZERO;
            // The others have left nothing of its memory in the caches of the core: a turn that does not count is first.
            for part in [2 * round, 2 * round + 1] {
                let walk = Walk::new(bearers, picks, part * 20_011);
                span = candidate.app.round(walk, *calls).await;
            }
            spans.push(span.as_secs_f64() * 1e6 / f64::from(*calls));
            // The tasks of the authorities have their turn, too.
            tokio::task::yield_now().await;
        }
    }
    let medians = spans.into_iter().map(median);
    candidates.iter().zip(medians).map(|(candidate, median)| Series::of(candidate, median)).collect()
}
