//! The rows of records.

use jeton::{
    Credential, Fingerprint, Grant, Kind, LastUse, PreviousCredential, Record, RecordId, Restoration,
    SortKey, Standing, StoreError, fold,
};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, postgres::PgRow};

use super::{
    column::{
        Value, read, read_bytes, read_counter, read_names, read_optional_time, read_parsed, read_time,
        read_time_or, read_word, sense, stored_counter,
    },
    error::from_sqlx,
    schema::Schema,
};

/// Adds the row of a new record.
pub(super) async fn insert(
    connection: &mut PgConnection,
    schema: &Schema,
    record: &Record,
) -> Result<(), StoreError> {
    let columns = || Ok::<_, StoreError>(fixed(record)?.into_iter().chain(editable(record)?));
    let mut sql = QueryBuilder::<Postgres>::new(schema.sql("INSERT INTO @jeton_records ("));
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
pub(super) async fn find(
    connection: &mut PgConnection,
    schema: &Schema,
    id: RecordId,
) -> Result<Option<Record>, StoreError> {
    let query = schema.query("SELECT * FROM @jeton_records WHERE id = $1").bind(id.as_bytes().as_slice());
    let row = query.fetch_optional(connection).await.map_err(from_sqlx)?;
    row.as_ref().map(from_row).transpose()
}

/// Replaces what may change of the record, if it is at that version.
pub(super) async fn replace(
    connection: &mut PgConnection,
    schema: &Schema,
    record: &Record,
    expected_version: u64,
) -> Result<(), StoreError> {
    let mut sql = QueryBuilder::<Postgres>::new(schema.sql("UPDATE @jeton_records SET "));
    for (index, (name, value)) in editable(record)?.into_iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " }).push(name).push(" = ");
        value.push(&mut sql);
    }
    sql.push(" WHERE id = ").push_bind(record.id.as_bytes().as_slice());
    sql.push(" AND version = ").push_bind(stored_counter(expected_version)?);
    let done = sql.build().execute(connection).await.map_err(from_sqlx)?;
    if done.rows_affected() == 0 { Err(StoreError::Conflict) } else { Ok(()) }
}

/// Raises every record above a restored backup. In a transaction.
pub(super) async fn restore(
    connection: &mut PgConnection,
    schema: &Schema,
    restoration: &Restoration,
) -> Result<(), StoreError> {
    // Nobody adds one meanwhile; and a big table takes its time.
    let sql = "SET LOCAL statement_timeout = 0; LOCK TABLE @jeton_records IN SHARE ROW EXCLUSIVE MODE";
    let lock = sqlx::raw_sql(AssertSqlSafe(schema.sql(sql)));
    lock.execute(&mut *connection).await.map_err(from_sqlx)?;
    let sql = "UPDATE @jeton_records
               SET epoch = greatest(epoch, $1), last_generation = greatest(last_generation, $1),
                   version = version + 1, updated_at = $2";
    let query = schema.query(sql).bind(stored_counter(restoration.at_least)?);
    let query = query.bind(restoration.at.unix_seconds());
    query.execute(connection).await.map(drop).map_err(from_sqlx)
}

/// The columns that no edit changes.
fn fixed(record: &Record) -> Result<Vec<(&'static str, Value<'_>)>, StoreError> {
    let address = record.last_use.address.map(|address| address.to_string().into());
    Ok(vec![
        ("id", Value::Bytes(Some(record.id.as_bytes()))),
        ("created_at", Value::time(record.created_at)),
        ("created_by", Value::text(&record.created_by)),
        ("last_used_at", Value::time_or(record.last_use.at, SortKey::NEVER_USED)),
        ("last_used_from", Value::Text(address)),
        ("last_used_by", Value::optional_text(record.last_use.user_agent.as_deref())),
        ("use_count", Value::counter(record.last_use.count)?),
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
        ("groups", Value::texts(groups)),
        ("roles", Value::texts(roles)),
        ("scopes", Value::texts(scopes)),
        ("audiences", Value::texts(audiences)),
        ("networks", Value::texts(networks)),
        ("expires_at", Value::time_or(*expires_at, SortKey::NEVER_ENDS)),
        ("incarnation", Value::optional_text(record.incarnation.as_deref())),
        ("standing", Value::text(record.standing.as_str())),
        ("updated_at", Value::time(record.updated_at)),
        ("has_secret", Value::Truth(Some(record.has_secret))),
        ("not_before", Value::time(record.not_before)),
        ("previous_superseded", Value::Truth(previous.map(|previous| previous.superseded))),
        ("last_generation", Value::counter(record.last_generation)?),
        ("epoch", Value::counter(record.epoch)?),
        ("version", Value::counter(record.version)?),
        ("previous_ends_at", Value::time(previous.and_then(|previous| previous.ends_at))),
        ("previous_until", Value::time(previous.map(|previous| previous.until))),
    ];
    columns.extend(CURRENT.write(Some(&record.credential))?);
    columns.extend(PREVIOUS.write(previous.map(|previous| &previous.credential))?);
    Ok(columns)
}

/// The record in the row.
pub(super) fn from_row(row: &PgRow) -> Result<Record, StoreError> {
    let until = read_optional_time(row, "previous_until")?;
    let previous = until.map(|until| {
        let superseded = read(row, "previous_superseded")?;
        let ends_at = read_optional_time(row, "previous_ends_at")?;
        Ok(PreviousCredential { credential: PREVIOUS.read(row)?, ends_at, until, superseded })
    });
    let address: Option<&str> = read(row, "last_used_from")?;
    let address = address.map(|address| sense(address.parse().ok(), "last_used_from"));
    Ok(Record {
        id: RecordId::from_bytes(read_bytes(row, "id")?),
        kind: read_word(row, "kind", Kind::parse)?,
        name: read(row, "name")?,
        description: read(row, "description")?,
        grant: Grant {
            subject: read(row, "subject")?,
            tenant: read(row, "tenant")?,
            groups: read_names(row, "groups")?,
            roles: read_names(row, "roles")?,
            scopes: read_names(row, "scopes")?,
            audiences: read_names(row, "audiences")?,
            networks: read_parsed(row, "networks")?,
            expires_at: read_time_or(row, "expires_at", SortKey::NEVER_ENDS)?,
        },
        incarnation: read(row, "incarnation")?,
        standing: read_word(row, "standing", Standing::parse)?,
        created_at: read_time(row, "created_at")?,
        created_by: read(row, "created_by")?,
        updated_at: read_time(row, "updated_at")?,
        has_secret: read(row, "has_secret")?,
        not_before: read_time(row, "not_before")?,
        credential: CURRENT.read(row)?,
        previous: previous.transpose()?,
        last_generation: read_counter(row, "last_generation")?,
        epoch: read_counter(row, "epoch")?,
        version: read_counter(row, "version")?,
        last_use: LastUse {
            at: read_time_or(row, "last_used_at", SortKey::NEVER_USED)?,
            address: address.transpose()?,
            user_agent: read(row, "last_used_by")?,
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

    fn read(&self, row: &PgRow) -> Result<Credential, StoreError> {
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
