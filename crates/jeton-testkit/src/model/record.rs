//! The records, tokens and access tokens of the model.

use super::{grant::Given, operation::Rights};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    Disabled,
    Revoked,
    Deleted,
}

#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) personal: bool,
    pub(super) standing: Standing,
    pub(super) subject: Option<usize>,
    /// The life of the subject that it is for.
    pub(super) life: Option<u32>,
    pub(super) rights: Rights,
    pub(super) begin: i64,
    pub(super) end: Option<i64>,
    pub(super) secret: bool,
    /// The token in force.
    pub(super) current: usize,
    /// The one before it.
    pub(super) old: Option<Old>,
}

/// A token that is accepted beside the one in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Old {
    pub(super) token: usize,
    /// The end of its grace.
    pub(super) until: i64,
    /// The end that the record had.
    pub(super) end: Option<i64>,
    /// Whether the one in force was used.
    pub(super) taken_over: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) record: usize,
    /// The end that was signed.
    pub(super) end: Option<i64>,
    /// Whether a secret was given out beside it.
    pub(super) secret: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) record: usize,
    pub(super) given: Given,
    pub(super) end: i64,
    /// Whether a change has ended it.
    pub(super) cut: bool,
    /// Whether it was given up alone.
    pub(super) given_up: bool,
}

/// The earlier of two ends.
pub(super) fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Whether `end` comes before `other`.
pub(super) fn is_before(end: Option<i64>, other: Option<i64>) -> bool {
    match (end, other) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(end), Some(other)) => end < other,
    }
}

impl Record {
    pub(super) fn has_ended(&self, now: i64) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// Whether it counts against what a user may have.
    pub(super) fn is_live(&self, now: i64) -> bool {
        matches!(self.standing, Standing::Active | Standing::Disabled) && !self.has_ended(now)
    }

    /// Why it is refused, if it is.
    pub(super) fn refusal(&self, now: i64) -> Option<&'static str> {
        match self.standing {
            Standing::Revoked | Standing::Deleted => Some("revoked"),
            _ if self.has_ended(now) => Some("expired"),
            Standing::Disabled => Some("disabled"),
            Standing::Active => (now < self.begin).then_some("not_yet_valid"),
        }
    }

    /// The old one, within its grace.
    pub(super) fn grace(&self, now: i64) -> Option<Old> {
        self.old.filter(|old| now < old.until)
    }

    /// Whether it gives less than `before` did, in whatever it may be.
    pub(super) fn gives_less_than(&self, before: &Self) -> bool {
        let missing = |had: u8, has: u8| had & !has != 0;
        let (had, has) = (before.rights, self.rights);
        let everything =
            |record: &Self| record.subject.is_some() && record.rights == Rights { roles: 0, scopes: 0 };
        let fewer = match (everything(before), everything(self)) {
            (_, true) => false,
            (true, false) => true,
            (false, false) => missing(had.roles, has.roles) || missing(had.scopes, has.scopes),
        };
        self.subject != before.subject || fewer || is_before(self.end, before.end)
    }
}
