//! A connection on loan from the pool, and the statement that begins a transaction.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// How long a connection may take to come to rest before it is thrown away.
const REST: Duration = Duration::from_secs(1);

/// Whatever the host or the database set as the default: each statement sees what was committed before it, and a
/// commit is answered when it is on the disk.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
     SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";

/// A connection that goes back to its pool, also in the middle of a statement whose caller has gone away; unless it
/// does not come to rest, because the network swallows what it sends: then it is closed, and its place is free.
pub(super) struct Lease {
    connection: PoolConnection<Postgres>,
    turn: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) async fn of(pool: &PgPool) -> Result<Self, sqlx::Error> {
        Ok(Self { connection: pool.acquire().await?, turn: None })
    }

    /// In turn with the others, so that a connection which is just on its way back is waited for, and no other one is
    /// opened; but for so long at most, as its holder may hang.
    pub(super) async fn in_turn(
        pool: &PgPool,
        turns: &Arc<Semaphore>,
        patience: Duration,
    ) -> Result<Self, sqlx::Error> {
        let turn = tokio::time::timeout(patience, turns.clone().acquire_owned()).await;
        Ok(Self { connection: pool.acquire().await?, turn: turn.ok().and_then(Result::ok) })
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // What the pool does by itself waits without end.
        if let Ok(runtime) = Handle::try_current() {
            let (back, turn) = (self.connection.return_to_pool(), self.turn.take());
            runtime.spawn(async move {
                let _ = tokio::time::timeout(REST, back).await;
                drop(turn);
            });
        }
    }
}
