//! What a route asks of a principal. Deny by default, sync and pure.

mod denial;
mod inspect;
mod requirement;

use std::{fmt, sync::Arc};

use ipnet::IpNet;

pub use denial::{Denial, Facts};
pub use requirement::Requirement;

use crate::{Names, Principal, principal::admits};

type Custom = dyn Fn(&Principal, &Facts) -> bool + Send + Sync;

/// A rule about principals, as a value: a tree that is checked, printed and put together, and never parsed.
///
/// ```
/// use jeton::policy::{role, scope, subject};
///
/// let policy = role("reader").or(scope("reports:read").and(subject("ExternalApp")));
/// assert_eq!(policy.to_string(), "role(reader) or (scope(reports:read) and subject(ExternalApp))");
/// ```
#[derive(Clone)]
pub struct Policy(Arc<Rule>);

enum Rule {
    Anybody,
    Subject(String),
    Role(String),
    Scope(String),
    Group(String),
    Tenant(String),
    Network(IpNet),
    Audience(String),
    Custom(String, Box<Custom>),
    All(Vec<Policy>),
    Any(Vec<Policy>),
    Not(Policy),
}

impl From<Rule> for Policy {
    fn from(rule: Rule) -> Self {
        Self(Arc::new(rule))
    }
}

/// Any principal at all.
pub fn anybody() -> Policy {
    Rule::Anybody.into()
}

/// That subject alone.
pub fn subject(subject: impl Into<String>) -> Policy {
    Rule::Subject(subject.into()).into()
}

/// Who has that role.
pub fn role(role: impl Into<String>) -> Policy {
    Rule::Role(role.into()).into()
}

/// Who has that scope.
pub fn scope(scope: impl Into<String>) -> Policy {
    Rule::Scope(scope.into()).into()
}

/// Who is in that group.
pub fn group(group: impl Into<String>) -> Policy {
    Rule::Group(group.into()).into()
}

/// Who belongs to that tenant.
pub fn tenant(tenant: impl Into<String>) -> Policy {
    Rule::Tenant(tenant.into()).into()
}

/// Who comes from that network. A request whose address is not known does not.
pub fn network(network: IpNet) -> Policy {
    Rule::Network(network).into()
}

/// Who is in that named audience, which an admin edits while the app runs. Nobody is in one that is not there.
pub fn audience(name: impl Into<String>) -> Policy {
    Rule::Audience(name.into()).into()
}

/// Who passes that function, which is sync, quick and pure. The name is for logs and documents.
pub fn custom(
    name: impl Into<String>,
    check: impl Fn(&Principal, &Facts) -> bool + Send + Sync + 'static,
) -> Policy {
    Rule::Custom(name.into(), Box::new(check)).into()
}

/// A list of no policies would say nothing, or everything.
#[derive(Debug, thiserror::Error)]
#[error("a policy needs at least one part")]
pub struct EmptyPolicy;

/// Who passes each of these. An empty list does not build.
pub fn all_of(policies: impl IntoIterator<Item = Policy>) -> Result<Policy, EmptyPolicy> {
    let policies: Vec<_> = policies.into_iter().collect();
    if policies.is_empty() { Err(EmptyPolicy) } else { Ok(Rule::All(policies).into()) }
}

/// Who passes at least one of these. An empty list does not build.
pub fn any_of(policies: impl IntoIterator<Item = Policy>) -> Result<Policy, EmptyPolicy> {
    let policies: Vec<_> = policies.into_iter().collect();
    if policies.is_empty() { Err(EmptyPolicy) } else { Ok(Rule::Any(policies).into()) }
}

impl Policy {
    /// Who passes both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Rule::All(vec![self, other]).into()
    }

    /// Who passes one of both, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Rule::Any(vec![self, other]).into()
    }

    /// Whether the principal passes. Says which kind of rule denies: of several, one that no other scope would mend
    /// comes first where all must pass, and a missing scope comes first where one is enough.
    pub fn check(&self, principal: &Principal, facts: &Facts) -> Result<(), Denial> {
        let (passes, denial) = match &*self.0 {
            Rule::Anybody => return Ok(()),
            Rule::All(policies) => return all(policies, principal, facts),
            Rule::Any(policies) => return any(policies, principal, facts),
            Rule::Not(policy) => (policy.check(principal, facts).is_err(), Denial::Rule),
            Rule::Subject(subject) => (principal.subject() == Some(subject), Denial::Subject),
            Rule::Role(role) => (principal.roles().contains(role), Denial::Role),
            Rule::Scope(scope) if principal.scopes().contains(scope) => return Ok(()),
            Rule::Scope(scope) => return Err(Denial::scope(scope)),
            Rule::Group(group) => (principal.groups().contains(group), Denial::Group),
            Rule::Tenant(tenant) => (principal.tenant() == Some(tenant), Denial::Tenant),
            Rule::Network(network) => (admits(std::slice::from_ref(network), facts.address), Denial::Network),
            Rule::Audience(name) => (facts.audiences.admit(name, principal), Denial::Audience),
            Rule::Custom(_, check) => (check(principal, facts), Denial::Rule),
        };
        if passes { Ok(()) } else { Err(denial) }
    }
}

impl std::ops::Not for Policy {
    type Output = Self;

    /// Who does not pass it.
    fn not(self) -> Self {
        Rule::Not(self).into()
    }
}

fn all(policies: &[Policy], principal: &Principal, facts: &Facts) -> Result<(), Denial> {
    let mut missing = Names::new();
    for policy in policies {
        match policy.check(principal, facts) {
            Ok(()) => {}
            Err(Denial::Scope(scopes)) => missing.extend(scopes),
            Err(denial) => return Err(denial),
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Denial::Scope(missing)) }
}

fn any(policies: &[Policy], principal: &Principal, facts: &Facts) -> Result<(), Denial> {
    let mut first = None;
    for policy in policies {
        let Err(denial) = policy.check(principal, facts) else { return Ok(()) };
        match (&first, &denial) {
            (None, _) => first = Some(denial),
            (Some(Denial::Scope(_)), _) => {}
            (Some(_), Denial::Scope(_)) => first = Some(denial),
            (Some(_), _) => {}
        }
    }
    Err(first.unwrap_or(Denial::Rule))
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, policies: &[Self], word: &str| {
            policies.iter().enumerate().try_for_each(|(index, policy)| {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                let nested = matches!(&*policy.0, Rule::All(_) | Rule::Any(_));
                if nested && policies.len() > 1 { write!(f, "({policy})") } else { write!(f, "{policy}") }
            })
        };
        match &*self.0 {
            Rule::Anybody => f.write_str("anybody"),
            Rule::Subject(subject) => write!(f, "subject({subject})"),
            Rule::Role(role) => write!(f, "role({role})"),
            Rule::Scope(scope) => write!(f, "scope({scope})"),
            Rule::Group(group) => write!(f, "group({group})"),
            Rule::Tenant(tenant) => write!(f, "tenant({tenant})"),
            Rule::Network(network) => write!(f, "network({network})"),
            Rule::Audience(name) => write!(f, "audience({name})"),
            Rule::Custom(name, _) => f.write_str(name),
            Rule::All(policies) => joined(f, policies, "and"),
            Rule::Any(policies) => joined(f, policies, "or"),
            Rule::Not(policy) => write!(f, "not ({policy})"),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({self})")
    }
}
