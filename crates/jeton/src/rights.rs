//! What a token may do: account of the subject ∩ restriction on the token ∩ what the exchange asked for.

use std::collections::BTreeMap;

use crate::{Account, Grant, Names};

/// The scopes of the management calls.
pub mod scopes {
    /// May list and read records.
    pub const TOKENS_READ: &str = "tokens:read";
    /// May generate, edit, disable, enable, revoke and delete.
    pub const TOKENS_WRITE: &str = "tokens:write";
    /// May give rights that the caller does not hold, or to another subject or tenant.
    pub const TOKENS_GRANT: &str = "tokens:grant";
    /// May read the audit log.
    pub const TOKENS_AUDIT: &str = "tokens:audit";
    /// May see a token again, where that is allowed.
    pub const TOKENS_REVEAL: &str = "tokens:reveal";
    /// May see and change the caller's own personal tokens.
    pub const TOKENS_SELF: &str = "tokens:self";
    /// May change who is in a named audience.
    pub const AUDIENCES_WRITE: &str = "audiences:write";
    /// May rotate and retire keys.
    pub const KEYS_WRITE: &str = "keys:write";

    /// All of them.
    pub const ALL: [&str; 8] = [
        TOKENS_READ,
        TOKENS_WRITE,
        TOKENS_GRANT,
        TOKENS_AUDIT,
        TOKENS_REVEAL,
        TOKENS_SELF,
        AUDIENCES_WRITE,
        KEYS_WRITE,
    ];
}

/// The role that holds all management scopes.
pub const TOKEN_ADMIN: &str = "token-admin";

/// The role that every service principal holds, unless another one is configured.
pub const EXTERNAL_APPLICATION: &str = "external-application";

/// Which scopes a role brings. A role that is not in it brings none.
#[derive(Clone, Debug)]
pub struct RoleMap(BTreeMap<String, Names>);

impl Default for RoleMap {
    /// Knows [`TOKEN_ADMIN`] alone.
    fn default() -> Self {
        Self(BTreeMap::new()).with(TOKEN_ADMIN, scopes::ALL)
    }
}

impl RoleMap {
    /// The role brings these scopes too.
    #[must_use]
    pub fn with<S: Into<String>>(
        mut self,
        role: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.0.entry(role.into()).or_default().extend(scopes.into_iter().map(Into::into));
        self
    }

    /// The scopes that these roles bring together.
    pub fn scopes_of(&self, roles: &Names) -> Names {
        roles.iter().filter_map(|role| self.0.get(role)).flatten().cloned().collect()
    }

    pub(crate) fn all_roles(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub(crate) fn all_scopes(&self) -> impl Iterator<Item = &String> {
        self.0.values().flatten()
    }
}

/// What a token may do, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Its roles.
    pub roles: Names,
    /// Its scopes, those of the roles included.
    pub scopes: Names,
    /// Its groups.
    pub groups: Names,
}

impl Rights {
    /// The rights of a token with this grant. `account` is that of its subject, and is there exactly if it has one.
    pub(crate) fn of(grant: &Grant, account: Option<&Account>, map: &RoleMap, default_role: &str) -> Self {
        let Some(account) = account else {
            let mut roles = grant.roles.clone();
            roles.insert(default_role.to_owned());
            let mut scopes = map.scopes_of(&roles);
            scopes.extend(grant.scopes.iter().cloned());
            return Self { roles, scopes, groups: grant.groups.clone() };
        };
        let whole = Self::of_account(account, map);
        let groups = if grant.groups.is_empty() { whole.groups } else { both(&grant.groups, &whole.groups) };
        if grant.has_all_rights_of_subject() {
            return Self { groups, ..whole };
        }
        let roles = both(&grant.roles, &whole.roles);
        let mut scopes = map.scopes_of(&roles);
        scopes.extend(both(&grant.scopes, &whole.scopes));
        Self { roles, scopes, groups }
    }

    pub(crate) fn of_account(account: &Account, map: &RoleMap) -> Self {
        let mut scopes = map.scopes_of(&account.roles);
        scopes.extend(account.scopes.iter().cloned());
        Self { roles: account.roles.clone(), scopes, groups: account.groups.clone() }
    }

    /// Narrowed to the scopes that an exchange asked for; `None` if one of them is not held. Roles would bring back
    /// what was left out, so all but the default one are dropped.
    pub(crate) fn narrowed(self, wanted: &Names, default_role: &str) -> Option<Self> {
        let roles = self.roles.into_iter().filter(|role| role == default_role).collect();
        wanted.is_subset(&self.scopes).then(|| Self { roles, scopes: wanted.clone(), groups: self.groups })
    }
}

fn both(one: &Names, other: &Names) -> Names {
    one.intersection(other).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Names {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn map() -> RoleMap {
        RoleMap::default().with("writer", ["reports:write"]).with("reader", ["reports:read"])
    }

    fn grant(subject: Option<&str>, roles: &[&str], scopes: &[&str]) -> Grant {
        Grant {
            subject: subject.map(Into::into),
            roles: names(roles),
            scopes: names(scopes),
            ..Grant::default()
        }
    }

    fn user(roles: &[&str], scopes: &[&str]) -> Rights {
        let account =
            Account::active().with_role("reader").with_role("writer").with_scope("x").with_group("g");
        Rights::of(&grant(Some("bob"), roles, scopes), Some(&account), &map(), "default")
    }

    #[test]
    fn a_user_token_is_the_account_narrowed() {
        assert_eq!(user(&[], &[]).scopes, names(&["reports:read", "reports:write", "x"]));
        let reader = user(&["reader", "root"], &[]);
        assert_eq!((reader.roles, reader.scopes), (names(&["reader"]), names(&["reports:read"])));
        let scoped = user(&[], &["reports:write", "y"]);
        assert_eq!((scoped.roles, scoped.scopes), (names(&[]), names(&["reports:write"])));
        assert_eq!(scoped.groups, names(&["g"]));
        assert_eq!(user(&["root"], &[]), Rights { groups: names(&["g"]), ..Rights::default() });
    }

    #[test]
    fn a_service_has_its_own_roles_and_the_default_one() {
        let rights = Rights::of(&grant(None, &["reader"], &["y"]), None, &map(), "default");
        assert_eq!(rights.roles, names(&["default", "reader"]));
        assert_eq!(rights.scopes, names(&["reports:read", "y"]));
    }

    #[test]
    fn narrowing_never_widens_and_drops_roles() {
        let narrowed = user(&[], &[]).narrowed(&names(&["x"]), "default").unwrap();
        assert_eq!((narrowed.roles, narrowed.scopes), (names(&[]), names(&["x"])));
        assert!(
            user(&["reader"], &[]).narrowed(&names(&["reports:read", "reports:write"]), "default").is_none()
        );
    }
}
