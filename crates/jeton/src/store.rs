//! Where records, keys and the change log are kept.
//!
//! A store keeps and finds; deciding is not its job. It reads no clock and checks no right.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Algorithm, LastUse, NamedAudience, Page, Query, Record, RecordId, Sealed, Timestamp};

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another undeleted record of the same tenant (or of none) has the name.
    #[error("another token of the tenant has this name")]
    NameTaken,
    /// A record, deleted or not, has the id.
    #[error("the record id is taken")]
    IdTaken,
    /// The record is not at the expected version, or is not there.
    #[error("the record has changed meanwhile")]
    Conflict,
    /// It could not tell: nothing is known about whether it was done. Becomes a 503, never a refusal.
    #[error("the store did not answer")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
}

impl StoreError {
    /// The store could not tell, for that reason. The reason goes to the log, never to a client.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(source.into()))
    }
}

/// A record to be put in the place of an older version of itself.
#[derive(Clone, Debug)]
pub struct Update {
    /// What to store. Its `id`, `created_at` and `created_by` are those of the stored one; its
    /// [`last_use`](Record::last_use) is ignored.
    pub record: Record,
    /// The version that must be the stored one.
    pub expected_version: u64,
    /// What to append to the change log, in the same transaction.
    pub change: Change,
}

/// What other nodes must learn. Applying one twice, or two in another order, comes to the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// A record was changed: access tokens of a lower epoch are refused from now on, and what is cached of the
    /// record is stale.
    Record {
        /// Which record.
        id: RecordId,
        /// The lowest epoch still accepted.
        epoch: u64,
    },
    /// A named audience was changed: it is to be read again.
    Audience {
        /// Which audience.
        name: String,
    },
}

/// A row of the change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// The longest access-token lifetime that had been stored when the row was committed.
    pub longest_access_ttl: Duration,
    /// What was changed.
    pub change: Change,
}

/// A place in the change log. Only the store that gave it out can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// For stores: a cursor that holds this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For stores: the text that it holds.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A part of the change log.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The rows after the cursor that was handed in.
    pub rows: Vec<ChangeRow>,
    /// Where to read on. Nothing that is committed later lies before it.
    pub cursor: Cursor,
    /// Whether there may be more to read at once.
    pub more: bool,
}

/// Keeps records and the log of their changes.
///
/// The contract, which the public suite of `jeton-testkit` checks:
///
/// * **Durable.** When `insert` or `update` has answered `Ok`, no crash undoes it.
/// * **Atomic.** An update and its change-log row are there together or not at all, also when the caller stops
///   waiting in the middle.
/// * **Compare and swap.** Of several concurrent updates that expect one version, exactly one succeeds.
/// * **Names are unique** among the undeleted records of one tenant; the records without a tenant count as those
///   of one tenant of their own.
/// * **Ids are unique** for ever: a deleted record stays as a tombstone, which `find` returns and `list` does not.
/// * **The log is complete.** A reader that goes from cursor to cursor sees every row at least once, however
///   commits interleave. A cursor that the store did not give out is [`StoreError::Unavailable`].
/// * **The change before its row.** Who reads a row of the log finds what it tells of.
/// * An error tells apart what was refused from what could not be told ([`StoreError::Unavailable`]).
///
/// A complete small implementation is [`MemoryStore`](crate::MemoryStore).
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Adds a record. Fails with [`NameTaken`](StoreError::NameTaken) or [`IdTaken`](StoreError::IdTaken).
    async fn insert(&self, record: &Record) -> Result<(), StoreError>;

    /// The record as stored, also a tombstone.
    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError>;

    /// A page of undeleted records, in the order of [`Sort::key`](crate::Sort::key), then of the id, turned round if
    /// the sort is descending.
    async fn list(&self, query: &Query) -> Result<Page, StoreError>;

    /// Replaces a record and logs the change. Fails with [`Conflict`](StoreError::Conflict) if the stored version is
    /// another, and with [`NameTaken`](StoreError::NameTaken).
    async fn update(&self, update: &Update) -> Result<(), StoreError>;

    /// Writes down last uses, all of them or none. Each only moves forward; a record that is not there is passed over.
    /// It changes no version and logs nothing.
    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError>;

    /// The rows of the change log after the cursor; from its beginning without one.
    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError>;

    /// Drops the rows of the change log up to the cursor.
    async fn trim(&self, through: &Cursor) -> Result<(), StoreError>;

    /// Raises the stored longest access-token lifetime to this one, and returns what is stored then. Rows that are
    /// committed later carry it.
    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError>;

    /// All named audiences, in the order of their names.
    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError>;

    /// The audience of that name.
    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError>;

    /// Adds or replaces an audience, and logs the change, in one transaction. Fails with
    /// [`Conflict`](StoreError::Conflict) unless the stored version is the one before that of `audience`; where none
    /// is stored, that is 0.
    async fn put_audience(&self, audience: &NamedAudience, change: &Change) -> Result<(), StoreError>;

    /// Whether the store answers. For readiness.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Which keys: those of API tokens or those of access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ring {
    /// The keys that sign API tokens. Never published.
    Api,
    /// The keys that sign access tokens. Published as JWKS if asymmetric.
    Access,
}

impl Ring {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Access => "access",
        }
    }

    /// The ring of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Api, Self::Access].into_iter().find(|ring| ring.as_str() == word)
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
    /// The private key, sealed with the master key.
    pub sealed: Sealed,
}

/// Keeps managed signing keys. A small trait beside [`Store`]: keys may come from elsewhere.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// All keys of both rings, the oldest first.
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Adds the key if its ring has none yet, durably and once: of several nodes that start together, one wins.
    async fn add_first_key(&self, key: &StoredKey) -> Result<(), StoreError>;
}
