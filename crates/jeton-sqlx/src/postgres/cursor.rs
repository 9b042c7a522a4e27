//! Places in the change log.
//!
//! Rows are committed in no order, so no number of a row tells what a reader has seen. What tells it is the snapshot
//! by which it read: PostgreSQL's own list of the transactions that were still open then. A row is new to the reader
//! exactly if its transaction was not over in that snapshot. So each row is given out as soon as it can be seen, an
//! open transaction elsewhere delays none, and one that commits late is still to come.

use jeton::{Cursor, StoreError};

/// The snapshot before all transactions.
const NOTHING_SEEN: &str = "1:1:";

/// What a reader has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which database: see [`changes`](super::changes).
    pub(super) origin: String,
    /// Seen is what was over in this snapshot, `xmin:xmax:open,open,…`,
    pub(super) seen: String,
    /// and a part of what was over in a second one.
    pub(super) part: Option<Part>,
}

/// How far the rows of one snapshot were read, where one answer did not hold them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) of: String,
    /// The last row that was given out: its transaction and its number.
    pub(super) xid: String,
    pub(super) seq: i64,
}

impl Place {
    /// Before the first row of the log.
    pub(super) fn beginning() -> Self {
        Self { origin: String::new(), seen: NOTHING_SEEN.to_owned(), part: None }
    }

    pub(super) fn to_cursor(&self) -> Cursor {
        let Self { origin, seen, part } = self;
        Cursor::new(match part {
            None => format!("{origin}/{seen}"),
            Some(Part { of, xid, seq }) => format!("{origin}/{seen}/{of}/{xid}/{seq}"),
        })
    }

    pub(super) fn from_cursor(cursor: &Cursor) -> Result<Self, StoreError> {
        Self::parse(cursor.as_str()).ok_or(StoreError::CursorLost)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('/');
        let (origin, seen) = (fields.next()?.to_owned(), snapshot(fields.next()?)?);
        let part = match fields.next() {
            None => None,
            Some(of) => {
                let (xid, seq) = (fields.next()?, fields.next()?.parse().ok()?);
                xid.parse::<u64>().ok()?;
                Some(Part { of: snapshot(of)?, xid: xid.to_owned(), seq })
            }
        };
        fields.next().is_none().then_some(Self { origin, seen, part })
    }
}

/// The text, if it is of a snapshot's form; PostgreSQL itself checks the numbers.
fn snapshot(text: &str) -> Option<String> {
    let numbers = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b','));
    (numbers && text.split(':').count() == 3).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let whole = Place { origin: "a.1.00000001".into(), seen: "10:20:10,15".into(), part: None };
        let part = Part { of: "30:30:".into(), xid: "12".into(), seq: 7 };
        for place in [whole.clone(), Place { part: Some(part), ..whole }] {
            assert_eq!(Place::from_cursor(&place.to_cursor()).unwrap(), place);
        }
    }

    #[test]
    fn other_texts_are_no_cursors() {
        for bad in
            ["", "7", "a/", "a/1:2", "a/1:2:x", "a/1:2:/1:2:/3", "a/1:2:/1:2:/x/3", "a/1:2:/1:2:/3/4/5"]
        {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
