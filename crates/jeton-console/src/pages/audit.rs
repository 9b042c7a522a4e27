//! Who did what to which token.

use askama::Template;
use http::StatusCode;
use jeton::{Action, AuditFilter, AuditRow};
use jeton_http::Answer;

use crate::{
    failure::Failure,
    form::{Form, query},
    frame::{Frame, html},
    page::Page,
    path::Area,
    time::{Moment, moment, start_of},
};

/// An entry, as a row shows it.
pub(crate) struct Entry {
    pub(crate) at: Moment,
    pub(crate) action: &'static str,
    pub(crate) actor: String,
    pub(crate) token: Option<(String, String)>,
    pub(crate) address: String,
    pub(crate) agent: String,
    pub(crate) reason: String,
}

impl Entry {
    pub(crate) fn of(row: &AuditRow, page: &Page<'_>) -> Self {
        let entry = &row.entry;
        let token = entry.token_id.map(|id| id.to_string());
        Self {
            at: moment(entry.at, page.now(), page.texts()),
            action: entry.action.as_str(),
            actor: entry.actor.clone(),
            token: token.map(|id| (page.link(&format!("/tokens/{id}")), id)),
            address: entry.origin.address.map(|address| address.to_string()).unwrap_or_default(),
            agent: entry.origin.user_agent.clone().unwrap_or_default(),
            reason: entry.reason.clone().unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    f: Frame<'a>,
    entries: Vec<Entry>,
    actions: Vec<(&'static str, bool)>,
    token: String,
    actor: String,
    since: String,
    filtered: bool,
    here: String,
    next: Option<String>,
}

pub(crate) async fn respond(page: &Page<'_>) -> Result<Answer, Failure> {
    let caller = page.caller(Area::All)?;
    let form = Form::of_query(page.request);
    let (token, actor) = (form.text("token").to_owned(), form.text("actor").to_owned());
    let (since, action) = (form.text("since").to_owned(), form.text("action").to_owned());
    let filter = AuditFilter {
        token_id: token.parse().ok(),
        actor: Some(actor.clone()).filter(|actor| !actor.is_empty()),
        action: Action::parse(&action),
        since: start_of(&since),
        tenant: None,
    };
    let filtered = filter != AuditFilter::default();
    let before = form.text("before").parse().ok();
    let found = page.authority().audit(&caller, filter, before, 50).await?;
    let here = page.link("/audit");
    let next = found.next.map(|seq| {
        let seq = seq.to_string();
        let pairs =
            [("token", &token), ("actor", &actor), ("action", &action), ("since", &since), ("before", &seq)];
        format!("{here}?{}", query(pairs.map(|(name, value)| (name, value.as_str()))))
    });
    let actions = Action::ALL.into_iter().map(|known| (known.as_str(), known.as_str() == action));
    Ok(html(
        StatusCode::OK,
        &AuditPage {
            f: Frame::new(page, page.texts().audit_title, "/audit"),
            entries: found.rows.iter().map(|row| Entry::of(row, page)).collect(),
            actions: actions.collect(),
            token,
            actor,
            since,
            filtered,
            here,
            next,
        },
    ))
}
