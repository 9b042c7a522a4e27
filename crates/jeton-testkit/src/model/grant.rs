//! What a token of the model gives.

use jeton::Names;

use super::{
    operation::{ROLES, Rights, SCOPES},
    people::User,
};

/// What a role brings.
fn scopes_of(role: &str) -> &'static [&'static str] {
    match role {
        "reader" => &["reports:read"],
        "writer" => &["reports:read", "reports:write"],
        _ => &[],
    }
}

/// The role of whoever stands for no user.
const APPLICATION: &str = "external-application";

/// The names of these bits.
pub(super) fn names(all: &[&str], bits: u8) -> Names {
    let chosen = all.iter().enumerate().filter(|(place, _)| bits & (1 << place) != 0);
    chosen.map(|(_, name)| (*name).to_owned()).collect()
}

/// What one may do who comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) subject: Option<usize>,
    pub(super) roles: Names,
    pub(super) scopes: Names,
}

impl Given {
    pub(super) fn of(rights: Rights, user: Option<(usize, &User)>) -> Self {
        let (own_roles, own_scopes) = (names(&ROLES, rights.roles), names(&SCOPES, rights.scopes));
        let expand = |roles: &Names| -> Names {
            roles.iter().flat_map(|role| scopes_of(role)).map(|scope| (*scope).to_owned()).collect()
        };
        let Some((subject, user)) = user else {
            let mut scopes = expand(&own_roles);
            scopes.extend(own_scopes);
            let mut roles = own_roles;
            roles.insert(APPLICATION.to_owned());
            return Self { subject: None, roles, scopes };
        };
        let user_roles = names(&ROLES, user.rights.roles);
        let mut user_scopes = expand(&user_roles);
        user_scopes.extend(names(&SCOPES, user.rights.scopes));
        if own_roles.is_empty() && own_scopes.is_empty() {
            return Self { subject: Some(subject), roles: user_roles, scopes: user_scopes };
        }
        let roles: Names = own_roles.into_iter().filter(|role| user_roles.contains(role)).collect();
        let mut scopes = expand(&roles);
        scopes.extend(own_scopes.into_iter().filter(|scope| user_scopes.contains(scope)));
        Self { subject: Some(subject), roles, scopes }
    }

    /// Narrowed to that scope; none if it is not held.
    pub(super) fn narrowed(self, scope: &str) -> Option<Self> {
        let roles = self.roles.into_iter().filter(|role| role == APPLICATION).collect();
        self.scopes.contains(scope).then(|| Self { roles, scopes: [scope.to_owned()].into(), ..self })
    }
}
