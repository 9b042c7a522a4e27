//! How whoever reads the change log is woken. It is a hint: what nobody was woken for is read all the same, later.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use tokio::sync::watch;

/// Wakes whoever reads the change log of a store. Dropped, it wakes nobody any more.
#[derive(Debug)]
pub struct Wake(watch::Sender<u64>);

impl Default for Wake {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Wake {
    /// Wakes all who wait, and those who will wait before they have been woken for this: once, however often it is
    /// called meanwhile.
    pub fn wake(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// One more who is woken, from now on.
    pub fn subscribe(&self) -> Wakeups {
        Wakeups(self.0.subscribe())
    }

    /// Returns when nobody is left who could be woken.
    pub async fn unwatched(&self) {
        self.0.closed().await;
    }
}

/// Wakes one reader of the change log; see [`Store::watch`](super::Store::watch).
#[derive(Clone, Debug)]
pub struct Wakeups(watch::Receiver<u64>);

impl Wakeups {
    /// Returns when there may be something new in the log since it returned last. Never, once the store wakes nobody
    /// any more.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The pauses between attempts to hear of changes again: from 50 milliseconds on, each twice as long as the one before, up to
/// a second. Of each, up to a half is left out by chance, so that the nodes of a server that comes back do not all connect
/// at the same moment.
#[derive(Debug)]
pub struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(Self::FIRST)
    }
}

impl Pauses {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(1);

    /// The next one.
    pub fn next_pause(&mut self) -> Duration {
        let whole = self.0;
        self.0 = whole.saturating_mul(2).min(Self::LONGEST);
        // Its seeds differ from process to process, and from call to call.
        let chance = RandomState::new().hash_one(()) % 1024;
        let left_out = whole.mul_f64(f64::from(u32::try_from(chance).unwrap_or(0)) / 2048.0);
        whole.saturating_sub(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_no_two_nodes_take_the_same() {
        let mut nodes: Vec<_> = (0..100).map(|_| Pauses::default()).collect();
        for whole in [50, 100, 200, 400, 800, 1000, 1000].map(Duration::from_millis) {
            let mut taken: Vec<_> = nodes.iter_mut().map(Pauses::next_pause).collect();
            assert!(taken.iter().all(|pause| *pause <= whole && *pause >= whole / 2));
            taken.sort();
            taken.dedup();
            assert!(taken.len() > 50, "{} different ones", taken.len());
        }
    }
}
