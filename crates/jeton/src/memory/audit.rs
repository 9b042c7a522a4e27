//! The audit log of the store in memory.

use std::collections::VecDeque;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{AuditEntry, AuditLog, AuditPage, AuditQuery, AuditRow, StoreError, Timestamp};

/// The entries, numbered from 1 on in the order in which they came.
#[derive(Default)]
pub(super) struct Entries {
    rows: VecDeque<AuditRow>,
    last: u64,
}

impl Entries {
    pub(super) fn append(&mut self, entry: &AuditEntry) {
        self.last += 1;
        self.rows.push_back(AuditRow { seq: self.last, entry: entry.clone() });
    }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let mut shared = self.write();
        entries.iter().for_each(|entry| shared.entries.append(entry));
        Ok(())
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let shared = self.read();
        let rows = shared.entries.rows.iter().rev();
        let rows = rows
            .filter(|row| query.before.is_none_or(|before| row.seq < before))
            .filter(|row| query.filter.admits(&row.entry))
            .take(limit.saturating_add(1))
            .cloned()
            .collect();
        Ok(AuditPage::of(rows, query.limit))
    }

    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError> {
        self.write().entries.rows.retain(|row| row.entry.at >= before);
        Ok(())
    }
}
