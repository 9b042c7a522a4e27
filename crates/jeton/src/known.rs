//! What a verified token says, as it is kept: with all its texts in one piece of memory.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ipnet::IpNet;
use triomphe::{Arc, ThinArc};
use zeroize::Zeroize as _;

use crate::{
    NameList, RecordId, Timestamp, TokenKind,
    cutoff::Checked,
    last_use::Used,
    names::{pack, unpack},
    principal::Watch,
};

/// What a verified token says.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) token_id: RecordId,
    pub(crate) jti: &'a str,
    pub(crate) epoch: u64,
    pub(crate) subject: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) groups: NameList<'a>,
    pub(crate) roles: NameList<'a>,
    pub(crate) scopes: NameList<'a>,
    pub(crate) audiences: NameList<'a>,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// Until when what the token says can be relied on without asking again, exclusive.
    pub(crate) known_until: Timestamp,
    pub(crate) verifier: Watch,
}

/// The same as it is kept, beside its texts.
pub(crate) struct Known {
    pub(crate) kind: TokenKind,
    pub(crate) token_id: RecordId,
    pub(crate) epoch: u64,
    /// Most have none.
    networks: Option<Box<Networks>>,
    pub(crate) issued_at: Timestamp,
    /// The end of time, if it never ends.
    pub(crate) expires_at: Timestamp,
    /// In seconds from when it was issued on.
    pub(crate) known_for: u32,
    pub(crate) verifier: Watch,
    token_bytes: u16,
    /// Which keys it was verified with.
    keys_version: u16,
    /// Whether it was asked for since the cache last looked for room.
    asked: AtomicBool,
    pub(crate) checked: Checked,
    pub(crate) used: Used,
}

/// What is known of a token, and then its texts: the token, if it is remembered, and the lists. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Piece(ThinArc<Known, u8>);

type Networks = Box<[IpNet]>;

/// The lists in the text, in their order.
pub(crate) mod list {
    pub(crate) const JTI: usize = 0;
    pub(crate) const SUBJECT: usize = 1;
    pub(crate) const TENANT: usize = 2;
    pub(crate) const SCOPES: usize = 3;
    pub(crate) const ROLES: usize = 4;
    pub(crate) const GROUPS: usize = 5;
    pub(crate) const AUDIENCES: usize = 6;
}

impl Piece {
    pub(crate) fn new(assertion: Assertion<'_>, token: &str, keys_version: u16, checked: Checked) -> Self {
        let Assertion { jti, subject, tenant, scopes, roles, groups, audiences, .. } = &assertion;
        let (ones, lists) = ([Some(*jti), *subject, *tenant], [scopes, roles, groups, audiences]);
        /// Most take no more.
        const USUAL_BYTES: usize = 256;
        let mut packed = Vec::with_capacity(USUAL_BYTES);
        for one in ones {
            pack(&mut packed, one.iter().copied());
        }
        for names in lists {
            pack(&mut packed, names.iter());
        }
        let known_for = assertion.known_until.saturating_since(assertion.issued_at);
        let known = Known {
            kind: assertion.kind,
            token_id: assertion.token_id,
            epoch: assertion.epoch,
            networks: Some(assertion.networks).filter(|all| !all.is_empty()).map(|all| Box::new(all.into())),
            issued_at: assertion.issued_at,
            expires_at: assertion.expires_at.unwrap_or(Timestamp::END_OF_TIME),
            known_for: u32::try_from(known_for.as_secs()).unwrap_or(u32::MAX),
            verifier: assertion.verifier,
            // The text of a token is bounded; one that is not remembered is none.
            token_bytes: u16::try_from(token.len()).unwrap_or(0),
            keys_version,
            asked: AtomicBool::new(false),
            checked,
            used: Used::default(),
        };
        Self(with_texts(known, token, &packed))
    }

    /// The same of one that is in the cache.
    pub(crate) fn of_thin(thin: ThinArc<Known, u8>) -> Self {
        Self(thin)
    }

    pub(crate) fn thin(&self) -> &ThinArc<Known, u8> {
        &self.0
    }

    pub(crate) fn known(&self) -> &Known {
        &self.0.header.header
    }

    fn split(&self) -> (&[u8], &[u8]) {
        self.0.slice.split_at_checked(self.known().token_bytes.into()).unwrap_or_default()
    }

    /// The token, if it is remembered.
    pub(crate) fn token(&self) -> &[u8] {
        self.split().0
    }

    pub(crate) fn lists(&self) -> &[u8] {
        self.split().1
    }

    pub(crate) fn list(&self, index: usize) -> NameList<'_> {
        unpack(self.lists(), index)
    }

    /// Whether it was made from exactly that token, with the keys of that version.
    pub(crate) fn is_of(&self, token: &str, keys_version: u16) -> bool {
        self.known().keys_version == keys_version && self.token() == token.as_bytes()
    }

    /// How many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        /// Two counts, and what an allocator adds.
        const AROUND: usize = 32;
        let own = size_of::<Known>() + AROUND;
        own.saturating_add(self.0.slice.len()).saturating_add(size_of_val(self.known().networks()))
    }
}

/// In one piece: the token is copied to its place and nowhere else, since it is a secret.
fn with_texts(known: Known, token: &str, packed: &[u8]) -> ThinArc<Known, u8> {
    if token.is_empty() {
        return ThinArc::from_header_and_slice(known, packed);
    }
    let mut piece = ThinArc::from_header_and_slice(known, &vec![0; token.len().saturating_add(packed.len())]);
    piece.with_arc_mut(|piece| {
        let texts = Arc::get_mut(piece).map(|piece| piece.slice_mut().split_at_mut(token.len()));
        if let Some((first, rest)) = texts {
            first.copy_from_slice(token.as_bytes());
            rest.copy_from_slice(packed);
        }
    });
    piece
}

/// Wipes the token, if nobody else holds it.
fn wipe(piece: &mut ThinArc<Known, u8>) {
    piece.with_arc_mut(|piece| {
        if let Some(piece) = Arc::get_mut(piece) {
            piece.slice_mut().zeroize();
        }
    });
}

impl Drop for Piece {
    /// Wipes the token with the last of its holders. Two that let go of it in the same moment may each take the other
    /// one for the last: then it is freed as it is, as the request that brought it was.
    fn drop(&mut self) {
        if self.known().token_bytes > 0 {
            wipe(&mut self.0);
        }
    }
}

impl Known {
    pub(crate) fn networks(&self) -> &[IpNet] {
        self.networks.as_deref().map_or(&[], |networks| networks)
    }

    pub(crate) fn known_until(&self) -> Timestamp {
        self.issued_at.saturating_add(Duration::from_secs(self.known_for.into()))
    }

    pub(crate) fn keys_version(&self) -> u16 {
        self.keys_version
    }

    /// Remembers that it was asked for. Written only if it was not known: others may read it at the same time.
    pub(crate) fn ask(&self) {
        if !self.asked.load(Ordering::Relaxed) {
            self.asked.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it was asked for since this was called last.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Names, SystemRandom};

    fn piece(token: &str) -> Piece {
        let none = Names::new();
        let assertion = Assertion {
            kind: TokenKind::AccessToken,
            token_id: RecordId::new(Timestamp::MIN, &SystemRandom).unwrap(),
            jti: "j",
            epoch: 0,
            subject: Some("alice"),
            tenant: None,
            groups: (&none).into(),
            roles: (&none).into(),
            scopes: (&none).into(),
            audiences: (&none).into(),
            networks: Vec::new(),
            issued_at: Timestamp::MIN,
            expires_at: None,
            known_until: Timestamp::MIN,
            verifier: Watch::new(std::sync::Weak::new()),
        };
        Piece::new(assertion, token, 3, Checked::default())
    }

    #[test]
    fn the_last_holder_wipes_the_token_and_no_other() {
        let mut piece = piece("a.b.signature");
        let other = piece.clone();
        wipe(&mut piece.0);
        assert!(piece.is_of("a.b.signature", 3) && other.is_of("a.b.signature", 3), "another one holds it");
        drop(other);
        wipe(&mut piece.0);
        assert!(!piece.0.slice.is_empty() && piece.0.slice.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn texts_lie_behind_the_token_or_alone() {
        for token in ["a.b.signature", ""] {
            let piece = piece(token);
            assert_eq!(piece.token(), token.as_bytes());
            assert_eq!(piece.list(list::SUBJECT).iter().collect::<Vec<_>>(), ["alice"]);
            assert!(piece.list(list::TENANT).is_empty() && piece.list(list::AUDIENCES).is_empty());
        }
    }
}
