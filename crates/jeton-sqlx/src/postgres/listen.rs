//! Waking: a connection of its own that hears of changes as they are committed.
//!
//! It only wakes. What was not heard is read all the same, a little later.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::sync::watch;

/// How long a connection may be silent before it is tried.
const SILENCE: Duration = Duration::from_secs(5);
/// How long an attempt to connect, or a trial, may take.
const TRIAL: Duration = Duration::from_secs(5);
/// The pause after a failure, doubled each time up to the second one.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// What was heard.
pub(super) struct Wakeups {
    /// Counted by the task that listens, which ends with this.
    heard: watch::Receiver<u64>,
    /// How much of it has woken somebody.
    told: AtomicU64,
}

impl Wakeups {
    /// Begins to listen.
    pub(super) fn listen(database: PgPool, channel: String) -> Self {
        let (sender, heard) = watch::channel(0);
        tokio::spawn(listen(database, channel, sender));
        Self { heard, told: AtomicU64::new(0) }
    }

    /// Returns when something was heard since the last time.
    pub(super) async fn next(&self) {
        let mut heard = self.heard.clone();
        let told = self.told.load(Ordering::Relaxed);
        // An error if the task has ended, with the pool: nothing is heard any more.
        if heard.wait_for(|count| *count != told).await.is_err() {
            std::future::pending::<()>().await;
        }
        self.told.store(*heard.borrow(), Ordering::Relaxed);
    }
}

/// Listens until nobody waits any more, and counts what it hears.
async fn listen(database: PgPool, channel: String, heard: watch::Sender<u64>) {
    // A pool of one, so that the connection is not one of the host's pool.
    let own = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(TRIAL)
        .connect_lazy_with((*database.connect_options()).clone());
    let mut pause = PAUSES[0];
    while !database.is_closed() {
        let failed = tokio::select! {
            () = heard.closed() => return,
            () = database.close_event() => return,
            failed = follow(&own, &channel, &heard, &mut pause) => failed,
        };
        tracing::warn!(error = &failed as &dyn std::error::Error, "changes are not heard of, only read");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES[1]);
    }
}

/// Hears until the connection fails.
async fn follow(
    pool: &PgPool,
    channel: &str,
    heard: &watch::Sender<u64>,
    pause: &mut Duration,
) -> sqlx::Error {
    let listening = async {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.eager_reconnect(false);
        listener.listen(channel).await?;
        Ok(listener)
    };
    let mut listener = match within(listening).await {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    *pause = PAUSES[0];
    loop {
        // What was committed while nobody listened was not heard.
        heard.send_modify(|count| *count = count.wrapping_add(1));
        loop {
            match tokio::time::timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => break,
                Ok(Ok(None)) => return sqlx::Error::Protocol("the connection that listens was lost".into()),
                Ok(Err(error)) => return error,
                Err(_) => {
                    if let Err(error) = within(sqlx::query("SELECT 1").execute(&mut listener)).await {
                        return error;
                    }
                }
            }
        }
        // One waking for all that has come meanwhile.
        while listener.next_buffered().is_some() {}
    }
}

async fn within<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(TRIAL, work).await.map_err(late)?
}
