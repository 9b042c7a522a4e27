//! Many tokens disabled or revoked: a page that names them and asks, and what came of it.

use askama::Template;
use http::StatusCode;
use jeton::{Caller, ManageError, Record, RecordId};
use jeton_http::Answer;

use super::row::is_in_use;
use crate::{
    failure::{Failure, sentence},
    form::Form,
    frame::{Frame, html},
    page::Page,
    path::Area,
    texts::fill,
};

/// As many as the routes take at once.
const MOST: usize = 200;

struct Item {
    id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "bulk.html")]
struct BulkPage<'a> {
    f: Frame<'a>,
    what: &'static str,
    submit: &'static str,
    word: &'static str,
    items: Vec<Item>,
    asks_number: bool,
    wrong: bool,
    reason: String,
    action: String,
    back: String,
}

#[derive(Template)]
#[template(path = "bulk_done.html")]
struct BulkDone<'a> {
    f: Frame<'a>,
    done: String,
    failed: Vec<String>,
    back: String,
}

pub(crate) async fn respond(page: &Page<'_>) -> Result<Answer, Failure> {
    let caller = page.caller(Area::All)?;
    caller.require(jeton::rights::scopes::TOKENS_WRITE)?;
    let form = if page.takes_form() { page.form()? } else { Form::of_query(page.request) };
    let revokes = form.text("action") == "revoke";
    let records = selected(page, &caller, &form).await?;
    let in_use = revokes && records.iter().any(|record| is_in_use(record, page.now()));
    if !page.takes_form() || records.is_empty() {
        return Ok(ask(page, &records, revokes, in_use, None));
    }
    if in_use && form.text("confirm") != records.len().to_string() {
        return Ok(ask(page, &records, revokes, in_use, Some(form.text("reason"))));
    }
    let caller = caller.with_reason(form.filled("reason"));
    let (mut done, mut failed) = (0_usize, Vec::new());
    for record in &records {
        let changed = if revokes {
            page.authority().revoke(&caller, record.id).await
        } else {
            page.authority().disable(&caller, record.id).await
        };
        match changed {
            Ok(_) => done += 1,
            Err(error) => {
                let why = sentence(&error.to_string());
                failed.push(fill(page.texts().bulk_failed, &[("name", &record.name), ("why", &why)]));
            }
        }
    }
    let t = page.texts();
    let done = fill(t.bulk_done, &[("n", &done.to_string())]);
    let f = Frame::new(page, t.bulk_result, "/tokens");
    Ok(html(StatusCode::OK, &BulkDone { f, done, failed, back: page.link("/tokens") }))
}

/// Those that the visitor may see; the others are not there.
async fn selected(page: &Page<'_>, caller: &Caller, form: &Form) -> Result<Vec<Record>, ManageError> {
    let mut records: Vec<Record> = Vec::new();
    for id in form.all("id").filter_map(|id| id.parse::<RecordId>().ok()).take(MOST) {
        match page.authority().find(caller, id).await {
            Ok(record) if records.iter().all(|other| other.id != id) => records.push(record),
            Ok(_) | Err(ManageError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(records)
}

fn ask(page: &Page<'_>, records: &[Record], revokes: bool, in_use: bool, wrong: Option<&str>) -> Answer {
    let t = page.texts();
    let (title, what, submit, word) = if revokes {
        (t.bulk_revoke_title, t.bulk_revoke_what, t.bulk_submit_revoke, "revoke")
    } else {
        (t.bulk_disable_title, t.bulk_disable_what, t.bulk_submit_disable, "disable")
    };
    let title = fill(title, &[("n", &records.len().to_string())]);
    let item = |record: &Record| Item { id: record.id.to_string(), name: record.name.clone() };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(
        status,
        &BulkPage {
            f: Frame::new(page, if records.is_empty() { t.bulk_none.to_owned() } else { title }, "/tokens"),
            what,
            submit,
            word,
            items: records.iter().map(item).collect(),
            asks_number: in_use,
            wrong: wrong.is_some(),
            reason: wrong.unwrap_or_default().to_owned(),
            action: page.link("/tokens/bulk"),
            back: page.link("/tokens"),
        },
    )
}
