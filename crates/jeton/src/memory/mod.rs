//! The store that keeps everything in memory: for tests, for trying things out, and as the pattern of a store.
//!
//! Nothing survives the process, and nothing is shared with another one.

mod changes;
mod orders;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use async_trait::async_trait;
use dashmap::{DashMap, Entry};

use self::{changes::ChangeLog, orders::Orders};
use crate::{
    Change, Changes, Cursor, KeyStore, LastUse, NamedAudience, Page, Query, Record, RecordId, Standing,
    Store, StoreError, StoredKey, Update,
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
    changes: ChangeLog,
    keys: Vec<StoredKey>,
    audiences: BTreeMap<String, NamedAudience>,
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
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn insert(&self, record: &Record) -> Result<(), StoreError> {
        let mut shared = self.write();
        let Entry::Vacant(place) = self.records.entry(record.id) else {
            return Err(StoreError::IdTaken);
        };
        shared.check_name(record)?;
        let record = Arc::new(record.clone());
        shared.show(&record);
        place.insert(record);
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
        let record = Arc::new(Record { last_use: stored.last_use, ..update.record.clone() });
        shared.hide(&stored);
        shared.show(&record);
        // The record before the row: who reads a row must find what it tells of.
        self.records.insert(record.id, record);
        shared.changes.push(update.change.clone());
        Ok(())
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        let mut shared = self.write();
        for (id, last_use) in uses {
            let stored = self.records.get(id).map(|record| Arc::clone(&record));
            let Some(stored) = stored.filter(|stored| stored.last_use.at < last_use.at) else { continue };
            let record = Arc::new(Record { last_use: *last_use, ..Record::clone(&stored) });
            shared.hide(&stored);
            shared.show(&record);
            self.records.insert(*id, record);
        }
        Ok(())
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        self.read().changes.after(after)
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

    async fn put_audience(&self, audience: &NamedAudience, change: &Change) -> Result<(), StoreError> {
        let mut shared = self.write();
        let stored = shared.audiences.get(&audience.name).map_or(0, |stored| stored.version);
        if stored.checked_add(1) != Some(audience.version) {
            return Err(StoreError::Conflict);
        }
        shared.audiences.insert(audience.name.clone(), audience.clone());
        shared.changes.push(change.clone());
        Ok(())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let mut keys = self.read().keys.clone();
        keys.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
        Ok(keys)
    }

    async fn add_first_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let keys = &mut self.write().keys;
        if !keys.iter().any(|stored| stored.ring == key.ring) {
            keys.push(key.clone());
        }
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
        if let Some(name) = name(record) {
            self.names.insert(name, record.id);
            self.orders.insert(record);
        }
    }

    fn hide(&mut self, record: &Record) {
        if let Some(name) = name(record) {
            self.names.remove(&name);
            self.orders.remove(record);
        }
    }
}

/// What the record keeps others from being called; none for a tombstone.
fn name(record: &Record) -> Option<Name> {
    (record.standing != Standing::Deleted).then(|| (record.grant.tenant.clone(), record.name.clone()))
}
