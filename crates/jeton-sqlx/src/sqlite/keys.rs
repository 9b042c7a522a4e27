//! The rows of managed signing keys.

use jeton::{Algorithm, Ring, Sealed, StoreError, StoredKey};
use sqlx::{SqlitePool, sqlite::SqliteRow};

use super::{
    column::{read, read_time, read_word},
    error::from_sqlx,
};

/// All keys, the oldest first.
pub(super) async fn all(readers: &SqlitePool) -> Result<Vec<StoredKey>, StoreError> {
    let query = sqlx::query("SELECT * FROM jeton_keys ORDER BY created_at, kid");
    query.fetch_all(readers).await.map_err(from_sqlx)?.iter().map(from_row).collect()
}

/// Adds the key if its ring has none.
pub(super) async fn add_first(writer: &SqlitePool, key: &StoredKey) -> Result<(), StoreError> {
    // One statement looks and adds, under the write lock.
    let sql = "INSERT INTO jeton_keys (kid, ring, algorithm, created_at, wrapped, body)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM jeton_keys WHERE ring = ?2)";
    let query = sqlx::query(sql)
        .bind(&key.kid)
        .bind(key.ring.as_str())
        .bind(key.algorithm.as_str())
        .bind(key.created_at.unix_seconds())
        .bind(&key.sealed.wrapped)
        .bind(&key.sealed.body);
    query.execute(writer).await.map(drop).map_err(from_sqlx)
}

fn from_row(row: &SqliteRow) -> Result<StoredKey, StoreError> {
    Ok(StoredKey {
        kid: read(row, "kid")?,
        ring: read_word(row, "ring", Ring::parse)?,
        algorithm: read_word(row, "algorithm", Algorithm::parse)?,
        created_at: read_time(row, "created_at")?,
        sealed: Sealed { wrapped: read(row, "wrapped")?, body: read(row, "body")? },
    })
}
