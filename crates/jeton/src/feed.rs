//! What a node knows of the change log: where it reads on, and which rows may be dropped.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Mutex;

use crate::{
    Change, Changes, Cursor, StoreError, Wakeups, audit,
    authority::{Inner, MAX_ACCESS_TTL, MAX_LOG_AGE},
    last_use,
    named::{self, Named},
};

/// More places to trim at are not remembered: the youngest is moved instead.
const MAX_TRIMS: usize = 64;
/// A store that has not answered by then is asked once more beside it: the connection may hang.
const SLOW: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Feed {
    progress: Mutex<Progress>,
    /// What the log names, which is read beside it.
    pub(crate) named: Named,
    /// When the last reading of the log began whose rows were all applied, in nanoseconds on the monotonic clock; zero if
    /// there was none.
    applied: AtomicU64,
    /// The same of the last one of which all that was named was read as well.
    read: AtomicU64,
}

impl Feed {
    /// When the last reading of the log began that came to its end, on the monotonic clock. What was committed before
    /// then is known here.
    pub(crate) fn read_at(&self) -> Option<Duration> {
        Some(self.read.load(Ordering::Acquire)).filter(|read| *read > 0).map(Duration::from_nanos)
    }

    /// When the last reading of the log began whose rows were all applied.
    pub(crate) fn applied(&self) -> Duration {
        Duration::from_nanos(self.applied.load(Ordering::Acquire))
    }

    pub(crate) fn was_read(&self, began: Duration) {
        self.read.fetch_max(nanos(began), Ordering::AcqRel);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[derive(Debug, Default)]
struct Progress {
    cursor: Option<Cursor>,
    /// Places in the log, and the monotonic time from which on the rows before them may be dropped.
    trims: VecDeque<(Duration, Cursor)>,
}

/// Reads the log to its end and applies what it says, and what it names.
pub(crate) async fn read_on(inner: &Inner) -> Result<(), StoreError> {
    read_log(inner).await?;
    named::read(inner).await
}

/// The rows after the cursor. If one call hangs, another one answers, and a slow one is waited for all the same.
async fn changes(inner: &Inner, after: Option<&Cursor>) -> Result<Changes, StoreError> {
    let mut first = pin!(inner.store.changes(after));
    if let Ok(answer) = tokio::time::timeout(SLOW, &mut first).await {
        return answer;
    }
    let mut second = pin!(inner.store.changes(after));
    tokio::select! {
        answer = &mut first => match answer {
            Err(StoreError::Unavailable(_)) => second.await,
            answer => answer,
        },
        answer = &mut second => match answer {
            Err(StoreError::Unavailable(_)) => first.await,
            answer => answer,
        },
    }
}

/// Reads the log to its end and applies its rows.
async fn read_log(inner: &Inner) -> Result<(), StoreError> {
    let mut progress = inner.feed.progress.lock().await;
    let began = inner.clock().monotonic();
    if inner.log_age().is_none_or(|age| age > inner.recent.at_most()) {
        // What this node has missed may not be in the log any more.
        inner.forget_records();
    }
    loop {
        let changes = match changes(inner, progress.cursor.as_ref()).await {
            // Another life of the store: what it says now counts, from its beginning on.
            Err(StoreError::CursorLost) if progress.cursor.is_some() => {
                // It may not know any more for how long access tokens live that were given out.
                inner.say_longest_access_ttl().await?;
                named::begin_anew(inner).await?;
                inner.forget_records();
                *progress = Progress::default();
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
                Change::Audience { name } => inner.feed.named.audience(name),
                Change::Keys => inner.feed.named.keys(),
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
            inner.feed.applied.fetch_max(nanos(began), Ordering::AcqRel);
            return Ok(());
        }
    }
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

/// Reads on, at each interval and when it is woken, until the authority is gone. A failure is told and tried again. Nothing
/// else is read or written in between: a revocation elsewhere must not wait for that.
pub(crate) async fn follow(inner: Weak<Inner>, every: Duration, mut wakeups: Option<Wakeups>) {
    loop {
        // Woken or not.
        let _ = tokio::time::timeout(every, woken(&mut wakeups)).await;
        let Some(inner) = Weak::upgrade(&inner) else { return };
        if let Err(error) = read_log(&inner).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the change feed cannot be read");
            continue;
        }
        // First: what was applied by then was named by then.
        let applied = inner.feed.applied();
        if inner.feed.named.is_empty() { inner.feed.was_read(applied) } else { inner.feed.named.wake() }
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
