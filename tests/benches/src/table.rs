//! What was measured, as tables in Markdown.

use jeton::Algorithm;

use crate::app::{Candidate, Framework, Role};

/// In the place of a candidate that does not do an algorithm.
const REFUSED: &str = "refuses it";

/// The figure of one candidate: microseconds, or requests per second.
#[derive(Clone)]
pub(crate) struct Series {
    name: &'static str,
    framework: Framework,
    role: Role,
    figure: f64,
}

impl Series {
    /// That figure, of that candidate.
    pub(crate) fn of(candidate: &Candidate, figure: f64) -> Self {
        let Candidate { name, framework, role, .. } = *candidate;
        Self { name, framework, role, figure }
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The columns of a table.
pub(crate) type Columns = Vec<(Algorithm, Vec<Series>)>;

fn figure(column: &[Series], fits: impl Fn(&Series) -> bool) -> Option<f64> {
    column.iter().find(|series| fits(series)).map(|series| series.figure)
}

fn bare(column: &[Series], framework: Framework) -> f64 {
    figure(column, |series| series.role == Role::Bare && series.framework == framework).unwrap_or(f64::NAN)
}

/// What that one adds to the bare handler of its framework, in microseconds.
fn added(column: &[Series], series: &Series) -> f64 {
    series.figure - bare(column, series.framework)
}

/// What jeton adds in the framework of that one; in axum 0.8, where it has none.
fn by_jeton(column: &[Series], framework: Framework) -> f64 {
    let home = if framework == Framework::Axum07 { Framework::Axum } else { framework };
    let jeton = column.iter().find(|series| series.role == Role::Jeton && series.framework == home);
    jeton.map_or(f64::NAN, |series| added(column, series))
}

/// Microseconds: those of bare handlers, and what the others add, with how many times that is what jeton adds.
pub(crate) fn spans(columns: &Columns) -> String {
    let cells = cells(columns, |column, series| match series.role {
        Role::Bare => format!("{:.2} µs", series.figure),
        Role::Peer => {
            let more = added(column, series);
            format!("+{more:.2} µs ({:.0} ×)", more / by_jeton(column, series.framework))
        }
        _ => format!("{:+.2} µs", added(column, series)),
    });
    text(columns, &cells)
        + &row("what the fastest peer in axum adds, in terms of jeton's `.layer()`", &fastest(columns))
}

fn fastest(columns: &Columns) -> Vec<String> {
    let of_axum = |series: &&Series| series.role == Role::Peer && series.framework != Framework::Actix;
    let least = |column: &[Series]| {
        let added = column.iter().filter(of_axum).map(|series| added(column, series));
        added.fold(f64::INFINITY, f64::min) / by_jeton(column, Framework::Axum)
    };
    columns.iter().map(|(_, column)| format!("{:.1} ×", least(column))).collect()
}

/// Requests per second of bare handlers, and the share of that which the others have: with one token, and with many.
pub(crate) fn rates(one: &Columns, many: &Columns) -> String {
    let cell = |column: &[Series], series: &Series| match series.role {
        Role::Bare => format!("{:.0}/s", series.figure),
        _ => format!("{:.2}", series.figure / bare(column, series.framework)),
    };
    let (mut cells, other) = (cells(one, cell), cells(many, cell));
    for (cell, other) in
        cells.iter_mut().flat_map(|(_, cells)| cells).zip(other.iter().flat_map(|(_, cells)| cells))
    {
        if cell != other {
            *cell = format!("{cell}, {other}");
        }
    }
    text(one, &cells)
}

/// What a table says, row by row.
type Cells = Vec<(&'static str, Vec<String>)>;

fn cells(columns: &Columns, cell: impl Fn(&[Series], &Series) -> String) -> Cells {
    // The order is that of the column with most of them.
    let longest = columns.iter().map(|(_, column)| column).max_by_key(|column| column.len());
    let row = |name| {
        let cell = |(_, column): &(Algorithm, Vec<Series>)| {
            let series = column.iter().find(|series| series.name == name);
            series.map_or_else(|| REFUSED.to_owned(), |series| cell(column, series))
        };
        (name, columns.iter().map(cell).collect())
    };
    longest.into_iter().flatten().map(|series| row(series.name)).collect()
}

fn text(columns: &Columns, cells: &Cells) -> String {
    let heads: Vec<_> = columns.iter().map(|(algorithm, _)| algorithm.to_string()).collect();
    let head = row("", &heads) + &row("---", &vec!["---".to_owned(); heads.len()]);
    cells.iter().fold(head, |text, (name, cells)| text + &row(name, cells))
}

/// One line of a table.
pub(crate) fn row(name: &str, cells: &[String]) -> String {
    format!("| {name} | {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &'static str, role: Role, figure: f64) -> Series {
        Series { name, framework: Framework::Axum, role, figure }
    }

    #[test]
    fn what_a_peer_adds_is_divided_by_what_jeton_adds() {
        let column = vec![
            series("bare", Role::Bare, 1.0),
            series("peer", Role::Peer, 4.0),
            series("jeton", Role::Jeton, 1.5),
        ];
        let table = spans(&vec![(Algorithm::EdDsa, column.clone())]);
        assert!(table.contains("| peer | +3.00 µs (6 ×) |"), "{table}");
        assert!(table.ends_with("| 6.0 × |\n"), "{table}");
        let one = vec![(Algorithm::EdDsa, column)];
        let mut many = one.clone();
        many[0].1[1].figure = 2.0;
        let table = rates(&one, &many);
        assert!(table.contains("| bare | 1/s |\n| peer | 4.00, 2.00 |"), "{table}");
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
