//! Where managed signing keys are kept.

use async_trait::async_trait;

use super::StoreError;
use crate::{Algorithm, AuditEntry, Sealed, Timestamp};

/// What keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ring {
    /// The keys that sign API tokens. Never published.
    Api,
    /// The keys that sign access tokens. Published as JWKS if asymmetric.
    Access,
    /// The keys from which the secrets of keys and secrets are derived. Never published.
    Secret,
}

impl Ring {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Api, Self::Access, Self::Secret];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Access => "access",
            Self::Secret => "secret",
        }
    }

    /// The ring of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ring| ring.as_str() == word)
    }
}

/// A managed signing key as it is kept: sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name in token headers; unique.
    pub kid: String,
    /// What it signs.
    pub ring: Ring,
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it signs, unless a younger one does: it is published before.
    pub signs_from: Timestamp,
    /// When it was retired: whatever it signed is refused.
    pub retired_at: Option<Timestamp>,
    /// The private key, sealed with the master key; empty once it was retired.
    pub sealed: Sealed,
}

/// Keeps managed signing keys. A small trait beside [`Store`](super::Store): keys may come from elsewhere.
///
/// A store that keeps records too logs [`Change::Keys`](super::Change::Keys) and the audit entry in the transaction of
/// each change; another one tells nobody, and its nodes learn of a change when they start.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// All keys of all rings, the oldest first; those of one time in the order of their names.
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Adds the key if its ring has none yet, durably and once: of several nodes that start together, one wins.
    /// Nothing is logged: no node can know another key.
    async fn add_first_key(&self, key: &StoredKey) -> Result<(), StoreError>;

    /// Adds the key if the youngest one of its ring, by [`keys`](Self::keys), has that name. Fails with
    /// [`Conflict`](StoreError::Conflict) otherwise: of several nodes that rotate at once, one wins.
    async fn add_key(&self, key: &StoredKey, youngest: &str, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Marks the key as retired at that time and forgets its sealed part. One that is retired stays as it is. Fails with
    /// [`Conflict`](StoreError::Conflict) if there is no such key.
    async fn retire_key(&self, kid: &str, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Puts another sealed form in the place of that one, for a new master key. Fails with
    /// [`Conflict`](StoreError::Conflict) if the key is not there or is sealed otherwise. Nothing is logged: it is the
    /// same key.
    async fn reseal_key(&self, kid: &str, from: &Sealed, to: &Sealed) -> Result<(), StoreError>;

    /// Drops a key that nothing needs any more. Nothing is logged.
    async fn remove_key(&self, kid: &str) -> Result<(), StoreError>;
}
