//! The rows of named audiences.

use jeton::{NamedAudience, StoreError};
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    column::{read, read_counter, read_json, stored_counter},
    error::from_sqlx,
};

/// All of them, in the order of their names.
pub(super) async fn all(readers: &SqlitePool) -> Result<Vec<NamedAudience>, StoreError> {
    let query = sqlx::query("SELECT * FROM jeton_audiences ORDER BY name");
    query.fetch_all(readers).await.map_err(from_sqlx)?.iter().map(from_row).collect()
}

/// The one of that name.
pub(super) async fn find(readers: &SqlitePool, name: &str) -> Result<Option<NamedAudience>, StoreError> {
    let query = sqlx::query("SELECT * FROM jeton_audiences WHERE name = ?").bind(name);
    query.fetch_optional(readers).await.map_err(from_sqlx)?.as_ref().map(from_row).transpose()
}

/// Adds the first version, or replaces the one before.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    audience: &NamedAudience,
) -> Result<(), StoreError> {
    let sql = if audience.version == 1 {
        "INSERT INTO jeton_audiences (name, subjects, groups, roles, version) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE jeton_audiences SET subjects = ?2, groups = ?3, roles = ?4, version = ?5
         WHERE name = ?1 AND version = ?5 - 1"
    };
    let json = |names| serde_json::to_string(names).map_err(StoreError::unavailable);
    let query = sqlx::query(sql)
        .bind(&audience.name)
        .bind(json(&audience.subjects)?)
        .bind(json(&audience.groups)?)
        .bind(json(&audience.roles)?)
        .bind(stored_counter(audience.version)?);
    let done = query.execute(connection).await.map_err(from_sqlx)?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

fn from_row(row: &SqliteRow) -> Result<NamedAudience, StoreError> {
    Ok(NamedAudience {
        name: read(row, "name")?,
        subjects: read_json(row, "subjects")?,
        groups: read_json(row, "groups")?,
        roles: read_json(row, "roles")?,
        version: read_counter(row, "version")?,
    })
}
