//! Changing a token that there is.

use askama::Template;
use http::StatusCode;
use jeton::{Caller, ManageError, Record, RecordId};
use jeton_http::Answer;

use super::{
    generate::{Fields, errors_of, fields},
    values::{Errors, Values},
};
use crate::{
    failure::Failure,
    form::Form,
    frame::{Frame, html},
    page::{Page, see_other},
    path::Area,
    texts::fill,
};

#[derive(Template)]
#[template(path = "edit.html")]
struct EditPage<'a> {
    f: Frame<'a>,
    form: Fields,
    action: String,
    back: String,
}

pub(crate) async fn respond(page: &Page<'_>, area: Area, id: RecordId) -> Result<Answer, Failure> {
    let caller = page.caller(area)?;
    caller.require(jeton::rights::scopes::TOKENS_WRITE)?;
    let record = page.authority().find(&caller, id).await?;
    if !page.takes_form() {
        // What was typed before the session ended comes back in the query.
        let typed = Form::of_query(page.request);
        let values = if typed.has("version") { Values::of(&typed) } else { Values::of_record(&record) };
        return show(page, &caller, area, &record, StatusCode::OK, values, Errors::new()).await;
    }
    let mut values = Values::of(&page.form()?);
    let errors = match values.edit(page.texts()) {
        Err(errors) => errors,
        Ok(mut edit) => {
            if area == Area::Mine {
                edit.subject = None;
            }
            let version = Some(values.version.parse().unwrap_or_default());
            match page.authority().update(&caller, id, edit, version).await {
                Ok(_) => {
                    return Ok(see_other(&page.link(&format!("{}/{id}?done=edit", area.path()))));
                }
                Err(ManageError::Stale) => {
                    // What was typed stays; saving it again is meant.
                    let found = page.authority().find(&caller, id).await?;
                    values.version = found.version.to_string();
                    errors_of(ManageError::Stale, page)?
                }
                Err(error) => errors_of(error, page)?,
            }
        }
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    show(page, &caller, area, &record, status, values, errors).await
}

async fn show(
    page: &Page<'_>,
    caller: &Caller,
    area: Area,
    record: &Record,
    status: StatusCode,
    values: Values,
    errors: Errors,
) -> Result<Answer, Failure> {
    let form = fields(page, caller, area, values, errors, Some(record.grant.expires_at)).await?;
    let title = fill(page.texts().edit_title, &[("name", &record.name)]);
    let back = page.link(&format!("{}/{}", area.path(), record.id));
    let f = Frame::new(page, title, area.path());
    Ok(html(status, &EditPage { f, form, action: format!("{back}/edit"), back }))
}
