//! What an authority allows: how long tokens live, how many there are, how often something may be tried, and what is
//! done from time to time.

use std::{sync::Arc, time::Duration};

use super::{
    AuthorityBuilder, Endless, ExpiryPolicy, Reveal, Signatures, expiry::Lifetimes,
    housekeeping::Housekeeping,
};
use crate::{Kind, PerMinute, Sink};

impl Default for Housekeeping {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self {
            notice_days: vec![30, 7, 1],
            disable_unused_after: None,
            keep_tombstones: days(400),
            keep_audit: days(400),
        }
    }
}

impl AuthorityBuilder {
    /// Whether API tokens can be shown again; once unless told otherwise.
    pub fn reveal(mut self, reveal: Reveal) -> Self {
        self.reveal = reveal;
        self
    }

    /// Whether a signature may stand for a secret at the exchange; no unless told otherwise.
    pub fn signatures(mut self, signatures: Signatures) -> Self {
        self.signatures = signatures;
        self
    }

    /// How long tokens of that kind may live. It holds for generate, edit, rotate and enable; a token that was made under
    /// another policy lives on, and [`Filter::beyond`](crate::Filter::beyond) finds it.
    pub fn expiry_policy(mut self, kind: Kind, policy: ExpiryPolicy) -> Self {
        match kind {
            Kind::Service => self.lifetimes.service = policy,
            Kind::Personal => self.lifetimes.personal = policy,
        }
        self
    }

    /// The lifetime of API tokens of both kinds for which none is asked; 30 days unless told otherwise.
    pub fn default_lifetime(mut self, lifetime: Duration) -> Self {
        let Lifetimes { service, personal } = &mut self.lifetimes;
        (service.default, personal.default) = (lifetime, lifetime);
        self
    }

    /// The longest life of API tokens of both kinds, from when their end is set; with one, none is without end. No
    /// limit unless told otherwise.
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        for policy in [&mut self.lifetimes.service, &mut self.lifetimes.personal] {
            (policy.max, policy.endless) = (Some(lifetime), Endless::Nobody);
        }
        self
    }

    /// How many personal tokens a user may have that are not revoked, deleted or over; 10 unless told otherwise. With
    /// 1, generating another one replaces the one that there is.
    pub fn personal_limit(mut self, limit: usize) -> Self {
        self.personal_limit = limit;
        self
    }

    /// How long a personal token is accepted that another one has replaced, in whole seconds; not at all unless told
    /// otherwise.
    pub fn personal_grace(mut self, grace: Duration) -> Self {
        self.personal_grace = grace;
        self
    }

    /// How many tokens of both kinds a user may have that are not revoked, deleted or over; as many as one likes unless
    /// told otherwise.
    pub fn subject_limit(mut self, limit: usize) -> Self {
        self.subject_limit = Some(limit);
        self
    }

    /// How many bad credentials may come from one address (of IPv6, from one network of 64 bits). After so many, nothing
    /// from there is looked at for a while but tokens that were found good before. No limit unless told otherwise: the
    /// app must know its proxies first.
    pub fn limit_bad_credentials(mut self, limit: PerMinute) -> Self {
        self.limit_bad_credentials = Some(limit);
        self
    }

    /// How often one token may be exchanged. No limit unless told otherwise.
    pub fn limit_exchanges(mut self, limit: PerMinute) -> Self {
        self.limit_exchanges = Some(limit);
        self
    }

    /// Who is told of tokens that end, leak, are revoked, or are used though they were superseded.
    pub fn sink(mut self, sink: Arc<dyn Sink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// So many days before its end the sink is told of a token: 30, 7 and 1 unless told otherwise, and at the end
    /// anyway.
    pub fn notice_days(mut self, days: impl IntoIterator<Item = u32>) -> Self {
        self.housekeeping.notice_days = days.into_iter().filter(|days| *days > 0).collect();
        self
    }

    /// Disables tokens that were not used for so long, a day at least; one that was never used counts from its last
    /// change. Not done unless told.
    pub fn disable_unused_after(mut self, span: Duration) -> Self {
        self.housekeeping.disable_unused_after = Some(span);
        self
    }

    /// How long the audit log is kept; 400 days unless told otherwise.
    pub fn keep_audit(mut self, span: Duration) -> Self {
        self.housekeeping.keep_audit = span;
        self
    }

    /// How long it is kept what a deleted token was; 400 days unless told otherwise, two days at least. Its id never
    /// returns.
    pub fn keep_tombstones(mut self, span: Duration) -> Self {
        self.housekeeping.keep_tombstones = span;
        self
    }

    /// How often all of that is looked after; each minute unless told otherwise.
    pub fn housekeeping_interval(mut self, interval: Duration) -> Self {
        self.housekeeping_interval = interval;
        self
    }
}
