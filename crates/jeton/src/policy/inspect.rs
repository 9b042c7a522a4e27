//! What a policy says about itself, for documents.

use std::collections::BTreeSet;

use super::{Denial, Policy, Rule};
use crate::Names;

impl Policy {
    /// The scopes that whoever passes must have: a part of what it asks for, as documents can say it.
    ///
    /// ```
    /// use jeton::policy::{role, scope};
    ///
    /// let policy = scope("reports:write").and(role("writer"));
    /// assert!(policy.scopes().contains("reports:write"));
    /// assert!(scope("a").or(scope("b")).scopes().is_empty(), "neither is needed");
    /// ```
    pub fn scopes(&self) -> Names {
        match &*self.0 {
            Rule::Scope(scope) => Names::from([scope.clone()]),
            Rule::All(policies) => policies.iter().flat_map(Self::scopes).collect(),
            Rule::Any(policies) => {
                let mut scopes = policies.iter().map(Self::scopes);
                let first = scopes.next().unwrap_or_default();
                scopes.fold(first, |all, scopes| all.intersection(&scopes).cloned().collect())
            }
            _ => Names::new(),
        }
    }

    /// The [codes](Denial::code) with which it can deny.
    pub fn denials(&self) -> BTreeSet<&'static str> {
        let denial = match &*self.0 {
            Rule::All(policies) | Rule::Any(policies) => {
                return policies.iter().flat_map(Self::denials).collect();
            }
            Rule::Anybody => return BTreeSet::new(),
            Rule::Subject(_) => Denial::Subject,
            Rule::Role(_) => Denial::Role,
            Rule::Scope(scope) => Denial::scope(scope),
            Rule::Group(_) => Denial::Group,
            Rule::Tenant(_) => Denial::Tenant,
            Rule::Network(_) => Denial::Network,
            Rule::Audience(_) => Denial::Audience,
            Rule::Custom(..) | Rule::Not(_) => Denial::Rule,
        };
        BTreeSet::from([denial.code()])
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{anybody, custom, group, role, scope, subject};

    #[test]
    fn scopes_are_those_that_nobody_can_do_without() {
        let [a, b] = ["a", "b"].map(scope);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for (policy, expected) in [
            (a.clone(), names(&["a"])),
            (a.clone().and(b.clone()), names(&["a", "b"])),
            (a.clone().or(b.clone()), names(&[])),
            (a.clone().and(b.clone()).or(a.clone()), names(&["a"])),
            (!a.clone(), names(&[])),
            (a.clone().or(anybody()), names(&[])),
            (role("x").and(a), names(&["a"])),
        ] {
            assert_eq!(policy.scopes(), expected, "{policy}");
        }
    }

    #[test]
    fn denials_are_those_of_every_part() {
        let policy = role("x").or(subject("y").and(group("z")));
        assert_eq!(Vec::from_iter(policy.denials()), ["group_denied", "role_denied", "subject_denied"]);
        assert_eq!(Vec::from_iter((!scope("a")).denials()), ["rule_denied"]);
        assert_eq!(
            Vec::from_iter(custom("c", |_, _| true).or(scope("a")).denials()),
            ["insufficient_scope", "rule_denied"]
        );
        assert!(anybody().denials().is_empty());
    }
}
