//! When tokens end: what is asked for, and what is allowed. The one place that decides it, for every path that makes
//! a token or lets one live longer.

use std::time::Duration;

use crate::{EndBound, EndBounds, Kind, Timestamp, text::Check};

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

/// Who may let a token live without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Endless {
    /// Whoever may generate it.
    #[default]
    Anybody,
    /// Whoever holds `tokens:grant`.
    Grantors,
    /// Nobody.
    Nobody,
}

/// How long API tokens of one kind may live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryPolicy {
    /// The lifetime of a token for which none is asked: 30 days unless told otherwise.
    pub default: Duration,
    /// The longest one, counted from the moment at which an end is set; none unless told otherwise.
    pub max: Option<Duration>,
    /// Who may let a token live without end; anybody unless told otherwise.
    pub endless: Endless,
}

impl Default for ExpiryPolicy {
    fn default() -> Self {
        Self { default: Duration::from_secs(30 * 86_400), max: None, endless: Endless::Anybody }
    }
}

/// The policies of both kinds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lifetimes {
    pub(crate) service: ExpiryPolicy,
    pub(crate) personal: ExpiryPolicy,
}

impl Lifetimes {
    /// How long tokens of that kind may live, as a caller says so who holds `tokens:grant` or not.
    pub(crate) fn of(self, kind: Kind, is_grantor: bool) -> Lifetime {
        let policy = match kind {
            Kind::Service => self.service,
            Kind::Personal => self.personal,
        };
        let endless = match policy.endless {
            Endless::Anybody => true,
            Endless::Grantors => is_grantor,
            Endless::Nobody => false,
        };
        Lifetime { policy, endless }
    }

    /// Beyond what no token may live, whoever says so.
    pub(crate) fn bounds(self, now: Timestamp) -> EndBounds {
        let bound = |policy: ExpiryPolicy| EndBound {
            last: policy.max.map(|max| now.saturating_add(max)),
            must_end: policy.endless == Endless::Nobody,
        };
        EndBounds { service: bound(self.service), personal: bound(self.personal) }
    }
}

/// How long one token may live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    policy: ExpiryPolicy,
    endless: bool,
}

impl Lifetime {
    /// The end that was asked for; what is wrong with it is told at the field by which it was.
    pub(crate) fn resolve(self, expiry: Expiry, now: Timestamp, check: &mut Check) -> Option<Timestamp> {
        let (pointer, end) = match expiry {
            Expiry::Default => return Some(self.default_end(now)),
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

    fn default_end(self, now: Timestamp) -> Timestamp {
        let ExpiryPolicy { default, max, .. } = self.policy;
        now.saturating_add(max.map_or(default, |max| max.min(default)))
    }

    /// That end, or the last one that is allowed, for who cannot ask for another. A life without end that was granted
    /// once goes on, unless nobody may have one any more.
    pub(crate) fn limited(self, end: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let Some(end) = end else {
            let ends = self.policy.endless == Endless::Nobody;
            return ends
                .then(|| self.policy.max.map_or(self.default_end(now), |max| now.saturating_add(max)));
        };
        let last = self.policy.max.map(|max| now.saturating_add(max));
        Some(last.map_or(end, |last| last.min(end)))
    }

    /// Whether a token may live until then, from now on.
    pub(crate) fn check(self, end: Option<Timestamp>, now: Timestamp, pointer: &str, check: &mut Check) {
        let Some(end) = end else {
            if !self.endless {
                let who = if self.policy.endless == Endless::Grantors {
                    " unless you hold tokens:grant"
                } else {
                    ""
                };
                check.fail(pointer, format!("must end{}{who}", self.within()));
            }
            return;
        };
        if self.policy.max.is_some_and(|max| end > now.saturating_add(max)) {
            check.fail(pointer, format!("must end{}", self.within()));
        }
    }

    fn within(self) -> String {
        let Some(max) = self.policy.max else { return String::new() };
        let (days, rest) = (max.as_secs() / 86_400, max.as_secs() % 86_400);
        if rest == 0 { format!(" within {days} days") } else { format!(" within {} seconds", max.as_secs()) }
    }
}
