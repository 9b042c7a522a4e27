//! One token, beside the list that it was chosen from.

use askama::Template;
use http::StatusCode;
use jeton::{AuditFilter, Authority, Caller, Record, RecordId, State, rights::scopes};
use jeton_http::Answer;

use super::{audit::Entry, done, filters::Filters, row::Row};
use crate::{
    failure::Failure,
    form::Form,
    frame::{Frame, html},
    page::Page,
    path::Area,
    time::{Moment, moment},
};

/// How many entries of its history are shown.
const HISTORY: u32 = 20;

/// What can be done to it by this visitor now.
struct Deeds {
    edit: bool,
    rotate: bool,
    cancel_rotation: bool,
    reveal: bool,
    disable: bool,
    enable: bool,
    revoke: bool,
    delete: bool,
    copy: bool,
}

impl Deeds {
    fn of(authority: &Authority, caller: &Caller, record: &Record) -> Self {
        let now = authority.now();
        let state = record.state(now);
        let writes = caller.require(scopes::TOKENS_WRITE).is_ok();
        let alive = writes && !matches!(state, State::Revoked | State::Expired);
        let shows = caller.require(scopes::TOKENS_REVEAL).is_ok() && authority.choices(caller).reveal;
        Self {
            edit: writes && state != State::Revoked,
            rotate: writes && state != State::Revoked,
            cancel_rotation: alive && record.grace(now).is_some_and(|previous| !previous.superseded),
            reveal: shows && !matches!(state, State::Revoked | State::Expired),
            disable: alive && state != State::Disabled,
            enable: writes && state == State::Disabled,
            revoke: writes && state != State::Revoked,
            delete: writes,
            copy: writes,
        }
    }
}

#[derive(Template)]
#[template(path = "details.html")]
struct DetailsPage<'a> {
    f: Frame<'a>,
    done: Option<&'static str>,
    r: Record,
    row: Row,
    may: Deeds,
    own: bool,
    default_role: String,
    begins: Moment,
    grace: Option<Moment>,
    fingerprint: String,
    networks: Vec<String>,
    address: String,
    history: Option<Vec<Entry>>,
    history_at: String,
    copy_at: String,
    /// The list beside it.
    filters: Filters,
    beside: Vec<Row>,
    query: String,
    back: String,
    here: String,
}

pub(crate) async fn respond(page: &Page<'_>, area: Area, id: RecordId) -> Result<Answer, Failure> {
    let caller = page.caller(area)?;
    let (authority, now, t) = (page.authority(), page.now(), page.texts());
    let record = authority.find(&caller, id).await?;
    let own = area == Area::Mine;
    let filters = Filters::of(&Form::of_query(page.request));
    let beside = if own {
        Vec::new()
    } else {
        let found = authority.list(&caller, filters.filter(now), filters.sort(), None, 50).await?;
        found.records.iter().map(|record| Row::of(record, page, area)).collect()
    };
    let history = if caller.require(scopes::TOKENS_AUDIT).is_ok() {
        let filter = AuditFilter { token_id: Some(id), ..AuditFilter::default() };
        let found = authority.audit(&caller, filter, None, HISTORY).await?;
        Some(found.rows.iter().map(|row| Entry::of(row, page)).collect())
    } else {
        None
    };
    let query = filters.query(None);
    Ok(html(
        StatusCode::OK,
        &DetailsPage {
            f: Frame::new(page, record.name.as_str(), area.path()),
            done: done(page),
            row: Row::of(&record, page, area),
            may: Deeds::of(authority, &caller, &record),
            own,
            default_role: authority.choices(&caller).default_role,
            begins: moment(record.not_before, now, t),
            grace: record.grace(now).map(|previous| moment(previous.until, now, t)),
            fingerprint: record.credential.fingerprint.to_string(),
            networks: record.grant.networks.iter().map(ToString::to_string).collect(),
            address: record.last_use.address.map(|address| address.to_string()).unwrap_or_default(),
            history,
            history_at: page.link(&format!("/audit?token={id}")),
            copy_at: page.link(&format!("{}/new?from={id}", area.path())),
            back: page.link(&format!("{}?{query}", area.path())),
            here: page.link(&format!("{}/{id}", area.path())),
            r: record,
            filters,
            beside,
            query,
        },
    ))
}
