//! What the authority is asked for, and what it answers.

use std::{sync::Arc, time::Duration};

use ipnet::IpNet;

use crate::{
    AccessToken, ApiToken, Expiry, FieldError, Grant, KeyAndSecret, Kind, Names, Origin, Record, RecordId,
    Timestamp, text::Check,
};

/// A request for a new API token.
#[derive(Clone, Debug)]
pub struct Generate {
    /// Its name, unique among the undeleted tokens of the tenant; 1 to 100 characters.
    pub name: String,
    /// Free text, at most 1000 characters.
    pub description: String,
    /// What it is for.
    pub kind: Kind,
    /// The user that it acts as; none for a service principal.
    pub subject: Option<String>,
    /// Its tenant; none for that of the caller.
    pub tenant: Option<String>,
    /// The groups that it stands for, or is narrowed to.
    pub groups: Names,
    /// The roles that it has, or is narrowed to.
    pub roles: Names,
    /// The scopes that it has, or is narrowed to.
    pub scopes: Names,
    /// The audiences that it may be exchanged for; none for all.
    pub audiences: Names,
    /// The networks that it may be used from; none for all.
    pub networks: Vec<IpNet>,
    /// Its beginning; none for now.
    pub not_before: Option<Timestamp>,
    /// Its end.
    pub expiry: Expiry,
    /// Whether a key and a secret are given out beside it.
    pub key_and_secret: bool,
}

impl Generate {
    /// A token of that name, with nothing and bound to nobody.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            kind: Kind::Service,
            subject: None,
            tenant: None,
            groups: Names::new(),
            roles: Names::new(),
            scopes: Names::new(),
            audiences: Names::new(),
            networks: Vec::new(),
            not_before: None,
            expiry: Expiry::Default,
            key_and_secret: false,
        }
    }

    /// Acting as that user.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Belonging to that tenant.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// With that role, or narrowed to it.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.insert(role.into());
        self
    }

    /// With that scope, or narrowed to it.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.insert(scope.into());
        self
    }

    /// With a key and a secret beside it.
    #[must_use]
    pub fn with_key_and_secret(mut self) -> Self {
        self.key_and_secret = true;
        self
    }

    /// Ending then.
    #[must_use]
    pub fn with_expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = expiry;
        self
    }
}

/// A change to a record. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another subject, or none.
    pub subject: Option<Option<String>>,
    /// Other groups.
    pub groups: Option<Names>,
    /// Other roles.
    pub roles: Option<Names>,
    /// Other scopes.
    pub scopes: Option<Names>,
    /// Other audiences.
    pub audiences: Option<Names>,
    /// Other networks.
    pub networks: Option<Vec<IpNet>>,
    /// Another end, not beyond the signed one.
    pub expiry: Option<Expiry>,
}

/// A request for a new credential of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotate {
    /// For how long the old credential is accepted too, in whole seconds, a year at most. Shorter than the longest life
    /// of an access token, it ends all access tokens at once.
    pub grace: Duration,
    /// A new end; the one that the record has without.
    pub expiry: Option<Expiry>,
}

/// Checks what a grant may hold, whichever request it comes from.
pub(crate) fn check_grant(grant: &Grant, known_audiences: &Names, check: &mut Check) {
    if let Some(subject) = &grant.subject {
        check.identifier("/subject", subject);
    }
    if let Some(tenant) = &grant.tenant {
        check.identifier("/tenant", tenant);
    }
    check.identifiers("/groups", &grant.groups);
    check.identifiers("/roles", &grant.roles);
    check.scopes("/scopes", &grant.scopes);
    check.identifiers("/audiences", &grant.audiences);
    for (index, audience) in grant.audiences.iter().enumerate() {
        if !known_audiences.contains(audience) {
            check.fail(format!("/audiences/{index}"), "is no audience of this issuer");
        }
    }
    check.list("/networks", grant.networks.len());
}

/// A new API token. This is the only time that it is seen.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Its record.
    pub record: Record,
    /// The token.
    pub api_token: ApiToken,
    /// Its key and secret, if it was asked for them.
    pub secret: Option<KeyAndSecret>,
}

/// What an exchange asks for. It only narrows.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// These scopes alone; all that are held without it.
    pub scopes: Option<Names>,
    /// That audience alone; all that the record names, or else the default one, without it.
    pub audience: Option<String>,
    /// Where the request comes from.
    pub origin: Origin,
}

impl Exchange {
    /// With a `scope` parameter as it comes from outside (RFC 6749 §3.3): names separated by blanks. An empty one
    /// counts as left out (RFC 6749 §3.2).
    ///
    /// # Errors
    ///
    /// The offending text is no list of scopes.
    pub fn with_scope_parameter(mut self, scope: &str) -> Result<Self, FieldError> {
        let scopes = crate::claims::split_scopes(scope)
            .ok_or_else(|| FieldError::new("/scope", "must be scope names separated by blanks"))?;
        self.scopes = Some(scopes.list().to_names()).filter(|scopes| !scopes.is_empty());
        Ok(self)
    }
}

/// A new access token.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// The token.
    pub access_token: AccessToken,
    /// Its lifetime, in whole seconds.
    pub expires_in: Duration,
    /// Its end, exclusive.
    pub expires_at: Timestamp,
    /// Its scopes.
    pub scopes: Arc<Names>,
    /// The id of the record that it comes from.
    pub token_id: RecordId,
    /// The user that it acts as.
    pub subject: Option<String>,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// The end of what was exchanged for it, exclusive; none if it has none.
    pub api_token_expires_at: Option<Timestamp>,
}

impl Exchanged {
    /// The scopes as one text (RFC 6749 §3.3).
    pub fn scope(&self) -> String {
        crate::claims::join_scopes(&self.scopes)
    }
}
