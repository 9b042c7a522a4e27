//! Waking: a connection that never writes sees that somebody did, in whatever process.

use std::time::Duration;

use jeton::{Wake, Wakeups};
use sqlx::SqlitePool;

/// How often it looks. Looking reads a number in shared memory.
const EVERY: Duration = Duration::from_millis(10);

/// Begins to look, over a pool of one connection.
pub(super) fn wakeups(watcher: SqlitePool) -> Wakeups {
    let wake = Wake::default();
    let wakeups = wake.subscribe();
    tokio::spawn(async move {
        tokio::select! {
            () = wake.unwatched() => {}
            () = watcher.close_event() => {}
            () = look(&watcher, &wake) => {}
        }
    });
    wakeups
}

async fn look(watcher: &SqlitePool, wake: &Wake) {
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seen: Option<i64> = None;
    loop {
        interval.tick().await;
        // Of another connection, the number says nothing: but then there is another one to begin with.
        match sqlx::query_scalar("PRAGMA data_version").fetch_one(watcher).await {
            Ok(version) if seen == Some(version) => {}
            Ok(version) => {
                seen = Some(version);
                wake.wake();
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "changes are not heard of, only read"
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
