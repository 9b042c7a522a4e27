//! The cut-offs: which access tokens are refused though they are signed and not over.
//!
//! For a record, the lowest epoch still accepted; for all records at once, after a backup was restored, the same; and
//! single access tokens by their `jti`. A cut-off only rises. It is kept until every access token that it refuses has
//! surely ended, so that all of it stays as small as the number of recent changes.

use std::{
    hash::{BuildHasher as _, Hash},
    sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use dashmap::{DashMap, Entry};
use quick_cache::DefaultHashBuilder;
use tokio::sync::watch;

use crate::{Principal, RecordId, Rejection};

/// Records and single tokens share these, so that what is remembered needs no look into a map. A power of two.
const STRIPES: u16 = 4096;

/// Where a remembered token looks for what was refused since, and what it saw there last.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    stripes: [u16; 2],
    seen: AtomicU32,
}

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
    records: DashMap<RecordId, CutOff, DefaultHashBuilder>,
    /// The lowest epoch of all records, but for those that were made later: it is the time of the restoration, in
    /// milliseconds since 1970.
    floor: AtomicU64,
    floor_until: Mutex<Duration>,
    tokens: DashMap<String, Duration>,
    /// How many there are in `tokens`, or a moment before: nearly always none.
    token_count: AtomicUsize,
    /// How often something was refused whose name falls on each. Raised after the maps are, so that whoever sees no
    /// change had nothing to see in them.
    stripes: Box<[AtomicU32]>,
    hasher: DefaultHashBuilder,
    raised: watch::Sender<()>,
}

impl Default for CutOffs {
    fn default() -> Self {
        Self {
            records: DashMap::default(),
            floor: AtomicU64::new(0),
            floor_until: Mutex::default(),
            tokens: DashMap::new(),
            token_count: AtomicUsize::new(0),
            stripes: (0..STRIPES).map(|_| AtomicU32::new(0)).collect(),
            hasher: DefaultHashBuilder::default(),
            raised: watch::Sender::new(()),
        }
    }
}

impl CutOffs {
    /// Whether what was read of a record at that epoch still counts.
    pub(crate) fn accepts(&self, id: RecordId, epoch: u64) -> bool {
        self.is_above_floor(id, epoch) && self.accepts_record(id, epoch)
    }

    fn is_above_floor(&self, id: RecordId, epoch: u64) -> bool {
        let floor = self.floor();
        epoch >= floor || id.unix_millis() > floor
    }

    fn accepts_record(&self, id: RecordId, epoch: u64) -> bool {
        self.records.get(&id).is_none_or(|cut_off| epoch >= cut_off.epoch)
    }

    /// Where a token of that record looks from now on. It has seen nothing yet.
    pub(crate) fn unchecked(&self, id: RecordId, jti: &str) -> Checked {
        let checked = Checked { stripes: [self.stripe(&id), self.stripe(jti)], seen: AtomicU32::new(0) };
        checked.seen.store(self.refused_at(&checked).wrapping_sub(1), Ordering::Relaxed);
        checked
    }

    /// Whether neither the record behind an access token was cut off at its epoch, nor that very token revoked. As long as
    /// nothing was refused on its stripes, it is a comparison of numbers.
    pub(crate) fn check(&self, principal: &Principal) -> Result<(), Rejection> {
        let (id, epoch) = (principal.token_id(), principal.epoch());
        if !self.is_above_floor(id, epoch) {
            return Err(Rejection::CutOff);
        }
        let checked = &principal.known().checked;
        // Before the maps are looked at: what is refused meanwhile is seen next time.
        let now = self.refused_at(checked);
        if now == checked.seen.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !self.accepts_record(id, epoch) {
            return Err(Rejection::CutOff);
        }
        if !self.accepts_token(principal.jti()) {
            return Err(Rejection::Revoked);
        }
        checked.seen.store(now, Ordering::Relaxed);
        Ok(())
    }

    /// Changes whenever something is refused that falls on one of its stripes.
    fn refused_at(&self, checked: &Checked) -> u32 {
        let at = |stripe: u16| {
            self.stripes.get(usize::from(stripe)).map_or(0, |refused| refused.load(Ordering::Acquire))
        };
        let [record, token] = checked.stripes;
        at(record).wrapping_add(at(token))
    }

    fn stripe<T: Hash + ?Sized>(&self, of: &T) -> u16 {
        u16::try_from(self.hasher.hash_one(of) % u64::from(STRIPES)).unwrap_or(0)
    }

    fn refuse_at(&self, stripe: u16) {
        if let Some(refused) = self.stripes.get(usize::from(stripe)) {
            refused.fetch_add(1, Ordering::AcqRel);
        }
        self.raised.send_replace(());
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
        self.refuse_at(self.stripe(&id));
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
        let stripe = self.stripe(jti.as_str());
        match self.tokens.entry(jti) {
            Entry::Vacant(entry) => {
                // Held until it is counted: whoever finds the place taken may rely on the count.
                let _held = entry.insert(keep_until);
                self.token_count.fetch_add(1, Ordering::AcqRel);
            }
            Entry::Occupied(mut entry) => *entry.get_mut() = keep_until.max(*entry.get()),
        }
        self.refuse_at(stripe);
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
    fn a_stripe_that_was_raised_is_looked_at() {
        let (cut_offs, id, other) = (CutOffs::default(), id(), id());
        let (checked, looked) = (cut_offs.unchecked(id, "a"), |checked: &Checked| {
            cut_offs.refused_at(checked) != checked.seen.load(Ordering::Relaxed)
        });
        assert!(looked(&checked), "the first time");
        checked.seen.store(cut_offs.refused_at(&checked), Ordering::Relaxed);
        assert!(!looked(&checked));
        cut_offs.raise(id, 1, SECOND);
        assert!(looked(&checked));
        checked.seen.store(cut_offs.refused_at(&checked), Ordering::Relaxed);
        cut_offs.revoke_token("a".to_owned(), SECOND);
        assert!(looked(&checked));
        // Wherever it stands: nothing falls out of the stripes.
        let stripes: Vec<_> = (0..1000).map(|number: u32| cut_offs.stripe(&number)).collect();
        assert!(
            stripes.iter().all(|stripe| *stripe < STRIPES) && stripes.iter().any(|stripe| *stripe > 2000)
        );
        assert_eq!(cut_offs.stripes.len(), usize::from(STRIPES));
        assert!(looked(&cut_offs.unchecked(other, "b")));
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
