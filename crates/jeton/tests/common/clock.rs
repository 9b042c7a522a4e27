//! A clock that stands still until it is set.

use std::{sync::Mutex, time::Duration};

use jeton::{Clock, Timestamp};

#[derive(Debug)]
pub(crate) struct FakeClock(Mutex<(i64, Duration)>);

impl Default for FakeClock {
    /// Some day in 2026.
    fn default() -> Self {
        Self(Mutex::new((1_790_000_000, Duration::from_secs(5))))
    }
}

impl FakeClock {
    /// Time passes, on both clocks.
    pub(crate) fn pass(&self, seconds: u64) {
        let mut clocks = self.0.lock().unwrap();
        clocks.0 += i64::try_from(seconds).unwrap();
        clocks.1 += Duration::from_secs(seconds);
    }

    /// Somebody sets the wall clock; no time passes.
    pub(crate) fn set_wall_by(&self, seconds: i64) {
        self.0.lock().unwrap().0 += seconds;
    }

    /// A clock that goes on from here on its own.
    pub(crate) fn fork(&self) -> Self {
        Self(Mutex::new(*self.0.lock().unwrap()))
    }

    /// That many seconds from now.
    pub(crate) fn at(&self, seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(self.unix() + seconds).unwrap()
    }

    pub(crate) fn unix(&self) -> i64 {
        self.0.lock().unwrap().0
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.at(0)
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}
