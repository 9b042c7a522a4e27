//! What an error of the database means to the caller of a store.

use jeton::StoreError;

/// Extended result codes (`SQLITE_CONSTRAINT_UNIQUE`, `SQLITE_CONSTRAINT_PRIMARYKEY`).
const UNIQUE: &str = "2067";
const PRIMARY_KEY: &str = "1555";

/// Refused for a name or an id that is taken, or else: it could not tell.
pub(super) fn from_sqlx(error: sqlx::Error) -> StoreError {
    // SQLite names an index of expressions by its name, and one of columns by its columns.
    match &error {
        sqlx::Error::Database(refusal) => match (refusal.code().as_deref(), refusal.message()) {
            (Some(UNIQUE), message) if message.ends_with("index 'jeton_records_by_unique_name'") => {
                StoreError::NameTaken
            }
            (Some(PRIMARY_KEY), message) if message.ends_with("jeton_records.id") => StoreError::IdTaken,
            _ => StoreError::unavailable(error),
        },
        _ => StoreError::unavailable(error),
    }
}

/// Whether another connection was in the way, and a later try may succeed.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    // The low byte is the primary code; SQLITE_BUSY_RECOVERY and the like share it.
    code.is_some_and(|code| code & 0xff == SQLITE_BUSY)
}
