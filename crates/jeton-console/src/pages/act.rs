//! What is done to one token: a page that says what follows from it and asks, and the deed.

use askama::Template;
use http::StatusCode;
use jeton::{Caller, Record, RecordId};
use jeton_http::Answer;

use super::{row::is_in_use, shown};
use crate::{
    failure::Failure,
    frame::{Frame, html},
    page::{Page, see_other},
    path::{Action, Area},
    texts::fill,
    time::moment,
};

#[derive(Template)]
#[template(path = "act.html")]
struct ActPage<'a> {
    f: Frame<'a>,
    what: &'static str,
    submit: &'static str,
    danger: bool,
    asks_reason: bool,
    reason: String,
    /// What it says where the name must be typed.
    asks_name: Option<String>,
    wrong: bool,
    action: String,
    back: String,
}

pub(crate) async fn respond(
    page: &Page<'_>,
    area: Area,
    id: RecordId,
    action: Action,
) -> Result<Answer, Failure> {
    let caller = page.caller(area)?;
    let needed = match action {
        Action::Reveal => jeton::rights::scopes::TOKENS_REVEAL,
        _ => jeton::rights::scopes::TOKENS_WRITE,
    };
    caller.require(needed)?;
    let record = page.authority().find(&caller, id).await?;
    if !page.takes_form() {
        return Ok(show(page, area, &record, action, None));
    }
    let form = page.form()?;
    if asks_name(page, &record, action).is_some() && form.text("confirm") != record.name.trim() {
        return Ok(show(page, area, &record, action, Some(form.text("reason"))));
    }
    let caller = caller.with_reason(form.filled("reason"));
    if action == Action::Reveal {
        let token = page.authority().reveal(&caller, id).await?;
        return Ok(shown::revealed(page, area, &record, &token));
    }
    act(page, &caller, id, action).await?;
    let below = match (area, action) {
        (Area::Mine, _) => "/me".to_owned(),
        (Area::All, Action::Delete) => "/tokens".to_owned(),
        (Area::All, _) => format!("/tokens/{id}"),
    };
    Ok(see_other(&page.link(&format!("{below}?done={}", action.word()))))
}

async fn act(page: &Page<'_>, caller: &Caller, id: RecordId, action: Action) -> Result<(), Failure> {
    let authority = page.authority();
    match action {
        Action::Disable => drop(authority.disable(caller, id).await?),
        Action::Enable => drop(authority.enable(caller, id).await?),
        Action::Revoke => drop(authority.revoke(caller, id).await?),
        Action::Leaked => drop(authority.revoke_leaked(caller, id).await?),
        Action::CancelRotation => drop(authority.cancel_rotation(caller, id).await?),
        Action::Delete => authority.delete(caller, id).await?,
        Action::Reveal => {}
    }
    Ok(())
}

/// Who ends what is in use for ever has to know which one it is. Of a leak, every second counts.
fn asks_name(page: &Page<'_>, record: &Record, action: Action) -> Option<String> {
    let (t, now) = (page.texts(), page.now());
    let for_ever = matches!(action, Action::Revoke | Action::Delete) && is_in_use(record, now);
    let used = record.last_use.at.filter(|_| for_ever)?;
    Some(fill(t.confirm_used, &[("when", &moment(used, now, t).near)]))
}

/// `wrong` is the reason that was typed beside a wrong name.
fn show(page: &Page<'_>, area: Area, record: &Record, action: Action, wrong: Option<&str>) -> Answer {
    let t = page.texts();
    let (title, what, submit) = match action {
        Action::Disable => (t.disable_title, t.disable_what, t.action_disable),
        Action::Enable => (t.enable_title, t.enable_what, t.action_enable),
        Action::Revoke => (t.revoke_title, t.revoke_what, t.action_revoke),
        Action::Delete => (t.delete_title, t.delete_what, t.action_delete),
        Action::Leaked => (t.leaked_title, t.leaked_what, t.leaked_submit),
        Action::CancelRotation => (t.cancel_rotation_title, t.cancel_rotation_what, t.cancel_rotation_submit),
        Action::Reveal => (t.reveal_title, t.reveal_what, t.action_reveal),
    };
    let path = format!("{}/{}", area.path(), record.id);
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    html(
        status,
        &ActPage {
            f: Frame::new(page, fill(title, &[("name", &record.name)]), area.path()),
            what,
            submit,
            danger: !matches!(action, Action::Enable | Action::Reveal),
            asks_reason: !matches!(action, Action::Reveal),
            reason: wrong.unwrap_or_default().to_owned(),
            asks_name: asks_name(page, record, action),
            wrong: wrong.is_some(),
            action: page.link(&format!("{path}/{}", action.word())),
            back: page.link(&path),
        },
    )
}
