//! The rows of records.

use jeton::{
    Credential, Fingerprint, Grant, Kind, LastUse, PreviousCredential, Record, RecordId, SortKey, Standing,
    StoreError, Timestamp, fold,
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    column::{
        Value, read, read_bytes, read_counter, read_json, read_optional, read_optional_time, read_time,
        read_time_or, read_truth, read_word, sense, stored_counter,
    },
    error::from_sqlx,
};

/// Adds the row of a new record.
pub(super) async fn insert(connection: &mut SqliteConnection, record: &Record) -> Result<(), StoreError> {
    let columns = || Ok::<_, StoreError>(fixed(record)?.into_iter().chain(editable(record)?));
    let mut sql = QueryBuilder::<Sqlite>::new("INSERT INTO jeton_records (");
    let mut list = sql.separated(", ");
    columns()?.for_each(|(name, _)| {
        list.push(name);
    });
    sql.push(") VALUES (");
    let mut list = sql.separated(", ");
    columns()?.for_each(|(_, value)| value.push_next(&mut list));
    sql.push(")");
    sql.build().execute(connection).await.map(drop).map_err(from_sqlx)
}

/// The record of that id.
pub(super) async fn find(readers: &SqlitePool, id: RecordId) -> Result<Option<Record>, StoreError> {
    let query = sqlx::query("SELECT * FROM jeton_records WHERE id = ?").bind(id.as_bytes().to_vec());
    let row = query.fetch_optional(readers).await.map_err(from_sqlx)?;
    row.as_ref().map(from_row).transpose()
}

/// Replaces what may change of the record, if it is at that version.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    record: &Record,
    expected_version: u64,
) -> Result<(), StoreError> {
    let mut sql = QueryBuilder::<Sqlite>::new("UPDATE jeton_records SET ");
    for (index, (name, value)) in editable(record)?.into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " }).push(name).push(" = ");
        value.push(&mut sql);
    }
    sql.push(" WHERE id = ").push_bind(record.id.as_bytes().to_vec());
    sql.push(" AND version = ").push_bind(stored_counter(expected_version)?);
    let done = sql.build().execute(connection).await.map_err(from_sqlx)?;
    if done.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(()) }
}

/// Adds to the uses, and writes down the last one, unless a later one is.
pub(super) async fn touch(
    connection: &mut SqliteConnection,
    id: RecordId,
    last_use: &LastUse,
) -> Result<(), StoreError> {
    // Who stands on the right of = is the row as it was. The sum stops at the largest number.
    let sql = "UPDATE jeton_records SET
                   use_count = min(use_count, 9223372036854775807 - ?5) + ?5,
                   last_used_from = CASE WHEN last_used_at < ?2 THEN ?3 ELSE last_used_from END,
                   last_used_by = CASE WHEN last_used_at < ?2 THEN ?4 ELSE last_used_by END,
                   last_used_at = max(last_used_at, ?2)
               WHERE id = ?1";
    let query = sqlx::query(sql)
        .bind(id.as_bytes().to_vec())
        .bind(last_use.at.map_or(SortKey::NEVER_USED, Timestamp::unix_seconds))
        .bind(last_use.address.map(|address| address.to_string()))
        .bind(last_use.user_agent.as_deref())
        .bind(i64::try_from(last_use.count).unwrap_or(i64::MAX));
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Raises the epoch and the last generation of every record, and the version by one.
pub(super) async fn raise_all(
    connection: &mut SqliteConnection,
    at_least: u64,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE jeton_records SET epoch = max(epoch, ?1), last_generation = max(last_generation, ?1),
               version = version + 1, updated_at = ?2";
    let query = sqlx::query(sql).bind(stored_counter(at_least)?).bind(at.unix_seconds());
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// Drops the tombstones that were changed last before then.
pub(super) async fn prune_tombstones(writer: &SqlitePool, before: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM jeton_records WHERE standing = 'deleted' AND updated_at < ?";
    sqlx::query(sql).bind(before.unix_seconds()).execute(writer).await.map(drop).map_err(from_sqlx)
}

/// The columns that no edit changes.
fn fixed(record: &Record) -> Result<Vec<(&'static str, Value<'_>)>, StoreError> {
    let LastUse { at, address, user_agent, count } = &record.last_use;
    Ok(vec![
        ("id", Value::Bytes(Some(record.id.as_bytes()))),
        ("created_at", Value::time(record.created_at)),
        ("created_by", Value::text(&record.created_by)),
        ("last_used_at", Value::time_or(*at, SortKey::NEVER_USED)),
        ("last_used_from", Value::Text(address.map(|address| address.to_string().into()))),
        ("last_used_by", Value::optional_text(user_agent.as_deref())),
        ("use_count", Value::counter(*count)?),
    ])
}

/// All other columns.
fn editable(record: &Record) -> Result<Vec<(&'static str, Value<'_>)>, StoreError> {
    let Grant { subject, tenant, groups, roles, scopes, audiences, networks, expires_at } = &record.grant;
    let previous = record.previous.as_ref();
    let mut columns = vec![
        ("kind", Value::text(record.kind.as_str())),
        ("name", Value::text(&record.name)),
        ("name_folded", Value::text(fold(&record.name))),
        ("description", Value::text(&record.description)),
        ("subject", Value::optional_text(subject.as_deref())),
        ("tenant", Value::optional_text(tenant.as_deref())),
        ("groups", Value::json(groups)?),
        ("roles", Value::json(roles)?),
        ("scopes", Value::json(scopes)?),
        ("audiences", Value::json(audiences)?),
        ("networks", Value::json(networks)?),
        ("expires_at", Value::time_or(*expires_at, SortKey::NEVER_ENDS)),
        ("incarnation", Value::optional_text(record.incarnation.as_deref())),
        ("standing", Value::text(record.standing.as_str())),
        ("updated_at", Value::time(record.updated_at)),
        ("has_secret", Value::Integer(Some(record.has_secret.into()))),
        ("not_before", Value::time(record.not_before)),
        ("previous_ends_at", Value::time(previous.and_then(|previous| previous.ends_at))),
        ("previous_superseded", Value::Integer(previous.map(|previous| previous.superseded.into()))),
        ("last_generation", Value::counter(record.last_generation)?),
        ("epoch", Value::counter(record.epoch)?),
        ("version", Value::counter(record.version)?),
        ("previous_until", Value::time(previous.map(|previous| previous.until))),
    ];
    columns.extend(CURRENT.write(Some(&record.credential))?);
    columns.extend(PREVIOUS.write(previous.map(|previous| &previous.credential))?);
    Ok(columns)
}

/// The record in the row.
pub(super) fn from_row(row: &SqliteRow) -> Result<Record, StoreError> {
    let until = read_optional_time(row, "previous_until")?;
    let previous = until.map(|until| {
        Ok(PreviousCredential {
            credential: PREVIOUS.read(row)?,
            ends_at: read_optional_time(row, "previous_ends_at")?,
            until,
            superseded: read_truth(row, "previous_superseded")?,
        })
    });
    let address: Option<&str> = read_optional(row, "last_used_from")?;
    let address = address.map(|address| sense(address.parse().ok(), "last_used_from"));
    Ok(Record {
        id: RecordId::from_bytes(read_bytes(row, "id")?),
        kind: read_word(row, "kind", Kind::parse)?,
        name: read(row, "name")?,
        description: read(row, "description")?,
        grant: Grant {
            subject: read_optional(row, "subject")?,
            tenant: read_optional(row, "tenant")?,
            groups: read_json(row, "groups")?,
            roles: read_json(row, "roles")?,
            scopes: read_json(row, "scopes")?,
            audiences: read_json(row, "audiences")?,
            networks: read_json(row, "networks")?,
            expires_at: read_time_or(row, "expires_at", SortKey::NEVER_ENDS)?,
        },
        incarnation: read_optional(row, "incarnation")?,
        standing: read_word(row, "standing", Standing::parse)?,
        created_at: read_time(row, "created_at")?,
        created_by: read(row, "created_by")?,
        updated_at: read_time(row, "updated_at")?,
        has_secret: read_truth(row, "has_secret")?,
        not_before: read_time(row, "not_before")?,
        credential: CURRENT.read(row)?,
        previous: previous.transpose()?,
        last_generation: read_counter(row, "last_generation")?,
        epoch: read_counter(row, "epoch")?,
        version: read_counter(row, "version")?,
        last_use: LastUse {
            at: read_time_or(row, "last_used_at", SortKey::NEVER_USED)?,
            address: address.transpose()?,
            user_agent: read_optional(row, "last_used_by")?,
            count: read_counter(row, "use_count")?,
        },
    })
}

/// The columns of a credential; all are NULL if there is none.
struct CredentialColumns {
    generation: &'static str,
    key_id: &'static str,
    issued_at: &'static str,
    not_before: &'static str,
    expires_at: &'static str,
    fingerprint: &'static str,
}

const CURRENT: CredentialColumns = CredentialColumns {
    generation: "generation",
    key_id: "key_id",
    issued_at: "signed_issued_at",
    not_before: "signed_not_before",
    expires_at: "signed_expires_at",
    fingerprint: "fingerprint",
};

const PREVIOUS: CredentialColumns = CredentialColumns {
    generation: "previous_generation",
    key_id: "previous_key_id",
    issued_at: "previous_issued_at",
    not_before: "previous_not_before",
    expires_at: "previous_expires_at",
    fingerprint: "previous_fingerprint",
};

impl CredentialColumns {
    fn write<'a>(
        &self,
        credential: Option<&'a Credential>,
    ) -> Result<[(&'static str, Value<'a>); 6], StoreError> {
        let generation = credential.map(|credential| stored_counter(credential.generation)).transpose()?;
        let fingerprint = credential.map(|credential| credential.fingerprint.as_bytes().as_slice());
        Ok([
            (self.generation, Value::Integer(generation)),
            (self.key_id, Value::optional_text(credential.map(|credential| &*credential.key_id))),
            (self.issued_at, Value::time(credential.map(|credential| credential.issued_at))),
            (self.not_before, Value::time(credential.map(|credential| credential.not_before))),
            (self.expires_at, Value::time(credential.and_then(|credential| credential.expires_at))),
            (self.fingerprint, Value::Bytes(fingerprint)),
        ])
    }

    fn read(&self, row: &SqliteRow) -> Result<Credential, StoreError> {
        Ok(Credential {
            generation: read_counter(row, self.generation)?,
            key_id: read(row, self.key_id)?,
            issued_at: read_time(row, self.issued_at)?,
            not_before: read_time(row, self.not_before)?,
            expires_at: read_optional_time(row, self.expires_at)?,
            fingerprint: Fingerprint::from_bytes(read_bytes(row, self.fingerprint)?),
        })
    }
}
