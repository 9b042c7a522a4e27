//! What is done from time to time, by every node: notices of ends, tokens that nobody uses, and old rows.
//!
//! All of it can be done by several nodes at once, and again: each step is one that counts once, or comes to the same.

use std::{sync::Weak, time::Duration};

use super::{Authority, Inner};
use crate::{
    Action, Caller, Event, Filter, ManageError, Notice, Position, Query, Record, RecordId, Restoration, Sink,
    Sort, SortBy, SortKey, Standing, State, StoreError, Timestamp, Unavailable, authority::mutate::Mutation,
};

/// How long it is known which notices were sent.
pub(super) const REMEMBER_NOTICES: Duration = Duration::from_secs(400 * 86_400);

/// How far back a node looks for ends that nobody told of, when it starts.
const CATCH_UP: Duration = Duration::from_secs(3 * 86_400);

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
        // A thousand for each second since 1970: more changes than that nobody makes to one record.
        let at_least = at.unix_seconds().unsigned_abs().saturating_mul(1000);
        let audit = Caller::system("restored").entry(Action::Restore, at, None);
        self.0.store.restore(&Restoration { at_least, at, audit: audit.clone() }).await?;
        audit.tell();
        self.sync().await
    }

    /// Tells of the tokens whose end comes near, each once for each of the days. A token that was made, or whose end
    /// was set, within a span is not told of it.
    async fn tell_of_ends(&self, now: Timestamp) -> Result<(), StoreError> {
        let Some(sink) = &self.0.sink else { return Ok(()) };
        let mut told = self.0.told.0.lock().await;
        let since = told.unwrap_or_else(|| before(now, CATCH_UP));
        let mut all_told = true;
        for days in self.0.housekeeping.notice_days.iter().copied().chain([0]) {
            let span = Duration::from_secs(u64::from(days) * 86_400);
            let (first, last) = (since.saturating_add(span), now.saturating_add(span));
            for record in self.ending(first, last, now).await? {
                all_told &= self.tell_of_end(&**sink, record, days, now).await?;
            }
        }
        // What could not be handed on is found again next time; what was, counts once.
        if all_told {
            *told = Some(now);
        }
        Ok(())
    }

    async fn tell_of_end(
        &self,
        sink: &dyn Sink,
        record: Record,
        days: u32,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(end) = record.grant.expires_at else { return Ok(true) };
        let span = Duration::from_secs(u64::from(days) * 86_400);
        let made_within = end.saturating_since(record.credential.issued_at) <= span;
        let over = days > 0 && end <= now;
        let wanted = matches!(record.standing, Standing::Active | Standing::Disabled);
        if made_within || over || !wanted {
            return Ok(true);
        }
        let name = format!("end {} {} {days}", record.id, end.unix_seconds());
        if !self.0.store.take_name(&name, end.saturating_add(REMEMBER_NOTICES)).await? {
            return Ok(true);
        }
        let event = if days == 0 { Event::Expired } else { Event::ExpiresSoon { days } };
        let handed_on = sink.take(&Notice { event, record }).await;
        if let Err(error) = &handed_on {
            tracing::warn!(error = error as &dyn std::error::Error, "a notice is tried again");
            self.0.store.give_name_back(&name).await?;
        }
        Ok(handed_on.is_ok())
    }

    /// The records that end after `first` and at `last` at the latest.
    async fn ending(
        &self,
        first: Timestamp,
        last: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        let sort = Sort { by: SortBy::ExpiresAt, descending: false };
        let begin = SortKey::Seconds(first.unix_seconds());
        let after = Some(Position { key: begin, id: RecordId::from_bytes([0xff; 16]) });
        let mut query = Query { filter: Filter::default(), sort, after, limit: 200, now };
        let mut found = Vec::new();
        loop {
            let page = self.0.store.list(&query).await?;
            let inside = |record: &Record| record.grant.expires_at.is_some_and(|end| end <= last);
            let more = page.records.iter().all(inside);
            found.extend(page.records.into_iter().filter(inside));
            match page.next.filter(|_| more) {
                Some(next) => query.after = Some(next),
                None => return Ok(found),
            }
        }
    }

    async fn disable_unused(&self, now: Timestamp) -> Result<(), Unavailable> {
        let Some(span) = self.0.housekeeping.disable_unused_after else { return Ok(()) };
        let since = before(now, span);
        let filter =
            Filter { state: Some(State::Active), last_used_before: Some(since), ..Filter::default() };
        let sort = Sort { by: SortBy::LastUsedAt, descending: false };
        let mut query = Query { filter, sort, after: None, limit: 200, now };
        let days = span.as_secs() / 86_400;
        let caller = Caller::system("housekeeping").with_reason(Some(format!("unused for {days} days")));
        loop {
            let page = self.0.store.list(&query).await?;
            // Rotating, enabling and editing show that somebody still wants it.
            for record in page.records.iter().filter(|record| record.updated_at < since) {
                let disabled =
                    self.change(&caller, record.id, &Mutation::Disable, Some(record.version)).await;
                // Any other error: it was changed meanwhile, so it is looked at another time.
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
