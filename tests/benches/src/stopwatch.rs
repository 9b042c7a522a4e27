//! How long something took, without what the machine did meanwhile for others.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Counts the time that this thread had a core. What is called in process never waits, so on a quiet machine that is the
/// time on the wall; on a busy one, turns of other programs do not count.
pub(crate) struct Stopwatch(Duration);

impl Stopwatch {
    /// From now on.
    pub(crate) fn start() -> Self {
        Self(of_this_thread())
    }

    /// Since then.
    pub(crate) fn span(&self) -> Duration {
        of_this_thread().saturating_sub(self.0)
    }
}

/// The time that this thread had a core.
pub(crate) fn of_this_thread() -> Duration {
    time_of(ClockId::ThreadCPUTime)
}

/// The time that all other threads of this program had a core.
pub(crate) fn of_other_threads() -> Duration {
    time_of(ClockId::ProcessCPUTime).saturating_sub(of_this_thread())
}

fn time_of(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}
