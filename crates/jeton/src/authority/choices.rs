//! What a form can offer to a caller.

use super::{Authority, Reveal};
use crate::{Caller, Names};

/// What a caller can be offered when it makes a token. It decides nothing: whoever asks for more is refused, or may
/// name what is not in here, if it holds `tokens:grant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Roles that it holds; of who holds `tokens:grant`, also all that bring scopes.
    pub roles: Names,
    /// Scopes that it holds; of who holds `tokens:grant`, also all that roles bring.
    pub scopes: Names,
    /// Groups that it holds.
    pub groups: Names,
    /// What tokens can be exchanged for.
    pub audiences: Names,
    /// The role that every token has that stands for no user.
    pub default_role: String,
    /// Whether a key and a secret can be given out.
    pub key_and_secret: bool,
    /// Whether a token can be shown again.
    pub reveal: bool,
    /// Whether it may give what it does not hold, and to others.
    pub grant: bool,
}

impl Authority {
    /// What that caller can be offered.
    pub fn choices(&self, caller: &Caller) -> Choices {
        let settings = &self.0.settings;
        let grant = caller.may_grant();
        let held = caller.held();
        let mut roles = held.as_ref().map(|held| held.roles.to_names()).unwrap_or_default();
        let mut scopes = held.as_ref().map(|held| held.scopes.to_names()).unwrap_or_default();
        if grant {
            roles.extend(settings.role_map.all_roles().cloned());
            scopes.extend(settings.role_map.all_scopes().cloned());
        }
        // Every token without a user has it anyway.
        roles.remove(&settings.default_role);
        Choices {
            roles,
            scopes,
            groups: held.map(|held| held.groups.to_names()).unwrap_or_default(),
            audiences: settings.audiences.clone(),
            default_role: settings.default_role.clone(),
            key_and_secret: self.0.rings.load().secret.is_some(),
            reveal: settings.reveal == Reveal::Again,
            grant,
        }
    }
}
