//! Points in time, and the clock that gives them.
//!
//! Nothing else in the project reads a clock: what needs the time is handed a [`Clock`].

use std::{
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time in whole seconds since 1970 (a JWT `NumericDate`, RFC 7519 §2), from 1970 to 9999.
///
/// Written and read as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-30T22:00:00Z, the last moment that every RFC 3339 library can write.
    pub const MAX: Self = Self(253_402_207_200);

    /// After every other: what ends then never ends. No token and no clock gives it.
    pub(crate) const END_OF_TIME: Self = Self(i64::MAX);

    /// The time so many seconds after 1970; `None` outside [`MIN`](Self::MIN) to [`MAX`](Self::MAX).
    pub const fn from_unix_seconds(seconds: i64) -> Option<Self> {
        if seconds < Self::MIN.0 || seconds > Self::MAX.0 { None } else { Some(Self(seconds)) }
    }

    /// Seconds since 1970.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// This time and so much later (whole seconds, the rest is dropped), at most [`MAX`](Self::MAX).
    pub fn saturating_add(self, span: Duration) -> Self {
        let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(seconds).min(Self::MAX.0))
    }

    /// How long it is from `earlier` to this time; zero if that is in the future.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no RFC 3339 time between 1970 and 9999.
#[derive(Debug, thiserror::Error)]
#[error("not an RFC 3339 time between 1970 and 9999")]
pub struct InvalidTimestamp;

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp)?;
        Self::from_unix_seconds(time.as_second()).ok_or(InvalidTimestamp)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Gives the time. Tests put in a clock of their own and never sleep.
///
/// ```
/// use jeton::{Clock, Timestamp};
/// use std::time::Duration;
///
/// struct Stopped;
/// impl Clock for Stopped {
///     fn now(&self) -> Timestamp {
///         Timestamp::MIN
///     }
///     fn monotonic(&self) -> Duration {
///         Duration::ZERO
///     }
/// }
/// assert_eq!(Stopped.now().to_string(), "1970-01-01T00:00:00Z");
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The wall-clock time, by which tokens begin and end.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment, never going backwards: by it spans are measured.
    fn monotonic(&self) -> Duration;
}

/// The machine's own clocks. On Linux the wall-clock time is that of the kernel's last tick, at most a few milliseconds ago:
/// the clock skew that an authority allows for has room for it.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::MIN.saturating_add(since_1970())
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// As of the last tick of the kernel: every request asks, and for whole seconds.
#[cfg(target_os = "linux")]
fn since_1970() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::RealtimeCoarse);
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
fn since_1970() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what the machine says is what is looked at")]
    fn the_system_clock_says_what_the_machine_says() {
        let machine = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let before = machine().saturating_sub(Duration::from_secs(1)).as_secs();
        let now = u64::try_from(SystemClock::new().now().unix_seconds()).unwrap();
        assert!((before..=machine().as_secs()).contains(&now));
    }

    #[test]
    fn reads_and_writes_rfc_3339() {
        let time: Timestamp = "2026-01-02T03:04:05.678+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-01-02T02:04:05Z");
        assert!(Timestamp::MAX.to_string().starts_with("9999-12-30T22:00:00"));
        for bad in ["", "1969-12-31T23:59:59Z", "2026-01-02", "2026-01-02T03:04:05", "now"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn never_leaves_its_range() {
        assert_eq!(Timestamp::MAX.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.saturating_since(Timestamp::MAX), Duration::ZERO);
        assert_eq!(Timestamp::from_unix_seconds(-1), None);
    }
}
