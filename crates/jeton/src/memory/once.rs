//! The names that count once, in the store in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{OnceStore, StoreError, Timestamp};

#[async_trait]
impl OnceStore for MemoryStore {
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError> {
        let taken = &mut self.write().taken;
        let first = !taken.contains_key(name);
        if first {
            taken.insert(name.to_owned(), until);
        }
        Ok(first)
    }

    async fn give_name_back(&self, name: &str) -> Result<(), StoreError> {
        self.write().taken.remove(name);
        Ok(())
    }

    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write().taken.retain(|_, until| *until >= before);
        Ok(())
    }
}
