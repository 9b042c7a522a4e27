//! What is done from time to time, by every node: notices of ends, tokens that nobody uses, and old rows.
//!
//! All of it can be done by several nodes at once, and again: each step is one that counts once, or comes to the same.

use std::{sync::Weak, time::Duration};

use super::{Authority, Inner};
use crate::{
    Action, Caller, Event, Filter, ManageError, Notice, Position, Query, Record, RecordId, Restoration, Sink,
    SinkError, Sort, SortBy, SortKey, Standing, State, StoreError, Timestamp, Unavailable,
    authority::mutate::Mutation, last_use,
};

/// How long it is known which notices were sent.
pub(super) const REMEMBER_NOTICES: Duration = day_span(400);

/// How far back a node looks for ends that nobody told of, when it starts.
const CATCH_UP: Duration = day_span(30);

/// One that takes longer is tried again, and keeps nothing else from being done.
const SINK_TIMEOUT: Duration = Duration::from_secs(60);

/// What is done from time to time.
#[derive(Clone, Debug)]
pub(crate) struct Housekeeping {
    /// So many days before its end a token is told of.
    pub(crate) notice_days: Vec<u32>,
    /// Tokens that were not used for so long are disabled.
    pub(crate) disable_unused_after: Option<Duration>,
    /// Tombstones are kept so long.
    pub(crate) keep_tombstones: Duration,
    /// Audit entries are kept so long.
    pub(crate) keep_audit: Duration,
}

/// Up to where ends were told of.
#[derive(Debug, Default)]
pub(crate) struct Told(tokio::sync::Mutex<Option<Timestamp>>);

impl Authority {
    /// Does now what is done each minute anyway: tells of tokens that end, disables those that nobody uses, and drops
    /// what was kept long enough.
    ///
    /// # Errors
    ///
    /// If the store does not answer. What was done is done; call it again.
    pub async fn keep_house(&self) -> Result<(), Unavailable> {
        let now = self.now();
        self.tell_of_ends(now).await?;
        self.disable_unused(now).await?;
        self.look_after_keys().await?;
        let Housekeeping { keep_tombstones, keep_audit, .. } = &self.0.housekeeping;
        self.0.store.prune_tombstones(before(now, *keep_tombstones)).await?;
        self.0.store.prune_audit(before(now, *keep_audit)).await?;
        self.0.store.prune_names(now).await?;
        Ok(())
    }

    /// Call this once, on one node, after a backup of the store was restored and before any node serves. What was
    /// revoked after the backup was made is not revoked any more, but no access token from before is accepted, and no
    /// credential from after it ever will be: every epoch and every next generation is put above all that were ever
    /// given out. Nodes that run meanwhile begin anew with the change log.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn restored(&self) -> Result<(), Unavailable> {
        let at = self.now();
        // What nodes said after the backup was made is not in it.
        self.0.say_longest_access_ttl().await?;
        // A thousand for each second since 1970: more changes than that nobody makes to one record. What was made by a
        // node whose clock is ahead was made before, too.
        let latest = at.saturating_add(self.0.verifier.0.clock_skew);
        let at_least = latest.unix_seconds().unsigned_abs().saturating_mul(1000);
        let audit = Caller::system("restored").entry(Action::Restore, at, None);
        self.0.store.restore(&Restoration { at_least, at, audit: audit.clone() }).await?;
        audit.tell();
        self.sync().await
    }

    /// Tells of the tokens whose end comes near, each once for each of the days. A token that was made within a span is
    /// not told of it; and of several spans that were entered since somebody looked, the shortest counts alone.
    async fn tell_of_ends(&self, now: Timestamp) -> Result<(), StoreError> {
        let Some(sink) = &self.0.sink else { return Ok(()) };
        let mut told = self.0.told.0.lock().await;
        let mut all_told = true;
        for days in self.0.housekeeping.notice_days.iter().copied().chain([0]) {
            let span = day_span(days);
            let first = match *told {
                Some(told) => told.saturating_add(span),
                // A node that starts looks at everything near: nobody may have told of it while it was down.
                None if days > 0 => now,
                None => before(now, CATCH_UP),
            };
            all_told &= self.tell_of_ends_within(&**sink, first, now.saturating_add(span), days, now).await?;
        }
        // What could not be handed on is found again next time; what was, counts once.
        if all_told {
            *told = Some(now);
        }
        Ok(())
    }

    /// Tells of the records that end after `first` and at `last` at the latest.
    async fn tell_of_ends_within(
        &self,
        sink: &dyn Sink,
        first: Timestamp,
        last: Timestamp,
        days: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sort = Sort { by: SortBy::ExpiresAt, descending: false };
        let begin = SortKey::Seconds(first.unix_seconds());
        let after = Some(Position { key: begin, id: RecordId::from_bytes([0xff; 16]) });
        let mut query = Query { filter: Filter::default(), sort, after, limit: 200, now };
        let mut all_told = true;
        loop {
            let page = self.0.store.list(&query).await?;
            for record in page.records {
                if record.grant.expires_at.is_none_or(|end| end > last) {
                    return Ok(all_told);
                }
                all_told &= self.tell_of_end(sink, record, days, now).await?;
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(all_told),
            }
        }
    }

    async fn tell_of_end(
        &self,
        sink: &dyn Sink,
        record: Record,
        days: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(end) = record.grant.expires_at else { return Ok(true) };
        let entered = |days: u32| end <= now.saturating_add(day_span(days));
        let shorter =
            self.0.housekeeping.notice_days.iter().copied().chain([0]).filter(|other| *other < days);
        let made_within = end.saturating_since(record.credential.issued_at) <= day_span(days);
        let wanted = matches!(record.standing, Standing::Active | Standing::Disabled);
        if made_within || !wanted || shorter.into_iter().any(entered) {
            return Ok(true);
        }
        let name = format!("end {} {} {days}", record.id, end.unix_seconds());
        if !self.0.store.take_name(&name, end.saturating_add(REMEMBER_NOTICES)).await? {
            return Ok(true);
        }
        let event = if days == 0 { Event::Expired } else { Event::ExpiresSoon { days } };
        let notice = Notice { event, record };
        let handed_on = tokio::time::timeout(SINK_TIMEOUT, sink.take(&notice)).await;
        let handed_on = handed_on.unwrap_or_else(|_| Err(SinkError::new("it took too long")));
        if let Err(error) = &handed_on {
            tracing::warn!(error = error as &dyn std::error::Error, "a notice is tried again");
            self.0.store.give_name_back(&name).await?;
        }
        Ok(handed_on.is_ok())
    }

    async fn disable_unused(&self, now: Timestamp) -> Result<(), Unavailable> {
        let Some(span) = self.0.housekeeping.disable_unused_after else { return Ok(()) };
        // A use of a moment ago counts.
        last_use::write_down(&self.0, true).await?;
        let since = before(now, span);
        let filter =
            Filter { state: Some(State::Active), last_used_before: Some(since), ..Filter::default() };
        let sort = Sort { by: SortBy::LastUsedAt, descending: false };
        let mut query = Query { filter, sort, after: None, limit: 200, now };
        let days = span.as_secs() / 86_400;
        let caller = Caller::system("housekeeping").with_reason(Some(format!("unused for {days} days")));
        loop {
            let page = self.0.store.list(&query).await?;
            // Rotating, enabling and editing show that somebody still wants it; and what could not be used was not unused.
            let unused = |record: &&Record| record.updated_at.max(record.not_before) < since;
            for record in page.records.iter().filter(unused) {
                let disabled =
                    self.change(&caller, record.id, &Mutation::Disable, Some(record.version)).await;
                // One that was changed meanwhile is looked at another time.
                if let Err(ManageError::Unavailable(unavailable)) = disabled {
                    return Err(unavailable);
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(()),
            }
        }
    }
}

const fn day_span(days: u32) -> Duration {
    Duration::from_secs(days as u64 * 86_400)
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix_seconds(now.unix_seconds().saturating_sub(seconds)).unwrap_or(Timestamp::MIN)
}

/// Keeps house until the authority is gone. A failure is told and tried again.
pub(super) async fn keep(inner: Weak<Inner>, every: Duration) {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let Some(inner) = Weak::upgrade(&inner) else { return };
        if let Err(error) = Authority(inner).keep_house().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the house cannot be kept");
        }
    }
}
