//! Users whom a text fits, for the picker: options alone, which the script puts in.

use askama::Template;
use http::StatusCode;
use jeton_http::Answer;

use crate::{failure::Failure, form::Form, frame::html, page::Page, path::Area};

#[derive(Template)]
#[template(path = "users.html")]
struct Options {
    users: Vec<jeton::Match>,
}

pub(crate) async fn respond(page: &Page<'_>) -> Result<Answer, Failure> {
    let caller = page.caller(Area::All)?;
    let form = Form::of_query(page.request);
    let users = page.authority().search_subjects(&caller, form.text("text")).await?;
    Ok(html(StatusCode::OK, &Options { users }))
}
