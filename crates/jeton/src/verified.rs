//! Access tokens whose signature was found good, so that it is not verified at each request.
//!
//! Only what cannot change is remembered: that these bytes are signed, and what they say. Keys, cut-off and time are
//! judged at every hit, by the verifier. Refusals are never remembered.

use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::Cache};

use crate::{
    Principal, Timestamp,
    digests::Digests,
    jose::MAX_TOKEN_BYTES,
    telemetry::{Evictions, Hits, evictions, verified_tokens},
};

/// What one takes beside its text: the principal, its place in the cache, and what the allocator adds. Measured.
const OVERHEAD: u64 = 200;
/// About what one takes in all, for the size of the tables.
const USUAL_BYTES: u64 = 900;
/// How many characters of the signature tell where to look; the last one, which may be the same in all, is not looked at.
const PLACE: usize = 8;

type Tokens = Cache<u32, Principal, Weight, DefaultHashBuilder, Evictions>;

/// How much is remembered, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Of memory; none is remembered if it is zero.
    pub(crate) bytes: usize,
    /// The hashes of tokens alone.
    pub(crate) digests: bool,
}

impl Room {
    /// The same, or none.
    pub(crate) fn within(self, there: bool) -> Self {
        Self { bytes: if there { self.bytes } else { 0 }, ..self }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self { bytes: 32 * 1024 * 1024, digests: false }
    }
}

/// What is known of a token that was found good.
pub(crate) enum Found {
    /// Whom it belongs to.
    Whole(Principal),
    /// That it is signed. What it says is to be read anew.
    Signed,
}

/// Bounded in bytes, and so in number. What is not asked for gives way to what is.
#[derive(Debug)]
pub(crate) struct VerifiedTokens {
    kept: Kept,
    found: Hits,
}

#[derive(Debug)]
enum Kept {
    Nothing,
    /// By a part of the signature, whose hash is keyed anew in each process. Two tokens of one place push each other out.
    Whole(Tokens),
    Digests(Digests),
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<u32, Principal> for Weight {
    fn weight(&self, _: &u32, principal: &Principal) -> u64 {
        OVERHEAD.saturating_add(u64::try_from(principal.known().heap_bytes()).unwrap_or(u64::MAX))
    }
}

impl VerifiedTokens {
    /// None are remembered if there is no room at all.
    pub(crate) fn new(room: Room) -> Self {
        let kept = if room.digests {
            Digests::new(room.bytes, evictions()).map(Kept::Digests)
        } else {
            whole(room.bytes).map(Kept::Whole)
        };
        Self { kept: kept.unwrap_or(Kept::Nothing), found: verified_tokens() }
    }

    /// What is known of exactly these bytes, if they were verified with the keys of that version.
    pub(crate) fn find(&self, token: &str, keys_version: u16) -> Option<Found> {
        match &self.kept {
            Kept::Nothing => None,
            Kept::Whole(tokens) => {
                let principal = tokens.get(&place(token)?)?;
                principal.known().is_of(token, keys_version).then_some(Found::Whole(principal))
            }
            Kept::Digests(digests) => digests.knows(token, keys_version).then_some(Found::Signed),
        }
    }

    /// A request came with a token that was known, or not.
    pub(crate) fn count(&self, known: bool) {
        self.found.count(known);
    }

    /// Of a token that is remembered whole its principal holds the text.
    pub(crate) fn text<'a>(&self, token: &'a str) -> &'a str {
        if matches!(self.kept, Kept::Whole(_)) { token } else { "" }
    }

    pub(crate) fn remember(&self, token: &str, principal: &Principal) {
        match &self.kept {
            Kept::Nothing => {}
            Kept::Whole(tokens) => {
                if let Some(place) = place(token) {
                    tokens.insert(place, principal.clone());
                }
            }
            Kept::Digests(digests) => {
                let known = principal.known();
                digests.remember(token, known.expires_at, known.keys_version());
            }
        }
    }

    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        match &self.kept {
            Kept::Nothing => {}
            Kept::Whole(tokens) => tokens.clear(),
            Kept::Digests(digests) => digests.clear(),
        }
    }

    /// Forgets those whose end has come.
    pub(crate) fn prune(&self, now: Timestamp) {
        match &self.kept {
            Kept::Nothing => {}
            Kept::Whole(tokens) => tokens.retain(|_, principal| principal.known().expires_at > now),
            Kept::Digests(digests) => digests.prune(now),
        }
    }
}

fn whole(max_bytes: usize) -> Option<Tokens> {
    let bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let items = usize::try_from(bytes / USUAL_BYTES).unwrap_or(usize::MAX).max(1);
    let options = OptionsBuilder::new().weight_capacity(bytes).estimated_items_capacity(items).build();
    let options = options.ok().filter(|_| bytes > 0)?;
    Some(Cache::with_options(options, Weight, DefaultHashBuilder::default(), evictions()))
}

/// Where a token has its place; one that is too long, or no token at all, has none.
fn place(token: &str) -> Option<u32> {
    let (signature, _) =
        token.as_bytes().split_last_chunk::<1>().filter(|_| token.len() <= MAX_TOKEN_BYTES)?;
    let place = u64::from_le_bytes(*signature.last_chunk::<PLACE>()?);
    // Six bits of each character count: spread over all, so that the upper half has them all.
    u32::try_from(place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Names, RecordId, SystemRandom, TokenKind, cutoff::Checked, known::Assertion};

    const ROOM: usize = 1 << 20;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    fn principal(token: &str, end: i64, keys_version: u16) -> Principal {
        let (none, end) = (Names::new(), at(end));
        let assertion = Assertion {
            kind: TokenKind::AccessToken,
            token_id: RecordId::new(at(0), &SystemRandom).unwrap(),
            jti: "j",
            epoch: 0,
            subject: None,
            tenant: None,
            groups: (&none).into(),
            roles: (&none).into(),
            scopes: (&none).into(),
            audiences: (&none).into(),
            networks: Vec::new(),
            issued_at: at(0),
            expires_at: Some(end),
            known_until: end,
            verifier: crate::principal::Watch::new(std::sync::Weak::new()),
        };
        Principal::of_token(assertion, token, keys_version, Checked::default())
    }

    fn with_room(bytes: usize) -> VerifiedTokens {
        VerifiedTokens::new(Room { bytes, digests: false })
    }

    fn remember(tokens: &VerifiedTokens, token: &str) {
        tokens.remember(token, &principal(token, 10, 0));
    }

    #[test]
    fn only_the_very_bytes_are_known() {
        let tokens = with_room(ROOM);
        remember(&tokens, "a.b.signature");
        assert!(tokens.find("a.b.signature", 0).is_some());
        for other in
            ["a.x.signature", "x.b.signature", "a.b.Signature", "a.b.signaturE", "signature", "", "e"]
        {
            assert!(tokens.find(other, 0).is_none(), "{other}");
        }
        assert!(tokens.find("a.b.signature ", 0).is_none());
    }

    #[test]
    fn other_keys_know_nothing() {
        let tokens = with_room(ROOM);
        remember(&tokens, "a.b.signature");
        assert!(tokens.find("a.b.signature", 1).is_none());
        tokens.remember("a.b.signature", &principal("a.b.signature", 10, 1));
        assert!(tokens.find("a.b.signature", 0).is_none() && tokens.find("a.b.signature", 1).is_some());
    }

    #[test]
    fn of_two_tokens_of_one_place_each_is_itself() {
        let tokens = with_room(ROOM);
        for token in ["a.x.signature", "a.b.signature"] {
            remember(&tokens, token);
            assert!(
                matches!(tokens.find(token, 0), Some(Found::Whole(principal)) if principal.known().is_of(token, 0))
            );
        }
        assert!(tokens.find("a.x.signature", 0).is_none());
    }

    #[test]
    fn the_room_is_bounded_and_comes_back() {
        let tokens = with_room(ROOM);
        let weight = |tokens: &VerifiedTokens| match &tokens.kept {
            Kept::Whole(tokens) => tokens.weight(),
            other => panic!("{other:?}"),
        };
        let name = |number: u32| format!("{}.signature{number:08}.", "x".repeat(500));
        for number in 0..20_000 {
            remember(&tokens, &name(number));
            assert!(weight(&tokens) <= ROOM as u64);
        }
        assert!((0..20_000).any(|number| tokens.find(&name(number), 0).is_some()));
        tokens.prune(at(10));
        assert_eq!(weight(&tokens), 0, "the end itself is outside");
        remember(&tokens, "a.b.signature");
        tokens.prune(at(9));
        assert!(tokens.find("a.b.signature", 0).is_some());
        tokens.clear();
        assert!(tokens.find("a.b.signature", 0).is_none());
        let off = with_room(0);
        remember(&off, "a.b.signature");
        assert!(off.find("a.b.signature", 0).is_none());
    }

    #[test]
    fn what_is_too_long_is_not_looked_for() {
        assert_eq!(place(&"x".repeat(MAX_TOKEN_BYTES + 1)), None);
        assert!(place(&"x".repeat(MAX_TOKEN_BYTES)).is_some());
        assert_eq!(place("12345678"), None);
        assert_ne!(place("a12345678."), place("a12345679."));
    }
}
