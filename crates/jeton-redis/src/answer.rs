//! What a script answers, read with a check.
//!
//! What the database holds was written by this store, but it can be edited and restored: nonsense in it is an error,
//! never a guess.

use jeton::StoreError;
use redis::Value;

/// Nonsense in the database.
#[derive(Debug, thiserror::Error)]
#[error("{0} in the database is not what it should be")]
struct Nonsense(&'static str);

/// The value, if there was sense in what the database holds.
pub(crate) fn sense<T>(value: Option<T>, what: &'static str) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::unavailable(Nonsense(what)))
}

/// The data of this store are gone: it was emptied, or replaced by a copy that holds nothing.
#[derive(Debug, thiserror::Error)]
#[error("the database has been emptied")]
struct Emptied;

/// What follows the word that says how it went.
pub(crate) struct Answer(std::vec::IntoIter<Value>);

impl Answer {
    /// What the script gave, unless it refused.
    pub(crate) fn of(value: Value) -> Result<Self, StoreError> {
        let mut parts = list(value)?.into_iter();
        match text(parts.next().unwrap_or_default())?.as_str() {
            "ok" => Ok(Self(parts)),
            "id_taken" => Err(StoreError::IdTaken),
            "name_taken" => Err(StoreError::NameTaken),
            "too_many" => Err(StoreError::TooMany),
            "conflict" => Err(StoreError::Conflict),
            "lost" => Err(StoreError::CursorLost),
            "empty" => Err(StoreError::unavailable(Emptied)),
            _ => sense(None, "an answer"),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        text(self.0.next().unwrap_or_default())
    }

    pub(crate) fn list(&mut self) -> Result<Vec<Value>, StoreError> {
        list(self.0.next().unwrap_or_default())
    }

    pub(crate) fn number(&mut self) -> Result<usize, StoreError> {
        number(self.0.next().unwrap_or_default())
    }
}

pub(crate) fn text(value: Value) -> Result<String, StoreError> {
    match value {
        Value::BulkString(bytes) => sense(String::from_utf8(bytes).ok(), "a text"),
        Value::SimpleString(text) => Ok(text),
        _ => sense(None, "a text"),
    }
}

pub(crate) fn list(value: Value) -> Result<Vec<Value>, StoreError> {
    match value {
        Value::Array(list) => Ok(list),
        _ => sense(None, "a list"),
    }
}

pub(crate) fn number(value: Value) -> Result<usize, StoreError> {
    match value {
        Value::Int(number) => sense(number.try_into().ok(), "a number"),
        _ => sense(None, "a number"),
    }
}
