//! What the routes of the suite ask for, as values and as types.

use jeton::policy::{self, Policy};

/// What a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Any principal.
    Anybody,
    /// The role `writer`.
    Role,
    /// The scope `reports:write`.
    Scope,
    /// The scopes `reports:read` and `reports:write`.
    Scopes,
    /// The subject `ExternalApp`.
    Subject,
    /// The group `staff`.
    Group,
    /// The tenant `acme`.
    Tenant,
    /// The network 10.0.0.0/8.
    Network,
    /// The named audience `reports.export`.
    Audience,
    /// A function that says no.
    Nobody,
}

impl Rule {
    /// The policy of it.
    pub fn policy(self) -> Policy {
        match self {
            Self::Anybody => policy::anybody(),
            Self::Role => policy::role("writer"),
            Self::Scope => policy::scope("reports:write"),
            Self::Scopes => policy::scope("reports:read").and(policy::scope("reports:write")),
            Self::Subject => policy::subject("ExternalApp"),
            Self::Group => policy::group("staff"),
            Self::Tenant => policy::tenant("acme"),
            Self::Network => policy::network("10.0.0.0/8".parse().unwrap()),
            Self::Audience => policy::audience("reports.export"),
            Self::Nobody => policy::custom("nobody", |_, _| false),
        }
    }
}

/// The rules as types, for adapters that have an extractor with a [`Requirement`](jeton::policy::Requirement).
pub mod requirements {
    use super::Rule;

    macro_rules! requirements {
        ($($name:ident)*) => {$(
            jeton::requirement! {
                #[doc = concat!("[`Rule::", stringify!($name), "`]")]
                pub struct $name = Rule::$name.policy();
            }
        )*};
    }

    requirements! { Anybody Role Scope Scopes Subject Group Tenant Network Audience Nobody }
}
