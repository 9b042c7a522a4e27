//! Records that were read a short time ago, kept true by the change log.
//!
//! What is in here may be as old as the last reading of the log, and no older than its bound: who asks says when that
//! reading began. Nothing is decided here: whoever is refused by what was found here asks the store.

use std::{
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use quick_cache::{DefaultHashBuilder, sync::Cache};

use crate::RecordId;

/// Records share these: a row of one keeps the reads of its neighbours from being remembered, at that moment.
const STRIPES: usize = 256;

#[derive(Debug)]
pub(crate) struct Recent<T> {
    records: Option<Cache<RecordId, Arc<T>>>,
    /// How many rows of the log about these records were applied.
    applied: Vec<AtomicU64>,
    hasher: DefaultHashBuilder,
    /// How old what is known of the log may be for a record to be taken from here.
    at_most: Duration,
}

/// Taken before a record is read: whether it may be remembered depends on what comes meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading(u64);

impl<T> Recent<T> {
    /// So many records, none if zero; while the log was read so short a time ago.
    pub(crate) fn new(room: usize, at_most: Duration) -> Self {
        Self {
            records: (room > 0).then(|| Cache::new(room)),
            applied: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(),
            hasher: DefaultHashBuilder::default(),
            at_most,
        }
    }

    /// How much older than the last reading of the log a record may be from which an access token is made.
    pub(crate) fn at_most(&self) -> Duration {
        if self.records.is_some() { self.at_most } else { Duration::ZERO }
    }

    /// The record, if the last complete reading of the log began so short a time ago.
    pub(crate) fn find(&self, id: RecordId, log_age: Option<Duration>) -> Option<Arc<T>> {
        let records = self.records.as_ref()?;
        log_age.filter(|age| *age <= self.at_most)?;
        records.get(&id)
    }

    /// To be called before the record is read.
    pub(crate) fn reading(&self, id: RecordId) -> Reading {
        Reading(self.stripe(id).map_or(0, |applied| applied.load(Ordering::SeqCst)))
    }

    /// Remembers what was read, unless a row about it came since.
    pub(crate) fn remember(&self, id: RecordId, reading: Reading, record: &Arc<T>) {
        let Some(records) = &self.records else { return };
        if self.reading(id).0 != reading.0 {
            return;
        }
        records.insert(id, Arc::clone(record));
        // A row that came in between has looked for it too early.
        if self.reading(id).0 != reading.0 {
            records.remove(&id);
        }
    }

    /// A row tells that the record was changed.
    pub(crate) fn drop_one(&self, id: RecordId) {
        let Some(records) = &self.records else { return };
        if let Some(applied) = self.stripe(id) {
            applied.fetch_add(1, Ordering::SeqCst);
        }
        records.remove(&id);
    }

    /// All may have been changed.
    pub(crate) fn clear(&self) {
        let Some(records) = &self.records else { return };
        for applied in &self.applied {
            applied.fetch_add(1, Ordering::SeqCst);
        }
        records.clear();
    }

    fn stripe(&self, id: RecordId) -> Option<&AtomicU64> {
        let hash = usize::try_from(self.hasher.hash_one(id) % STRIPES as u64).ok()?;
        self.applied.get(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SystemRandom, Timestamp};

    const SECOND: Duration = Duration::from_secs(1);

    fn id() -> RecordId {
        RecordId::new(Timestamp::MIN, &SystemRandom).unwrap()
    }

    fn fresh() -> Option<Duration> {
        Some(Duration::ZERO)
    }

    #[test]
    fn what_was_read_before_a_row_came_is_not_remembered() {
        let (recent, id, read) = (Recent::new(10, SECOND), id(), Arc::new("read"));
        let reading = recent.reading(id);
        recent.drop_one(id);
        recent.remember(id, reading, &read);
        assert_eq!(recent.find(id, fresh()), None);
        recent.remember(id, recent.reading(id), &read);
        assert_eq!(recent.find(id, fresh()), Some(read.clone()));
        recent.drop_one(id);
        assert_eq!(recent.find(id, fresh()), None);
        let reading = recent.reading(id);
        recent.clear();
        recent.remember(id, reading, &read);
        assert_eq!(recent.find(id, fresh()), None);
    }

    #[test]
    fn nothing_is_found_on_an_old_log() {
        let (recent, id, read) = (Recent::new(10, SECOND), id(), Arc::new("read"));
        recent.remember(id, recent.reading(id), &read);
        assert_eq!(recent.find(id, Some(SECOND)), Some(read));
        assert_eq!(recent.find(id, Some(SECOND + Duration::from_nanos(1))), None);
        assert_eq!(recent.find(id, None), None, "it was never read");
    }

    #[test]
    fn the_room_is_bounded_and_none_is_off() {
        let (recent, off) = (Recent::new(10, SECOND), Recent::new(0, SECOND));
        let mut found = 0;
        for number in 0..1000 {
            let (id, read) = (id(), Arc::new(number));
            for records in [&recent, &off] {
                records.remember(id, records.reading(id), &read);
            }
            assert_eq!(off.find(id, fresh()), None);
            found += usize::from(recent.find(id, fresh()).is_some());
        }
        assert!(found > 0 && recent.records.as_ref().is_some_and(|records| records.len() <= 10));
        assert_eq!(off.at_most(), Duration::ZERO);
    }
}
