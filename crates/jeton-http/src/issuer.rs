//! The gate of the routes.

use jeton::Authority;

use crate::Gate;

/// A gate with an authority behind it: that of the routes.
#[derive(Clone, Debug)]
pub(crate) struct IssuerGate {
    gate: Gate,
    authority: Authority,
}

impl IssuerGate {
    pub(crate) fn of(gate: &Gate) -> Option<Self> {
        gate.authority().map(|authority| Self { gate: gate.clone(), authority: authority.clone() })
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl std::ops::Deref for IssuerGate {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        &self.gate
    }
}
