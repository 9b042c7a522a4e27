//! The cut-offs: for a record, the lowest epoch whose access tokens are still accepted.
//!
//! A cut-off only rises. It is kept until every access token that it refuses has surely ended, so that the map
//! stays as small as the number of recent changes.

use std::time::Duration;

use dashmap::{DashMap, Entry};

use crate::RecordId;

#[derive(Clone, Copy, Debug)]
struct CutOff {
    epoch: u64,
    /// On the monotonic clock.
    keep_until: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct CutOffs(DashMap<RecordId, CutOff>);

impl CutOffs {
    /// Whether an access token issued at that epoch is still accepted.
    pub(crate) fn accepts(&self, id: RecordId, epoch: u64) -> bool {
        self.0.get(&id).is_none_or(|cut_off| epoch >= cut_off.epoch)
    }

    /// Refuses all epochs below this one, at least until then. None is below the first: a record that never lost a
    /// right takes no room.
    pub(crate) fn raise(&self, id: RecordId, epoch: u64, keep_until: Duration) {
        if epoch == 0 {
            return;
        }
        match self.0.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(CutOff { epoch, keep_until });
            }
            Entry::Occupied(mut entry) => {
                let cut_off = entry.get_mut();
                cut_off.epoch = cut_off.epoch.max(epoch);
                cut_off.keep_until = cut_off.keep_until.max(keep_until);
            }
        }
    }

    /// Forgets those whose time is over.
    pub(crate) fn prune(&self, now: Duration) {
        self.0.retain(|_, cut_off| cut_off.keep_until > now);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SystemRandom, Timestamp};

    #[test]
    fn only_rises_and_is_kept_its_time() {
        let (cut_offs, id) = (CutOffs::default(), RecordId::new(Timestamp::MIN, &SystemRandom).unwrap());
        let second = Duration::from_secs;
        cut_offs.raise(id, 0, second(10));
        assert!(cut_offs.accepts(id, 0) && cut_offs.len() == 0);
        cut_offs.raise(id, 2, second(10));
        cut_offs.raise(id, 1, second(20));
        assert!(!cut_offs.accepts(id, 1) && cut_offs.accepts(id, 2));
        cut_offs.prune(second(19));
        assert_eq!(cut_offs.len(), 1);
        cut_offs.prune(second(20));
        assert_eq!(cut_offs.len(), 0);
    }
}
