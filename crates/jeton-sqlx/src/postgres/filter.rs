//! Filters as SQL: what a record, or an entry of an index, must hold.
//!
//! The pieces of SQL are constants and every value is bound.

use jeton::{EndBound, EndBounds, Filter, Kind, Query, SortBy, SortKey, State, Timestamp, fold};
use sqlx::{Postgres, QueryBuilder};

/// What [`Filter::admits`] says of the row of that name, as SQL.
pub(super) fn push_filter(
    sql: &mut QueryBuilder<Postgres>,
    row: &'static str,
    filter: &Filter,
    now: Timestamp,
) {
    if let Some(part) = &filter.name {
        sql.push(format_args!(" AND strpos({row}.name_folded, ")).push_bind(fold(part)).push(") > 0");
    }
    if let Some(subject) = &filter.subject {
        sql.push(format_args!(" AND {row}.subject = ")).push_bind(subject.clone());
    }
    if let Some(tenant) = &filter.tenant {
        sql.push(format_args!(" AND {row}.tenant = ")).push_bind(tenant.clone());
    }
    if let Some(state) = filter.state {
        push_state(sql, row, state, now);
    }
    if let Some(kind) = filter.kind {
        sql.push(format_args!(" AND {row}.kind = ")).push_bind(kind.as_str());
    }
    if let Some(role) = &filter.role {
        sql.push(format_args!(" AND ({row}.roles @> ")).push_bind(vec![role.clone()]);
        if filter.role_is_default {
            sql.push(format_args!(" OR {row}.subject IS NULL"));
        }
        sql.push(")");
    }
    if let Some(end) = filter.expires_before {
        sql.push(format_args!(" AND {row}.expires_at < ")).push_bind(end.unix_seconds());
    }
    if let Some(end) = filter.last_used_before {
        sql.push(format_args!(" AND {row}.last_used_at < ")).push_bind(end.unix_seconds());
    }
    if let Some(bounds) = filter.beyond {
        sql.push(format_args!(" AND {row}.standing IN ('active', 'disabled') AND {row}.expires_at > "));
        sql.push_bind(now.unix_seconds()).push(" AND (false");
        push_bound(sql, row, Kind::Service, bounds.service);
        push_bound(sql, row, Kind::Personal, bounds.personal);
        sql.push(")");
    }
    if filter.acts_for_anyone {
        sql.push(format_args!(" AND {row}.has_secret AND {row}.subject IS NULL"));
    }
}

/// What [`EndBound::is_exceeded_by`] says, as SQL.
fn push_bound(sql: &mut QueryBuilder<Postgres>, row: &'static str, kind: Kind, bound: EndBound) {
    if bound.must_end {
        sql.push(format_args!(" OR {row}.kind = ")).push_bind(kind.as_str());
        sql.push(format_args!(" AND {row}.expires_at = ")).push_bind(SortKey::NEVER_ENDS);
    }
    if let Some(last) = bound.last {
        sql.push(format_args!(" OR {row}.kind = ")).push_bind(kind.as_str());
        sql.push(format_args!(" AND {row}.expires_at < ")).push_bind(SortKey::NEVER_ENDS);
        sql.push(format_args!(" AND {row}.expires_at > ")).push_bind(last.unix_seconds());
    }
}

/// What [`Record::state`](jeton::Record::state) says, as SQL: revoked before expired before disabled before the rest.
fn push_state(sql: &mut QueryBuilder<Postgres>, row: &'static str, state: State, now: Timestamp) {
    let now = now.unix_seconds();
    let standing = match state {
        State::Revoked => "= 'revoked'",
        State::Expired => "<> 'revoked'",
        State::Disabled => "= 'disabled'",
        State::NotYetValid | State::Active => "= 'active'",
    };
    sql.push(format_args!(" AND {row}.standing {standing}"));
    let ends = match state {
        State::Revoked => return,
        State::Expired => "<=",
        State::Disabled | State::NotYetValid | State::Active => ">",
    };
    sql.push(format_args!(" AND {row}.expires_at {ends} ")).push_bind(now);
    let begins = match state {
        State::NotYetValid => ">",
        State::Active => "<=",
        State::Revoked | State::Expired | State::Disabled => return,
    };
    sql.push(format_args!(" AND {row}.not_before {begins} ")).push_bind(now);
}

/// What the filter says of the value by which is sorted: so much of the order need not be looked at.
pub(super) fn push_range(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    let Query { filter, now, .. } = query;
    match query.sort.by {
        SortBy::CreatedAt | SortBy::Name => {}
        SortBy::ExpiresAt => {
            let lives = matches!(filter.state, Some(State::Active | State::Disabled | State::NotYetValid));
            let lives = lives.then(|| now.unix_seconds());
            if let Some(end) = lives.max(filter.beyond.map(lasts_beyond)) {
                sql.push(" AND expires_at > ").push_bind(end);
            }
            if let Some(end) = ends_before(filter, *now) {
                sql.push(" AND expires_at < ").push_bind(end);
            }
        }
        SortBy::LastUsedAt => {
            if let Some(end) = filter.last_used_before {
                sql.push(" AND last_used_at < ").push_bind(end.unix_seconds());
            }
        }
    }
}

/// The time before which all that pass have their end, if the filter says so.
pub(super) fn ends_before(filter: &Filter, now: Timestamp) -> Option<i64> {
    let expired = (filter.state == Some(State::Expired)).then(|| now.unix_seconds().saturating_add(1));
    let before = filter.expires_before.map(Timestamp::unix_seconds);
    [expired, before].into_iter().flatten().min()
}

/// The time after which all end that go beyond one of the bounds.
pub(super) fn lasts_beyond(bounds: EndBounds) -> i64 {
    let bounds = [bounds.service, bounds.personal].into_iter();
    let least = bounds.filter_map(|EndBound { last, must_end }| {
        let never = must_end.then_some(SortKey::NEVER_ENDS - 1);
        last.map(Timestamp::unix_seconds).or(never)
    });
    least.min().unwrap_or(SortKey::NEVER_ENDS)
}
