//! What a list of records is asked for, and the cursors by which it is paged.
//!
//! Pages are found by key, never by offset: a page far down costs what the first one costs, and what is inserted
//! meanwhile moves nothing.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    Kind, Record, RecordId, State, Timestamp,
    jose::{base64url, from_base64url},
};

/// What a list holds. Every `None` lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of the name, in any case.
    pub name: Option<String>,
    /// Exactly that subject.
    pub subject: Option<String>,
    /// Exactly that tenant.
    pub tenant: Option<String>,
    /// The state at [`Query::now`].
    pub state: Option<State>,
    /// That kind.
    pub kind: Option<Kind>,
    /// A role that the record names.
    pub role: Option<String>,
    /// Whether [`role`](Self::role) is the default role, which every record without a subject has without naming it.
    pub role_is_default: bool,
    /// An end before that time.
    pub expires_before: Option<Timestamp>,
    /// A last use before that time, or none at all.
    pub last_used_before: Option<Timestamp>,
    /// A life, in a state other than revoked and expired, that goes beyond these bounds.
    pub beyond: Option<EndBounds>,
    /// Only those whose holder [may sign for any user](Record::acts_for_anyone).
    pub acts_for_anyone: bool,
}

/// The latest ends that tokens may have, by their kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndBounds {
    /// Of service tokens.
    pub service: EndBound,
    /// Of personal tokens.
    pub personal: EndBound,
}

/// The latest end that a token may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndBound {
    /// The last moment at which it may end; any one without.
    pub last: Option<Timestamp>,
    /// Whether it must end at all.
    pub must_end: bool,
}

impl EndBounds {
    /// That for tokens of the kind.
    pub fn of(&self, kind: Kind) -> EndBound {
        match kind {
            Kind::Service => self.service,
            Kind::Personal => self.personal,
        }
    }
}

impl EndBound {
    /// Whether a token with that end goes beyond.
    pub fn is_exceeded_by(&self, end: Option<Timestamp>) -> bool {
        end.map_or(self.must_end, |end| self.last.is_some_and(|last| end > last))
    }
}

impl Filter {
    /// Whether the record passes, for stores that look at each one. Deleted records never pass.
    pub fn admits(&self, record: &Record, now: Timestamp) -> bool {
        let grant = &record.grant;
        let fits = |wanted: &Option<String>, have: &Option<String>| wanted.is_none() || wanted == have;
        record.standing != crate::Standing::Deleted
            && self.name.as_ref().is_none_or(|part| fold(&record.name).contains(&fold(part)))
            && fits(&self.subject, &grant.subject)
            && fits(&self.tenant, &grant.tenant)
            && self.state.is_none_or(|state| record.state(now) == state)
            && self.kind.is_none_or(|kind| record.kind == kind)
            && self.role.as_ref().is_none_or(|role| {
                grant.roles.contains(role) || (self.role_is_default && grant.subject.is_none())
            })
            && self.expires_before.is_none_or(|end| grant.expires_at.is_some_and(|at| at < end))
            && self.last_used_before.is_none_or(|end| record.last_use.at.is_none_or(|at| at < end))
            && self.beyond.is_none_or(|bounds| {
                let dead = matches!(record.state(now), State::Revoked | State::Expired);
                !dead && bounds.of(record.kind).is_exceeded_by(grant.expires_at)
            })
            && (!self.acts_for_anyone || record.acts_for_anyone())
    }
}

/// The form of a name by which it is searched and sorted.
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The time of generation.
    CreatedAt,
    /// The name, in any case.
    Name,
    /// The end; tokens without one come last.
    ExpiresAt,
    /// The last use; tokens never used come first.
    LastUsedAt,
}

/// The order of a list. Records that are equal by it are in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// Turned round, ids included.
    pub descending: bool,
}

impl Default for Sort {
    /// The newest first.
    fn default() -> Self {
        Self { by: SortBy::CreatedAt, descending: true }
    }
}

/// The text names no order.
#[derive(Debug, thiserror::Error)]
#[error("must be one of created_at, name, expires_at, last_used_at, with - before it for descending")]
pub struct InvalidSort;

impl FromStr for Sort {
    type Err = InvalidSort;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (descending, word) = text.strip_prefix('-').map_or((false, text), |word| (true, word));
        let by = match word {
            "created_at" => SortBy::CreatedAt,
            "name" => SortBy::Name,
            "expires_at" => SortBy::ExpiresAt,
            "last_used_at" => SortBy::LastUsedAt,
            _ => return Err(InvalidSort),
        };
        Ok(Self { by, descending })
    }
}

/// A value by which records are sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SortKey {
    /// Seconds since 1970; [`NEVER_ENDS`](Self::NEVER_ENDS) and [`NEVER_USED`](Self::NEVER_USED) are outside all times.
    Seconds(i64),
    /// A folded name; compared byte by byte.
    Text(String),
}

impl SortKey {
    /// In the place of the end of a token that has none.
    pub const NEVER_ENDS: i64 = i64::MAX;
    /// In the place of the last use of a token that has none.
    pub const NEVER_USED: i64 = -1;
}

impl Sort {
    /// The value by which that record is sorted.
    pub fn key(self, record: &Record) -> SortKey {
        let seconds = Timestamp::unix_seconds;
        match self.by {
            SortBy::CreatedAt => SortKey::Seconds(seconds(record.created_at)),
            SortBy::Name => SortKey::Text(fold(&record.name)),
            SortBy::ExpiresAt => {
                SortKey::Seconds(record.grant.expires_at.map_or(SortKey::NEVER_ENDS, seconds))
            }
            SortBy::LastUsedAt => SortKey::Seconds(record.last_use.at.map_or(SortKey::NEVER_USED, seconds)),
        }
    }

    /// Where that record stands in this order.
    pub fn position(self, record: &Record) -> Position {
        Position { key: self.key(record), id: record.id }
    }
}

/// A place in a sorted list: that of one record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The value by which the record is sorted.
    pub key: SortKey,
    /// The id of the record.
    pub id: RecordId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePosition {
    b: u8,
    d: bool,
    k: SortKey,
    i: RecordId,
}

impl Position {
    /// The opaque form for the wire. It holds the order, so that it cannot be used with another.
    pub fn to_cursor(&self, sort: Sort) -> String {
        let wire = WirePosition { b: sort.by as u8, d: sort.descending, k: self.key.clone(), i: self.id };
        base64url(&serde_json::to_vec(&wire).unwrap_or_default())
    }

    /// Reads the opaque form; `None` if it is made up or belongs to another order.
    pub fn from_cursor(cursor: &str, sort: Sort) -> Option<Self> {
        if cursor.len() > 1024 {
            return None;
        }
        let wire: WirePosition = serde_json::from_slice(&from_base64url(cursor)?).ok()?;
        let is_text = matches!(wire.k, SortKey::Text(_));
        let fits =
            wire.b == sort.by as u8 && wire.d == sort.descending && is_text == (sort.by == SortBy::Name);
        fits.then_some(Self { key: wire.k, id: wire.i })
    }
}

/// A question to a store for one page.
#[derive(Clone, Debug)]
pub struct Query {
    /// Which records.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// Only what comes after this place.
    pub after: Option<Position>,
    /// At most so many records, 1 to 200.
    pub limit: u32,
    /// The time at which states are judged.
    pub now: Timestamp,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The records, in order.
    pub records: Vec<Record>,
    /// Where the next page begins; none on the last.
    pub next: Option<Position>,
}

impl Page {
    /// For stores: the page of these records, of which there is one more than `limit` if another page follows.
    pub fn of(mut records: Vec<Record>, query: &Query) -> Self {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(|record| query.sort.position(record));
        Self { records, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn cursors_belong_to_one_order() {
        let by_name: Sort = "-name".parse().unwrap();
        let id = RecordId::new(Timestamp::MIN, &SystemRandom).unwrap();
        let position = Position { key: SortKey::Text("a".into()), id };
        let cursor = position.to_cursor(by_name);
        assert_eq!(Position::from_cursor(&cursor, by_name), Some(position.clone()));
        assert_eq!(Position::from_cursor(&cursor, "name".parse().unwrap()), None);
        assert_eq!(Position::from_cursor(&cursor, Sort::default()), None);
        let odd = Position { key: SortKey::Seconds(1), id }.to_cursor(by_name);
        for bad in ["", "AAAA", "%%%", &cursor[1..], &odd, &"A".repeat(2000)] {
            assert_eq!(Position::from_cursor(bad, by_name), None, "{bad}");
        }
    }

    #[test]
    fn sorts_are_words() {
        assert_eq!("-created_at".parse::<Sort>().unwrap(), Sort::default());
        for bad in ["", "-", "--name", "Name", "id", "name "] {
            assert!(bad.parse::<Sort>().is_err(), "{bad}");
        }
    }
}
