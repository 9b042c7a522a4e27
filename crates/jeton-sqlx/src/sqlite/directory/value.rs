//! How the values of a query are read: of their type, or not at all.

use std::error::Error;

use jeton::DirectoryError;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _, sqlite::SqliteRow};

/// What a column holds and cannot hold.
fn nonsense(column: &str, problem: impl Into<Box<dyn Error + Send + Sync>>) -> DirectoryError {
    DirectoryError::new(format!("the column {column} of the directory: {}", problem.into()))
}

/// The type of the value itself: SQLite's columns hold any.
fn kind(row: &SqliteRow, column: &str) -> Result<String, DirectoryError> {
    let value = row.try_get_raw(column).map_err(|error| nonsense(column, error))?;
    Ok(if value.is_null() { "NULL".to_owned() } else { value.type_info().name().to_owned() })
}

pub(super) fn flag(row: &SqliteRow, column: &str) -> Result<bool, DirectoryError> {
    match kind(row, column)?.as_str() {
        "INTEGER" => match row.try_get(column).map_err(|error| nonsense(column, error))? {
            0_i64 => Ok(false),
            1 => Ok(true),
            _ => Err(nonsense(column, "must be 1 or 0")),
        },
        other => Err(nonsense(column, format!("must be 1 or 0, and is {other}"))),
    }
}

pub(super) fn key(row: &SqliteRow, column: &str) -> Result<String, DirectoryError> {
    match kind(row, column)?.as_str() {
        "INTEGER" => {
            row.try_get(column).map(|number: i64| number.to_string()).map_err(|error| nonsense(column, error))
        }
        _ => word(row, column),
    }
}

pub(super) fn word(row: &SqliteRow, column: &str) -> Result<String, DirectoryError> {
    match kind(row, column)?.as_str() {
        "TEXT" => row.try_get(column).map_err(|error| nonsense(column, error)),
        other => Err(nonsense(column, format!("must be a text, and is {other}"))),
    }
}
