//! Waking: a connection of its own that hears of changes as they are made.
//!
//! It only wakes. What was not heard is read all the same, a little later.

use std::{error::Error, io, sync::Arc, time::Duration};

use futures_util::{FutureExt as _, StreamExt as _};
use jeton::{Pauses, Wake, Wakeups};
use redis::{RedisResult, Value};

use super::route::Route;

/// How long a connection may be silent before it is tried.
const SILENCE: Duration = Duration::from_secs(5);
/// How long an attempt to connect, or a trial, may take.
const TRIAL: Duration = Duration::from_secs(5);

/// Begins to listen.
pub(crate) fn wakeups(route: Arc<Route>, channel: String) -> Wakeups {
    let wake = Wake::default();
    let wakeups = wake.subscribe();
    tokio::spawn(listen(route, channel, wake));
    wakeups
}

/// Listens until nobody waits any more.
async fn listen(route: Arc<Route>, channel: String, wake: Wake) {
    let mut pauses = Pauses::default();
    loop {
        let failed = tokio::select! {
            () = wake.unwatched() => return,
            failed = follow(&route, &channel, &wake, &mut pauses) => failed,
        };
        tracing::warn!(error = &failed as &dyn Error, "changes are not heard of, only read");
        tokio::select! {
            () = wake.unwatched() => return,
            () = tokio::time::sleep(pauses.next_pause()) => {}
        }
    }
}

/// Hears until the connection fails.
async fn follow(route: &Route, channel: &str, wake: &Wake, pauses: &mut Pauses) -> io::Error {
    let listening = async {
        // In a cluster any server would do: they tell each other.
        let mut connection = route.client().get_async_pubsub().await?;
        connection.subscribe(channel).await?;
        Ok(connection.split())
    };
    let (mut sink, mut stream) = match within(listening).await {
        Ok(halves) => halves,
        Err(error) => return error,
    };
    *pauses = Pauses::default();
    loop {
        // What was changed while nobody listened was not heard.
        wake.wake();
        loop {
            match tokio::time::timeout(SILENCE, stream.next()).await {
                Ok(Some(_)) => break,
                Ok(None) => return io::ErrorKind::ConnectionAborted.into(),
                Err(_) => {
                    if let Err(error) = within(sink.ping::<Value>()).await {
                        return error;
                    }
                }
            }
        }
        // One waking for all that has come meanwhile.
        while let Some(Some(_)) = stream.next().now_or_never() {}
    }
}

async fn within<T>(work: impl Future<Output = RedisResult<T>>) -> io::Result<T> {
    match tokio::time::timeout(TRIAL, work).await {
        Ok(answer) => answer.map_err(io::Error::other),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
