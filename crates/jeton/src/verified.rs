//! Access tokens whose signature was found good, so that it is not verified at each request.
//!
//! Only what cannot change is remembered: that these bytes are signed, and what they say. Keys, cut-off and time are
//! judged at every hit, by the verifier. Refusals are never remembered.

use crate::{
    Principal, Timestamp,
    digests::Digests,
    table::Table,
    telemetry::{Hits, evictions, verified_tokens},
};

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
    Whole(Table),
    Digests(Digests),
}

impl VerifiedTokens {
    /// None are remembered if there is no room at all.
    pub(crate) fn new(room: Room) -> Self {
        let kept = if room.digests {
            Digests::new(room.bytes, evictions()).map(Kept::Digests)
        } else {
            Table::new(room.bytes, evictions()).map(Kept::Whole)
        };
        Self { kept: kept.unwrap_or(Kept::Nothing), found: verified_tokens() }
    }

    /// What is known of exactly these bytes, if they were verified with the keys of that version.
    pub(crate) fn find(&self, token: &str, keys_version: u16) -> Option<Found> {
        match &self.kept {
            Kept::Nothing => None,
            Kept::Whole(table) => table.find(token, keys_version).map(Principal::of_piece).map(Found::Whole),
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
            Kept::Whole(table) => table.remember(principal.piece()),
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
            Kept::Whole(table) => table.clear(),
            Kept::Digests(digests) => digests.clear(),
        }
    }

    /// Forgets those whose end has come.
    pub(crate) fn prune(&self, now: Timestamp) {
        match &self.kept {
            Kept::Nothing => {}
            Kept::Whole(table) => table.prune(now),
            Kept::Digests(digests) => digests.prune(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

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
                matches!(tokens.find(token, 0), Some(Found::Whole(principal)) if principal.piece().is_of(token, 0))
            );
        }
        assert!(tokens.find("a.x.signature", 0).is_some(), "there is room for both");
    }

    #[test]
    fn what_is_asked_for_stays_while_others_come() {
        let tokens = with_room(ROOM);
        let name = |number: u32| format!("{}.signature{number:08}.", "x".repeat(500));
        remember(&tokens, "a.b.signature");
        let mut found = 0;
        for number in 0..20_000 {
            remember(&tokens, &name(number));
            found += u32::from(tokens.find("a.b.signature", 0).is_some());
        }
        assert!(found == 20_000, "{found}");
    }

    #[test]
    fn all_are_found_while_the_places_become_more() {
        let tokens = with_room(64 * ROOM);
        let name = |number: u32| format!("{}.signature{number:08}.", "x".repeat(100));
        for number in 0..10_000 {
            remember(&tokens, &name(number));
        }
        let lost = (0..10_000).filter(|number| tokens.find(&name(*number), 0).is_none()).count();
        // Both sets of one may be full.
        assert!(lost < 100, "{lost}");
    }

    #[test]
    fn many_threads_overstep_no_bound_and_find_only_their_own() {
        let tokens = with_room(ROOM);
        let name = |thread: u32, number: u32| format!("{}.{thread}.signature{number:08}.", "x".repeat(500));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (tokens, name) = (&tokens, &name);
                scope.spawn(move || {
                    for number in 0..5_000 {
                        let token = name(thread, number);
                        remember(tokens, &token);
                        if let Some(Found::Whole(principal)) = tokens.find(&token, 0) {
                            assert!(principal.piece().is_of(&token, 0));
                        }
                        if number % 1000 == 0 {
                            tokens.prune(at(10));
                        }
                    }
                });
            }
        });
        let Kept::Whole(table) = &tokens.kept else { panic!() };
        let [count, bytes] = table.size();
        let there = (0..4).flat_map(|thread| (0..5_000).map(move |number| (thread, number)));
        let found =
            there.filter(|(thread, number)| tokens.find(&name(*thread, *number), 0).is_some()).count();
        // One whose tag was overwritten by another thread is there and not found, until it gives way.
        assert!(bytes <= ROOM && found <= count && found + 16 >= count, "{found} of {count}, {bytes}");
        tokens.clear();
        assert_eq!(table.size(), [0, table.places_bytes()], "each byte was counted once");
    }

    #[test]
    fn many_come_first() {
        for room in [ROOM, 7_000].repeat(100) {
            let (tokens, start) = (with_room(room), Barrier::new(4));
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let (tokens, start) = (&tokens, &start);
                    scope.spawn(move || {
                        start.wait();
                        remember(tokens, &format!("{}.{thread}.signature{thread:08}.", "x".repeat(500)));
                    });
                }
            });
            let Kept::Whole(table) = &tokens.kept else { panic!() };
            let [count, bytes] = table.size();
            assert!((1..=4).contains(&count) && bytes <= room, "{count} {bytes}");
        }
    }

    #[test]
    fn the_room_is_bounded_and_comes_back() {
        let tokens = with_room(ROOM);
        let size = || match &tokens.kept {
            Kept::Whole(table) => table.size(),
            other => panic!("{other:?}"),
        };
        let name = |number: u32| format!("{}.signature{number:08}.", "x".repeat(500));
        let mut left = Vec::new();
        for turn in 0..2 {
            for number in 0..20_000 {
                remember(&tokens, &name(number + turn));
                let [count, bytes] = size();
                assert!(bytes <= ROOM && count <= ROOM / 500, "{count} {bytes}");
            }
            let known = (0..20_000).filter(|number| tokens.find(&name(number + turn), 0).is_some()).count();
            assert!(known > ROOM / 1000 && known == size()[0], "{known} {:?}", size());
            tokens.prune(at(10));
            let [count, bytes] = size();
            assert_eq!(count, 0, "the end itself is outside");
            left.push(bytes);
        }
        assert_eq!(left[0], left[1], "all that is left are the places");
        remember(&tokens, "a.b.signature");
        tokens.prune(at(9));
        assert!(tokens.find("a.b.signature", 0).is_some());
        tokens.clear();
        assert!(tokens.find("a.b.signature", 0).is_none());
        // What could never have room empties nothing.
        let small = with_room(13_000);
        remember(&small, "a.b.signature");
        remember(&small, &format!("{}.signature-", "x".repeat(8_000)));
        assert!(small.find("a.b.signature", 0).is_some());
        let off = with_room(0);
        remember(&off, "a.b.signature");
        assert!(off.find("a.b.signature", 0).is_none());
    }
}
