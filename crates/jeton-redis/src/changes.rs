//! The change log: a stream. Scripts run one after another, so its ids are in the order in which rows came to be.

use std::time::Duration;

use jeton::{Change, ChangeRow, Changes, Cursor, StoreError};

use super::{
    RedisStore,
    answer::{list, sense, text},
    scripts::{CHANGES, LONGEST, TRIM},
};

/// Rows that one read returns at most.
const BATCH: usize = 1000;
/// The largest number that the scripts count exactly.
const LARGEST: u64 = (1 << 53) - 2;

/// What a reader has seen: the life of the database in which it was, and the last row, which tells by its time and number
/// whether this life has ever come to it.
struct Place<'a> {
    incarnation: &'a str,
    milliseconds: u64,
    number: u64,
}

impl<'a> Place<'a> {
    fn from_cursor(cursor: &'a Cursor) -> Result<Self, StoreError> {
        let read = || {
            let (incarnation, row) = cursor.as_str().split_once('.')?;
            let (milliseconds, number) = row.split_once('-')?;
            let part = |text: &str| {
                let number = text.parse::<u64>().ok().filter(|number| *number <= LARGEST)?;
                // One form for each number.
                (number.to_string() == text).then_some(number)
            };
            Some(Self { incarnation, milliseconds: part(milliseconds)?, number: part(number)? })
        };
        read().ok_or(StoreError::CursorLost)
    }

    fn row(&self) -> String {
        format!("{}-{}", self.milliseconds, self.number)
    }
}

impl RedisStore {
    /// The rows after the cursor, or the first of them.
    pub(crate) async fn changes_after(&self, after: Option<&Cursor>) -> Result<Changes, StoreError> {
        let place = after.map(Place::from_cursor).transpose()?;
        let (incarnation, row) =
            place.as_ref().map_or_else(Default::default, |place| (place.incarnation.to_owned(), place.row()));
        let mut answer = self.run(&CHANGES, vec![incarnation, row.clone(), BATCH.to_string()]).await?;
        let (incarnation, trimmed) = (answer.text()?, answer.text()?);
        let mut last = if row.is_empty() { trimmed } else { row };
        let mut rows = Vec::new();
        for found in answer.list()? {
            let [id, change, ttl] = sense(list(found)?.try_into().ok(), "a row of the change log")?;
            last = text(id)?;
            let change: Change = sense(serde_json::from_str(&text(change)?).ok(), "a change")?;
            let seconds = sense(text(ttl)?.parse().ok(), "a lifetime")?;
            rows.push(ChangeRow { longest_access_ttl: Duration::from_secs(seconds), change });
        }
        let more = rows.len() == BATCH;
        Ok(Changes { rows, cursor: Cursor::new(format!("{incarnation}.{last}")), more })
    }

    /// Drops the rows up to the cursor.
    pub(crate) async fn trim_through(&self, through: &Cursor) -> Result<(), StoreError> {
        let place = Place::from_cursor(through)?;
        let next = Place { number: place.number + 1, ..place };
        let args = vec![place.incarnation.to_owned(), place.row(), next.row()];
        self.run(&TRIM, args).await.map(drop)
    }

    /// A part of a second counts as a whole one: too long is safe.
    pub(crate) async fn raise_longest(&self, at_least: Duration) -> Result<Duration, StoreError> {
        let seconds = at_least.as_secs().saturating_add(u64::from(at_least.subsec_nanos() > 0));
        let longest = self.run(&LONGEST, vec![seconds.to_string()]).await?.text()?;
        Ok(Duration::from_secs(sense(longest.parse().ok(), "a lifetime")?))
    }
}
