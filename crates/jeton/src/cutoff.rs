//! The cut-offs: which access tokens are refused though they are signed and not over.
//!
//! For a record, the lowest epoch still accepted; for all records at once, after a backup was restored, the same; and
//! single access tokens by their `jti`. A cut-off only rises. It is kept until every access token that it refuses has
//! surely ended, so that all of it stays as small as the number of recent changes.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dashmap::{DashMap, Entry};
use tokio::sync::watch;

use crate::RecordId;

#[derive(Clone, Copy, Debug)]
struct CutOff {
    epoch: u64,
    /// On the monotonic clock.
    keep_until: Duration,
}

/// All cut-offs of one moment.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) floor: u64,
    pub(crate) records: Vec<(RecordId, u64)>,
    pub(crate) tokens: Vec<String>,
    /// How long the last of them must still be kept.
    pub(crate) keep: Duration,
}

#[derive(Debug)]
pub(crate) struct CutOffs {
    records: DashMap<RecordId, CutOff>,
    /// The lowest epoch of all records, but for those that were made later: it is the time of the restoration, in
    /// milliseconds since 1970.
    floor: AtomicU64,
    floor_until: Mutex<Duration>,
    tokens: DashMap<String, Duration>,
    /// How many there are in `tokens`, or a moment before: nearly always none.
    token_count: AtomicUsize,
    raised: watch::Sender<()>,
}

impl Default for CutOffs {
    fn default() -> Self {
        Self {
            records: DashMap::new(),
            floor: AtomicU64::new(0),
            floor_until: Mutex::default(),
            tokens: DashMap::new(),
            token_count: AtomicUsize::new(0),
            raised: watch::Sender::new(()),
        }
    }
}

impl CutOffs {
    /// Whether what was read of a record at that epoch still counts.
    pub(crate) fn accepts(&self, id: RecordId, epoch: u64) -> bool {
        let floor = self.floor();
        (epoch >= floor || id.unix_millis() > floor)
            && self.records.get(&id).is_none_or(|cut_off| epoch >= cut_off.epoch)
    }

    /// The lowest epoch of all records, and so of a new one.
    pub(crate) fn floor(&self) -> u64 {
        self.floor.load(Ordering::Acquire)
    }

    /// Whether that very access token was not revoked alone.
    pub(crate) fn accepts_token(&self, jti: &str) -> bool {
        self.token_count.load(Ordering::Acquire) == 0 || !self.tokens.contains_key(jti)
    }

    /// Refuses all epochs below this one, at least until then. None is below the first: a record that never lost a
    /// right takes no room.
    pub(crate) fn raise(&self, id: RecordId, epoch: u64, keep_until: Duration) {
        if epoch == 0 {
            return;
        }
        match self.records.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(CutOff { epoch, keep_until });
            }
            Entry::Occupied(mut entry) => {
                let cut_off = entry.get_mut();
                cut_off.epoch = cut_off.epoch.max(epoch);
                cut_off.keep_until = cut_off.keep_until.max(keep_until);
            }
        }
        self.raised.send_replace(());
    }

    /// Refuses all epochs below this one, of all records.
    pub(crate) fn raise_all(&self, epoch: u64, keep_until: Duration) {
        {
            let mut until = self.floor_until.lock().unwrap_or_else(PoisonError::into_inner);
            *until = (*until).max(keep_until);
            self.floor.fetch_max(epoch, Ordering::AcqRel);
        }
        self.raised.send_replace(());
    }

    /// Refuses that access token, at least until then.
    pub(crate) fn revoke_token(&self, jti: String, keep_until: Duration) {
        match self.tokens.entry(jti) {
            Entry::Vacant(entry) => {
                entry.insert(keep_until);
                self.token_count.fetch_add(1, Ordering::AcqRel);
            }
            Entry::Occupied(mut entry) => *entry.get_mut() = keep_until.max(*entry.get()),
        }
        self.raised.send_replace(());
    }

    /// Those whose time is not over.
    pub(crate) fn held(&self, now: Duration) -> Held {
        let mut held = Held { floor: 0, records: Vec::new(), tokens: Vec::new(), keep: Duration::ZERO };
        {
            let until = self.floor_until.lock().unwrap_or_else(PoisonError::into_inner);
            if *until > now {
                (held.floor, held.keep) = (self.floor(), until.saturating_sub(now));
            }
        }
        for entry in self.records.iter().filter(|entry| entry.keep_until > now) {
            held.keep = held.keep.max(entry.keep_until.saturating_sub(now));
            held.records.push((*entry.key(), entry.epoch));
        }
        for entry in self.tokens.iter().filter(|entry| **entry > now) {
            held.keep = held.keep.max(entry.saturating_sub(now));
            held.tokens.push(entry.key().clone());
        }
        held
    }

    /// Told whenever something is refused that was not before.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.raised.subscribe()
    }

    /// Forgets those whose time is over.
    pub(crate) fn prune(&self, now: Duration) {
        self.records.retain(|_, cut_off| cut_off.keep_until > now);
        self.tokens.retain(|_, keep_until| {
            let keep = *keep_until > now;
            if !keep {
                self.token_count.fetch_sub(1, Ordering::AcqRel);
            }
            keep
        });
        let until = self.floor_until.lock().unwrap_or_else(PoisonError::into_inner);
        if *until <= now {
            self.floor.store(0, Ordering::Release);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len() + self.tokens.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SystemRandom, Timestamp};

    fn id() -> RecordId {
        RecordId::new(Timestamp::MIN, &SystemRandom).unwrap()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_cut_off_only_rises_and_is_kept_for_the_longest_time() {
        let (cut_offs, id) = (CutOffs::default(), id());
        assert!(cut_offs.accepts(id, 0));
        cut_offs.raise(id, 2, 5 * SECOND);
        cut_offs.raise(id, 1, 9 * SECOND);
        cut_offs.raise(id, 2, SECOND);
        assert!(!cut_offs.accepts(id, 1));
        assert!(cut_offs.accepts(id, 2));
        cut_offs.prune(8 * SECOND);
        assert!(!cut_offs.accepts(id, 1));
        cut_offs.prune(9 * SECOND);
        assert_eq!(cut_offs.len(), 0);
    }

    #[test]
    fn the_first_epoch_takes_no_room() {
        let cut_offs = CutOffs::default();
        cut_offs.raise(id(), 0, SECOND);
        assert_eq!(cut_offs.len(), 0);
    }

    #[test]
    fn a_floor_is_under_every_record() {
        let cut_offs = CutOffs::default();
        let made =
            |seconds| RecordId::new(Timestamp::from_unix_seconds(seconds).unwrap(), &SystemRandom).unwrap();
        cut_offs.raise_all(10_000, 5 * SECOND);
        cut_offs.raise_all(7_000, 9 * SECOND);
        assert!(!cut_offs.accepts(made(10), 9_999));
        assert!(cut_offs.accepts(made(10), 10_000));
        assert!(cut_offs.accepts(made(11), 0), "it did not stand there then");
        cut_offs.prune(8 * SECOND);
        assert!(!cut_offs.accepts(made(10), 9_999));
        cut_offs.prune(9 * SECOND);
        assert!(cut_offs.accepts(made(10), 0));
    }

    #[test]
    fn one_token_is_refused_and_its_siblings_are_not() {
        let cut_offs = CutOffs::default();
        cut_offs.revoke_token("a".to_owned(), SECOND);
        cut_offs.revoke_token("a".to_owned(), 2 * SECOND);
        assert!(!cut_offs.accepts_token("a"));
        assert!(cut_offs.accepts_token("b"));
        cut_offs.prune(SECOND);
        assert!(!cut_offs.accepts_token("a"));
        cut_offs.prune(2 * SECOND);
        assert!(cut_offs.accepts_token("a"));
        assert_eq!(cut_offs.token_count.load(Ordering::Acquire), 0);
    }
}
