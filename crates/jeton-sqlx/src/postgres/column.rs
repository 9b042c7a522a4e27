//! How values of the domain are written into columns, and read back with a check.
//!
//! What a column holds was written by this store, but a table can be edited and restored: nonsense in it is an error
//! that names the column, never a guess.

use std::borrow::Cow;

use jeton::{Names, StoreError, Timestamp};
use sqlx::{Decode, Postgres, QueryBuilder, Row as _, Type, postgres::PgRow, query_builder::Separated};

use super::error::from_sqlx;

/// What is written into a column.
pub(super) enum Value<'a> {
    Integer(Option<i64>),
    Truth(Option<bool>),
    Text(Option<Cow<'a, str>>),
    Texts(Vec<String>),
    Bytes(Option<&'a [u8]>),
}

impl<'a> Value<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(Some(text.into()))
    }

    pub(super) fn optional_text(text: Option<&'a str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }

    pub(super) fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(texts.into_iter().map(|text| text.to_string()).collect())
    }

    pub(super) fn time(time: impl Into<Option<Timestamp>>) -> Self {
        Self::Integer(time.into().map(Timestamp::unix_seconds))
    }

    /// A time, or the number that stands for none.
    pub(super) fn time_or(time: Option<Timestamp>, none: i64) -> Self {
        Self::Integer(Some(time.map_or(none, Timestamp::unix_seconds)))
    }

    pub(super) fn counter(number: u64) -> Result<Self, StoreError> {
        Ok(Self::Integer(Some(stored_counter(number)?)))
    }

    pub(super) fn push(self, to: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Integer(number) => to.push_bind(number),
            Self::Truth(truth) => to.push_bind(truth),
            Self::Text(text) => to.push_bind(text.map(Cow::into_owned)),
            Self::Texts(texts) => to.push_bind(texts),
            Self::Bytes(bytes) => to.push_bind(bytes.map(<[u8]>::to_vec)),
        };
    }

    pub(super) fn push_next(self, to: &mut Separated<'_, Postgres, &'static str>) {
        match self {
            Self::Integer(number) => to.push_bind(number),
            Self::Truth(truth) => to.push_bind(truth),
            Self::Text(text) => to.push_bind(text.map(Cow::into_owned)),
            Self::Texts(texts) => to.push_bind(texts),
            Self::Bytes(bytes) => to.push_bind(bytes.map(<[u8]>::to_vec)),
        };
    }
}

/// The number as PostgreSQL keeps it, which has no unsigned ones; one that large cannot be kept.
pub(super) fn stored_counter(number: u64) -> Result<i64, StoreError> {
    number.try_into().map_err(StoreError::unavailable)
}

/// Nonsense in a column.
#[derive(Debug, thiserror::Error)]
#[error("the column {0} holds what it cannot hold")]
struct Nonsense(&'static str);

/// The value, if there was sense in what the column holds.
pub(super) fn sense<T>(value: Option<T>, column: &'static str) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::unavailable(Nonsense(column)))
}

/// The value of a column; of an `Option`, if it may be NULL.
pub(super) fn read<'r, T>(row: &'r PgRow, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Postgres> + Type<Postgres> + 'r,
{
    row.try_get(column).map_err(from_sqlx)
}

pub(super) fn read_time(row: &PgRow, column: &'static str) -> Result<Timestamp, StoreError> {
    sense(Timestamp::from_unix_seconds(read(row, column)?), column)
}

pub(super) fn read_optional_time(row: &PgRow, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    let seconds: Option<i64> = read(row, column)?;
    seconds.map(|seconds| sense(Timestamp::from_unix_seconds(seconds), column)).transpose()
}

/// A time, or the number that stands for none.
pub(super) fn read_time_or(
    row: &PgRow,
    column: &'static str,
    none: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let seconds: i64 = read(row, column)?;
    if seconds == none { Ok(None) } else { sense(Timestamp::from_unix_seconds(seconds), column).map(Some) }
}

pub(super) fn read_counter(row: &PgRow, column: &'static str) -> Result<u64, StoreError> {
    sense(u64::try_from(read::<i64>(row, column)?).ok(), column)
}

pub(super) fn read_bytes<const N: usize>(row: &PgRow, column: &'static str) -> Result<[u8; N], StoreError> {
    sense(read::<&[u8]>(row, column)?.try_into().ok(), column)
}

pub(super) fn read_names(row: &PgRow, column: &'static str) -> Result<Names, StoreError> {
    read::<Vec<String>>(row, column).map(|names| names.into_iter().collect())
}

/// Texts that are parsed one by one.
pub(super) fn read_parsed<T: std::str::FromStr>(
    row: &PgRow,
    column: &'static str,
) -> Result<Vec<T>, StoreError> {
    let texts: Vec<String> = read(row, column)?;
    texts.iter().map(|text| sense(text.parse().ok(), column)).collect()
}

/// A word of a few, read by their `parse`.
pub(super) fn read_word<T>(
    row: &PgRow,
    column: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    sense(parse(read(row, column)?), column)
}
