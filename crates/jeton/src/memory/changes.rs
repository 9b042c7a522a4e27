//! The change log of the store in memory.

use std::{collections::VecDeque, time::Duration};

use crate::{Change, ChangeRow, Changes, Cursor, StoreError, Wake, Wakeups};

/// Rows that one read returns at most.
const BATCH: usize = 1000;

/// The rows, numbered without gaps; a cursor is the number of restorations and that of the rows up to it, trimmed ones
/// included.
#[derive(Default)]
pub(super) struct ChangeLog {
    restorations: u64,
    rows: VecDeque<ChangeRow>,
    trimmed: u64,
    longest_access_ttl: Duration,
    wake: Wake,
}

impl ChangeLog {
    /// Appends a row.
    pub(super) fn push(&mut self, change: Change) {
        self.rows.push_back(ChangeRow { longest_access_ttl: self.longest_access_ttl, change });
        self.wake.wake();
    }

    /// Wakes at each row that is appended.
    pub(super) fn watch(&self) -> Wakeups {
        self.wake.subscribe()
    }

    /// The rows after the cursor, or the first of them.
    pub(super) fn after(&self, cursor: Option<&Cursor>) -> Result<Changes, StoreError> {
        let seen = cursor.map_or(Ok(0), |cursor| self.number(cursor))?;
        let skipped = self.index(seen);
        let rows: Vec<_> = self.rows.range(skipped..).take(BATCH).cloned().collect();
        let end = skipped + rows.len();
        let reached = self.trimmed.saturating_add(end as u64);
        Ok(Changes { rows, cursor: self.cursor(reached), more: end < self.rows.len() })
    }

    /// Drops the rows up to the cursor.
    pub(super) fn trim(&mut self, through: &Cursor) -> Result<(), StoreError> {
        let dropped = self.index(self.number(through)?);
        self.rows.drain(..dropped);
        self.trimmed = self.trimmed.saturating_add(dropped as u64);
        Ok(())
    }

    /// Raises the longest access-token lifetime, and returns it.
    pub(super) fn raise_longest_access_ttl(&mut self, at_least: Duration) -> Duration {
        self.longest_access_ttl = self.longest_access_ttl.max(at_least);
        self.longest_access_ttl
    }

    /// Loses all cursors that were given out.
    pub(super) fn restore(&mut self) {
        self.restorations += 1;
    }

    fn cursor(&self, reached: u64) -> Cursor {
        Cursor::new(format!("{}.{reached}", self.restorations))
    }

    fn number(&self, cursor: &Cursor) -> Result<u64, StoreError> {
        let (restorations, number) = cursor.as_str().split_once('.').ok_or(StoreError::CursorLost)?;
        let known = restorations.parse() == Ok(self.restorations);
        let end = self.trimmed.saturating_add(self.rows.len() as u64);
        let number = number.parse().ok().filter(|number| known && *number <= end);
        number.ok_or(StoreError::CursorLost)
    }

    /// Where in `rows` the row after that many begins.
    fn index(&self, seen: u64) -> usize {
        let index = usize::try_from(seen.saturating_sub(self.trimmed)).unwrap_or(usize::MAX);
        index.min(self.rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_not_reached_is_lost() {
        let mut log = ChangeLog::default();
        (0..3).for_each(|_| log.push(Change::Keys));
        let end = log.after(None).unwrap().cursor;
        log.trim(&end).unwrap();
        assert!(log.after(Some(&end)).unwrap().rows.is_empty());
        let beyond = log.cursor(4);
        assert!(matches!(log.after(Some(&beyond)), Err(StoreError::CursorLost)));
        assert!(matches!(log.trim(&beyond), Err(StoreError::CursorLost)));
        log.push(Change::Keys);
        assert_eq!(log.after(Some(&end)).unwrap().cursor, beyond);
    }
}
