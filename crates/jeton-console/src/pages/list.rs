//! All tokens that the visitor may see.

use askama::Template;
use http::StatusCode;
use jeton::{Caller, ManageError, State, rights::scopes};
use jeton_http::Answer;

use super::{
    done,
    filters::Filters,
    row::{Badge, Row},
};
use crate::{
    failure::Failure,
    form::Form,
    frame::{Frame, html},
    page::Page,
    path::Area,
    texts::fill,
};

const PAGE: u32 = 50;
/// Counters look no further.
const COUNT: u32 = 100;

/// How many tokens a filter finds, as a link to them.
struct Counter {
    label: &'static str,
    href: String,
    count: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    f: Frame<'a>,
    done: Option<&'static str>,
    filters: Filters,
    /// What can be chosen: a word and what it is called.
    states: Vec<(&'static str, &'static str)>,
    sorts: Vec<(&'static str, &'static str)>,
    counters: Vec<Counter>,
    rows: Vec<Row>,
    /// The address of the page itself, and of the next one.
    here: String,
    first: Option<String>,
    next: Option<String>,
    count: String,
    /// What was asked for, for links to details.
    query: String,
    may_write: bool,
}

pub(crate) async fn respond(page: &Page<'_>) -> Result<Answer, Failure> {
    let caller = page.caller(Area::All)?;
    let (form, t) = (Form::of_query(page.request), page.texts());
    let filters = Filters::of(&form);
    let (now, sort, after) = (page.now(), filters.sort(), filters.after(&form));
    let deep = after.is_some();
    let found = page.authority().list(&caller, filters.filter(now), sort, after, PAGE).await?;
    let here = page.link("/tokens");
    let cursor = found.next.as_ref().map(|position| position.to_cursor(sort));
    let query = filters.query(None);
    let count = found.records.len().to_string();
    Ok(html(
        StatusCode::OK,
        &ListPage {
            f: Frame::new(page, t.tokens_title, "/tokens"),
            done: done(page),
            states: State::ALL.map(|state| (state.as_str(), Badge::of(state, t).label)).into(),
            sorts: vec![
                ("", t.sort_newest),
                ("created_at", t.sort_oldest),
                ("name", t.sort_name),
                ("expires_at", t.sort_end),
                ("-last_used_at", t.sort_used),
                ("last_used_at", t.sort_unused),
            ],
            counters: counters(page, &caller, &filters).await?,
            rows: found.records.iter().map(|record| Row::of(record, page, Area::All)).collect(),
            first: deep.then(|| format!("{here}?{query}")),
            next: cursor.map(|cursor| format!("{here}?{}", filters.query(Some(&cursor)))),
            may_write: caller.require(scopes::TOKENS_WRITE).is_ok(),
            count: fill(t.page_count, &[("n", &count)]),
            here,
            query,
            filters,
        },
    ))
}

async fn counters(page: &Page<'_>, caller: &Caller, shown: &Filters) -> Result<Vec<Counter>, ManageError> {
    let t = page.texts();
    // In the order in which a store finds what is counted without looking at the rest.
    let of = |state: &str, ends: &str, unused: &str, sort: &str| Filters {
        state: state.to_owned(),
        ends: ends.to_owned(),
        unused: unused.to_owned(),
        sort: sort.to_owned(),
        ..Filters::default()
    };
    let mut counters = Vec::new();
    for (label, filters) in [
        (t.counter_active, of("active", "", "", "")),
        (t.counter_soon, of("active", "30", "", "expires_at")),
        (t.counter_unused, of("active", "", "90", "last_used_at")),
        (t.counter_expired, of("expired", "", "", "expires_at")),
    ] {
        let found =
            page.authority().list(caller, filters.filter(page.now()), filters.sort(), None, COUNT).await?;
        let count = found.records.len();
        counters.push(Counter {
            label,
            href: page.link(&format!("/tokens?{}", filters.query(None))),
            count: if found.next.is_some() { format!("{count}+") } else { count.to_string() },
            current: Filters { sort: filters.sort.clone(), ..shown.clone() } == filters,
        });
    }
    Ok(counters)
}
