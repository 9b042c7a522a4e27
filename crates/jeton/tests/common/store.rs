//! A store in memory of which single calls can be held, made to fail, or answered with what was true before.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use jeton::{
    AuditEntry, AuditLog, AuditPage, AuditQuery, Change, Changes, Cursor, Insert, LastUse, MemoryStore,
    NamedAudience, OnceStore, Page, Query, Record, RecordId, Restoration, Store, StoreError, Timestamp,
    Update,
};
use tokio::sync::oneshot;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Insert,
    Find,
    List,
    Update,
    Touch,
    Changes,
    Trim,
    LongestAccessTtl,
    Ping,
    Audiences,
    Audience,
    PutAudience,
    Announce,
    Restore,
    PruneTombstones,
    Append,
    Audit,
    PruneAudit,
    TakeName,
    GiveNameBack,
    PruneNames,
}

/// On which side of the work a call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

struct Gate {
    call: Call,
    side: Side,
    arrived: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// A call that is to be held.
pub(crate) struct Held {
    arrived: Option<oneshot::Receiver<()>>,
    go: oneshot::Sender<()>,
}

impl Held {
    /// Waits until the call stands at the gate.
    pub(crate) async fn arrived(&mut self) {
        self.arrived.take().unwrap().await.unwrap();
    }

    /// Lets the call go on.
    pub(crate) fn release(self) {
        // Whoever made the call may be gone.
        let _ = self.go.send(());
    }
}

#[derive(Default)]
struct Script {
    gates: Vec<Gate>,
    failing: HashSet<Call>,
    counts: HashMap<Call, usize>,
    stale: Vec<Record>,
    overtaken: usize,
    unreadable: HashSet<String>,
    names: Vec<String>,
}

#[derive(Default)]
pub(crate) struct StagedStore {
    memory: Mutex<Arc<MemoryStore>>,
    script: Mutex<Script>,
}

impl StagedStore {
    /// What holds everything now.
    pub(crate) fn memory(&self) -> Arc<MemoryStore> {
        self.memory.lock().unwrap().clone()
    }

    /// Holds what a backup holds, from now on.
    pub(crate) fn put_back(&self, backup: MemoryStore) {
        *self.memory.lock().unwrap() = Arc::new(backup);
    }

    /// The next such call is held there, once.
    pub(crate) fn hold(&self, call: Call, side: Side) -> Held {
        let ((arrived, arrived_at), (go, go_on)) = (oneshot::channel(), oneshot::channel());
        self.script().gates.push(Gate { call, side, arrived, go: go_on });
        Held { arrived: Some(arrived_at), go }
    }

    /// Such calls fail from now on, or no more.
    pub(crate) fn fail(&self, call: Call, failing: bool) {
        let mut script = self.script();
        if failing {
            script.failing.insert(call);
        } else {
            script.failing.remove(&call);
        }
    }

    /// The next `times` reads of that record answer this, as a replica does that lags behind.
    pub(crate) fn answer_stale(&self, record: &Record, times: usize) {
        self.script().stale.extend(std::iter::repeat_n(record.clone(), times));
    }

    /// Somebody else changes the record before each of the next so many updates gets through.
    pub(crate) fn overtake(&self, times: usize) {
        self.script().overtaken = times;
    }

    /// The audience of that name cannot be read from now on, or can again.
    pub(crate) fn unreadable(&self, name: &str, unreadable: bool) {
        let mut script = self.script();
        if unreadable {
            script.unreadable.insert(name.to_owned());
        } else {
            script.unreadable.remove(name);
        }
    }

    /// The names that were taken, or tried.
    pub(crate) fn names(&self) -> Vec<String> {
        self.script().names.clone()
    }

    /// How many such calls were made.
    pub(crate) fn count(&self, call: Call) -> usize {
        self.script().counts.get(&call).copied().unwrap_or(0)
    }

    /// How many calls of any kind were made.
    pub(crate) fn calls(&self) -> usize {
        self.script().counts.values().sum()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    async fn enter(&self, call: Call) -> Result<(), StoreError> {
        *self.script().counts.entry(call).or_default() += 1;
        self.pass(call, Side::Before).await;
        if self.script().failing.contains(&call) {
            return Err(StoreError::unavailable("the disk is gone"));
        }
        Ok(())
    }

    async fn pass(&self, call: Call, side: Side) {
        let gate = {
            let mut script = self.script();
            let place = script.gates.iter().position(|gate| gate.call == call && gate.side == side);
            place.map(|place| script.gates.remove(place))
        };
        if let Some(gate) = gate {
            let _ = gate.arrived.send(());
            let _ = gate.go.await;
        }
    }
}

macro_rules! staged {
    ($self:ident, $call:ident, $work:expr) => {{
        $self.enter(Call::$call).await?;
        let answer = $work.await;
        $self.pass(Call::$call, Side::After).await;
        answer
    }};
}

#[async_trait]
impl Store for StagedStore {
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        staged!(self, Insert, self.memory().insert(insert))
    }

    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        let stale = {
            let mut script = self.script();
            let place = script.stale.iter().position(|record| record.id == id);
            place.map(|place| script.stale.remove(place))
        };
        let found = staged!(self, Find, self.memory().find(id))?;
        Ok(stale.or(found))
    }

    async fn list(&self, query: &Query) -> Result<Page, StoreError> {
        staged!(self, List, self.memory().list(query))
    }

    async fn update(&self, update: &Update) -> Result<(), StoreError> {
        let overtaken = {
            let left = &mut self.script().overtaken;
            std::mem::replace(left, left.saturating_sub(1)) > 0
        };
        if overtaken && let Some(mut record) = self.memory().find(update.record.id).await? {
            let expected_version = record.version;
            record.version += 1;
            record.description = record.version.to_string();
            let change = Change::Record { id: record.id, epoch: record.epoch };
            let audit = update.audit.clone();
            let between = Update { record, expected_version, limits: Vec::new(), change, audit };
            self.memory().update(&between).await?;
        }
        staged!(self, Update, self.memory().update(update))
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        staged!(self, Touch, self.memory().touch(uses))
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        staged!(self, Changes, self.memory().changes(after))
    }

    async fn trim(&self, through: &Cursor) -> Result<(), StoreError> {
        staged!(self, Trim, self.memory().trim(through))
    }

    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError> {
        staged!(self, LongestAccessTtl, self.memory().longest_access_ttl(at_least))
    }

    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError> {
        staged!(self, Audiences, self.memory().audiences())
    }

    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError> {
        if self.script().unreadable.contains(name) {
            return Err(StoreError::unavailable("the sector is bad"));
        }
        staged!(self, Audience, self.memory().audience(name))
    }

    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        staged!(self, PutAudience, self.memory().put_audience(audience, change, audit))
    }

    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError> {
        staged!(self, Announce, self.memory().announce(change, audit))
    }

    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError> {
        staged!(self, Restore, self.memory().restore(restoration))
    }

    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError> {
        staged!(self, PruneTombstones, self.memory().prune_tombstones(before))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        staged!(self, Ping, self.memory().ping())
    }
}

#[async_trait]
impl AuditLog for StagedStore {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        staged!(self, Append, self.memory().append(entries))
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        staged!(self, Audit, self.memory().audit(query))
    }

    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError> {
        staged!(self, PruneAudit, self.memory().prune_audit(before))
    }
}

#[async_trait]
impl OnceStore for StagedStore {
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError> {
        self.script().names.push(name.to_owned());
        staged!(self, TakeName, self.memory().take_name(name, until))
    }

    async fn give_name_back(&self, name: &str) -> Result<(), StoreError> {
        staged!(self, GiveNameBack, self.memory().give_name_back(name))
    }

    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError> {
        staged!(self, PruneNames, self.memory().prune_names(before))
    }
}
