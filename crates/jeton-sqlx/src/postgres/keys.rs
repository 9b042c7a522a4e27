//! The rows of managed signing keys.

use async_trait::async_trait;
use jeton::{Algorithm, AuditEntry, Change, KeyStore, Ring, Sealed, StoreError, StoredKey, Timestamp};
use sqlx::{Connection as _, Postgres, postgres::PgArguments, postgres::PgRow, query::Query};

use super::{
    PostgresStore,
    column::{read, read_optional_time, read_time, read_word},
    error::from_sqlx,
    lease::BEGIN,
    schema::Schema,
};

/// Others read meanwhile, and write after this transaction.
const LOCK: &str = "LOCK TABLE @jeton_keys IN SHARE ROW EXCLUSIVE MODE";

#[async_trait]
impl KeyStore for PostgresStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let query = self.schema.query("SELECT * FROM @jeton_keys ORDER BY created_at, kid");
        self.within(async {
            let mut lease = self.lease().await?;
            query.fetch_all(&mut *lease).await.map_err(from_sqlx)?.iter().map(from_row).collect()
        })
        .await
    }

    async fn add_first_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let sql = "INSERT INTO @jeton_keys (kid, ring, algorithm, created_at, signs_from, retired_at, wrapped, body)
                   SELECT $1, $2, $3, $4, $5, $6, $7, $8
                   WHERE NOT EXISTS (SELECT 1 FROM @jeton_keys WHERE ring = $2)";
        self.write_keys(insertion(&self.schema, sql, key), None).await.map(drop)
    }

    async fn add_key(&self, key: &StoredKey, youngest: &str, audit: &AuditEntry) -> Result<(), StoreError> {
        let sql = "INSERT INTO @jeton_keys (kid, ring, algorithm, created_at, signs_from, retired_at, wrapped, body)
                   SELECT $1, $2, $3, $4, $5, $6, $7, $8
                   WHERE $9 = (SELECT kid FROM @jeton_keys WHERE ring = $2 ORDER BY created_at DESC, kid DESC LIMIT 1)
                   ON CONFLICT DO NOTHING";
        let query = insertion(&self.schema, sql, key).bind(youngest.to_owned());
        conflict_unless(self.write_keys(query, Some(audit)).await?)
    }

    async fn retire_key(&self, kid: &str, at: Timestamp, audit: &AuditEntry) -> Result<(), StoreError> {
        let sql = "UPDATE @jeton_keys SET retired_at = $2, wrapped = '', body = ''
                   WHERE kid = $1 AND retired_at IS NULL";
        let query = self.schema.query(sql).bind(kid.to_owned()).bind(at.unix_seconds());
        if self.write_keys(query, Some(audit)).await? {
            return Ok(());
        }
        // Retired already, or not there.
        conflict_unless(self.keys().await?.iter().any(|key| key.kid == kid))
    }

    async fn reseal_key(&self, kid: &str, from: &Sealed, to: &Sealed) -> Result<(), StoreError> {
        let sql = "UPDATE @jeton_keys SET wrapped = $4, body = $5
                   WHERE kid = $1 AND wrapped = $2 AND body = $3";
        let query = self
            .schema
            .query(sql)
            .bind(kid.to_owned())
            .bind(from.wrapped.clone())
            .bind(from.body.clone())
            .bind(to.wrapped.clone())
            .bind(to.body.clone());
        conflict_unless(self.write_keys(query, None).await?)
    }

    async fn remove_key(&self, kid: &str) -> Result<(), StoreError> {
        let query = self.schema.query("DELETE FROM @jeton_keys WHERE kid = $1").bind(kid.to_owned());
        self.write_keys(query, None).await.map(drop)
    }
}

impl PostgresStore {
    /// Runs one statement while nobody else changes the keys, and logs what it did. Whether it did anything.
    async fn write_keys(
        &self,
        query: Query<'_, Postgres, PgArguments>,
        audit: Option<&AuditEntry>,
    ) -> Result<bool, StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            self.schema.query(LOCK).execute(&mut *transaction).await.map_err(from_sqlx)?;
            let done = query.execute(&mut *transaction).await.map_err(from_sqlx)?.rows_affected() == 1;
            if let Some(audit) = audit.filter(|_| done) {
                self.log(&mut transaction, &Change::Keys, audit).await?;
            }
            transaction.commit().await.map_err(from_sqlx)?;
            Ok(done)
        })
        .await
    }
}

fn conflict_unless(done: bool) -> Result<(), StoreError> {
    if done { Ok(()) } else { Err(StoreError::Conflict) }
}

fn insertion(schema: &Schema, sql: &'static str, key: &StoredKey) -> Query<'static, Postgres, PgArguments> {
    schema
        .query(sql)
        .bind(key.kid.clone())
        .bind(key.ring.as_str())
        .bind(key.algorithm.as_str())
        .bind(key.created_at.unix_seconds())
        .bind(key.signs_from.unix_seconds())
        .bind(key.retired_at.map(Timestamp::unix_seconds))
        .bind(key.sealed.wrapped.clone())
        .bind(key.sealed.body.clone())
}

fn from_row(row: &PgRow) -> Result<StoredKey, StoreError> {
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
