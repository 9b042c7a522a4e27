//! The rows of managed signing keys.

use async_trait::async_trait;
use jeton::{Algorithm, AuditEntry, Change, KeyStore, Ring, Sealed, StoreError, StoredKey, Timestamp};
use sqlx::{SqliteExecutor, sqlite::SqliteRow};

use super::{
    SqliteStore,
    column::{read, read_optional_time, read_time, read_word},
    error::from_sqlx,
};

#[async_trait]
impl KeyStore for SqliteStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let query = sqlx::query("SELECT * FROM jeton_keys ORDER BY created_at, kid");
        query.fetch_all(&self.readers).await.map_err(from_sqlx)?.iter().map(from_row).collect()
    }

    async fn add_first_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        add(&self.writer, key, None).await.map(drop)
    }

    async fn add_key(&self, key: &StoredKey, youngest: &str, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        if !add(&mut *transaction, key, Some(youngest)).await? {
            return Err(StoreError::Conflict);
        }
        super::log(&mut transaction, &Change::Keys, audit).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn retire_key(&self, kid: &str, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let sql = "UPDATE jeton_keys SET retired_at = ?2, wrapped = x'', body = x''
                   WHERE kid = ?1 AND retired_at IS NULL";
        let query = sqlx::query(sql).bind(kid).bind(at.unix_seconds());
        if query.execute(&mut *transaction).await.map_err(from_sqlx)?.rows_affected() == 0 {
            let query = sqlx::query("SELECT 1 FROM jeton_keys WHERE kid = ?").bind(kid);
            let found = query.fetch_optional(&mut *transaction).await.map_err(from_sqlx)?;
            return found.map(drop).ok_or(StoreError::Conflict);
        }
        super::log(&mut transaction, &Change::Keys, audit).await?;
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn reseal_key(&self, kid: &str, from: &Sealed, to: &Sealed) -> Result<(), StoreError> {
        let sql = "UPDATE jeton_keys SET wrapped = ?, body = ? WHERE kid = ? AND wrapped = ? AND body = ?";
        let query =
            sqlx::query(sql).bind(&to.wrapped).bind(&to.body).bind(kid).bind(&from.wrapped).bind(&from.body);
        let done = query.execute(&self.writer).await.map_err(from_sqlx)?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    async fn remove_key(&self, kid: &str) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM jeton_keys WHERE kid = ?").bind(kid);
        query.execute(&self.writer).await.map(drop).map_err(from_sqlx)
    }
}

/// Adds the key if that one is the youngest of its ring, or if the ring has none. Whether it did.
async fn add(
    executor: impl SqliteExecutor<'_>,
    key: &StoredKey,
    youngest: Option<&str>,
) -> Result<bool, StoreError> {
    // One statement looks and adds, under the write lock.
    let sql = "INSERT INTO jeton_keys
                   (kid, ring, algorithm, created_at, signs_from, retired_at, wrapped, body)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ?9 IS
                   (SELECT kid FROM jeton_keys WHERE ring = ?2 ORDER BY created_at DESC, kid DESC LIMIT 1)
               ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql)
        .bind(&key.kid)
        .bind(key.ring.as_str())
        .bind(key.algorithm.as_str())
        .bind(key.created_at.unix_seconds())
        .bind(key.signs_from.unix_seconds())
        .bind(key.retired_at.map(Timestamp::unix_seconds))
        .bind(&key.sealed.wrapped)
        .bind(&key.sealed.body)
        .bind(youngest);
    Ok(query.execute(executor).await.map_err(from_sqlx)?.rows_affected() == 1)
}

fn from_row(row: &SqliteRow) -> Result<StoredKey, StoreError> {
    Ok(StoredKey {
        kid: read(row, "kid")?,
        ring: read_word(row, "ring", Ring::parse)?,
        algorithm: read_word(row, "algorithm", Algorithm::parse)?,
        created_at: read_time(row, "created_at")?,
        signs_from: read_time(row, "signs_from")?,
        retired_at: read_optional_time(row, "retired_at")?,
        sealed: Sealed { wrapped: read(row, "wrapped")?, body: read(row, "body")? },
    })
}
