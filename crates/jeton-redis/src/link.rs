//! The connection: one that all calls share, replaced when it is lost or hangs.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jeton::StoreError;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, RedisError, RedisResult, ScriptInvocation,
    ServerErrorKind, Value, aio::MultiplexedConnection,
};
use tokio::time::Instant;

use super::route::Route;

/// A connection that answered so short a time ago is not tried.
const FRESH: Duration = Duration::from_secs(1);
/// How long a trial may take.
const TRIAL: Duration = Duration::from_millis(500);
/// How long an attempt to connect may take.
const CONNECTING: Duration = Duration::from_secs(2);
/// How often one call is sent on to another server of a cluster.
const MOVES: usize = 3;

pub(crate) struct Link {
    route: Arc<Route>,
    timeout: Duration,
    current: Mutex<Option<Current>>,
    /// Held by the one who connects, so that an end of the server is not followed by a crowd of attempts.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Current {
    number: u64,
    connection: MultiplexedConnection,
    answered: Instant,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    Script(&'a ScriptInvocation<'a>),
    Command(&'a Cmd),
}

impl Link {
    pub(crate) fn new(client: Client, timeout: Duration) -> Self {
        Self {
            route: Arc::new(Route::new(client)),
            timeout,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn route(&self) -> &Arc<Route> {
        &self.route
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks, and waits so long at most, connecting included. What was sent is done whole or not at all, whether or not
    /// somebody still waits for the answer.
    pub(crate) async fn ask(&self, call: Call<'_>, patience: Duration) -> Result<Value, StoreError> {
        let mut used = None;
        let work = async {
            let mut moves = 0;
            loop {
                let mut current = self.connection().await?;
                used = Some(current.number);
                let answer = match call {
                    Call::Script(script) => script.invoke_async(&mut current.connection).await,
                    Call::Command(command) => command.query_async(&mut current.connection).await,
                };
                match answer {
                    Err(error) if moves < MOVES && self.route.follows(&error) => {
                        self.give_up(used);
                        moves += 1;
                    }
                    answer => return answer,
                }
            }
        };
        match tokio::time::timeout(patience, work).await {
            Ok(Ok(value)) => {
                self.has_answered(used);
                Ok(value)
            }
            Ok(Err(error)) => {
                if is_of_connection(&error) {
                    self.give_up(used);
                } else {
                    self.has_answered(used);
                }
                Err(StoreError::unavailable(error))
            }
            Err(late) => {
                self.give_up(used);
                Err(StoreError::unavailable(late))
            }
        }
    }

    // Whatever panicked left a connection or none.
    fn lock(&self) -> MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_answered(&self, number: Option<u64>) {
        if let Some(current) = self.lock().as_mut().filter(|current| Some(current.number) == number) {
            current.answered = Instant::now();
        }
    }

    /// The next call connects anew. What others wait for on this connection may still come.
    fn give_up(&self, number: Option<u64>) {
        self.lock().take_if(|current| Some(current.number) == number);
    }

    async fn connection(&self) -> RedisResult<Current> {
        let current = self.lock().clone();
        if let Some(mut current) = current {
            if current.answered.elapsed() < FRESH || is_alive(&mut current.connection).await {
                self.has_answered(Some(current.number));
                return Ok(current);
            }
            self.give_up(Some(current.number));
        }
        let _alone = self.connecting.lock().await;
        // Another one was first.
        let current = self.lock().clone();
        if let Some(current) = current {
            return Ok(current);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout.min(CONNECTING)))
            .set_response_timeout(None);
        let client = self.route.client();
        let connection = client.get_multiplexed_async_connection_with_config(&config).await;
        // One that a cluster has named may be gone for good.
        let connection = connection.inspect_err(|_| self.route.begin_anew())?;
        let mut slot = self.lock();
        let current = Current { number: next_number(), connection, answered: Instant::now() };
        *slot = Some(current.clone());
        Ok(current)
    }
}

/// Numbers connections, so that nobody gives up a younger one than the one that failed.
fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

async fn is_alive(connection: &mut MultiplexedConnection) -> bool {
    let ping = redis::cmd("PING");
    let trial = ping.query_async::<Value>(connection);
    tokio::time::timeout(TRIAL, trial).await.is_ok_and(|answer| answer.is_ok())
}

/// Whether another connection may fare better: this one is broken, or ends at a server that has become a replica.
fn is_of_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::ClusterDown
        ),
        ErrorKind::Extension => false,
        _ => true,
    }
}
