//! Who makes a request, and what is known about it.

use jeton::{
    Principal,
    policy::{Facts, Policy},
};

use crate::{Gate, Realm, Refusal};

/// Who makes a request: put into its extensions by the layer or middleware, and read by all that authorize.
#[derive(Clone, Debug)]
pub struct Context {
    principal: Option<Principal>,
    facts: Facts,
    gate: Gate,
}

impl Context {
    /// Without a principal yet.
    pub(crate) fn new(facts: Facts, gate: Gate) -> Self {
        Self { principal: None, facts, gate }
    }

    pub(crate) fn with_principal(self, principal: Principal) -> Self {
        Self { principal: Some(principal), ..self }
    }

    /// The principal; none if the request came without credentials and the route allows that.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// What is known about the request beside who makes it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The realm in which refusals are told.
    pub fn realm(&self) -> &Realm {
        self.gate.realm_of()
    }

    /// The principal, or the refusal of a request without credentials.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoCredentials`].
    pub fn authenticated(&self) -> Result<&Principal, Refusal> {
        self.principal().ok_or(Refusal::NoCredentials)
    }

    /// The principal, if the policy lets it pass.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoCredentials`] or [`Refusal::Denied`].
    pub fn authorized(&self, policy: &Policy) -> Result<&Principal, Refusal> {
        let principal = self.authenticated()?;
        policy.check(principal, &self.facts).map_err(Refusal::Denied)?;
        Ok(principal)
    }
}
