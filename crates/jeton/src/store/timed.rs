//! A store whose calls are timed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use metrics::histogram;

use crate::{
    AuditEntry, AuditLog, AuditPage, AuditQuery, Change, Changes, Clock, Cursor, Insert, LastUse,
    NamedAudience, OnceStore, Page, Query, Record, RecordId, Restoration, Store, StoreError, Timestamp,
    Update, Wakeups, telemetry::STORE,
};

/// Calls the store, and tells how long it took.
pub(crate) struct TimedStore {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl TimedStore {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    async fn timed<T>(
        &self,
        call: &'static str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = self.clock.monotonic();
        let answer = work.await;
        let outcome = match &answer {
            Err(StoreError::Unavailable(_)) => "unavailable",
            // Also what was refused was answered.
            _ => "answered",
        };
        let took = self.clock.monotonic().saturating_sub(began);
        histogram!(STORE, "call" => call, "outcome" => outcome).record(took.as_secs_f64());
        answer
    }
}

#[async_trait]
impl Store for TimedStore {
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        self.timed("insert", self.store.insert(insert)).await
    }

    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        self.timed("find", self.store.find(id)).await
    }

    async fn list(&self, query: &Query) -> Result<Page, StoreError> {
        self.timed("list", self.store.list(query)).await
    }

    async fn update(&self, update: &Update) -> Result<(), StoreError> {
        self.timed("update", self.store.update(update)).await
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        self.timed("touch", self.store.touch(uses)).await
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        self.timed("changes", self.store.changes(after)).await
    }

    fn watch(&self) -> Option<Wakeups> {
        self.store.watch()
    }

    async fn trim(&self, through: &Cursor) -> Result<(), StoreError> {
        self.timed("trim", self.store.trim(through)).await
    }

    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError> {
        self.timed("longest_access_ttl", self.store.longest_access_ttl(at_least)).await
    }

    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError> {
        self.timed("audiences", self.store.audiences()).await
    }

    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError> {
        self.timed("audience", self.store.audience(name)).await
    }

    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.timed("put_audience", self.store.put_audience(audience, change, audit)).await
    }

    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError> {
        self.timed("announce", self.store.announce(change, audit)).await
    }

    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError> {
        self.timed("restore", self.store.restore(restoration)).await
    }

    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError> {
        self.timed("prune_tombstones", self.store.prune_tombstones(before)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.timed("ping", self.store.ping()).await
    }
}

#[async_trait]
impl AuditLog for TimedStore {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        self.timed("append_audit", self.store.append(entries)).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        self.timed("audit", self.store.audit(query)).await
    }

    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError> {
        self.timed("prune_audit", self.store.prune_audit(before)).await
    }
}

#[async_trait]
impl OnceStore for TimedStore {
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError> {
        self.timed("take_name", self.store.take_name(name, until)).await
    }

    async fn give_name_back(&self, name: &str) -> Result<(), StoreError> {
        self.timed("give_name_back", self.store.give_name_back(name)).await
    }

    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError> {
        self.timed("prune_names", self.store.prune_names(before)).await
    }
}
