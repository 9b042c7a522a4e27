//! Waking: a connection of its own that hears of changes as they are committed.
//!
//! It only wakes. What was not heard is read all the same, a little later.

use std::time::Duration;

use jeton::{Pauses, Wake, Wakeups};
use sqlx::{PgPool, postgres::PgListener};

use super::settings::aside;

/// How long a connection may be silent before it is tried.
const SILENCE: Duration = Duration::from_secs(5);
/// How long an attempt to connect, or a trial, may take.
const TRIAL: Duration = Duration::from_secs(5);

/// Begins to listen, as long as the pool of the database is open.
pub(super) fn wakeups(database: PgPool, channel: String) -> Wakeups {
    let wake = Wake::default();
    let wakeups = wake.subscribe();
    tokio::spawn(listen(database, channel, wake));
    wakeups
}

/// Listens until nobody waits any more.
async fn listen(database: PgPool, channel: String, wake: Wake) {
    let mut pauses = Pauses::default();
    while !database.is_closed() {
        let failed = tokio::select! {
            () = wake.unwatched() => return,
            () = database.close_event() => return,
            failed = follow(&database, &channel, &wake, &mut pauses) => failed,
        };
        tracing::warn!(error = &failed as &dyn std::error::Error, "changes are not heard of, only read");
        tokio::time::sleep(pauses.next_pause()).await;
    }
}

/// Hears until the connection fails.
async fn follow(database: &PgPool, channel: &str, wake: &Wake, pauses: &mut Pauses) -> sqlx::Error {
    // A pool of its own each time: a connection whose network swallows what it sends keeps its place until TCP gives up.
    let own = aside(database, 1, TRIAL);
    let listening = async {
        let mut listener = PgListener::connect_with(&own).await?;
        listener.eager_reconnect(false);
        listener.listen(channel).await?;
        Ok(listener)
    };
    let mut listener = match within(listening).await {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    *pauses = Pauses::default();
    loop {
        // What was committed while nobody listened was not heard.
        wake.wake();
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
