//! What is known of one document that is read from time to time.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::{Mutex, MutexGuard};

use super::{Document, SourceError};

/// A moment on the monotonic clock that may not have come yet. Whole milliseconds, and one more than there are: zero is
/// never.
#[derive(Debug, Default)]
struct Moment(AtomicU64);

impl Moment {
    fn at(now: Duration) -> u64 {
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn set(&self, now: Duration) {
        self.0.fetch_max(Self::at(now), Ordering::AcqRel);
    }

    fn since(&self, now: Duration) -> Option<Duration> {
        let moment = self.0.load(Ordering::Acquire).checked_sub(1)?;
        Some(now.saturating_sub(Duration::from_millis(moment)))
    }
}

/// What the last answer was.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By which the source is asked whether it changed.
    pub(super) tag: Option<String>,
    /// The SHA-256 of its bytes.
    pub(super) digest: Option<[u8; 32]>,
}

/// One document. Requests look at it without a lock; whoever reads it holds one, so that it is read once at a time.
#[derive(Debug, Default)]
pub(super) struct Polled {
    known: Mutex<Known>,
    /// When the last reading began, and the last one that succeeded.
    tried: Moment,
    read: Moment,
    failing: AtomicBool,
}

impl Polled {
    /// Begins to read it, once whoever reads it now is done.
    pub(super) async fn begin(&self) -> MutexGuard<'_, Known> {
        self.known.lock().await
    }

    pub(super) fn tried(&self, now: Duration) {
        self.tried.set(now);
    }

    /// How it ended, having begun then. Told once when it begins to fail, and once when it no longer does.
    pub(super) fn ended(&self, document: Document, began: Duration, outcome: Result<(), &SourceError>) {
        match outcome {
            Ok(()) => {
                self.read.set(began);
                if self.failing.swap(false, Ordering::AcqRel) {
                    tracing::info!(?document, "what the issuer publishes is read again");
                }
            }
            Err(error) => {
                if !self.failing.swap(true, Ordering::AcqRel) {
                    let error = error as &dyn Error;
                    tracing::warn!(?document, error, "what the issuer publishes cannot be read");
                }
            }
        }
    }

    /// How long ago the last good reading began.
    pub(super) fn age(&self, now: Duration) -> Option<Duration> {
        self.read.since(now)
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Acquire)
    }

    /// Whether so much time has gone by since the last reading began, good or not.
    pub(super) fn is_due(&self, now: Duration, at_least: Duration) -> bool {
        self.tried.since(now).is_none_or(|since| since >= at_least)
    }

    /// The same; and of many who ask at that moment one is told so.
    pub(super) fn claim(&self, now: Duration, at_least: Duration) -> bool {
        let last = self.tried.0.load(Ordering::Acquire);
        self.is_due(now, at_least)
            && self
                .tried
                .0
                .compare_exchange(last, Moment::at(now), Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn one_of_many_may_in_each_span() {
        let polled = Polled::default();
        assert!(polled.claim(Duration::ZERO, 30 * SECOND), "it was never read");
        assert!(!polled.claim(Duration::ZERO, 30 * SECOND));
        assert!(!polled.claim(29 * SECOND, 30 * SECOND));
        assert!(polled.claim(30 * SECOND, 30 * SECOND));
        polled.tried(50 * SECOND);
        assert!(!polled.claim(79 * SECOND, 30 * SECOND), "what was read meanwhile counts");
        assert!(polled.claim(80 * SECOND, 30 * SECOND));
    }

    #[test]
    fn its_age_is_that_of_the_beginning_of_the_last_good_reading() {
        let polled = Polled::default();
        assert_eq!(polled.age(SECOND), None);
        polled.ended(Document::Keys, SECOND, Ok(()));
        assert_eq!(polled.age(5 * SECOND), Some(4 * SECOND));
        polled.ended(Document::Keys, 5 * SECOND, Err(&SourceError::new("down")));
        assert_eq!((polled.age(5 * SECOND), polled.is_failing()), (Some(4 * SECOND), true));
    }
}
