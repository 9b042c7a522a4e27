//! Access tokens whose signature was found good, so that it is not verified at each request.
//!
//! Only what cannot change is remembered: that these bytes are signed, and what they say. Cut-off and time are judged
//! at every hit, by the verifier. Refusals are never remembered.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::atomic::{AtomicUsize, Ordering},
};

use dashmap::{DashMap, Entry};

use crate::{AccessToken, Principal, Timestamp, jose::MAX_TOKEN_BYTES};

/// What a token with a good signature says.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) principal: Principal,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Which keys it was verified with.
    pub(crate) keys_version: u64,
}

#[derive(Debug)]
struct Remembered {
    token: AccessToken,
    verified: Verified,
}

/// Bounded in the bytes of the tokens; what finds no room is verified each time.
#[derive(Debug)]
pub(crate) struct VerifiedTokens {
    /// By a keyed hash of the signature, which nobody outside can aim at. Two tokens of one hash share a place.
    tokens: DashMap<u64, Remembered>,
    hasher: RandomState,
    bytes: AtomicUsize,
    max_bytes: usize,
}

impl VerifiedTokens {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { tokens: DashMap::new(), hasher: RandomState::new(), bytes: AtomicUsize::new(0), max_bytes }
    }

    /// What is known of exactly these bytes, if it was verified with the keys of that version.
    pub(crate) fn find(&self, token: &str, keys_version: u64) -> Option<Verified> {
        // One that is too long is not even looked through.
        if self.max_bytes == 0 || token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let remembered = self.tokens.get(&self.place(token))?;
        let same = remembered.token.expose() == token && remembered.verified.keys_version == keys_version;
        same.then(|| remembered.verified.clone())
    }

    pub(crate) fn remember(&self, token: &str, verified: &Verified) {
        // A few may come in beside each other and go over the bound by their size; it is counted all the same.
        if self.bytes.load(Ordering::Relaxed).saturating_add(token.len()) > self.max_bytes {
            return;
        }
        if let Entry::Vacant(place) = self.tokens.entry(self.place(token)) {
            self.bytes.fetch_add(token.len(), Ordering::Relaxed);
            place
                .insert(Remembered { token: AccessToken::new(token.to_owned()), verified: verified.clone() });
        }
    }

    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        self.forget_unless(|_| false);
    }

    /// Forgets those whose end has come.
    pub(crate) fn prune(&self, now: Timestamp) {
        self.forget_unless(|verified| verified.expires_at > now);
    }

    fn forget_unless(&self, keep: impl Fn(&Verified) -> bool) {
        self.tokens.retain(|_, remembered| {
            let keep = keep(&remembered.verified);
            if !keep {
                self.bytes.fetch_sub(remembered.token.expose().len(), Ordering::Relaxed);
            }
            keep
        });
    }

    fn place(&self, token: &str) -> u64 {
        let signature = token.rsplit('.').next().unwrap_or_default();
        self.hasher.hash_one(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Names, RecordId, SystemRandom, TokenKind, principal::Assertion};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    fn verified(expires_at: i64) -> Verified {
        let principal = Principal::assertion(Assertion {
            kind: TokenKind::AccessToken,
            token_id: RecordId::new(at(0), &SystemRandom).unwrap(),
            jti: "j".into(),
            epoch: 0,
            subject: None,
            tenant: None,
            groups: Names::new(),
            roles: Names::new(),
            scopes: Names::new(),
            audiences: Names::new(),
            networks: Vec::new(),
            expires_at: Some(at(expires_at)),
            known_until: at(expires_at),
            verifier: crate::principal::Watch::new(std::sync::Weak::new()),
        });
        Verified { principal, issued_at: at(0), expires_at: at(expires_at), keys_version: 0 }
    }

    #[test]
    fn only_the_very_bytes_are_known() {
        let tokens = VerifiedTokens::new(1000);
        tokens.remember("a.b.c", &verified(10));
        assert!(tokens.find("a.b.c", 0).is_some());
        for other in ["a.x.c", "x.b.c", "a.b.x", "c", "", "a.b.c "] {
            assert!(tokens.find(other, 0).is_none(), "{other}");
        }
        tokens.remember("a.x.c", &verified(10));
        assert!(tokens.find("a.b.c", 0).is_some(), "one of the same place does not push it out");
    }

    #[test]
    fn the_room_is_bounded_and_comes_back() {
        let tokens = VerifiedTokens::new(10);
        tokens.remember("a.b.1", &verified(10));
        tokens.remember("a.b.2", &verified(20));
        tokens.remember("a.b.3", &verified(20));
        assert!(tokens.find("a.b.2", 0).is_some() && tokens.find("a.b.3", 0).is_none());
        tokens.prune(at(10));
        assert!(tokens.find("a.b.1", 0).is_none(), "the end itself is outside");
        tokens.remember("a.b.3", &verified(20));
        assert!(tokens.find("a.b.3", 0).is_some());
        let off = VerifiedTokens::new(0);
        off.remember("a.b.1", &verified(10));
        assert!(off.find("a.b.1", 0).is_none());
    }
}
