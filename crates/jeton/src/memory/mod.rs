//! The store that keeps everything in memory: for tests, for trying things out, and as the pattern of a store.
//!
//! Nothing survives the process, and nothing is shared with another one.

mod audit;
mod changes;
mod keys;
mod once;
mod orders;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use async_trait::async_trait;
use dashmap::DashMap;

use self::{audit::Entries, changes::ChangeLog, orders::Orders};
use crate::{
    AuditEntry, Change, Changes, Cursor, Insert, LastUse, LiveLimit, NamedAudience, Page, Query, Record,
    RecordId, Restoration, Standing, Store, StoreError, StoredKey, Timestamp, Update, Wakeups,
};

/// A store in memory.
///
/// `find` waits for no list; writes come one after another. `find` may show an update a moment before `changes` does,
/// never after it, and a reader that has found it will also read its row.
#[derive(Default)]
pub struct MemoryStore {
    records: DashMap<RecordId, Arc<Record>>,
    /// Everything that must change together. Whoever writes to `records` holds it for writing.
    shared: RwLock<Shared>,
}

#[derive(Default)]
struct Shared {
    orders: Orders,
    names: HashMap<Name, RecordId>,
    /// The undeleted records of a subject.
    subjects: HashMap<String, HashSet<RecordId>>,
    changes: ChangeLog,
    keys: Vec<StoredKey>,
    audiences: BTreeMap<String, NamedAudience>,
    entries: Entries,
    /// Names that count once, and until when they are kept.
    taken: HashMap<String, Timestamp>,
}

/// The tenant and the name of an undeleted record: unique.
type Name = (Option<String>, String);

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    // A panic of another thread leaves nothing half done here, since no step of a write can panic.
    fn read(&self) -> RwLockReadGuard<'_, Shared> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shared> {
        self.shared.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_limits(&self, shared: &Shared, record: &Record, limits: &[LiveLimit]) -> Result<(), StoreError> {
        let ids = record.grant.subject.as_ref().and_then(|subject| shared.subjects.get(subject));
        let live = |limit: &LiveLimit| {
            let others = ids.into_iter().flatten().filter_map(|id| self.records.get(id));
            others.filter(|other| limit.counts(other, record)).count() as u64
        };
        let fits = limits.iter().all(|limit| live(limit) < limit.at_most);
        fits.then_some(()).ok_or(StoreError::TooMany)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        let mut shared = self.write();
        let Insert { record, limits, audit } = insert;
        if self.records.contains_key(&record.id) {
            return Err(StoreError::IdTaken);
        }
        shared.check_name(record)?;
        self.check_limits(&shared, record, limits)?;
        let record = Arc::new(record.clone());
        shared.show(&record);
        self.records.insert(record.id, record);
        shared.entries.append(audit);
        Ok(())
    }

    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        // The copy is made after the guard of the map is gone.
        let found = self.records.get(&id).map(|record| Arc::clone(&record));
        Ok(found.map(|record| Record::clone(&record)))
    }

    async fn list(&self, query: &Query) -> Result<Page, StoreError> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let found: Vec<Arc<Record>> = self
            .read()
            .orders
            .after(query.sort, query.after.as_ref())
            .filter(|record| query.filter.admits(record, query.now))
            .take(limit.saturating_add(1))
            .map(Arc::clone)
            .collect();
        Ok(Page::of(found.iter().map(|record| Record::clone(record)).collect(), query))
    }

    async fn update(&self, update: &Update) -> Result<(), StoreError> {
        let mut shared = self.write();
        let stored = self.records.get(&update.record.id).map(|record| Arc::clone(&record));
        let stored = stored.filter(|stored| stored.version == update.expected_version);
        let stored = stored.ok_or(StoreError::Conflict)?;
        shared.check_name(&update.record)?;
        self.check_limits(&shared, &update.record, &update.limits)?;
        let record = Arc::new(Record { last_use: stored.last_use.clone(), ..update.record.clone() });
        shared.hide(&stored);
        shared.show(&record);
        // The record before the row: who reads a row must find what it tells of.
        self.records.insert(record.id, record);
        shared.changes.push(update.change.clone());
        shared.entries.append(&update.audit);
        Ok(())
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        let mut shared = self.write();
        for (id, last_use) in uses {
            let stored = self.records.get(id).map(|record| Arc::clone(&record));
            let Some(stored) = stored else { continue };
            let latest = if stored.last_use.at < last_use.at { last_use } else { &stored.last_use };
            let count = stored.last_use.count.saturating_add(last_use.count);
            let last_use = LastUse { count, ..latest.clone() };
            let record = Arc::new(Record { last_use, ..Record::clone(&stored) });
            shared.hide(&stored);
            shared.show(&record);
            self.records.insert(*id, record);
        }
        Ok(())
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        self.read().changes.after(after)
    }

    fn watch(&self) -> Option<Wakeups> {
        Some(self.read().changes.watch())
    }

    async fn trim(&self, through: &Cursor) -> Result<(), StoreError> {
        self.write().changes.trim(through)
    }

    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError> {
        Ok(self.write().changes.raise_longest_access_ttl(at_least))
    }

    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError> {
        Ok(self.read().audiences.values().cloned().collect())
    }

    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError> {
        Ok(self.read().audiences.get(name).cloned())
    }

    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut shared = self.write();
        let stored = shared.audiences.get(&audience.name).map_or(0, |stored| stored.version);
        if stored.checked_add(1) != Some(audience.version) {
            return Err(StoreError::Conflict);
        }
        shared.audiences.insert(audience.name.clone(), audience.clone());
        shared.log(change, audit);
        Ok(())
    }

    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError> {
        self.write().log(change, audit);
        Ok(())
    }

    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError> {
        let mut shared = self.write();
        let Restoration { at_least, at, audit } = restoration;
        let all: Vec<_> = self.records.iter().map(|record| Arc::clone(&record)).collect();
        for stored in all {
            let record = Arc::new(Record {
                epoch: stored.epoch.max(*at_least),
                last_generation: stored.last_generation.max(*at_least),
                version: stored.version + 1,
                updated_at: *at,
                ..Record::clone(&stored)
            });
            shared.hide(&stored);
            shared.show(&record);
            self.records.insert(record.id, record);
        }
        shared.changes.restore();
        shared.log(&Change::AllRecords { epoch: *at_least }, audit);
        Ok(())
    }

    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError> {
        let _alone = self.write();
        self.records.retain(|_, record| record.standing != Standing::Deleted || record.updated_at >= before);
        Ok(())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Shared {
    fn check_name(&self, record: &Record) -> Result<(), StoreError> {
        let Some(name) = name(record) else { return Ok(()) };
        let free = self.names.get(&name).is_none_or(|holder| *holder == record.id);
        free.then_some(()).ok_or(StoreError::NameTaken)
    }

    fn show(&mut self, record: &Arc<Record>) {
        let Some(name) = name(record) else { return };
        self.names.insert(name, record.id);
        self.orders.insert(record);
        if let Some(subject) = &record.grant.subject {
            self.subjects.entry(subject.clone()).or_default().insert(record.id);
        }
    }

    fn hide(&mut self, record: &Record) {
        let Some(name) = name(record) else { return };
        self.names.remove(&name);
        self.orders.remove(record);
        let Some(subject) = &record.grant.subject else { return };
        if let Some(ids) = self.subjects.get_mut(subject) {
            ids.remove(&record.id);
            if ids.is_empty() {
                self.subjects.remove(subject);
            }
        }
    }

    fn log(&mut self, change: &Change, audit: &AuditEntry) {
        self.changes.push(change.clone());
        self.entries.append(audit);
    }
}

/// What the record keeps others from being called; none for a tombstone.
fn name(record: &Record) -> Option<Name> {
    (record.standing != Standing::Deleted).then(|| (record.grant.tenant.clone(), record.name.clone()))
}
