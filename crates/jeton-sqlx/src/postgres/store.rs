//! What the store does, each in a transaction or a statement of its own.

use std::{slice::from_ref, time::Duration};

use async_trait::async_trait;
use jeton::{
    AuditEntry, Change, Changes, Cursor, Insert, LastUse, NamedAudience, Page, Query, Record, RecordId,
    Restoration, Store, StoreError, Timestamp, Update, Wakeups,
};
use sqlx::{Connection as _, PgConnection};

use super::{
    PostgresStore, audiences, audit, changes, error::from_sqlx, lease::BEGIN, limits, list, open::PATIENCE,
    record, touch,
};

/// Rows that one statement drops at most, so that none holds its locks for long.
const PRUNED: u64 = 5_000;

impl PostgresStore {
    /// Appends to both logs.
    pub(super) async fn log(
        &self,
        transaction: &mut PgConnection,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        audit::append(transaction, &self.schema, from_ref(audit)).await?;
        // Last: others wait while this one holds the lifetime.
        changes::append(transaction, &self.schema, change).await
    }

    /// Drops rows from before that time, by a statement that takes it and how many. Rows that another node drops at
    /// this moment are left to it.
    pub(super) async fn prune(&self, sql: &'static str, before: Timestamp) -> Result<(), StoreError> {
        loop {
            let dropped = self.within(async {
                let mut lease = self.lease().await?;
                let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
                let query = self.schema.query(sql).bind(before.unix_seconds()).bind(PRUNED as i64);
                let done = query.execute(&mut *transaction).await.map_err(from_sqlx)?;
                transaction.commit().await.map_err(from_sqlx)?;
                Ok(done.rows_affected())
            });
            if dropped.await? < PRUNED {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn insert(&self, insert: &Insert) -> Result<(), StoreError> {
        let Insert { record, limits, audit } = insert;
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            limits::wait_in_turn(&mut transaction, &self.schema, record, limits).await?;
            record::insert(&mut transaction, &self.schema, record).await?;
            limits::check(&mut transaction, &self.schema, record, limits).await?;
            audit::append(&mut transaction, &self.schema, from_ref(audit)).await?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    async fn find(&self, id: RecordId) -> Result<Option<Record>, StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            record::find(&mut lease, &self.schema, id).await
        })
        .await
    }

    async fn list(&self, query: &Query) -> Result<Page, StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            list::list(&mut lease, &self.schema, query).await
        })
        .await
    }

    async fn update(&self, update: &Update) -> Result<(), StoreError> {
        let Update { record, expected_version, limits, change, audit } = update;
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            limits::wait_in_turn(&mut transaction, &self.schema, record, limits).await?;
            record::replace(&mut transaction, &self.schema, record, *expected_version).await?;
            limits::check(&mut transaction, &self.schema, record, limits).await?;
            self.log(&mut transaction, change, audit).await?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    async fn touch(&self, uses: &[(RecordId, LastUse)]) -> Result<(), StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            touch::touch(&mut transaction, &self.schema, uses).await?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    async fn changes(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        self.within(async {
            let mut lease = self.lease_aside().await?;
            changes::after(&mut lease, &self.schema, after).await
        })
        .await
    }

    fn watch(&self) -> Option<Wakeups> {
        Some(self.wakeups())
    }

    async fn trim(&self, through: &Cursor) -> Result<(), StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            changes::trim(&mut transaction, &self.schema, through).await?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    /// Kept in whole seconds, rounded up.
    async fn longest_access_ttl(&self, at_least: Duration) -> Result<Duration, StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            let stored = changes::longest_access_ttl(&mut lease, &self.schema).await?;
            if stored >= at_least {
                return Ok(stored);
            }
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            changes::raise_longest_access_ttl(&mut transaction, &self.schema, at_least).await?;
            let raised = changes::longest_access_ttl(&mut transaction, &self.schema).await?;
            transaction.commit().await.map_err(from_sqlx)?;
            Ok(raised)
        })
        .await
    }

    async fn audiences(&self) -> Result<Vec<NamedAudience>, StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            audiences::all(&mut lease, &self.schema).await
        })
        .await
    }

    async fn audience(&self, name: &str) -> Result<Option<NamedAudience>, StoreError> {
        if name.contains('\0') {
            // No text in PostgreSQL holds this character, and none can be compared with it.
            return Ok(None);
        }
        self.within(async {
            let mut lease = self.lease().await?;
            audiences::find(&mut lease, &self.schema, name).await
        })
        .await
    }

    async fn put_audience(
        &self,
        audience: &NamedAudience,
        change: &Change,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            audiences::put(&mut transaction, &self.schema, audience).await?;
            self.log(&mut transaction, change, audit).await?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    async fn announce(&self, change: &Change, audit: &AuditEntry) -> Result<(), StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            self.log(&mut transaction, change, audit).await?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    async fn restore(&self, restoration: &Restoration) -> Result<(), StoreError> {
        let change = Change::AllRecords { epoch: restoration.at_least };
        let work = async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            record::restore(&mut transaction, &self.schema, restoration).await?;
            changes::lose_cursors(&mut transaction, &self.schema).await?;
            self.log(&mut transaction, &change, &restoration.audit).await?;
            transaction.commit().await.map_err(from_sqlx)
        };
        // Every record is written.
        tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|late| Err(StoreError::unavailable(late)))
    }

    async fn prune_tombstones(&self, before: Timestamp) -> Result<(), StoreError> {
        let sql = "DELETE FROM @jeton_records WHERE id IN (
                       SELECT id FROM @jeton_records WHERE standing = 'deleted' AND updated_at < $1
                       LIMIT $2 FOR UPDATE SKIP LOCKED)";
        self.prune(sql, before).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            changes::longest_access_ttl(&mut lease, &self.schema).await.map(drop)
        })
        .await
    }
}
