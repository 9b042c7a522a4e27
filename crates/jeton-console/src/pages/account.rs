//! The visitor's own personal tokens.

use askama::Template;
use http::StatusCode;
use jeton::{Filter, Sort};
use jeton_http::Answer;

use super::{done, row::Row};
use crate::{
    failure::Failure,
    frame::{Frame, html},
    page::Page,
    path::Area,
};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    f: Frame<'a>,
    done: Option<&'static str>,
    live: Vec<Row>,
    past: Vec<Row>,
    reveals: bool,
    generate: String,
}

pub(crate) async fn respond(page: &Page<'_>) -> Result<Answer, Failure> {
    let caller = page.caller(Area::Mine)?;
    let found = page.authority().list(&caller, Filter::default(), Sort::default(), None, 200).await?;
    let rows = found.records.iter().map(|record| Row::of(record, page, Area::Mine));
    let (live, past): (Vec<_>, Vec<_>) = rows.partition(|row| row.alive);
    Ok(html(
        StatusCode::OK,
        &AccountPage {
            f: Frame::new(page, page.texts().account_title, "/me"),
            done: done(page),
            live,
            past,
            reveals: page.authority().choices(&caller).reveal,
            generate: page.link("/me/new"),
        },
    ))
}
