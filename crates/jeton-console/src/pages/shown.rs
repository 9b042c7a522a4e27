//! A token, shown: the answer to the form itself, so that it is in no address and in no history.

use askama::Template;
use http::StatusCode;
use jeton::{ApiToken, Generated, Record};
use jeton_http::Answer;

use crate::{
    frame::{Frame, html},
    page::Page,
    path::Area,
    texts::fill,
    time::moment,
};

/// One thing to copy.
struct Secret {
    id: &'static str,
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "shown.html")]
struct ShownPage<'a> {
    f: Frame<'a>,
    name: String,
    warning: &'static str,
    secrets: Vec<Secret>,
    sentences: Vec<String>,
    try_lead: String,
    exchange: String,
    /// Whether it can be seen once only.
    once: bool,
    done: String,
}

/// A new token, with its key and secret if there are any.
pub(crate) fn generated(page: &Page<'_>, area: Area, generated: &Generated) -> Answer {
    let t = page.texts();
    let mut secrets = vec![token(page, &generated.api_token)];
    if let Some(pair) = &generated.secret {
        secrets.push(Secret { id: "key", label: t.shown_key, value: pair.key.clone() });
        let value = pair.secret.expose().to_owned();
        secrets.push(Secret { id: "secret", label: t.shown_secret, value });
    }
    show(page, area, &generated.record, t.shown_title.to_owned(), t.shown_warning, secrets, true)
}

/// The token of a record, again.
pub(crate) fn revealed(page: &Page<'_>, area: Area, record: &Record, api_token: &ApiToken) -> Answer {
    let t = page.texts();
    let title = fill(t.shown_again_title, &[("name", &record.name)]);
    show(page, area, record, title, t.shown_again_warning, vec![token(page, api_token)], false)
}

fn token(page: &Page<'_>, api_token: &ApiToken) -> Secret {
    let value = api_token.expose().to_owned();
    Secret { id: "api-token", label: page.texts().shown_token, value }
}

fn show(
    page: &Page<'_>,
    area: Area,
    record: &Record,
    title: String,
    warning: &'static str,
    secrets: Vec<Secret>,
    once: bool,
) -> Answer {
    let (t, now) = (page.texts(), page.now());
    let end = record.grant.expires_at.map(|end| moment(end, now, t).text);
    let mut sentences =
        vec![end.map_or_else(|| t.shown_endless.to_owned(), |end| fill(t.shown_ends, &[("date", &end)]))];
    if let Some(grace) = record.grace(now).filter(|_| once) {
        let until = moment(grace.until, now, t).text;
        sentences.push(fill(t.shown_grace, &[("date", &until)]));
    }
    let authority = page.authority();
    let below = match area {
        Area::All => format!("/tokens/{}", record.id),
        Area::Mine => "/me".to_owned(),
    };
    html(
        StatusCode::OK,
        &ShownPage {
            f: Frame::new(page, title, area.path()),
            name: record.name.clone(),
            warning,
            secrets,
            sentences,
            try_lead: fill(t.shown_try_lead, &[("place", "API_TOKEN")]),
            exchange: format!(
                "ACCESS=$(curl -fsS -X POST -H \"Authorization: Bearer $API_TOKEN\" {}/exchange | jq -er .access_token)\n\
                 curl -fsS -H \"Authorization: Bearer $ACCESS\" {}",
                authority.issuer(),
                authority.default_audience(),
            ),
            once,
            done: page.link(&below),
        },
    )
}
