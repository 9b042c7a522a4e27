//! How whoever reads the change log is woken. It is a hint: what nobody was woken for is read all the same, later.

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
