//! Who makes a management call, and what it may see and touch.

use crate::{ManageError, Names, Principal, Record, Standing, policy::Denial, rights::scopes};

/// Who makes a management call.
#[derive(Clone, Debug)]
pub struct Caller(Who);

#[derive(Clone, Debug)]
enum Who {
    System(String),
    Principal(Principal),
}

impl From<Principal> for Caller {
    fn from(principal: Principal) -> Self {
        Self(Who::Principal(principal))
    }
}

impl Caller {
    /// The host app itself, which may do everything: for its own code, never for a request of somebody else. The
    /// name is what the records show as their maker.
    pub fn system(name: impl Into<String>) -> Self {
        Self(Who::System(name.into()))
    }

    /// How the caller is named in records: its subject, or the id of its token if it has none.
    pub fn name(&self) -> String {
        match &self.0 {
            Who::System(name) => name.clone(),
            Who::Principal(principal) => {
                principal.subject().map_or_else(|| principal.token_id().to_string(), str::to_owned)
            }
        }
    }

    /// The tenant that it belongs to; it sees and touches that one alone.
    pub fn tenant(&self) -> Option<&str> {
        self.principal().and_then(Principal::tenant)
    }

    pub(crate) fn principal(&self) -> Option<&Principal> {
        match &self.0 {
            Who::System(_) => None,
            Who::Principal(principal) => Some(principal),
        }
    }

    /// Whether it may give what it does not hold itself.
    pub(crate) fn may_grant(&self) -> bool {
        self.principal().is_none_or(|principal| principal.scopes().contains(scopes::TOKENS_GRANT))
    }

    pub(crate) fn require(&self, scope: &str) -> Result<(), ManageError> {
        let held: Option<&Names> = self.principal().map(Principal::scopes);
        if held.is_none_or(|held| held.contains(scope)) {
            Ok(())
        } else {
            Err(ManageError::Denied(Denial::scope(scope)))
        }
    }

    /// Whether the record exists for it. What belongs to another tenant does not.
    pub(crate) fn sees(&self, record: &Record) -> bool {
        record.standing != Standing::Deleted
            && self.tenant().is_none_or(|tenant| record.grant.tenant.as_deref() == Some(tenant))
    }
}
