//! The identifier of a record.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::{Random, RandomError, Timestamp};

/// Identifies a record for ever: it is the `sub` of its API tokens and the `client_id` of its access tokens.
///
/// A UUID of version 7, written in its hyphenated lower-case form, which is the only one that is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(Uuid);

impl RecordId {
    /// A new identifier, unique with overwhelming probability (74 random bits and the time).
    pub fn new(now: Timestamp, random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = [0; 10];
        random.fill(&mut bytes)?;
        let millis = Duration::from_secs(now.unix_seconds().unsigned_abs()).as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        Ok(Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()))
    }

    /// When it was made, in milliseconds since 1970 (RFC 9562 §5.7).
    pub(crate) fn unix_millis(self) -> u64 {
        let [a, b, c, d, e, f, ..] = *self.as_bytes();
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The 16 bytes of the UUID, in network order.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The identifier of these 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no record identifier in its canonical form.
#[derive(Debug, thiserror::Error)]
#[error("not a record id")]
pub struct InvalidRecordId;

impl FromStr for RecordId {
    type Err = InvalidRecordId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One spelling only, so that nothing can name the same record in two ways.
        let hyphenated = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
        if !hyphenated {
            return Err(InvalidRecordId);
        }
        Uuid::try_parse_ascii(text.as_bytes()).map(Self).map_err(|_| InvalidRecordId)
    }
}

impl Serialize for RecordId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn has_one_spelling() {
        let id = RecordId::new(Timestamp::MAX, &SystemRandom).unwrap();
        let text = id.to_string();
        assert_eq!(text.parse::<RecordId>().unwrap(), id);
        let others = [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), format!("{text} ")];
        for other in others.iter().filter(|other| **other != text) {
            assert!(other.parse::<RecordId>().is_err(), "{other}");
        }
    }

    #[test]
    fn later_ids_sort_later() {
        let early = RecordId::new(Timestamp::from_unix_seconds(1_000).unwrap(), &SystemRandom).unwrap();
        let late = RecordId::new(Timestamp::from_unix_seconds(1_001).unwrap(), &SystemRandom).unwrap();
        assert!(early < late);
        assert_eq!((early.unix_millis(), late.unix_millis()), (1_000_000, 1_001_000));
    }
}
