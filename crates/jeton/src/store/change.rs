//! The change log: what other nodes must learn.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{RecordId, Timestamp};

/// What other nodes must learn. Applying one twice, or two in another order, comes to the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// A record was changed: access tokens of a lower epoch are refused from now on, and what is cached of the
    /// record is stale.
    Record {
        /// Which record.
        id: RecordId,
        /// The lowest epoch still accepted.
        epoch: u64,
    },
    /// Every record was changed, after a backup was restored: access tokens of a lower epoch are refused from now on, but
    /// for those of records that are made later.
    AllRecords {
        /// The lowest epoch still accepted: the time of the restoration in milliseconds since 1970.
        epoch: u64,
    },
    /// One access token is refused from now on (RFC 7009 §2.1), the others of its record are not.
    AccessToken {
        /// Its `jti`.
        jti: String,
        /// Its `exp`.
        expires_at: Timestamp,
    },
    /// A named audience was changed: it is to be read again.
    Audience {
        /// Which audience.
        name: String,
    },
    /// The managed keys were changed: they are to be read again.
    Keys,
}

/// A row of the change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// The longest access-token lifetime that had been stored when the row was committed.
    pub longest_access_ttl: Duration,
    /// What was changed.
    pub change: Change,
}

/// A place in the change log. Only the store that gave it out can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// For stores: a cursor that holds this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For stores: the text that it holds.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A part of the change log.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The rows after the cursor that was handed in.
    pub rows: Vec<ChangeRow>,
    /// Where to read on. Nothing that is committed later lies before it.
    pub cursor: Cursor,
    /// Whether there may be more to read at once.
    pub more: bool,
}
