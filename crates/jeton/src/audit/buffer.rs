//! Entries that wait to be written: exchanges and refusals, which must not wait for the store.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    mem,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Action, AuditEntry};
use crate::{RecordId, StoreError, authority::Inner};

/// More entries at once are dropped, and counted.
const MAX_WAITING: usize = 10_000;

/// Refusals of one minute are told once for each of these: actor, token, address and reason.
type RefusalKey = (String, Option<RecordId>, Option<IpAddr>, Option<String>);

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    waiting: Mutex<Waiting>,
    /// Held while entries are on their way: whoever comes then waits until they have arrived.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: Vec<AuditEntry>,
    dropped: u64,
    /// The refusals of that minute that were told already.
    minute: i64,
    refused: HashSet<RefusalKey>,
}

impl Buffer {
    // Whatever panicked left a list of entries.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an entry to be written. Of refusals of the same actor and token from the same address for the same reason,
    /// the first one of each minute.
    pub(crate) fn note(&self, entry: AuditEntry) {
        let mut waiting = self.lock();
        if waiting.entries.len() >= MAX_WAITING {
            waiting.dropped += 1;
            return;
        }
        if entry.action == Action::Refuse {
            let minute = entry.at.unix_seconds().div_euclid(60);
            if waiting.minute != minute {
                waiting.minute = minute;
                waiting.refused.clear();
            }
            let key = (entry.actor.clone(), entry.token_id, entry.origin.address, entry.reason.clone());
            if waiting.refused.contains(&key) {
                return;
            }
            if waiting.refused.len() >= MAX_WAITING {
                waiting.dropped += 1;
                return;
            }
            waiting.refused.insert(key);
        }
        entry.tell();
        waiting.entries.push(entry);
    }

    fn take(&self) -> (Vec<AuditEntry>, u64) {
        let mut waiting = self.lock();
        (mem::take(&mut waiting.entries), mem::take(&mut waiting.dropped))
    }

    /// What could not be written waits again, before what came meanwhile.
    fn put_back(&self, mut entries: Vec<AuditEntry>) {
        let mut waiting = self.lock();
        entries.append(&mut waiting.entries);
        waiting.dropped += entries.len().saturating_sub(MAX_WAITING) as u64;
        entries.truncate(MAX_WAITING);
        waiting.entries = entries;
    }
}

/// Writes down what was noted, all that was when it was called. What fails is tried again next time. It is a task of its
/// own: a caller that goes away in the middle loses no entry.
pub(crate) async fn write_down(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let inner = Arc::clone(inner);
    let task = tokio::spawn(async move {
        let _alone = inner.audit.writing.lock().await;
        let (mut entries, dropped) = inner.audit.take();
        if dropped > 0 {
            tracing::warn!(dropped, "audit entries of exchanges and refusals were dropped: too many at once");
        }
        if entries.is_empty() {
            return Ok(());
        }
        let written = match name_tenants(&inner, &mut entries).await {
            Ok(()) => inner.store.append(&entries).await,
            Err(error) => Err(error),
        };
        if written.is_err() {
            inner.audit.put_back(entries);
        }
        written
    });
    task.await.unwrap_or_else(|error| Err(StoreError::unavailable(error)))
}

/// Whoever is refused is told of before its record is read: the tenant that may see the entry is looked up here.
async fn name_tenants(inner: &Inner, entries: &mut [AuditEntry]) -> Result<(), StoreError> {
    let mut tenants: HashMap<RecordId, Option<String>> = HashMap::new();
    let refused = |entry: &&mut AuditEntry| entry.action == Action::Refuse && entry.tenant.is_none();
    for entry in entries.iter_mut().filter(refused) {
        let Some(id) = entry.token_id else { continue };
        if let Entry::Vacant(place) = tenants.entry(id) {
            let record = inner.store.find(id).await?;
            place.insert(record.and_then(|record| record.grant.tenant));
        }
        entry.tenant = tenants.get(&id).cloned().flatten();
    }
    Ok(())
}
