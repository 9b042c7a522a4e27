//! The change log of the store in memory.

use std::{collections::VecDeque, time::Duration};

use crate::{Change, ChangeRow, Changes, Cursor, StoreError};

/// Rows that one read returns at most.
const BATCH: usize = 1000;

/// The rows, numbered without gaps; a cursor is the number of rows up to it, trimmed ones included.
#[derive(Default)]
pub(super) struct ChangeLog {
    rows: VecDeque<ChangeRow>,
    trimmed: u64,
    longest_access_ttl: Duration,
}

impl ChangeLog {
    /// Appends a row.
    pub(super) fn push(&mut self, change: Change) {
        self.rows.push_back(ChangeRow { longest_access_ttl: self.longest_access_ttl, change });
    }

    /// The rows after the cursor, or the first of them.
    pub(super) fn after(&self, cursor: Option<&Cursor>) -> Result<Changes, StoreError> {
        let seen = cursor.map_or(Ok(0), number)?;
        let skipped = self.index(seen);
        let rows: Vec<_> = self.rows.range(skipped..).take(BATCH).cloned().collect();
        let end = skipped + rows.len();
        let reached = self.trimmed.saturating_add(end as u64);
        Ok(Changes { rows, cursor: Cursor::new(reached.to_string()), more: end < self.rows.len() })
    }

    /// Drops the rows up to the cursor.
    pub(super) fn trim(&mut self, through: &Cursor) -> Result<(), StoreError> {
        let dropped = self.index(number(through)?);
        self.rows.drain(..dropped);
        self.trimmed = self.trimmed.saturating_add(dropped as u64);
        Ok(())
    }

    /// Raises the longest access-token lifetime, and returns it.
    pub(super) fn raise_longest_access_ttl(&mut self, at_least: Duration) -> Duration {
        self.longest_access_ttl = self.longest_access_ttl.max(at_least);
        self.longest_access_ttl
    }

    /// Where in `rows` the row after that many begins.
    fn index(&self, seen: u64) -> usize {
        let index = usize::try_from(seen.saturating_sub(self.trimmed)).unwrap_or(usize::MAX);
        index.min(self.rows.len())
    }
}

fn number(cursor: &Cursor) -> Result<u64, StoreError> {
    cursor.as_str().parse().map_err(|_| StoreError::unavailable("the cursor is not one of this store"))
}
