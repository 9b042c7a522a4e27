//! Who makes a management call, and what it may see and touch.

use std::sync::Arc;

use ipnet::IpNet;

use crate::{
    Action, AuditEntry, Kind, ManageError, NameList, Origin, Principal, Record, Standing, Timestamp,
    policy::Denial,
    rights::{Rights, scopes},
};

/// Longer reasons are cut, in characters.
const MAX_REASON: usize = 1000;

/// Who makes a management call: the host app, the principal of a token, or a user with a session of the host.
#[derive(Clone, Debug)]
pub struct Caller {
    who: Who,
    /// Whether it manages its own personal tokens, and nothing else.
    personal: bool,
    /// From where it asks, and why, for the audit log.
    origin: Origin,
    reason: Option<String>,
}

#[derive(Clone, Debug)]
enum Who {
    System(String),
    Token(Principal),
    Session(Arc<Session>),
}

/// A user whom the host app knows, with the rights that the directory gives.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) subject: String,
    pub(crate) tenant: Option<String>,
    pub(crate) rights: Rights,
}

/// What a caller holds, and cannot give more of.
pub(crate) struct Held<'a> {
    pub(crate) subject: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) roles: NameList<'a>,
    pub(crate) scopes: NameList<'a>,
    pub(crate) groups: NameList<'a>,
    pub(crate) networks: &'a [IpNet],
    /// Its token; a session has none.
    pub(crate) token: Option<&'a Principal>,
}

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self::of(Who::Token(principal))
    }
}

impl From<Session> for Caller {
    fn from(session: Session) -> Self {
        Self::of(Who::Session(Arc::new(session)))
    }
}

impl Caller {
    fn of(who: Who) -> Self {
        Self { who, personal: false, origin: Origin::default(), reason: None }
    }

    /// The same caller, asking from there.
    #[must_use]
    pub fn from_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// The same caller, with what it says of why. Goes to the audit log, cut to 1000 characters.
    #[must_use]
    pub fn with_reason(self, reason: Option<String>) -> Self {
        let kept = |text: String| text.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
        Self { reason: reason.map(kept).filter(|text: &String| !text.is_empty()), ..self }
    }

    /// From where it asks.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What it did, for the audit log.
    pub(crate) fn entry(&self, action: Action, at: Timestamp, record: Option<&Record>) -> AuditEntry {
        AuditEntry {
            at,
            action,
            actor: self.name(),
            token_id: record.map(|record| record.id),
            tenant: record
                .map_or_else(|| self.tenant().map(str::to_owned), |record| record.grant.tenant.clone()),
            origin: self.origin.clone(),
            reason: self.reason.clone(),
        }
    }

    /// The same caller, as one who manages its own personal tokens: it sees and makes no others, whatever it holds.
    ///
    /// # Errors
    ///
    /// If it is a token without the scope `tokens:self`, or stands for no user.
    pub fn personal(self) -> Result<Self, ManageError> {
        if matches!(&self.who, Who::Token(_)) {
            self.require(scopes::TOKENS_SELF)?;
        }
        match self.held().and_then(|held| held.subject) {
            Some(_) => Ok(Self { personal: true, ..self }),
            None => Err(ManageError::Denied(Denial::Subject)),
        }
    }

    /// The user whose personal tokens it manages, if that is all that it does.
    pub(crate) fn person(&self) -> Option<&str> {
        self.held().filter(|_| self.personal).and_then(|held| held.subject)
    }

    /// The host app itself, which may do everything: for its own code, never for a request of somebody else. The
    /// name is what the records show as their maker.
    pub fn system(name: impl Into<String>) -> Self {
        Self::of(Who::System(name.into()))
    }

    /// How the caller is named in records: its subject, or the id of its token if it has none.
    pub fn name(&self) -> String {
        match &self.who {
            Who::System(name) => name.clone(),
            Who::Session(session) => session.subject.clone(),
            Who::Token(principal) => {
                principal.subject().map_or_else(|| principal.token_id().to_string(), str::to_owned)
            }
        }
    }

    /// The tenant that it belongs to; it sees and touches that one alone.
    pub fn tenant(&self) -> Option<&str> {
        self.held().and_then(|held| held.tenant)
    }

    /// What it holds; `None` is everything.
    pub(crate) fn held(&self) -> Option<Held<'_>> {
        Some(match &self.who {
            Who::System(_) => return None,
            Who::Token(principal) => Held {
                subject: principal.subject(),
                tenant: principal.tenant(),
                roles: principal.roles(),
                scopes: principal.scopes(),
                groups: principal.groups(),
                networks: principal.networks(),
                token: Some(principal),
            },
            Who::Session(session) => Held {
                subject: Some(&session.subject),
                tenant: session.tenant.as_deref(),
                roles: (&session.rights.roles).into(),
                scopes: (&session.rights.scopes).into(),
                groups: (&session.rights.groups).into(),
                networks: &[],
                token: None,
            },
        })
    }

    /// Whether it may give what it does not hold itself.
    pub(crate) fn may_grant(&self) -> bool {
        !self.personal && self.held().is_none_or(|held| held.scopes.contains(scopes::TOKENS_GRANT))
    }

    /// Whether it may do what takes that scope.
    ///
    /// # Errors
    ///
    /// [`ManageError::Denied`], naming the scope.
    pub fn require(&self, scope: &str) -> Result<(), ManageError> {
        let own = self.personal
            && [scopes::TOKENS_READ, scopes::TOKENS_WRITE, scopes::TOKENS_REVEAL].contains(&scope);
        let held = !self.personal && self.held().is_none_or(|held| held.scopes.contains(scope));
        if own || held { Ok(()) } else { Err(ManageError::Denied(Denial::scope(scope))) }
    }

    /// Whether the record exists for it. What belongs to another tenant does not.
    pub(crate) fn sees(&self, record: &Record) -> bool {
        let own = self.person().is_none_or(|person| {
            record.kind == Kind::Personal && record.grant.subject.as_deref() == Some(person)
        });
        own && record.standing != Standing::Deleted
            && self.tenant().is_none_or(|tenant| record.grant.tenant.as_deref() == Some(tenant))
    }
}
