//! The audit log.

use async_trait::async_trait;
use jeton::{
    Action, AuditEntry, AuditLog, AuditPage, AuditQuery, AuditRow, Origin, RecordId, StoreError, Timestamp,
};
use sqlx::{Connection as _, PgConnection, Postgres, QueryBuilder, postgres::PgRow};

use super::{
    PostgresStore,
    column::{read, read_counter, read_time, read_word, sense},
    error::from_sqlx,
    lease::BEGIN,
    schema::Schema,
};

/// Appends these entries. In a transaction.
pub(super) async fn append(
    connection: &mut PgConnection,
    schema: &Schema,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    // A refusal tells of whatever came, and no text in PostgreSQL holds the character NUL.
    let text = |text: &str| text.replace('\0', "\u{fffd}");
    let optional = |found: &Option<String>| found.as_deref().map(text);
    let ids: Vec<_> = entries.iter().map(|entry| entry.token_id.map(|id| id.as_bytes().to_vec())).collect();
    let address = |entry: &AuditEntry| entry.origin.address.map(|address| address.to_string());
    // In one statement, numbered in their order.
    let sql = "INSERT INTO @jeton_audit (at, action, actor, token_id, tenant, address, user_agent, reason)
               SELECT at, action, actor, token_id, tenant, address, user_agent, reason
               FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[],
                           $8::text[]) WITH ORDINALITY
                    entry (at, action, actor, token_id, tenant, address, user_agent, reason, place)
               ORDER BY place";
    let query = schema
        .query(sql)
        .bind(entries.iter().map(|entry| entry.at.unix_seconds()).collect::<Vec<_>>())
        .bind(entries.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>())
        .bind(entries.iter().map(|entry| text(&entry.actor)).collect::<Vec<_>>())
        .bind(ids)
        .bind(entries.iter().map(|entry| optional(&entry.tenant)).collect::<Vec<_>>())
        .bind(entries.iter().map(address).collect::<Vec<_>>())
        .bind(entries.iter().map(|entry| optional(&entry.origin.user_agent)).collect::<Vec<_>>())
        .bind(entries.iter().map(|entry| optional(&entry.reason)).collect::<Vec<_>>());
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

#[async_trait]
impl AuditLog for PostgresStore {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        self.within(async {
            let mut lease = self.lease().await?;
            let mut transaction = lease.begin_with(BEGIN).await.map_err(from_sqlx)?;
            append(&mut transaction, &self.schema, entries).await?;
            transaction.commit().await.map_err(from_sqlx)
        })
        .await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        let filter = &query.filter;
        if [&filter.actor, &filter.tenant].into_iter().flatten().any(|text| text.contains('\0')) {
            return Ok(AuditPage { rows: Vec::new(), next: None });
        }
        let mut sql = QueryBuilder::new("");
        push_page(&mut sql, &self.schema, query);
        let rows = self.within(async {
            let mut lease = self.lease().await?;
            // Planned anew each time: which index is the best depends on the values.
            sql.build().persistent(false).fetch_all(&mut *lease).await.map_err(from_sqlx)
        });
        let rows: Result<_, _> = rows.await?.iter().map(from_row).collect();
        Ok(AuditPage::of(rows?, query.limit))
    }

    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError> {
        let sql = "DELETE FROM @jeton_audit WHERE seq IN (
                       SELECT seq FROM @jeton_audit WHERE at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
        self.prune(sql, before).await
    }
}

fn push_page(sql: &mut QueryBuilder<Postgres>, schema: &Schema, query: &AuditQuery) {
    sql.push(schema.sql("SELECT * FROM @jeton_audit WHERE true"));
    let filter = &query.filter;
    if let Some(id) = filter.token_id {
        sql.push(" AND token_id = ").push_bind(id.as_bytes().to_vec());
    }
    if let Some(actor) = &filter.actor {
        sql.push(" AND actor = ").push_bind(actor.clone());
    }
    if let Some(action) = filter.action {
        sql.push(" AND action = ").push_bind(action.as_str());
    }
    if let Some(since) = filter.since {
        sql.push(" AND at >= ").push_bind(since.unix_seconds());
    }
    if let Some(tenant) = &filter.tenant {
        sql.push(" AND tenant = ").push_bind(tenant.clone());
    }
    if let Some(before) = query.before {
        sql.push(" AND seq < ").push_bind(i64::try_from(before).unwrap_or(i64::MAX));
    }
    // One more than asked for tells whether there is a next page.
    sql.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(query.limit) + 1);
}

fn from_row(row: &PgRow) -> Result<AuditRow, StoreError> {
    let id: Option<&[u8]> = read(row, "token_id")?;
    let id = id.map(|id| sense(id.try_into().ok().map(RecordId::from_bytes), "token_id"));
    let address: Option<&str> = read(row, "address")?;
    let address = address.map(|address| sense(address.parse().ok(), "address"));
    let entry = AuditEntry {
        at: read_time(row, "at")?,
        action: read_word(row, "action", Action::parse)?,
        actor: read(row, "actor")?,
        token_id: id.transpose()?,
        tenant: read(row, "tenant")?,
        origin: Origin { address: address.transpose()?, user_agent: read(row, "user_agent")? },
        reason: read(row, "reason")?,
    };
    Ok(AuditRow { seq: read_counter(row, "seq")?, entry })
}
