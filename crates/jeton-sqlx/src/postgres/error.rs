//! What an error of the database means to the caller of a store.

use jeton::StoreError;

/// Refused for a name or an id that is taken, or else: it could not tell.
pub(super) fn from_sqlx(error: sqlx::Error) -> StoreError {
    let refusal = error.as_database_error().filter(|refusal| refusal.is_unique_violation());
    match refusal.and_then(|refusal| refusal.constraint()) {
        Some("jeton_records_by_unique_name") => StoreError::NameTaken,
        Some("jeton_records_pkey") => StoreError::IdTaken,
        _ => StoreError::unavailable(error),
    }
}
