//! Where the records of a list are looked for: among all of them, or among those that one condition leaves and that an
//! index holds together.

use jeton::{Filter, Kind, Query, SortBy, State, Timestamp};
use sqlx::{Postgres, QueryBuilder};

use super::{
    filter::{ends_before, lasts_beyond},
    schema::Schema,
};

/// What pushes the rest of a statement.
pub(super) type Rest<'r> = dyn Fn(&mut QueryBuilder<Postgres>) + 'r;

/// Some of the undeleted records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source<'a> {
    All,
    Subject(&'a str),
    Anyone,
    Role {
        name: &'a str,
        is_default: bool,
    },
    Tenant(&'a str),
    Standing(&'static str),
    Kind(Kind),
    /// With an end before that time.
    Ends(i64),
    /// With an end after that time, or none.
    Lasts(i64),
    /// Last used before that time, or never.
    Used(i64),
    /// Active, and valid after that time only.
    Begins(i64),
}

impl<'a> Source<'a> {
    /// Those each of which holds all that the filter admits, but for that of all. First come those that are kept in the
    /// order of creation, and of these first what tends to be the smallest.
    pub(super) fn of(filter: &'a Filter, now: Timestamp) -> Vec<Self> {
        let is_default = filter.role_is_default;
        let standing = match filter.state {
            Some(State::Disabled) => Some("disabled"),
            Some(State::Revoked) => Some("revoked"),
            Some(State::Active | State::NotYetValid | State::Expired) | None => None,
        };
        let waits = filter.state == Some(State::NotYetValid);
        [
            filter.subject.as_deref().map(Self::Subject),
            filter.acts_for_anyone.then_some(Self::Anyone),
            filter.role.as_deref().map(|name| Self::Role { name, is_default }),
            filter.tenant.as_deref().map(Self::Tenant),
            standing.map(Self::Standing),
            filter.kind.map(Self::Kind),
            ends_before(filter, now).map(Self::Ends),
            filter.beyond.map(|bounds| Self::Lasts(lasts_beyond(bounds))),
            filter.last_used_before.map(|end| Self::Used(end.unix_seconds())),
            waits.then(|| Self::Begins(now.unix_seconds())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The one that is read in the order that is asked for, and what it leaves of the filter to be judged.
    pub(super) fn in_order(query: &'a Query) -> (Self, Filter) {
        let mut rest = query.filter.clone();
        // Without a role it says nothing.
        rest.role_is_default &= rest.role.is_some();
        match query.sort.by {
            SortBy::ExpiresAt => rest.expires_before = None,
            SortBy::LastUsedAt => rest.last_used_before = None,
            SortBy::Name => {}
            SortBy::CreatedAt => {
                let first = Self::of(&query.filter, query.now).first().copied().unwrap_or(Self::All);
                let left = first.leaves(&rest);
                // Of one kind may be nearly all: then it is better judged in the index of all.
                let is_good = !matches!(first, Self::Kind(_)) || left == Filter::default();
                if first.is_in_order_of_creation() && is_good {
                    return (first, left);
                }
            }
        }
        (Self::All, rest)
    }

    /// The filter without what all of these fulfil.
    fn leaves(self, filter: &Filter) -> Filter {
        let mut rest = filter.clone();
        match self {
            Self::Subject(_) => rest.subject = None,
            Self::Anyone => rest.acts_for_anyone = false,
            Self::Role { .. } => (rest.role, rest.role_is_default) = (None, false),
            Self::Tenant(_) => rest.tenant = None,
            Self::Standing("revoked") => rest.state = None,
            Self::Kind(_) => rest.kind = None,
            Self::All | Self::Standing(_) => {}
            Self::Ends(_) | Self::Lasts(_) | Self::Used(_) | Self::Begins(_) => {}
        }
        rest
    }

    fn is_in_order_of_creation(self) -> bool {
        !matches!(self, Self::Ends(_) | Self::Lasts(_) | Self::Used(_) | Self::Begins(_))
    }

    /// Whether it holds the ids of its records alone.
    pub(super) fn is_of_ids(self) -> bool {
        matches!(self, Self::Role { .. })
    }

    /// `FROM` and `WHERE`, and then the rest: more conditions, an order, and a limit.
    pub(super) fn push(self, sql: &mut QueryBuilder<Postgres>, schema: &Schema, rest: &Rest<'_>) {
        if let Self::Role { name, is_default } = self {
            return push_role(sql, schema, name, is_default, rest);
        }
        // In these words, so that the partial indexes are seen to hold all that is asked for.
        sql.push(schema.sql(" FROM @jeton_records WHERE standing <> 'deleted'"));
        match self {
            Self::All | Self::Role { .. } => &mut *sql,
            Self::Subject(subject) => sql.push(" AND subject = ").push_bind(subject.to_owned()),
            Self::Anyone => sql.push(" AND has_secret AND subject IS NULL"),
            Self::Tenant(tenant) => sql.push(" AND tenant = ").push_bind(tenant.to_owned()),
            Self::Standing(standing) => sql.push(" AND standing = ").push_bind(standing),
            Self::Kind(kind) => sql.push(" AND kind = ").push_bind(kind.as_str()),
            Self::Ends(before) => sql.push(" AND expires_at < ").push_bind(before),
            Self::Lasts(after) => sql.push(" AND expires_at > ").push_bind(after),
            Self::Used(before) => sql.push(" AND last_used_at < ").push_bind(before),
            Self::Begins(after) => sql.push(" AND standing = 'active' AND not_before > ").push_bind(after),
        };
        rest(sql);
    }

    /// The order of its index: asked for in this order, it is read there, and no further than needed.
    pub(super) fn index_order(self) -> &'static str {
        match self {
            Self::Ends(_) | Self::Lasts(_) => " ORDER BY expires_at, id",
            Self::Used(_) => " ORDER BY last_used_at, id",
            Self::Begins(_) => " ORDER BY not_before",
            _ => " ORDER BY created_at, id",
        }
    }
}

/// The records that name the role, and those without a subject if it is the default: two that are merged in their order,
/// and each record once.
fn push_role(
    sql: &mut QueryBuilder<Postgres>,
    schema: &Schema,
    name: &str,
    is_default: bool,
    rest: &Rest<'_>,
) {
    if is_default {
        sql.push(" FROM (SELECT DISTINCT created_at, id FROM ((SELECT created_at, id");
    }
    sql.push(schema.sql(" FROM @jeton_roles WHERE role = ")).push_bind(name.to_owned());
    rest(sql);
    if is_default {
        let others = ") UNION ALL (SELECT created_at, id FROM @jeton_records
                                   WHERE standing <> 'deleted' AND subject IS NULL";
        sql.push(schema.sql(others));
        rest(sql);
        sql.push(")) either WHERE true");
        rest(sql);
        sql.push(") of_role");
    }
}
