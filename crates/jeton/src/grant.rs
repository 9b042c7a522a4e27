//! What a record entitles to: the restriction that an admin put on a token.

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::Timestamp;

/// A set of names: roles, scopes, groups or audiences. Sorted, so that it is written the same each time.
pub type Names = BTreeSet<String>;

/// Whom a token acts as, and within which bounds. Empty bounds are no bounds, except that a token without a
/// subject has no roles and scopes but those named here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The user that the token acts as; none for a service principal.
    pub subject: Option<String>,
    /// The tenant that the token belongs to.
    pub tenant: Option<String>,
    /// The groups that the token stands for.
    pub groups: Names,
    /// The roles that the token is given, or narrowed to.
    pub roles: Names,
    /// The scopes that the token is given, or narrowed to (RFC 6749 §3.3).
    pub scopes: Names,
    /// The audiences (`aud`) that the token may be exchanged for.
    pub audiences: Names,
    /// The networks that the token may be used from.
    pub networks: Vec<IpNet>,
    /// The end of the token, exclusive; none for a token without end.
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// Whether this grant gives everything that `other` gives, so that going from `other` to this one takes
    /// nothing away. It errs on the side of "no".
    pub fn covers(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.tenant == other.tenant
            && self.covers_rights(other)
            && bounds_cover(&self.groups, &other.groups, self.subject.is_some())
            && audiences_cover(&self.audiences, &other.audiences)
            && networks_cover(&self.networks, &other.networks)
            && ends_cover(self.expires_at, other.expires_at)
    }

    /// Whether neither roles nor scopes narrow the account of the subject.
    pub(crate) fn has_all_rights_of_subject(&self) -> bool {
        self.subject.is_some() && self.roles.is_empty() && self.scopes.is_empty()
    }

    fn covers_rights(&self, other: &Self) -> bool {
        if other.has_all_rights_of_subject() || self.has_all_rights_of_subject() {
            return self.has_all_rights_of_subject();
        }
        self.roles.is_superset(&other.roles) && self.scopes.is_superset(&other.scopes)
    }
}

/// `empty_is_all`: an empty set is no bound; else it is an empty set.
fn bounds_cover(held: &Names, wanted: &Names, empty_is_all: bool) -> bool {
    if empty_is_all && held.is_empty() {
        return true;
    }
    !(empty_is_all && wanted.is_empty()) && held.is_superset(wanted)
}

/// Whether every audience that `wanted` admits is admitted by `held`; an empty set admits all.
pub(crate) fn audiences_cover(held: &Names, wanted: &Names) -> bool {
    bounds_cover(held, wanted, true)
}

/// Whether every address that `wanted` admits is admitted by `held`; an empty list admits all.
pub(crate) fn networks_cover(held: &[IpNet], wanted: &[IpNet]) -> bool {
    held.is_empty()
        || (!wanted.is_empty() && wanted.iter().all(|want| held.iter().any(|have| have.contains(want))))
}

/// Whether a life that ends at `held` is at least as long as one that ends at `wanted`.
pub(crate) fn ends_cover(held: Option<Timestamp>, wanted: Option<Timestamp>) -> bool {
    match (held, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(held), Some(wanted)) => held >= wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Names {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn of(subject: Option<&str>, roles: &[&str], scopes: &[&str]) -> Grant {
        Grant {
            subject: subject.map(str::to_owned),
            roles: names(roles),
            scopes: names(scopes),
            ..Grant::default()
        }
    }

    #[test]
    fn an_unrestricted_user_token_covers_every_narrower_one() {
        let all = of(Some("alice"), &[], &[]);
        let narrow = of(Some("alice"), &["reader"], &[]);
        assert!(all.covers(&narrow) && all.covers(&all));
        assert!(!narrow.covers(&all));
        assert!(!narrow.covers(&of(Some("alice"), &[], &["x"])));
    }

    #[test]
    fn an_empty_service_token_covers_nothing_but_itself() {
        let none = of(None, &[], &[]);
        assert!(none.covers(&none));
        assert!(!none.covers(&of(None, &["reader"], &[])));
        assert!(of(None, &["reader"], &[]).covers(&none));
        assert!(!of(Some("alice"), &[], &[]).covers(&none), "another subject is another grant");
    }

    #[test]
    fn networks_and_ends_are_bounds() {
        let nets = |list: &[&str]| Grant {
            networks: list.iter().map(|net| net.parse().unwrap()).collect(),
            ..Grant::default()
        };
        assert!(nets(&[]).covers(&nets(&["10.0.0.0/8"])));
        assert!(nets(&["10.0.0.0/8"]).covers(&nets(&["10.1.0.0/16", "10.2.0.0/16"])));
        assert!(!nets(&["10.0.0.0/8"]).covers(&nets(&[])));
        assert!(!nets(&["10.1.0.0/16"]).covers(&nets(&["10.0.0.0/8"])));
        let ends = |at: Option<i64>| Grant {
            expires_at: at.and_then(Timestamp::from_unix_seconds),
            ..Grant::default()
        };
        assert!(ends(None).covers(&ends(Some(1))) && ends(Some(1)).covers(&ends(Some(1))));
        assert!(!ends(Some(1)).covers(&ends(None)) && !ends(Some(1)).covers(&ends(Some(2))));
    }
}
