//! What a node knows of the change log: where it reads on, and which rows may be dropped.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Mutex;

use crate::{
    Change, Cursor, ManagedKeysError, StoreError, Wakeups, audit,
    authority::{Inner, MAX_ACCESS_TTL, MAX_LOG_AGE, refresh_keys},
    last_use,
};

/// More places to trim at are not remembered: the youngest is moved instead.
const MAX_TRIMS: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Feed {
    progress: Mutex<Progress>,
    /// When the last reading of the log began that came to its end, in nanoseconds on the monotonic clock; zero if there
    /// was none.
    read: AtomicU64,
}

impl Feed {
    /// When the last reading of the log began that came to its end, on the monotonic clock. What was committed before
    /// then is known here.
    pub(crate) fn read_at(&self) -> Option<Duration> {
        Some(self.read.load(Ordering::Acquire)).filter(|read| *read > 0).map(Duration::from_nanos)
    }

    fn was_read(&self, began: Duration) {
        let nanos = u64::try_from(began.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.read.fetch_max(nanos, Ordering::AcqRel);
    }
}

#[derive(Debug, Default)]
struct Progress {
    cursor: Option<Cursor>,
    /// Places in the log, and the monotonic time from which on the rows before them may be dropped.
    trims: VecDeque<(Duration, Cursor)>,
    /// The named audiences that changed and have not been read since.
    audiences: BTreeSet<String>,
    /// Whether the keys changed and have not been read since.
    keys: bool,
}

/// Reads the log to its end and applies what it says.
pub(crate) async fn read_on(inner: &Inner) -> Result<(), StoreError> {
    let mut progress = inner.feed.progress.lock().await;
    let began = inner.clock().monotonic();
    if inner.log_age().is_none_or(|age| age > inner.recent.at_most()) {
        // What this node has missed may not be in the log any more.
        inner.forget_records();
    }
    loop {
        let changes = match inner.store.changes(progress.cursor.as_ref()).await {
            // Another life of the store: what it says now counts, from its beginning on.
            Err(StoreError::CursorLost) if progress.cursor.is_some() => {
                // It may not know any more for how long access tokens live that were given out.
                inner.say_longest_access_ttl().await?;
                inner.audiences.begin_anew(inner.store.audiences().await?);
                inner.forget_records();
                *progress = Progress { keys: true, ..Progress::default() };
                continue;
            }
            changes => changes?,
        };
        let received = inner.clock().monotonic();
        let mut keep = Duration::ZERO;
        for row in &changes.rows {
            let longest = match row.change {
                // Written by a store that has lost what nodes said: the longest that there can be.
                Change::AllRecords { .. } => MAX_ACCESS_TTL + MAX_LOG_AGE,
                _ => row.longest_access_ttl,
            };
            let span = inner.keep_span(longest);
            keep = keep.max(span);
            match &row.change {
                Change::Record { id, epoch } => {
                    inner.cut_offs().raise(*id, *epoch, received.saturating_add(span));
                    inner.forget_record(*id);
                }
                Change::AllRecords { epoch } => {
                    inner.cut_offs().raise_all(*epoch, received.saturating_add(span));
                    inner.forget_records();
                }
                Change::AccessToken { jti, expires_at } => inner.revoke_token(jti, *expires_at),
                Change::Audience { name } => {
                    progress.audiences.insert(name.clone());
                }
                Change::Keys => progress.keys = true,
            }
        }
        if !changes.rows.is_empty() {
            let due = received.saturating_add(keep);
            let due = progress.trims.back().map_or(due, |(last, _)| due.max(*last));
            if progress.trims.len() == MAX_TRIMS {
                progress.trims.pop_back();
            }
            progress.trims.push_back((due, changes.cursor.clone()));
        }
        progress.cursor = Some(changes.cursor);
        if !changes.more {
            if progress.keys {
                read_keys(inner).await?;
                progress.keys = false;
            }
            read_audiences(inner, &mut progress.audiences).await?;
            inner.feed.was_read(began);
            return Ok(());
        }
    }
}

/// Reads the keys that changed. Those that cannot be opened are told of; the others hold.
async fn read_keys(inner: &Inner) -> Result<(), StoreError> {
    match refresh_keys(inner).await {
        Ok(()) => Ok(()),
        Err(ManagedKeysError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the managed keys cannot be used");
            Ok(())
        }
    }
}

/// Reads the named audiences that changed. This comes last, and what fails is tried again next time: an audience that
/// cannot be read holds back no cut-off, and no other audience.
async fn read_audiences(inner: &Inner, changed: &mut BTreeSet<String>) -> Result<(), StoreError> {
    let mut answer = Ok(());
    for name in changed.clone() {
        match inner.store.audience(&name).await {
            Ok(audience) => {
                audience.into_iter().for_each(|audience| inner.audiences.learn(audience));
                changed.remove(&name);
            }
            Err(error) => answer = Err(error),
        }
    }
    answer
}

/// Drops what no node needs any more: cut-offs whose time is over, and log rows a span after they were read.
async fn tidy(inner: &Inner) -> Result<(), StoreError> {
    let now = inner.clock().monotonic();
    inner.cut_offs().prune(now);
    inner.prune_verified();
    inner.limits.prune();
    inner.telemetry.log(inner.log_age().unwrap_or(Duration::MAX), inner.cut_offs().len());
    let due = |trims: &VecDeque<(Duration, Cursor)>| trims.iter().take_while(|(at, _)| *at <= now).count();
    let through = {
        let trims = &inner.feed.progress.lock().await.trims;
        due(trims).checked_sub(1).and_then(|last| trims.get(last)).map(|(_, cursor)| cursor.clone())
    };
    let Some(cursor) = through else { return Ok(()) };
    inner.store.trim(&cursor).await?;
    // Forgotten only now: a trim that failed is tried again.
    let trims = &mut inner.feed.progress.lock().await.trims;
    trims.drain(..due(trims));
    Ok(())
}

/// Reads on, at each interval and when it is woken, until the authority is gone. A failure is told and tried again. Nothing is written in between: a revocation
/// elsewhere must not wait for that.
pub(crate) async fn follow(inner: Weak<Inner>, every: Duration, mut wakeups: Option<Wakeups>) {
    loop {
        // Woken or not.
        let _ = tokio::time::timeout(every, woken(&mut wakeups)).await;
        let Some(inner) = Weak::upgrade(&inner) else { return };
        if let Err(error) = read_on(&inner).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the change feed cannot be read");
        }
    }
}

async fn woken(wakeups: &mut Option<Wakeups>) {
    match wakeups {
        Some(wakeups) => wakeups.next().await,
        None => std::future::pending().await,
    }
}

/// Writes down what waits for it, and drops what nobody needs any more, until the authority is gone.
pub(crate) async fn write(inner: Weak<Inner>, every: Duration) {
    let mut interval = ticks(every);
    loop {
        interval.tick().await;
        let Some(inner) = Weak::upgrade(&inner) else { return };
        if let Err(error) = tidy(&inner).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the change log cannot be trimmed");
        }
        if let Err(error) = last_use::write_down(&inner, false).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "last uses cannot be written down");
        }
        if let Err(error) = audit::write_down(&inner).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "audit entries cannot be written down");
        }
    }
}

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}

pub(crate) async fn once(inner: &Arc<Inner>) -> Result<(), StoreError> {
    read_on(inner).await?;
    tidy(inner).await
}
