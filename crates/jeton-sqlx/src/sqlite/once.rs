//! The names that count once.

use async_trait::async_trait;
use jeton::{OnceStore, StoreError, Timestamp};

use super::{SqliteStore, error::from_sqlx};

#[async_trait]
impl OnceStore for SqliteStore {
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO jeton_taken_names (name, until) VALUES (?, ?) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(name).bind(until.unix_seconds());
        Ok(query.execute(&self.writer).await.map_err(from_sqlx)?.rows_affected() == 1)
    }

    async fn give_name_back(&self, name: &str) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM jeton_taken_names WHERE name = ?").bind(name);
        query.execute(&self.writer).await.map(drop).map_err(from_sqlx)
    }

    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM jeton_taken_names WHERE until < ?").bind(before.unix_seconds());
        query.execute(&self.writer).await.map(drop).map_err(from_sqlx)
    }
}
