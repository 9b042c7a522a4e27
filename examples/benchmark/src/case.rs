//! Rounds of several cases, and how they compare.

use std::{fmt, time::Duration};

use jeton::{Clock, SystemClock};

/// How many requests are read at once: with their tokens they fit beside what else a core has near.
const NEAR: usize = 50;

/// The cases of one framework; the first one is what the others are compared with.
pub(crate) struct Table {
    framework: &'static str,
    cases: Vec<Case>,
}

/// One case, and how many nanoseconds a request took in each round.
struct Case {
    name: &'static str,
    rounds: Vec<f64>,
}

impl Table {
    pub(crate) fn new(framework: &'static str) -> Self {
        Self { framework, cases: Vec::new() }
    }

    /// One round of one case: a request with each of these bearers, and before it, unmeasured, with others.
    pub(crate) async fn measure(
        &mut self,
        name: &'static str,
        clock: &SystemClock,
        [others, bearers]: [&[&str]; 2],
        call: impl AsyncFn(&str) -> u16,
    ) {
        for bearer in others {
            call(bearer).await;
        }
        let mut span = Duration::ZERO;
        for bearers in bearers.chunks(NEAR) {
            // A server finds them near, since it just read them.
            let bearers: Vec<String> = bearers.iter().map(|bearer| (*bearer).to_owned()).collect();
            let start = clock.monotonic();
            for bearer in &bearers {
                assert_eq!(call(bearer).await, 200, "{name}");
            }
            span += clock.monotonic() - start;
        }
        let nanos = nanos(span) / bearers.len() as f64;
        match self.cases.iter_mut().find(|case| case.name == name) {
            Some(case) => case.rounds.push(nanos),
            None => self.cases.push(Case { name, rounds: vec![nanos] }),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} | least ns | median ns | adds ns | of the bare one |", self.framework)?;
        writeln!(f, "|---|---|---|---|---|")?;
        let Some(bare) = self.cases.first() else { return Ok(()) };
        for case in &self.cases {
            let least = case.rounds.iter().copied().fold(f64::INFINITY, f64::min);
            let pairs = || case.rounds.iter().zip(&bare.rounds);
            writeln!(
                f,
                "| {} | {least:.0} | {:.0} | {:.0} | {:.2} |",
                case.name,
                median(case.rounds.iter().copied()),
                median(pairs().map(|(case, bare)| case - bare)),
                median(pairs().map(|(case, bare)| case / bare)),
            )?;
        }
        Ok(())
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn nanos(span: Duration) -> f64 {
    span.as_secs_f64() * 1e9
}
