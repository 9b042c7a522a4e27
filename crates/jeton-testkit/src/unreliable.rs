//! A store that can be told not to answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jeton::{
    AuditEntry, AuditLog, AuditPage, AuditQuery, Change, Changes, Cursor, Insert, LastUse, NamedAudience,
    OnceStore, Page, Query, Record, RecordId, Restoration, Store, StoreError, Timestamp, Update, Wakeups,
};

/// A store that answers like another one until it is told that it is down; then it is
/// [`Unavailable`](StoreError::Unavailable). For tests that a failure becomes a 503 and never a refusal.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use jeton::{MemoryStore, Store};
/// use jeton_testkit::UnreliableStore;
///
/// let store = UnreliableStore::new(MemoryStore::new());
/// assert!(store.ping().await.is_ok());
/// store.is_down(true);
/// assert!(store.ping().await.is_err());
/// # });
/// ```
#[derive(Debug, Default)]
pub struct UnreliableStore<S> {
    inner: Arc<S>,
    down: Arc<AtomicBool>,
    deaf: bool,
}

impl<S> Clone for UnreliableStore<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), down: self.down.clone(), deaf: self.deaf }
    }
}

impl<S> UnreliableStore<S> {
    /// That store, which is up.
    pub fn new(inner: S) -> Self {
        Self { inner: Arc::new(inner), down: Arc::default(), deaf: false }
    }

    /// The same for a node that is never woken: it reads the change log at its intervals alone.
    #[must_use]
    pub fn never_woken(self) -> Self {
        Self { deaf: true, ..self }
    }

    /// Whether it is down from now on. Clones are one store.
    pub fn is_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&S, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            Err(StoreError::unavailable("the cause of the outage"))
        } else {
            Ok(&self.inner)
        }
    }
}

#[async_trait]
impl<S: Store> Store for UnreliableStore<S> {
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        self.up()?.insert(insert).await
    }

    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        self.up()?.find(id).await
    }

    async fn list(&self, query: &Query) -> Result<Page, StoreError> {
        self.up()?.list(query).await
    }

    async fn update(&self, update: &Update) -> Result<(), StoreError> {
        self.up()?.update(update).await
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        self.up()?.touch(uses).await
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        self.up()?.changes(after).await
    }

    fn watch(&self) -> Option<Wakeups> {
        if self.deaf { None } else { self.inner.watch() }
    }

    async fn trim(&self, through: &Cursor) -> Result<(), StoreError> {
        self.up()?.trim(through).await
    }

    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError> {
        self.up()?.longest_access_ttl(at_least).await
    }

    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError> {
        self.up()?.audiences().await
    }

    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError> {
        self.up()?.audience(name).await
    }

    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.up()?.put_audience(audience, change, audit).await
    }

    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError> {
        self.up()?.announce(change, audit).await
    }

    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError> {
        self.up()?.restore(restoration).await
    }

    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError> {
        self.up()?.prune_tombstones(before).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.up()?.ping().await
    }
}

#[async_trait]
impl<S: Store> AuditLog for UnreliableStore<S> {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        self.up()?.append(entries).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        self.up()?.audit(query).await
    }

    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError> {
        self.up()?.prune_audit(before).await
    }
}

#[async_trait]
impl<S: Store> OnceStore for UnreliableStore<S> {
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError> {
        self.up()?.take_name(name, until).await
    }

    async fn give_name_back(&self, name: &str) -> Result<(), StoreError> {
        self.up()?.give_name_back(name).await
    }

    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError> {
        self.up()?.prune_names(before).await
    }
}
