//! The rows of named audiences.

use jeton::{NamedAudience, Names, StoreError};
use sqlx::{PgConnection, postgres::PgRow};

use super::{
    column::{read, read_counter, read_names, stored_counter},
    error::from_sqlx,
    schema::Schema,
};

/// All of them, in the order of their names.
pub(super) async fn all(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<Vec<NamedAudience>, StoreError> {
    let query = schema.query("SELECT * FROM @jeton_audiences ORDER BY name");
    query.fetch_all(connection).await.map_err(from_sqlx)?.iter().map(from_row).collect()
}

/// The one of that name.
pub(super) async fn find(
    connection: &mut PgConnection,
    schema: &Schema,
    name: &str,
) -> Result<Option<NamedAudience>, StoreError> {
    let query = schema.query("SELECT * FROM @jeton_audiences WHERE name = $1").bind(name.to_owned());
    query.fetch_optional(connection).await.map_err(from_sqlx)?.as_ref().map(from_row).transpose()
}

/// Adds the first version, or replaces the one before.
pub(super) async fn put(
    connection: &mut PgConnection,
    schema: &Schema,
    audience: &NamedAudience,
) -> Result<(), StoreError> {
    let sql = if audience.version == 1 {
        "INSERT INTO @jeton_audiences (name, subjects, groups, roles, version) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE @jeton_audiences SET subjects = $2, groups = $3, roles = $4, version = $5
         WHERE name = $1 AND version = $5 - 1"
    };
    let list = |names: &Names| names.iter().cloned().collect::<Vec<_>>();
    let query = schema
        .query(sql)
        .bind(audience.name.clone())
        .bind(list(&audience.subjects))
        .bind(list(&audience.groups))
        .bind(list(&audience.roles))
        .bind(stored_counter(audience.version)?);
    let done = query.execute(connection).await.map_err(from_sqlx)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

fn from_row(row: &PgRow) -> Result<NamedAudience, StoreError> {
    Ok(NamedAudience {
        name: read(row, "name")?,
        subjects: read_names(row, "subjects")?,
        groups: read_names(row, "groups")?,
        roles: read_names(row, "roles")?,
        version: read_counter(row, "version")?,
    })
}
