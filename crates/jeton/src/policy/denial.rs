//! What a policy is asked about, and what it answers.

use std::{fmt, net::IpAddr};

use crate::{Audiences, Names};

/// What is known about a request beside who makes it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Facts {
    /// The address that it comes from, if it is known.
    pub address: Option<IpAddr>,
    /// The named audiences, as this node knows them. Without them nobody is in any.
    pub audiences: Audiences,
}

impl Facts {
    /// From that address.
    pub fn from_address(address: Option<IpAddr>) -> Self {
        Self { address, ..Self::default() }
    }

    /// With these named audiences; [`Authority::facts`](crate::Authority::facts) gives those of an authority.
    #[must_use]
    pub fn with_audiences(self, audiences: Audiences) -> Self {
        Self { audiences, ..self }
    }
}

/// Why a principal may not, as far as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// These scopes are missing (RFC 6750 §3.1, `insufficient_scope`).
    Scope(Names),
    /// A role is missing.
    Role,
    /// It is open to other subjects only.
    Subject,
    /// It is open to other groups only.
    Group,
    /// It is open to other tenants only.
    Tenant,
    /// The address of the request is outside the allowed networks, or is not known.
    Network,
    /// It is open to a named audience only.
    Audience,
    /// Another rule says no.
    Rule,
}

impl Denial {
    /// The stable word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Scope(_) => "insufficient_scope",
            Self::Role => "role_denied",
            Self::Subject => "subject_denied",
            Self::Group => "group_denied",
            Self::Tenant => "tenant_denied",
            Self::Network => "network_denied",
            Self::Audience => "audience_denied",
            Self::Rule => "rule_denied",
        }
    }

    /// That one scope is missing.
    pub fn scope(scope: &str) -> Self {
        Self::Scope(Names::from([scope.to_owned()]))
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scope(_) => "a scope is missing",
            Self::Role => "a role is missing",
            Self::Subject => "it is not open to this subject",
            Self::Group => "it is not open to the groups of the caller",
            Self::Tenant => "it is not open to the tenant of the caller",
            Self::Network => "it is not open to the address of the caller",
            Self::Audience => "the caller is not in the audience that it is open to",
            Self::Rule => "a rule denies it",
        })
    }
}
