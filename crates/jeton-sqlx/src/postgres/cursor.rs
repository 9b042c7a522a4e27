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

    /// The origin comes last, so that a text with anything behind it is of another one.
    pub(super) fn to_cursor(&self) -> Cursor {
        let Self { origin, seen, part } = self;
        Cursor::new(match part {
            None => format!("{seen}/{origin}"),
            Some(Part { of, xid, seq }) => format!("{seen}/{of}/{xid}/{seq}/{origin}"),
        })
    }

    pub(super) fn from_cursor(cursor: &Cursor) -> Result<Self, StoreError> {
        Self::parse(cursor.as_str()).ok_or(StoreError::CursorLost)
    }

    /// Whether the server has come so far that it can have shown this place. If not, it is a copy from before.
    pub(super) fn is_reached(&self, now: &str) -> bool {
        let of = self.part.as_ref().map(|part| part.of.as_str());
        [Some(self.seen.as_str()), of].into_iter().flatten().all(|seen| next(seen) <= next(now))
    }

    fn parse(text: &str) -> Option<Self> {
        let (fields, origin) = text.rsplit_once('/')?;
        let mut fields = fields.split('/');
        let seen = snapshot(fields.next()?)?;
        let part = match fields.next() {
            None => None,
            Some(of) => {
                let (xid, seq) = (fields.next()?, fields.next()?.parse().ok()?);
                xid.parse::<u64>().ok()?;
                Some(Part { of: snapshot(of)?, xid: xid.to_owned(), seq })
            }
        };
        fields.next().is_none().then_some(Self { origin: origin.to_owned(), seen, part })
    }
}

/// The text, if it is a snapshot: the oldest transaction that was open, the next one to come, and all that were open.
fn snapshot(text: &str) -> Option<String> {
    let mut fields = text.split(':');
    let (first, end, open) = (fields.next()?, fields.next()?, fields.next()?);
    let (first, end) = (first.parse::<u64>().ok()?, end.parse::<u64>().ok()?);
    let mut lowest = first;
    for number in open.split(',').filter(|_| !open.is_empty()) {
        lowest = number.parse().ok().filter(|number| (lowest..end).contains(number))?;
    }
    (fields.next().is_none() && 0 < first && first <= end).then(|| text.to_owned())
}

/// The transaction that comes next after the snapshot.
fn next(snapshot: &str) -> Option<u64> {
    snapshot.split(':').nth(1)?.parse().ok()
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
        for bad in [
            "",
            "7",
            "1:2:",
            "1:2/a",
            "1:2:x/a",
            "2:1:/a",
            "0:1:/a",
            "1:2:2/a",
            "1:5:3,2/a",
            "1:2:,/a",
            "1:2:/1:2:/3/a",
            "1:2:/1:2:/x/3/a",
            "1:2:/1:2:/3/4/5/a",
            "1:99999999999999999999:/a",
        ] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_place_that_the_server_has_not_come_to_is_not_reached() {
        let at = |text: &str| Place::parse(text).unwrap();
        assert!(at("5:9:7/a").is_reached("6:9:8") && at("5:9:7/a").is_reached("10:10:"));
        assert!(!at("5:9:7/a").is_reached("6:8:7") && !at("5:6:/7:9:/5/1/a").is_reached("8:8:"));
    }
}
