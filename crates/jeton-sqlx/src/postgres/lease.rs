//! A connection on loan from the pool, and the statement that begins a transaction.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::runtime::Handle;

/// How long a connection may take to come to rest before it is thrown away.
const REST: Duration = Duration::from_secs(1);

/// Whatever the host or the database set as the default: each statement sees what was committed before it, and a
/// commit is answered when it is on the disk.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
     SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";

/// A connection that goes back to its pool, also in the middle of a statement whose caller has gone away; unless it
/// does not come to rest, because the network swallows what it sends: then it is closed, and its place is free.
pub(super) struct Lease(PoolConnection<Postgres>);

impl Lease {
    pub(super) async fn of(pool: &PgPool) -> Result<Self, sqlx::Error> {
        pool.acquire().await.map(Self)
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // What the pool does by itself waits without end.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(tokio::time::timeout(REST, self.0.return_to_pool()));
        }
    }
}
