//! Who makes a request, and what is known about it.

use std::{fmt, net::IpAddr, sync::OnceLock};

use jeton::{
    Principal,
    policy::{Facts, Policy},
};

use crate::{Gate, Realm, Refusal};

/// Who makes a request: put into its extensions by the layer or middleware, and read by all that authorize.
///
/// It is made for each request, so it holds what the gate has by holding the gate, and the facts once somebody asks.
#[derive(Clone)]
pub struct Context {
    principal: Option<Principal>,
    address: Option<IpAddr>,
    gate: Gate,
    facts: OnceLock<Facts>,
}

impl Context {
    pub(crate) fn new(gate: Gate, address: Option<IpAddr>, principal: Option<Principal>) -> Self {
        Self { principal, address, gate, facts: OnceLock::new() }
    }

    /// The principal; none if the request came without credentials and the route allows that.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// What is known about the request beside who makes it.
    pub fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| self.gate.facts(self.address))
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
        policy.check(principal, self.facts()).map_err(Refusal::Denied)?;
        Ok(principal)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("principal", &self.principal)
            .field("address", &self.address)
            .field("realm", self.realm())
            .finish_non_exhaustive()
    }
}
