//! When tokens end: what is asked for, and what is allowed. The one place that decides it, for every path that makes
//! a token or lets one live longer.

use std::time::Duration;

use crate::{Timestamp, text::Check};

/// The longest life that can be asked for in days: a hundred years.
const MAX_DAYS: u32 = 36_500;

/// When a token ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// After the lifetime that the authority is set to, 30 days unless told otherwise.
    #[default]
    Default,
    /// So many days of 24 hours from now, 1 to 36500.
    InDays(u32),
    /// At that time.
    At(Timestamp),
    /// Never.
    Never,
}

/// How long API tokens may live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) default: Duration,
    /// Counted from the moment at which an end is set; with one, no token is without end.
    pub(crate) max: Option<Duration>,
}

impl Lifetimes {
    /// The end that was asked for; what is wrong with it is told at the field by which it was.
    pub(crate) fn resolve(self, expiry: Expiry, now: Timestamp, check: &mut Check) -> Option<Timestamp> {
        let (pointer, end) = match expiry {
            Expiry::Default => {
                let life = self.max.map_or(self.default, |max| max.min(self.default));
                return Some(now.saturating_add(life));
            }
            Expiry::InDays(days) => {
                if !(1..=MAX_DAYS).contains(&days) {
                    check.fail("/expires_in_days", format!("must be 1 to {MAX_DAYS}"));
                    return Some(now);
                }
                ("/expires_in_days", Some(now.saturating_add(Duration::from_secs(u64::from(days) * 86_400))))
            }
            Expiry::At(at) => ("/expires_at", Some(at)),
            Expiry::Never => ("/never_expires", None),
        };
        if end.is_some_and(|end| end <= now) {
            check.fail(pointer, "must be in the future");
        }
        self.check(end, now, pointer, check);
        end
    }

    /// That end, or the last one that is allowed.
    pub(crate) fn limited(self, end: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let last = self.max.map(|max| now.saturating_add(max));
        [end, last].into_iter().flatten().min()
    }

    /// Whether a token may live until then, from now on.
    pub(crate) fn check(self, end: Option<Timestamp>, now: Timestamp, pointer: &str, check: &mut Check) {
        let Some(max) = self.max else { return };
        if end.is_none_or(|end| end > now.saturating_add(max)) {
            let (days, rest) = (max.as_secs() / 86_400, max.as_secs() % 86_400);
            let most = if rest == 0 { format!("{days} days") } else { format!("{} seconds", max.as_secs()) };
            check.fail(pointer, format!("must end within {most}"));
        }
    }
}
