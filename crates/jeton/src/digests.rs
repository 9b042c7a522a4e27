//! Access tokens whose signature was found good, known by their hash: a small part of the memory that they would take
//! themselves, for more work at each hit. That they are signed is remembered, and not what they say.

use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter, sync::Cache};

use crate::{
    Timestamp,
    jose::{MAX_TOKEN_BYTES, sha256},
    telemetry::Evictions,
};

/// What one takes, with its place in the tables at the worst moment of their growth. Measured.
const BYTES: usize = 200;

/// SHA-256, all of it: nobody finds another text for the hash of a token that was signed.
type Digest = [u8; 32];

#[derive(Clone, Copy, Debug)]
struct Signed {
    expires_at: Timestamp,
    keys_version: u16,
}

#[derive(Debug)]
pub(crate) struct Digests(Cache<Digest, Signed, UnitWeighter, DefaultHashBuilder, Evictions>);

impl Digests {
    /// As many as fit into so many bytes; none, if not one does.
    pub(crate) fn new(max_bytes: usize, evictions: Evictions) -> Option<Self> {
        let room = max_bytes / BYTES;
        let options = OptionsBuilder::new()
            .weight_capacity(u64::try_from(room).unwrap_or(u64::MAX))
            .estimated_items_capacity(room)
            // Those that gave way leave nothing behind, as that would take room too.
            .ghost_allocation(0.0)
            .build()
            .ok()
            .filter(|_| room > 0)?;
        Some(Self(Cache::with_options(options, UnitWeighter, DefaultHashBuilder::default(), evictions)))
    }

    /// Whether exactly these bytes were verified with the keys of that version.
    pub(crate) fn knows(&self, token: &str, keys_version: u16) -> bool {
        let signed = digest(token).and_then(|digest| self.0.get(&digest));
        signed.is_some_and(|signed| signed.keys_version == keys_version)
    }

    pub(crate) fn remember(&self, token: &str, expires_at: Timestamp, keys_version: u16) {
        if let Some(digest) = digest(token) {
            self.0.insert(digest, Signed { expires_at, keys_version });
        }
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }

    pub(crate) fn prune(&self, now: Timestamp) {
        self.0.retain(|_, signed| signed.expires_at > now);
    }
}

/// What is too long is no token, and not worth the work.
fn digest(token: &str) -> Option<Digest> {
    (token.len() <= MAX_TOKEN_BYTES).then(|| sha256(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::evictions;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    fn with_room(count: usize) -> Digests {
        Digests::new(count * BYTES, evictions()).unwrap()
    }

    #[test]
    fn a_hash_is_of_all_bytes_and_of_its_keys() {
        let digests = with_room(100);
        digests.remember("a.b.signature", at(10), 3);
        assert!(digests.knows("a.b.signature", 3));
        for other in ["a.x.signature", "a.b.Signature", "a.b.signatur", "a.b.signature ", ""] {
            assert!(!digests.knows(other, 3), "{other}");
        }
        assert!(!digests.knows("a.b.signature", 4));
        digests.remember("a.b.signature", at(10), 4);
        assert!(digests.knows("a.b.signature", 4) && !digests.knows("a.b.signature", 3));
        let long = "x".repeat(MAX_TOKEN_BYTES + 1);
        digests.remember(&long, at(10), 3);
        assert!(!digests.knows(&long, 3));
    }

    #[test]
    fn hashes_end_with_their_tokens_and_give_way() {
        let digests = with_room(100);
        for number in 0..10_000 {
            digests.remember(&number.to_string(), at(number % 2), 0);
            assert!(digests.0.len() <= 100);
        }
        let known =
            |digests: &Digests| (0..10_000).filter(|number| digests.knows(&number.to_string(), 0)).count();
        let before = known(&digests);
        assert!(before > 10, "{before}");
        digests.prune(at(0));
        let after = known(&digests);
        assert!(0 < after && after < before, "{after} of {before}");
        digests.clear();
        assert_eq!(known(&digests), 0);
        assert!(Digests::new(BYTES - 1, evictions()).is_none());
    }
}
