//! All that a run has measured, and how it is printed.

use std::fmt;

use jeton::Algorithm;

use crate::{
    Fallible, checks,
    issuer::Issuer,
    sockets::{self, exchanges},
    table::{Columns, rates, row, spans},
    walk::Bearer,
};

/// What to do.
pub(crate) struct Wanted {
    /// Whether apps are called in process.
    pub(crate) in_process: bool,
    /// Whether they are served over sockets.
    pub(crate) sockets: bool,
    /// Whether API tokens are exchanged over sockets.
    pub(crate) exchanges: bool,
}

/// Columns for one hot token, and for many.
#[derive(Default)]
struct Pair {
    one: Columns,
    many: Columns,
}

/// One column for each algorithm.
#[derive(Default)]
pub(crate) struct Results {
    checks: Vec<(Algorithm, [f64; 4])>,
    in_process: Pair,
    by_clock: Pair,
    by_core: Pair,
    exchanges: Vec<(Algorithm, exchanges::Exchanges)>,
}

impl Results {
    /// Measures all that is wanted of one issuer, whose tokens are picked like that where there are many.
    pub(crate) async fn add(&mut self, wanted: &Wanted, issuer: &Issuer, picks: &[usize]) -> Fallible<()> {
        let algorithm = issuer.algorithm;
        if wanted.exchanges {
            self.exchanges.push((algorithm, exchanges::measure(issuer, picks)?));
        }
        if !wanted.in_process && !wanted.sockets {
            return Ok(());
        }
        let bearers = issuer.tokens.iter().map(|token| Bearer::new(token)).collect::<Fallible<Vec<_>>>()?;
        let mut candidates = crate::apps::candidates(issuer).await?;
        crate::proof::prove(&mut candidates, issuer).await?;
        issuer.remember()?;
        if wanted.in_process {
            self.checks.push((algorithm, checks::measure(issuer)?));
            let one = crate::in_process::measure(&mut candidates, &bearers, &[0]).await;
            let many = crate::in_process::measure(&mut candidates, &bearers, picks).await;
            self.in_process.one.push((algorithm, one));
            self.in_process.many.push((algorithm, many));
        }
        if wanted.sockets {
            let one = sockets::measure(&candidates, &bearers, &[0])?;
            let many = sockets::measure(&candidates, &bearers, picks)?;
            self.by_clock.one.push((algorithm, one.clock));
            self.by_clock.many.push((algorithm, many.clock));
            self.by_core.one.push((algorithm, one.core));
            self.by_core.many.push((algorithm, many.core));
        }
        Ok(())
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.checks.is_empty() {
            writeln!(f, "The check of a token alone:\n")?;
            let heads: Vec<_> = self.checks.iter().map(|(algorithm, _)| algorithm.to_string()).collect();
            write!(f, "{}{}", row("", &heads), row("---", &vec!["---".to_owned(); heads.len()]))?;
            for (at, name) in checks::NAMES.iter().enumerate() {
                let cell = |(_, figures): &(_, [f64; 4])| {
                    let [bare, decode, ..] = *figures;
                    let (bare, decode) = (figures[at] / bare, figures[at] / decode);
                    format!("{:.2} µs ({bare:.2}, {decode:.2} ×)", figures[at])
                };
                f.write_str(&row(name, &self.checks.iter().map(cell).collect::<Vec<_>>()))?;
            }
            writeln!(f, "\nIn process, 10 000 tokens:\n\n{}", spans(&self.in_process.many))?;
            writeln!(f, "In process, one token:\n\n{}", spans(&self.in_process.one))?;
        }
        for (what, Pair { one, many }) in [("time of its core", &self.by_core), ("the clock", &self.by_clock)]
        {
            if !one.is_empty() {
                writeln!(f, "Over sockets, by {what}, one token and 10 000:\n\n{}", rates(one, many))?;
            }
        }
        if !self.exchanges.is_empty() {
            let table = exchanges::table(&self.exchanges);
            writeln!(f, "Exchanges over sockets, by time of its core and by the clock:\n\n{table}")?;
        }
        Ok(())
    }
}
