//! A new credential for a token, with a grace for the old one.

use std::time::Duration;

use askama::Template;
use http::StatusCode;
use jeton::{ManageError, Record, RecordId, Rotate};
use jeton_http::Answer;

use super::{
    generate::{Preset, errors_of, presets},
    row::is_in_use,
    shown,
    values::{Errors, Values},
};
use crate::{
    failure::Failure,
    form::Form,
    frame::{Frame, html},
    page::Page,
    path::Area,
    texts::fill,
    time::{date, moment},
};

struct Grace {
    seconds: u32,
    label: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "rotate.html")]
struct RotatePage<'a> {
    f: Frame<'a>,
    graces: Vec<Grace>,
    presets: Vec<Preset>,
    expires_on: String,
    today: String,
    asks_name: Option<String>,
    errors: Errors,
    action: String,
    back: String,
}

pub(crate) async fn respond(page: &Page<'_>, area: Area, id: RecordId) -> Result<Answer, Failure> {
    let caller = page.caller(area)?;
    caller.require(jeton::rights::scopes::TOKENS_WRITE)?;
    let record = page.authority().find(&caller, id).await?;
    if !page.takes_form() {
        let query = Form::of_query(page.request);
        return Ok(show(page, area, &record, &query, Errors::new()));
    }
    let form = page.form()?;
    let mut errors = Errors::new();
    let expiry = typed(&form).expiry(page.texts(), &mut errors);
    let grace: u32 = form.text("grace").parse().unwrap_or_default();
    if grace == 0 && is_in_use(&record, page.now()) && form.text("confirm") != record.name.trim() {
        errors.entry("confirm").or_default().push(page.texts().confirm_wrong.to_owned());
    }
    if errors.is_empty() {
        let request = Rotate { grace: Duration::from_secs(grace.into()), expiry };
        match page.authority().rotate(&caller, id, request).await {
            Ok(generated) => return Ok(shown::generated(page, area, &generated)),
            Err(error @ ManageError::NotFound) => return Err(error.into()),
            Err(error) => errors = errors_of(error, page)?,
        }
    }
    Ok(show(page, area, &record, &form, errors))
}

fn typed(form: &Form) -> Values {
    let expires = form.filled("expires").unwrap_or_else(|| "keep".to_owned());
    Values { expires, expires_on: form.text("expires_on").to_owned(), ..Values::default() }
}

fn show(page: &Page<'_>, area: Area, record: &Record, form: &Form, errors: Errors) -> Answer {
    let (t, now) = (page.texts(), page.now());
    let values = typed(form);
    let chosen = form.filled("grace").unwrap_or_else(|| "86400".to_owned());
    let grace = |(seconds, label): (u32, &'static str)| Grace {
        chosen: seconds.to_string() == chosen,
        seconds,
        label,
    };
    let graces = [
        (3600, t.rotate_hour),
        (86_400, t.rotate_day),
        (604_800, t.rotate_week),
        (2_592_000, t.rotate_month),
        (0, t.rotate_grace_none),
    ];
    let used = record.last_use.at.filter(|_| is_in_use(record, now));
    let back = page.link(&format!("{}/{}", area.path(), record.id));
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    html(
        status,
        &RotatePage {
            f: Frame::new(page, fill(t.rotate_title, &[("name", &record.name)]), area.path()),
            graces: graces.into_iter().map(grace).collect(),
            presets: presets(page, &values.expires, Some(record.grant.expires_at)),
            expires_on: values.expires_on,
            today: date(now),
            asks_name: used.map(|used| fill(t.rotate_confirm, &[("when", &moment(used, now, t).near)])),
            errors,
            action: format!("{back}/rotate"),
            back,
        },
    )
}
