//! A record as a list shows it.

use jeton::{Authority, Kind, Record, State, Timestamp};

use crate::{
    Texts,
    page::Page,
    path::Area,
    time::{Moment, days, moment},
};

/// A state as a badge: a class for its colour and its icon, and a word.
#[derive(Clone, Copy)]
pub(crate) struct Badge {
    pub(crate) class: &'static str,
    pub(crate) label: &'static str,
}

impl Badge {
    pub(crate) fn of(state: State, t: &Texts) -> Self {
        let label = match state {
            State::Active => t.state_active,
            State::Disabled => t.state_disabled,
            State::Revoked => t.state_revoked,
            State::Expired => t.state_expired,
            State::NotYetValid => t.state_not_yet_valid,
        };
        Self { class: state.as_str(), label }
    }
}

/// A record as a list shows it.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) badge: Badge,
    /// Whether it ends within a week.
    pub(crate) soon: bool,
    pub(crate) personal: bool,
    pub(crate) user: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) ends: Option<Moment>,
    pub(crate) used: Option<Moment>,
    pub(crate) created: Moment,
    /// Whether it can still be ended.
    pub(crate) alive: bool,
}

impl Row {
    pub(crate) fn of(record: &Record, page: &Page<'_>, area: Area) -> Self {
        let (t, now) = (page.texts(), page.now());
        let state = record.state(now);
        let when = |at: Timestamp| moment(at, now, t);
        Self {
            id: record.id.to_string(),
            href: page.link(&format!("{}/{}", area.path(), record.id)),
            name: record.name.clone(),
            description: record.description.clone(),
            badge: Badge::of(state, t),
            soon: state == State::Active && ends_within(record, now, 7),
            personal: record.kind == Kind::Personal,
            user: record.grant.subject.clone(),
            roles: roles(page.authority(), record),
            ends: record.grant.expires_at.map(when),
            used: record.last_use.at.map(when),
            created: when(record.created_at),
            alive: is_alive(record, now),
        }
    }
}

pub(crate) fn roles(authority: &Authority, record: &Record) -> Vec<String> {
    authority.roles_of(record).into_iter().collect()
}

pub(crate) fn is_alive(record: &Record, now: Timestamp) -> bool {
    !matches!(record.state(now), State::Revoked | State::Expired)
}

/// Whether it was used in the last 7 days: then somebody will notice.
pub(crate) fn is_in_use(record: &Record, now: Timestamp) -> bool {
    record.last_use.at.is_some_and(|at| now.saturating_since(at) < days(7))
}

fn ends_within(record: &Record, now: Timestamp, span: u64) -> bool {
    record.grant.expires_at.is_some_and(|end| end < now.saturating_add(days(span)))
}
