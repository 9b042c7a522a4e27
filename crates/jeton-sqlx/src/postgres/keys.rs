//! The rows of managed signing keys.

use jeton::{Algorithm, Ring, Sealed, StoreError, StoredKey};
use sqlx::{PgConnection, postgres::PgRow};

use super::{
    column::{read, read_time, read_word},
    error::from_sqlx,
    schema::Schema,
};

/// All keys, the oldest first.
pub(super) async fn all(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<Vec<StoredKey>, StoreError> {
    let query = schema.query("SELECT * FROM @jeton_keys ORDER BY created_at, kid");
    query.fetch_all(connection).await.map_err(from_sqlx)?.iter().map(from_row).collect()
}

/// Adds the key if its ring has none. In a transaction.
pub(super) async fn add_first(
    connection: &mut PgConnection,
    schema: &Schema,
    key: &StoredKey,
) -> Result<(), StoreError> {
    // Others read meanwhile, and write after this transaction.
    let lock = schema.query("LOCK TABLE @jeton_keys IN SHARE ROW EXCLUSIVE MODE");
    lock.execute(&mut *connection).await.map_err(from_sqlx)?;
    let sql = "INSERT INTO @jeton_keys (kid, ring, algorithm, created_at, wrapped, body)
               SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM @jeton_keys WHERE ring = $2)";
    let query = schema
        .query(sql)
        .bind(key.kid.clone())
        .bind(key.ring.as_str())
        .bind(key.algorithm.as_str())
        .bind(key.created_at.unix_seconds())
        .bind(key.sealed.wrapped.clone())
        .bind(key.sealed.body.clone());
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

fn from_row(row: &PgRow) -> Result<StoredKey, StoreError> {
    Ok(StoredKey {
        kid: read(row, "kid")?,
        ring: read_word(row, "ring", Ring::parse)?,
        algorithm: read_word(row, "algorithm", Algorithm::parse)?,
        created_at: read_time(row, "created_at")?,
        sealed: Sealed { wrapped: read(row, "wrapped")?, body: read(row, "body")? },
    })
}
