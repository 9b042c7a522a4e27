//! What was measured, as tables in Markdown.

use jeton::Algorithm;

use crate::app::{Candidate, Framework, Role};

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
    rows(columns, |column, series| match series.role {
        Role::Bare => format!("{:.2} µs", series.figure),
        Role::Peer => {
            let more = added(column, series);
            format!("+{more:.2} µs ({:.0} ×)", more / by_jeton(column, series.framework))
        }
        _ => format!("{:+.2} µs", added(column, series)),
    }) + &row("what the fastest peer in axum adds, in terms of jeton's `.layer()`", &fastest(columns))
}

fn fastest(columns: &Columns) -> Vec<String> {
    let of_axum = |series: &&Series| series.role == Role::Peer && series.framework != Framework::Actix;
    let least = |column: &[Series]| {
        let added = column.iter().filter(of_axum).map(|series| added(column, series));
        added.fold(f64::INFINITY, f64::min) / by_jeton(column, Framework::Axum)
    };
    columns.iter().map(|(_, column)| format!("{:.1} ×", least(column))).collect()
}

/// Requests per second of bare handlers, and the share of that which the others have.
pub(crate) fn rates(columns: &Columns) -> String {
    rows(columns, |column, series| match series.role {
        Role::Bare => format!("{:.0}/s", series.figure),
        _ => format!("{:.2}", series.figure / bare(column, series.framework)),
    })
}

fn rows(columns: &Columns, cell: impl Fn(&[Series], &Series) -> String) -> String {
    let mut names: Vec<&'static str> = Vec::new();
    for series in columns.iter().flat_map(|(_, column)| column) {
        if !names.contains(&series.name) {
            names.push(series.name);
        }
    }
    let heads: Vec<_> = columns.iter().map(|(algorithm, _)| algorithm.as_str().to_owned()).collect();
    let mut text = row("", &heads) + &row("---", &vec!["---".to_owned(); heads.len()]);
    for name in names {
        let cells: Vec<_> = columns
            .iter()
            .map(|(_, column)| {
                column.iter().find(|series| series.name == name).map(|series| cell(column, series))
            })
            .map(|cell| cell.unwrap_or_else(|| "refuses it".to_owned()))
            .collect();
        text += &row(name, &cells);
    }
    text
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
        assert!(rates(&vec![(Algorithm::EdDsa, column)]).contains("| peer | 4.00 |"));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
