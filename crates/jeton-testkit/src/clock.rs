//! A clock that stands still until a test moves it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jeton::{Clock, Timestamp};

/// A clock that is set by hand. Its clones are the same clock.
///
/// ```
/// use jeton::{Clock, Timestamp};
/// use jeton_testkit::FakeClock;
/// use std::time::Duration;
///
/// let clock = FakeClock::at(Timestamp::MIN);
/// let seen_by_the_code = clock.clone();
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(seen_by_the_code.now().to_string(), "1970-01-01T00:01:30Z");
/// ```
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    /// Since 1970, finer than a timestamp, so that many short steps add up.
    wall: Duration,
    monotonic: Duration,
}

impl FakeClock {
    /// A clock that shows this time, its monotonic side zero.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Hands { wall: since_1970(now), monotonic: Duration::ZERO })))
    }

    /// Lets so much time pass, on both sides.
    pub fn advance(&self, span: Duration) {
        let mut hands = self.hands();
        hands.wall = hands.wall.saturating_add(span);
        hands.monotonic = hands.monotonic.saturating_add(span);
    }

    /// Sets the wall clock alone, also backwards, as an operator or NTP does.
    pub fn set_wall(&self, now: Timestamp) {
        self.hands().wall = since_1970(now);
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::MIN.saturating_add(self.hands().wall)
    }

    fn monotonic(&self) -> Duration {
        self.hands().monotonic
    }
}

fn since_1970(time: Timestamp) -> Duration {
    time.saturating_since(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wall_clock_can_be_set() {
        let clock = FakeClock::at(Timestamp::MAX);
        clock.set_wall(Timestamp::MIN);
        assert_eq!((clock.now(), clock.monotonic()), (Timestamp::MIN, Duration::ZERO));
    }

    #[test]
    fn short_steps_add_up() {
        let clock = FakeClock::at(Timestamp::MIN);
        (0..10).for_each(|_| clock.advance(Duration::from_millis(200)));
        assert_eq!(clock.now().unix_seconds(), 2);
        assert_eq!(clock.monotonic(), Duration::from_secs(2));
    }
}
