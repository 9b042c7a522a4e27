//! What is counted, through the `metrics` facade. Every label comes from a closed set, and none from a request.
//!
//! The handles are made once, when an authority is built: counting is an addition to an atomic number, or nothing at all
//! where the host installed no recorder.

use std::time::Duration;

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};

use crate::{AuthenticateError, ExchangeError};

const REQUESTS: &str = "jeton_requests_total";
const EXCHANGES: &str = "jeton_exchanges_total";
const REFUSALS: &str = "jeton_refusals_total";
const VERIFIED: &str = "jeton_verified_tokens_total";
const VERIFIED_API: &str = "jeton_verified_api_tokens_total";
const EVICTED: &str = "jeton_verified_tokens_evicted_total";
const RECORDS: &str = "jeton_cached_records_total";
const LOG_AGE: &str = "jeton_change_log_age_seconds";
const CUT_OFFS: &str = "jeton_cut_offs";
/// How long each call of the store took.
pub(crate) const STORE: &str = "jeton_store_seconds";

/// What became of a request or of an exchange.
struct Outcomes {
    accepted: Counter,
    rejected: Counter,
    denied: Counter,
    too_many: Counter,
    unavailable: Counter,
}

impl Outcomes {
    fn of(name: &'static str) -> Self {
        let outcome = |outcome: &'static str| counter!(name, "outcome" => outcome);
        Self {
            accepted: outcome("accepted"),
            rejected: outcome("rejected"),
            denied: outcome("denied"),
            too_many: outcome("too_many"),
            unavailable: outcome("unavailable"),
        }
    }
}

/// How often something was there.
pub(crate) struct Hits {
    hits: Counter,
    misses: Counter,
}

impl std::fmt::Debug for Hits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hits")
    }
}

/// How often an access token was known to be good already. A verifier without an authority counts too.
pub(crate) fn verified_tokens() -> Hits {
    describe_counter!(VERIFIED, "Access tokens that were known to be good already, or not");
    Hits::of(VERIFIED)
}

/// How often an API token was known to be good already.
pub(crate) fn verified_api_tokens() -> Hits {
    describe_counter!(VERIFIED_API, "API tokens that were known to be good already, or not");
    Hits::of(VERIFIED_API)
}

/// How many access tokens that were known to be good gave way to others.
#[derive(Clone)]
pub(crate) struct Evictions(Counter);

pub(crate) fn evictions() -> Evictions {
    describe_counter!(EVICTED, "Access tokens that were known to be good and gave way to others");
    Evictions(counter!(EVICTED))
}

impl std::fmt::Debug for Evictions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evictions")
    }
}

impl Evictions {
    pub(crate) fn count(&self) {
        self.0.increment(1);
    }
}

impl<K, V> quick_cache::Lifecycle<K, V> for Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: K, _: V) {
        self.count();
    }
}

impl Hits {
    fn of(name: &'static str) -> Self {
        Self { hits: counter!(name, "result" => "hit"), misses: counter!(name, "result" => "miss") }
    }

    pub(crate) fn count(&self, hit: bool) {
        if hit { &self.hits } else { &self.misses }.increment(1);
    }
}

pub(crate) struct Telemetry {
    requests: Outcomes,
    exchanges: Outcomes,
    records: Hits,
    log_age: Gauge,
    cut_offs: Gauge,
}

impl Telemetry {
    pub(crate) fn new() -> Self {
        describe_counter!(REQUESTS, "Requests with a token, by what became of them");
        describe_counter!(EXCHANGES, "Exchanges for an access token, by what became of them");
        describe_counter!(REFUSALS, "Refused tokens, by the reason");
        describe_counter!(RECORDS, "Records that an exchange found in memory, or had to read");
        describe_gauge!(LOG_AGE, Unit::Seconds, "How long ago the last reading of the change log began");
        describe_gauge!(CUT_OFFS, "How many cut-offs this node holds");
        describe_histogram!(STORE, Unit::Seconds, "How long calls of the store take");
        Self {
            requests: Outcomes::of(REQUESTS),
            exchanges: Outcomes::of(EXCHANGES),
            records: Hits::of(RECORDS),
            log_age: gauge!(LOG_AGE),
            cut_offs: gauge!(CUT_OFFS),
        }
    }

    pub(crate) fn request<T>(&self, answer: &Result<T, AuthenticateError>) {
        let outcomes = &self.requests;
        match answer {
            Ok(_) => outcomes.accepted.increment(1),
            Err(AuthenticateError::Rejected(rejection)) => refused(&outcomes.rejected, rejection.code()),
            Err(AuthenticateError::Denied(denial)) => refused(&outcomes.denied, denial.code()),
            Err(AuthenticateError::TooMany(_)) => outcomes.too_many.increment(1),
            Err(AuthenticateError::Unavailable(_)) => outcomes.unavailable.increment(1),
        }
    }

    pub(crate) fn exchange<T>(&self, answer: &Result<T, ExchangeError>) {
        let outcomes = &self.exchanges;
        match answer {
            Ok(_) => outcomes.accepted.increment(1),
            Err(ExchangeError::Rejected(rejection)) => refused(&outcomes.rejected, rejection.code()),
            Err(ExchangeError::Denied(denial)) => refused(&outcomes.denied, denial.code()),
            Err(ExchangeError::InvalidScope) => refused(&outcomes.denied, "invalid_scope"),
            Err(ExchangeError::InvalidTarget) => refused(&outcomes.denied, "invalid_target"),
            Err(ExchangeError::TokenTooLarge) => refused(&outcomes.denied, "token_too_large"),
            Err(ExchangeError::TooMany(_)) => outcomes.too_many.increment(1),
            Err(ExchangeError::Unavailable(_)) => outcomes.unavailable.increment(1),
        }
    }

    pub(crate) fn cached_record(&self, hit: bool) {
        self.records.count(hit);
    }

    pub(crate) fn log(&self, age: Duration, cut_offs: usize) {
        self.log_age.set(age.as_secs_f64());
        self.cut_offs.set(u32::try_from(cut_offs).map_or(f64::INFINITY, f64::from));
    }
}

/// Refusals are no hot path: their reasons are looked up.
fn refused(outcome: &Counter, reason: &'static str) {
    outcome.increment(1);
    counter!(REFUSALS, "reason" => reason).increment(1);
}
