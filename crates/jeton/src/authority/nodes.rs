//! What a node knows of the others, and how old that is.

use std::time::Duration;

use super::{Authority, AuthorityBuilder, Inner};
use crate::{RecordId, Staleness, StoreError, Timestamp, Unavailable, audit, feed, last_use};

impl Inner {
    /// How long a cut-off must be kept: until the last child that it refuses has surely ended, on every clock.
    pub(crate) fn keep_span(&self, longest_access_ttl: Duration) -> Duration {
        let longest = longest_access_ttl.max(self.settings.longest_access_ttl);
        longest.saturating_add(self.verifier.0.clock_skew).saturating_add(self.verifier.0.leeway)
    }

    /// Stores for how long access tokens may live that some node may have signed, as far as this one knows.
    pub(crate) async fn say_longest_access_ttl(&self) -> Result<(), StoreError> {
        self.store.longest_access_ttl(self.settings.longest_access_ttl).await.map(drop)
    }

    /// Refuses an access token on this node, for as long as it could be used.
    pub(crate) fn revoke_token(&self, jti: &str, expires_at: Timestamp) {
        let left = expires_at.saturating_since(self.clock().now());
        let skew = self.verifier.0.clock_skew.saturating_mul(2);
        let span = left.saturating_add(skew).saturating_add(self.verifier.0.leeway);
        let until = self.clock().monotonic().saturating_add(span);
        self.cut_offs().revoke_token(jti.to_owned(), until);
    }

    /// A row tells that the record was changed: nothing that was read or written of it is kept.
    pub(crate) fn forget_record(&self, id: RecordId) {
        self.recent.drop_one(id);
        self.drafts.drop_one(id);
    }

    /// The same of all records.
    pub(crate) fn forget_records(&self) {
        self.recent.clear();
        self.drafts.clear();
    }

    /// How long ago the last reading of the log began that came to its end.
    pub(crate) fn log_age(&self) -> Option<Duration> {
        // The beginning first: it only comes nearer.
        let began = self.feed.read_at()?;
        Some(self.clock().monotonic().saturating_sub(began))
    }

    /// Whether what was known of the log counts now. The beginning is that of the last reading before it was looked at:
    /// taken after, it could be that of one that found what was not looked at any more.
    pub(super) fn counts(&self, began: Option<Duration>) -> Result<(), Unavailable> {
        let age = || began.map_or(Duration::MAX, |began| self.clock().monotonic().saturating_sub(began));
        let stale = self.settings.staleness != Staleness::Accept && self.settings.staleness.refuses(age());
        if stale { Err(Unavailable::Stale) } else { Ok(()) }
    }
}

impl AuthorityBuilder {
    /// How often the change log is read at least: every second unless told otherwise. A store that wakes its readers has
    /// it read at once; by that much a change made by another process takes effect later here if it does not.
    pub fn feed_interval(mut self, interval: Duration) -> Self {
        self.feed_interval = interval;
        self
    }

    /// By how much the clocks of the nodes may differ: a minute unless told otherwise, an hour at most.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// What is done with access tokens while the change log cannot be read, so that revocations by other nodes are unknown
    /// here: [`Staleness::Accept`] unless told otherwise. A bound must be longer than the
    /// [interval](Self::feed_interval). It is about access tokens alone: whoever shows an API token waits for the store.
    pub fn staleness(mut self, staleness: Staleness) -> Self {
        self.staleness = staleness;
        self
    }

    /// Keeps so many records in memory, so that an exchange reads none from the store, while the last reading of the change
    /// log began so short a time ago: a minute at most. None unless told otherwise. By that time at most a token that
    /// another node has disabled can still be exchanged here, for an access token that is refused as the others of that
    /// token are. All nodes of a store must have the same.
    pub fn cached_records(mut self, records: usize, log_age: Duration) -> Self {
        self.cached_records = (records, log_age);
        self
    }
}

impl Authority {
    /// How many cut-offs this node holds, for metrics: about as many as records were changed recently.
    pub fn cut_off_count(&self) -> usize {
        self.0.cut_offs().len()
    }

    /// Writes down all uses and audit entries that wait, due or not: a host does it before it ends.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn flush(&self) -> Result<(), Unavailable> {
        last_use::write_down(&self.0, true).await?;
        Ok(audit::write_down(&self.0).await?)
    }

    /// Does now what is done every second anyway: reads the change log to its end, and writes down uses and audit
    /// entries that are due.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn sync(&self) -> Result<(), Unavailable> {
        feed::once(&self.0).await?;
        last_use::write_down(&self.0, false).await?;
        Ok(audit::write_down(&self.0).await?)
    }

    /// Whether it can do all that it is asked for: the store answers, and no access token is refused because the change
    /// log was not read for too long. For readiness.
    ///
    /// # Errors
    ///
    /// If it cannot.
    pub async fn ready(&self) -> Result<(), Unavailable> {
        self.0.counts(self.0.feed.read_at())?;
        Ok(self.0.store.ping().await?)
    }

    /// How long ago the last complete reading of the change log began. What was committed before then, by any node, holds
    /// here. For metrics.
    pub fn log_age(&self) -> Duration {
        self.0.log_age().unwrap_or(Duration::MAX)
    }
}
