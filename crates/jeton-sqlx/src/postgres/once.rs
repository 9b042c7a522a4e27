//! Names that count once, on all nodes.

use async_trait::async_trait;
use jeton::{OnceStore, StoreError, Timestamp};
use sqlx::Connection as _;

use super::{PostgresStore, error::from_sqlx, lease::BEGIN};

#[async_trait]
impl OnceStore for PostgresStore {
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO @jeton_names (name, kept_until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let query = self.schema.query(sql).bind(name.as_bytes().to_vec()).bind(until.unix_seconds());
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            let done = query.execute(&mut *transaction).await.map_err(from_sqlx)?;
            transaction.commit().await.map_err(from_sqlx)?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    async fn give_name_back(&self, name: &str) -> Result<(), StoreError> {
        let query =
            self.schema.query("DELETE FROM @jeton_names WHERE name = $1").bind(name.as_bytes().to_vec());
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            query.execute(&mut *transaction).await.map_err(from_sqlx)?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError> {
        let sql = "DELETE FROM @jeton_names WHERE name IN (
                       SELECT name FROM @jeton_names WHERE kept_until < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
        self.prune(sql, before).await
    }
}
