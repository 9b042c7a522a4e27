//! Where records, keys and the change log are kept.
//!
//! A store keeps and finds; deciding is not its job. It reads no clock and checks no right.

mod change;
mod error;
mod keys;
mod once;
mod timed;
mod wake;

use std::time::Duration;

use async_trait::async_trait;

pub use change::{Change, ChangeRow, Changes, Cursor};
pub use error::StoreError;
pub use keys::{KeyStore, Ring, StoredKey};
pub use once::OnceStore;
pub(crate) use timed::TimedStore;
pub use wake::{Pauses, Wake, Wakeups};

use crate::{
    AuditEntry, AuditLog, Kind, LastUse, NamedAudience, Page, Query, Record, RecordId, State, Timestamp,
};

/// How many live tokens the subject of a record may have. A token is live unless it is revoked, deleted or over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveLimit {
    /// Of that kind alone; of both without.
    pub kind: Option<Kind>,
    /// So many, with the one that is written.
    pub at_most: u64,
    /// The time at which states are judged.
    pub now: Timestamp,
}

impl LiveLimit {
    /// Whether that record counts against the limit for the subject of `written`, for stores that look at each one.
    /// `written` itself is not to be counted, nor a record that is deleted.
    pub fn counts(&self, record: &Record, written: &Record) -> bool {
        let dead = matches!(record.state(self.now), State::Revoked | State::Expired);
        record.id != written.id
            && record.grant.subject == written.grant.subject
            && self.kind.is_none_or(|kind| record.kind == kind)
            && !dead
    }
}

/// A record to be added.
#[derive(Clone, Debug)]
pub struct Insert {
    /// What to store.
    pub record: Record,
    /// What must hold with it. None are given for a record without subject.
    pub limits: Vec<LiveLimit>,
    /// What to append to the audit log, in the same transaction.
    pub audit: AuditEntry,
}

/// A record to be put in the place of an older version of itself.
#[derive(Clone, Debug)]
pub struct Update {
    /// What to store. Its `id`, `created_at` and `created_by` are those of the stored one; its
    /// [`last_use`](Record::last_use) is ignored.
    pub record: Record,
    /// The version that must be the stored one.
    pub expected_version: u64,
    /// What must hold with it. None are given for a record without subject.
    pub limits: Vec<LiveLimit>,
    /// What to append to the change log, in the same transaction.
    pub change: Change,
    /// What to append to the audit log, in the same transaction.
    pub audit: AuditEntry,
}

/// What a restored backup is raised above; see [`Authority::restored`](crate::Authority::restored).
#[derive(Clone, Debug)]
pub struct Restoration {
    /// The time of the restoration on the fastest clock, in milliseconds since 1970, and so above all numbers that were
    /// given out: the lowest epoch that any record has from then on, and the lowest [`last_generation`](Record::last_generation).
    pub at_least: u64,
    /// When it was done.
    pub at: Timestamp,
    /// What to append to the audit log, in the same transaction.
    pub audit: AuditEntry,
}

/// Keeps records and the log of their changes.
///
/// The contract, which the public suite of `jeton-testkit` checks:
///
/// * **Durable.** When `insert` or `update` has answered `Ok`, no crash undoes it.
/// * **Atomic.** An update, its change-log row and its audit entry are there together or not at all, also when the
///   caller stops waiting in the middle.
/// * **Compare and swap.** Of several concurrent updates that expect one version, exactly one succeeds.
/// * **Names are unique** among the undeleted records of one tenant; the records without a tenant count as those
///   of one tenant of their own.
/// * **Ids are unique**: a deleted record stays as a tombstone, which `find` returns and `list` does not, until it is
///   [pruned](Store::prune_tombstones).
/// * **The log is complete.** A reader that goes from cursor to cursor sees every row at least once, however
///   commits interleave. A cursor that the store did not give out is [`StoreError::CursorLost`]; so is one from before a
///   [restoration](Store::restore).
/// * **Limits hold**, however inserts and updates of one subject interleave.
/// * **The change before its row.** Who reads a row of the log finds what it tells of.
/// * An error tells apart what was refused from what could not be told ([`StoreError::Unavailable`]).
///
/// A complete small implementation is [`MemoryStore`](crate::MemoryStore).
#[async_trait]
pub trait Store: AuditLog + OnceStore {
    /// Adds a record. Fails with [`NameTaken`](StoreError::NameTaken), [`IdTaken`](StoreError::IdTaken) or
    /// [`TooMany`](StoreError::TooMany).
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError>;

    /// The record as stored, also a tombstone.
    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError>;

    /// A page of undeleted records, in the order of [`Sort::key`](crate::Sort::key), then of the id, turned round if
    /// the sort is descending.
    async fn list(&self, query: &Query) -> Result<Page, StoreError>;

    /// Replaces a record and logs the change. Fails with [`Conflict`](StoreError::Conflict) if the stored version is
    /// another, and with [`NameTaken`](StoreError::NameTaken) or [`TooMany`](StoreError::TooMany).
    async fn update(&self, update: &Update) -> Result<(), StoreError>;

    /// Writes down last uses, all of them or none. Each only moves forward, and its [count](LastUse::count) is added; a
    /// record that is not there is passed over. It changes no version and logs nothing.
    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError>;

    /// The rows of the change log after the cursor; from its beginning without one.
    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError>;

    /// Wakes whoever reads the log when a row may have been added, by whatever process. `None` from a store that cannot:
    /// its log is read from time to time alone. Called within a tokio runtime that goes on running.
    fn watch(&self) -> Option<Wakeups> {
        None
    }

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
    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;

    /// Logs a change that is stored nowhere else.
    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Raises the epoch and the last generation of every record, tombstones included, to at least those, and the version
    /// of each by one, at that time; logs [`Change::AllRecords`]; and loses every cursor that was given out before.
    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError>;

    /// Drops the tombstones whose record was [changed last](Record::updated_at) before then.
    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError>;

    /// Whether the store answers. For readiness.
    async fn ping(&self) -> Result<(), StoreError>;
}
