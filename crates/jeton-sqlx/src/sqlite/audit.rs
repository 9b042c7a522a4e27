//! The rows of the audit log.

use async_trait::async_trait;
use jeton::{
    Action, AuditEntry, AuditFilter, AuditLog, AuditPage, AuditQuery, AuditRow, Origin, RecordId, StoreError,
    Timestamp,
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteRow};

use super::{
    SqliteStore,
    column::{Value, read, read_bytes, read_counter, read_optional, read_time, read_word, sense},
    error::from_sqlx,
};

/// Appends an entry.
pub(super) async fn append(connection: &mut SqliteConnection, entry: &AuditEntry) -> Result<(), StoreError> {
    let sql = "INSERT INTO jeton_audit (at, action, actor, token_id, tenant, address, user_agent, reason)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let query = sqlx::query(sql)
        .bind(entry.at.unix_seconds())
        .bind(entry.action.as_str())
        .bind(&entry.actor)
        .bind(entry.token_id.map(|id| id.as_bytes().to_vec()))
        .bind(entry.tenant.as_deref())
        .bind(entry.origin.address.map(|address| address.to_string()))
        .bind(entry.origin.user_agent.as_deref())
        .bind(entry.reason.as_deref());
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn append(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        for entry in entries {
            append(&mut transaction, entry).await?;
        }
        transaction.commit().await.map_err(from_sqlx)
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        let mut sql = QueryBuilder::new("");
        push_select(&mut sql, query);
        let rows = sql.build().fetch_all(&self.readers).await.map_err(from_sqlx)?;
        Ok(AuditPage::of(rows.iter().map(from_row).collect::<Result<_, _>>()?, query.limit))
    }

    async fn prune_audit(&self, before: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM jeton_audit WHERE at < ?").bind(before.unix_seconds());
        query.execute(&self.writer).await.map(drop).map_err(from_sqlx)
    }
}

fn push_select(sql: &mut QueryBuilder<Sqlite>, query: &AuditQuery) {
    sql.push("SELECT * FROM jeton_audit WHERE true");
    push_filter(sql, &query.filter);
    if let Some(before) = query.before {
        sql.push(" AND seq < ").push_bind(i64::try_from(before).unwrap_or(i64::MAX));
    }
    // One more than asked for tells whether there is a next page.
    sql.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(query.limit) + 1);
}

/// What [`AuditFilter::admits`] says, as SQL.
fn push_filter(sql: &mut QueryBuilder<Sqlite>, filter: &AuditFilter) {
    let equal = [
        ("token_id", filter.token_id.as_ref().map(|id| Value::Bytes(Some(id.as_bytes())))),
        ("actor", filter.actor.as_deref().map(Value::text)),
        ("tenant", filter.tenant.as_deref().map(Value::text)),
        ("action", filter.action.map(|action| Value::text(action.as_str()))),
    ];
    // The first one given lets the fewest through: its index is used. A + keeps a column's own from being used.
    let mut sign = "";
    for (column, value) in equal.into_iter().filter_map(|(column, value)| Some((column, value?))) {
        sql.push(format_args!(" AND {sign}{column} = "));
        value.push(sql);
        sign = "+";
    }
    let Some(since) = filter.since.map(Timestamp::unix_seconds) else { return };
    if sign.is_empty() {
        // Numbers go with times, but not quite: what is written in the background comes late. Without the +, the
        // lowest number would be looked for among all rows.
        sql.push(" AND seq >= (SELECT min(+seq) FROM jeton_audit WHERE at >= ").push_bind(since).push(")");
    }
    sql.push(" AND +at >= ").push_bind(since);
}

fn from_row(row: &SqliteRow) -> Result<AuditRow, StoreError> {
    let token_id = read_optional::<&[u8]>(row, "token_id")?;
    let token_id = token_id.map(|_| read_bytes(row, "token_id").map(RecordId::from_bytes));
    let address: Option<&str> = read_optional(row, "address")?;
    let address = address.map(|address| sense(address.parse().ok(), "address"));
    Ok(AuditRow {
        seq: read_counter(row, "seq")?,
        entry: AuditEntry {
            at: read_time(row, "at")?,
            action: read_word(row, "action", Action::parse)?,
            actor: read(row, "actor")?,
            token_id: token_id.transpose()?,
            tenant: read_optional(row, "tenant")?,
            origin: Origin { address: address.transpose()?, user_agent: read_optional(row, "user_agent")? },
            reason: read_optional(row, "reason")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn every_filter_is_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("tokens.sqlite3")).await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let none = AuditFilter::default();
        let of_token = AuditFilter { token_id: Some(RecordId::from_bytes([7; 16])), ..none.clone() };
        let of_actor = AuditFilter { actor: text("a"), ..none.clone() };
        let of_tenant = AuditFilter { tenant: text("a"), ..none.clone() };
        let of_action = AuditFilter { action: Some(Action::Exchange), ..none.clone() };
        let since = AuditFilter { since: Some(Timestamp::MIN), ..none.clone() };
        let of_all =
            AuditFilter { since: since.since, actor: text("a"), tenant: text("a"), ..of_token.clone() };
        let recent_of_action = AuditFilter { since: since.since, ..of_action.clone() };
        for (filter, index) in [
            (of_token, "INDEX jeton_audit_by_token (token_id=?"),
            (of_actor, "INDEX jeton_audit_by_actor (actor=?"),
            (of_tenant, "INDEX jeton_audit_by_tenant (tenant=?"),
            (of_action, "INDEX jeton_audit_by_action (action=?"),
            (since, "INDEX jeton_audit_by_at (at>?)"),
            (of_all, "INDEX jeton_audit_by_token (token_id=?"),
            (recent_of_action, "INDEX jeton_audit_by_action (action=?"),
        ] {
            for before in [None, Some(5)] {
                let query = AuditQuery { filter: filter.clone(), before, limit: 50 };
                let mut sql = QueryBuilder::new("EXPLAIN QUERY PLAN ");
                push_select(&mut sql, &query);
                let rows = sql.build().fetch_all(&store.readers).await.unwrap();
                let plan: String = rows.iter().map(|row| row.get::<String, _>("detail") + "\n").collect();
                let found = plan.contains(index) && !plan.contains("TEMP B-TREE") && !plan.contains("SCAN");
                assert!(found, "{query:?}\n{plan}");
                // By the place itself, and not by all that lies before it.
                assert!(before.is_none() || plan.contains("rowid<?"), "{query:?}\n{plan}");
            }
        }
    }
}
