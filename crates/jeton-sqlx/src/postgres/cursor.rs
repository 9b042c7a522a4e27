//! Places in the change log.
//!
//! Rows are committed in no order, so no number of a row tells what a reader has seen. What tells it is the snapshot
//! by which it read: PostgreSQL's own list of the transactions that were still open then. A row is new to the reader
//! exactly if its transaction was not over in that snapshot. So each row is given out as soon as it can be seen, an
//! open transaction elsewhere delays none, and one that commits late is still to come.
//!
//! One thing spoils this: after a crash the server gives out again the numbers of transactions of which nothing had
//! reached the disk, because they were rolled back. The numbers of rows it does not: so a row with a higher one than any
//! that could be seen is new as well.

use jeton::{Cursor, StoreError};

/// What a reader has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which life of which database: see [`changes`](super::changes).
    pub(super) origin: String,
    /// All of this,
    pub(super) seen: Seen,
    /// and a part of what came after it.
    pub(super) part: Option<Part>,
}

/// The rows that a snapshot shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// `xmin:xmax:open,open,…`
    pub(super) snapshot: String,
    /// The highest number of a row in it.
    pub(super) top: i64,
}

/// How far the rows of one snapshot were read, where one answer did not hold them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) of: Seen,
    /// The last row that was given out: its transaction and its number.
    pub(super) xid: String,
    pub(super) seq: i64,
}

impl Place {
    /// Before the first row of the log.
    pub(super) fn beginning() -> Self {
        let seen = Seen { snapshot: "1:1:".to_owned(), top: 0 };
        Self { origin: String::new(), seen, part: None }
    }

    /// The origin comes last, so that a text with anything behind it is of another one.
    pub(super) fn to_cursor(&self) -> Cursor {
        let Self { origin, seen, part } = self;
        let seen = format!("{}/{}", seen.snapshot, seen.top);
        Cursor::new(match part {
            None => format!("{seen}/{origin}"),
            Some(Part { of, xid, seq }) => format!("{seen}/{}/{}/{xid}/{seq}/{origin}", of.snapshot, of.top),
        })
    }

    pub(super) fn from_cursor(cursor: &Cursor) -> Result<Self, StoreError> {
        Self::parse(cursor.as_str()).ok_or(StoreError::CursorLost)
    }

    /// Whether the server has come so far that it can have shown this place. If not, it is a copy from before.
    pub(super) fn is_reached(&self, now: &str) -> bool {
        let of = self.part.as_ref().map(|part| &part.of);
        [Some(&self.seen), of].into_iter().flatten().all(|seen| next(&seen.snapshot) <= next(now))
    }

    fn parse(text: &str) -> Option<Self> {
        let (fields, origin) = text.rsplit_once('/')?;
        let fields: Vec<_> = fields.split('/').collect();
        let seen = |snapshot_text, top: &str| {
            Some(Seen { snapshot: snapshot(snapshot_text)?, top: top.parse().ok()? })
        };
        let (first, part) = match *fields {
            [shown, top] => (seen(shown, top)?, None),
            [shown, top, of, of_top, xid, seq] => {
                xid.parse::<u64>().ok()?;
                let part = Part { of: seen(of, of_top)?, xid: xid.to_owned(), seq: seq.parse().ok()? };
                (seen(shown, top)?, Some(part))
            }
            _ => return None,
        };
        Some(Self { origin: origin.to_owned(), seen: first, part })
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

    fn seen(snapshot: &str, top: i64) -> Seen {
        Seen { snapshot: snapshot.to_owned(), top }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let whole = Place { origin: "a.1.00000001".into(), seen: seen("10:20:10,15", 7), part: None };
        let part = Part { of: seen("30:30:", 9), xid: "12".into(), seq: 8 };
        for place in [whole.clone(), Place { part: Some(part), ..whole }] {
            assert_eq!(Place::from_cursor(&place.to_cursor()).unwrap(), place);
        }
    }

    #[test]
    fn other_texts_are_no_cursors() {
        for bad in [
            "",
            "7",
            "1:2:/3",
            "1:2:/a",
            "1:2/3/a",
            "1:2:x/3/a",
            "2:1:/3/a",
            "0:1:/3/a",
            "1:2:2/3/a",
            "1:5:3,2/3/a",
            "1:2:,/3/a",
            "1:2:/x/a",
            "1:2:/3/1:2:/3/a",
            "1:2:/3/1:2:/3/x/4/a",
            "1:2:/3/1:2:/3/4/5/6/a",
            "1:99999999999999999999:/3/a",
            "1:2:/99999999999999999999/a",
        ] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_place_that_the_server_has_not_come_to_is_not_reached() {
        let at = |text: &str| Place::parse(text).unwrap();
        assert!(at("5:9:7/1/a").is_reached("6:9:8") && at("5:9:7/1/a").is_reached("10:10:"));
        assert!(!at("5:9:7/1/a").is_reached("6:8:7") && !at("5:6:/1/7:9:/1/5/1/a").is_reached("8:8:"));
    }
}
