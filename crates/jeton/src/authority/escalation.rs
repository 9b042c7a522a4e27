//! No escalation: what a caller gives away lies within what it holds. One place decides, for every path that makes
//! or widens a token.

use super::Authority;
use crate::{
    Account, Caller, Grant, ManageError, Names, Record, State,
    caller::Held,
    grant::{audiences_cover, ends_cover, networks_cover},
    policy::Denial,
    rights::{Rights, scopes},
};

impl Authority {
    /// Whether the caller may let that token exist. `account` is that of its subject, if it was asked for already.
    pub(super) async fn may_give(
        &self,
        caller: &Caller,
        record: &Record,
        account: Option<&Account>,
    ) -> Result<(), ManageError> {
        let grant = &record.grant;
        stays_in_tenant(caller, grant)?;
        let Some(held) = caller.held().filter(|_| !caller.may_grant()) else { return Ok(()) };
        if record.acts_for_anyone()
            || grant.subject.as_deref() != held.subject
            || grant.tenant.as_deref() != held.tenant
        {
            return Err(needs_grant());
        }
        let found;
        let account = match (&grant.subject, account) {
            (Some(subject), None) => {
                found = self.0.account(subject).await?.unwrap_or_default();
                Some(&found)
            }
            (_, account) => account,
        };
        let settings = &self.0.settings;
        let given = Rights::of(grant, account, &settings.role_map, &settings.default_role);
        let within = holds(&held, &given.roles, &given.scopes, &given.groups)
            // What the account does not hold yet, it may hold tomorrow.
            && holds(&held, &grant.roles, &grant.scopes, &grant.groups)
            && networks_cover(held.networks, &grant.networks);
        if !within {
            return Err(needs_grant());
        }
        // A session has no token that could be outlived: it stands for the whole account.
        let Some(token) = held.token else { return Ok(()) };
        let own = self.0.store.find(token.token_id()).await?;
        let outlasts = own.is_some_and(|own| own.epoch <= token.epoch() && self.outlasts(&own, grant));
        if outlasts { Ok(()) } else { Err(needs_grant()) }
    }

    /// Whether the token of the caller is good for at least as long and for at least as much, also when the account
    /// behind both grows.
    fn outlasts(&self, own: &Record, grant: &Grant) -> bool {
        let all_groups = |grant: &Grant| grant.subject.is_some() && grant.groups.is_empty();
        own.state(self.now()) == State::Active
            && ends_cover(own.grant.expires_at, grant.expires_at)
            && audiences_cover(&own.grant.audiences, &grant.audiences)
            && (own.grant.has_all_rights_of_subject() || !grant.has_all_rights_of_subject())
            && (all_groups(&own.grant) || !all_groups(grant))
    }
}

/// A caller that belongs to a tenant never leaves it, whatever it holds.
pub(super) fn stays_in_tenant(caller: &Caller, grant: &Grant) -> Result<(), ManageError> {
    match caller.tenant() {
        Some(tenant) if grant.tenant.as_deref() != Some(tenant) => Err(ManageError::Denied(Denial::Tenant)),
        _ => Ok(()),
    }
}

fn holds(held: &Held<'_>, roles: &Names, scopes: &Names, groups: &Names) -> bool {
    held.roles.contains_all(roles) && held.scopes.contains_all(scopes) && held.groups.contains_all(groups)
}

/// What only a caller may do that holds `tokens:grant`.
pub(super) fn needs_grant() -> ManageError {
    ManageError::Denied(Denial::scope(scopes::TOKENS_GRANT))
}
