//! The keys of the store in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{AuditEntry, Change, KeyStore, Ring, Sealed, StoreError, StoredKey, Timestamp};

/// The youngest key of the ring.
fn youngest(keys: &[StoredKey], ring: Ring) -> Option<&StoredKey> {
    keys.iter().filter(|key| key.ring == ring).max_by_key(|key| (key.created_at, &key.kid))
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

    async fn add_key(&self, key: &StoredKey, expected: &str, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut shared = self.write();
        let fits = youngest(&shared.keys, key.ring).is_some_and(|youngest| youngest.kid == expected)
            && !shared.keys.iter().any(|stored| stored.kid == key.kid);
        if !fits {
            return Err(StoreError::Conflict);
        }
        shared.keys.push(key.clone());
        shared.log(&Change::Keys, audit);
        Ok(())
    }

    async fn retire_key(&self, kid: &str, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut shared = self.write();
        let key = shared.keys.iter_mut().find(|key| key.kid == kid).ok_or(StoreError::Conflict)?;
        if key.retired_at.is_none() {
            key.retired_at = Some(at);
            key.sealed = Sealed { wrapped: Vec::new(), body: Vec::new() };
            shared.log(&Change::Keys, audit);
        }
        Ok(())
    }

    async fn reseal_key(&self, kid: &str, from: &Sealed, to: &Sealed) -> Result<(), StoreError> {
        let mut shared = self.write();
        let key = shared.keys.iter_mut().find(|key| key.kid == kid && key.sealed == *from);
        key.ok_or(StoreError::Conflict)?.sealed = to.clone();
        Ok(())
    }

    async fn remove_key(&self, kid: &str) -> Result<(), StoreError> {
        self.write().keys.retain(|key| key.kid != kid);
        Ok(())
    }
}
