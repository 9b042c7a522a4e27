//! The key rings, without any private part.

use askama::Template;
use http::StatusCode;
use jeton::{Caller, KeyInfo, KeyState, Ring};
use jeton_http::Answer;

use super::{done, row::Badge};
use crate::{
    failure::Failure,
    form::{Form, query},
    frame::{Frame, html},
    page::{Page, see_other},
    path::{Area, Path},
    texts::fill,
    time::{Moment, moment},
};

struct Key {
    kid: String,
    algorithm: &'static str,
    badge: Badge,
    since: Option<Moment>,
    /// Where it is retired, if it can be.
    retire: Option<String>,
}

struct RingView {
    label: &'static str,
    keys: Vec<Key>,
    /// Where it is rotated, if the keys are managed.
    rotate: Option<String>,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage<'a> {
    f: Frame<'a>,
    done: Option<&'static str>,
    rings: Vec<RingView>,
    managed: bool,
}

#[derive(Template)]
#[template(path = "key_act.html")]
struct AskPage<'a> {
    f: Frame<'a>,
    what: &'static str,
    submit: &'static str,
    danger: bool,
    /// What the form sends on.
    field: &'static str,
    value: String,
    action: String,
    back: String,
}

pub(crate) async fn respond(page: &Page<'_>, path: Path) -> Result<Answer, Failure> {
    let caller = page.caller(Area::All)?;
    let keys = page.authority().keys(&caller).await?;
    let form = if page.takes_form() { page.form()? } else { Form::of_query(page.request) };
    match path {
        Path::RotateKeys => {
            let ring = Ring::ALL.into_iter().find(|ring| ring.as_str() == form.text("ring"));
            rotate(page, &caller, ring.ok_or(Failure::NotFound)?).await
        }
        Path::RetireKey => {
            let key = keys.iter().find(|key| key.kid == form.text("kid"));
            retire(page, &caller, key.ok_or(Failure::NotFound)?).await
        }
        _ => Ok(show(page, &keys)),
    }
}

async fn rotate(page: &Page<'_>, caller: &Caller, ring: Ring) -> Result<Answer, Failure> {
    let t = page.texts();
    if page.takes_form() {
        page.authority().rotate_keys(caller, ring).await?;
        return Ok(see_other(&page.link("/keys?done=rotated")));
    }
    let title = fill(t.keys_rotate_title, &[("name", label(ring, page))]);
    Ok(html(
        StatusCode::OK,
        &AskPage {
            f: Frame::new(page, title, "/keys"),
            what: t.keys_rotate_what,
            submit: t.keys_rotate,
            danger: false,
            field: "ring",
            value: ring.as_str().to_owned(),
            action: page.link("/keys/rotate"),
            back: page.link("/keys"),
        },
    ))
}

async fn retire(page: &Page<'_>, caller: &Caller, key: &KeyInfo) -> Result<Answer, Failure> {
    let t = page.texts();
    if page.takes_form() {
        let caller = caller.clone().with_reason(page.form()?.filled("reason"));
        page.authority().retire_key(&caller, &key.kid).await?;
        return Ok(see_other(&page.link("/keys?done=retired")));
    }
    Ok(html(
        StatusCode::OK,
        &AskPage {
            f: Frame::new(page, fill(t.keys_retire_title, &[("name", &key.kid)]), "/keys"),
            what: t.keys_retire_what,
            submit: t.keys_retire,
            danger: true,
            field: "kid",
            value: key.kid.clone(),
            action: page.link("/keys/retire"),
            back: page.link("/keys"),
        },
    ))
}

fn show(page: &Page<'_>, keys: &[KeyInfo]) -> Answer {
    // Of those that the host gave, nobody knows when they were made.
    let managed = keys.iter().any(|key| key.created_at.is_some());
    let ring = |ring: Ring| RingView {
        label: label(ring, page),
        keys: keys.iter().filter(|key| key.ring == ring).map(|key| view(page, key, managed)).collect(),
        rotate: managed
            .then(|| format!("{}?{}", page.link("/keys/rotate"), query([("ring", ring.as_str())]))),
    };
    let rings = Ring::ALL.into_iter().map(ring).filter(|ring| !ring.keys.is_empty()).collect();
    let f = Frame::new(page, page.texts().keys_title, "/keys");
    html(StatusCode::OK, &KeysPage { f, done: done(page), rings, managed })
}

fn view(page: &Page<'_>, key: &KeyInfo, managed: bool) -> Key {
    let t = page.texts();
    let (class, label) = match key.state {
        KeyState::Next => ("not_yet_valid", t.key_next),
        KeyState::Signing => ("active", t.key_signing),
        KeyState::Verifying => ("disabled", t.key_verifying),
        KeyState::Retired => ("revoked", t.key_retired),
    };
    let usable = managed && key.state != KeyState::Retired;
    Key {
        kid: key.kid.clone(),
        algorithm: key.algorithm.as_str(),
        badge: Badge { class, label },
        since: key.signs_from.map(|at| moment(at, page.now(), t)),
        retire: usable
            .then(|| format!("{}?{}", page.link("/keys/retire"), query([("kid", key.kid.as_str())]))),
    }
}

fn label(ring: Ring, page: &Page<'_>) -> &'static str {
    let t = page.texts();
    match ring {
        Ring::Api => t.keys_api,
        Ring::Access => t.keys_access,
        Ring::Secret => t.keys_secret,
    }
}
