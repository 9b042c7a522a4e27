//! How often something may be tried.
//!
//! Each node counts for itself. Nothing here is written down, and nothing is limited unless the host says so: behind a
//! proxy that it does not know, all clients share one address.

use std::{fmt, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use dashmap::DashMap;
use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::{NoOpMiddleware, StateInformationMiddleware},
    state::keyed::DashMapStateStore,
};

use crate::{Clock, RecordId};

/// More addresses at once are not shut out: their attempts are counted all the same.
const MAX_SHUT_OUT: usize = 100_000;

/// So many in a minute, and as many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerMinute(NonZeroU32);

impl PerMinute {
    /// So many; one at least.
    pub const fn new(count: u32) -> Self {
        match NonZeroU32::new(count) {
            Some(count) => Self(count),
            None => Self(NonZeroU32::MIN),
        }
    }
}

/// The clock of the authority, for the limiter.
#[derive(Clone)]
struct Monotonic(Arc<dyn Clock>);

impl GovernorClock for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, Monotonic, StateInformationMiddleware>;

/// What is limited.
pub(crate) struct Limits {
    clock: Monotonic,
    bad_credentials: Option<Limiter<Network>>,
    /// Who tried too often, and until when it is not heard.
    shut_out: DashMap<Network, Duration>,
    exchanges: Option<Limiter<RecordId>>,
}

/// Whoever has one IPv6 address has a whole network of them (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Network(u128);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.to_ipv6_mapped().into()),
            IpAddr::V6(address) => Self(u128::from(address) & !u128::from(u64::MAX)),
        }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        bad_credentials: Option<PerMinute>,
        exchanges: Option<PerMinute>,
    ) -> Self {
        let clock = Monotonic(clock);
        Self {
            bad_credentials: bad_credentials.map(|limit| limiter(limit, &clock)),
            shut_out: DashMap::new(),
            exchanges: exchanges.map(|limit| limiter(limit, &clock)),
            clock,
        }
    }

    /// Fails with the time after which that address is heard again.
    pub(crate) fn hears(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        if self.bad_credentials.is_none() || self.shut_out.is_empty() {
            return Ok(());
        }
        let until = address.and_then(|address| self.shut_out.get(&address.into()).map(|until| *until));
        let wait = until.unwrap_or_default().saturating_sub(self.clock.now());
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    /// Bad credentials came from that address. With the last ones that it may show, it is shut out until it may show one
    /// more: those of many at once that are over the limit are not looked at.
    pub(crate) fn bad_credentials(&self, address: Option<IpAddr>) {
        let (Some(limiter), Some(address)) = (&self.bad_credentials, address) else { return };
        let network = Network::from(address);
        let now = self.clock.now();
        let wait = match limiter.check_key(&network) {
            Ok(left) if left.remaining_burst_capacity() > 0 => return,
            Ok(left) => left.quota().replenish_interval(),
            Err(not_until) => not_until.wait_time_from(now),
        };
        if self.shut_out.len() < MAX_SHUT_OUT {
            self.shut_out.insert(network, now.saturating_add(wait));
        }
    }

    /// An exchange of that token. Fails with the time after which the next one is let through.
    pub(crate) fn exchange(&self, id: RecordId) -> Result<(), Duration> {
        let Some(limiter) = &self.exchanges else { return Ok(()) };
        let checked = limiter.check_key(&id);
        checked.map(drop).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Forgets whoever has not come for long.
    pub(crate) fn prune(&self) {
        let now = self.clock.now();
        self.shut_out.retain(|_, until| *until > now);
        self.bad_credentials.iter().for_each(RateLimiter::retain_recent);
        self.exchanges.iter().for_each(RateLimiter::retain_recent);
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone>(limit: PerMinute, clock: &Monotonic) -> Limiter<K> {
    type Plain<K> = RateLimiter<K, DashMapStateStore<K>, Monotonic, NoOpMiddleware<Duration>>;
    let quota = Quota::per_minute(limit.0);
    Plain::new(quota, DashMapStateStore::default(), clock.clone()).with_middleware()
}
