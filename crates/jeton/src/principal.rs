//! Who makes a request, proven.

use std::{fmt, net::IpAddr, sync::Weak, time::Duration};

use ipnet::IpNet;

use crate::{
    NameList, RecordId, Timestamp,
    cutoff::Checked,
    jose::{Compact, TokenType},
    known::{Assertion, Known, Piece, list},
    verifier::Parts,
};

/// Which kind of token a principal came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An API token, used directly.
    ApiToken,
    /// An access token.
    AccessToken,
}

impl TokenKind {
    /// Which kind a token claims to be in its header. Nothing is proven by it.
    pub fn claimed_by(token: &str) -> Option<Self> {
        Some(match Compact::parse(token).ok()?.typ {
            TokenType::Api => Self::ApiToken,
            TokenType::Access => Self::AccessToken,
            TokenType::CutOffs => return None,
        })
    }
}

/// Who makes a request and what it may do, as a verified token says. Cheap to clone.
///
/// Only the verifier makes one: whoever holds a `Principal` holds a proof.
#[derive(Clone)]
pub struct Principal(Piece);

/// The way back to what was found out since. It says nothing of who the principal is.
pub(crate) struct Watch(Weak<Parts>);

impl Watch {
    pub(crate) fn new(verifier: Weak<Parts>) -> Self {
        Self(verifier)
    }
}

/// The same claims; how they came and how often they were used says nothing of who it is.
impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        let parts = |known: &Known| {
            let Known { kind, token_id, epoch, issued_at, expires_at, known_for, .. } = known;
            (*kind, *token_id, *epoch, *issued_at, *expires_at, *known_for)
        };
        parts(self.known()) == parts(other.known())
            && self.networks() == other.networks()
            && self.0.lists() == other.0.lists()
    }
}

impl Eq for Principal {}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl Principal {
    /// The one constructor: every claim about who somebody is passes here.
    pub(crate) fn assertion(assertion: Assertion<'_>) -> Self {
        Self(Piece::new(assertion, "", 0, Checked::default()))
    }

    /// The same of a token that may be remembered, verified with the keys of that version.
    pub(crate) fn of_token(
        assertion: Assertion<'_>,
        token: &str,
        keys_version: u16,
        checked: Checked,
    ) -> Self {
        Self(Piece::new(assertion, token, keys_version, checked))
    }

    /// The same of a token that is remembered.
    pub(crate) fn of_piece(piece: Piece) -> Self {
        Self(piece)
    }

    pub(crate) fn piece(&self) -> &Piece {
        &self.0
    }

    pub(crate) fn known(&self) -> &Known {
        self.0.known()
    }

    pub(crate) fn issued_at(&self) -> Timestamp {
        self.known().issued_at
    }

    /// The kind of token that it came with.
    pub fn kind(&self) -> TokenKind {
        self.known().kind
    }

    /// The user that it acts as; none for a service principal.
    pub fn subject(&self) -> Option<&str> {
        self.0.list(list::SUBJECT).iter().next()
    }

    /// The tenant that it belongs to.
    pub fn tenant(&self) -> Option<&str> {
        self.0.list(list::TENANT).iter().next()
    }

    /// Its groups.
    pub fn groups(&self) -> NameList<'_> {
        self.0.list(list::GROUPS)
    }

    /// Its roles.
    pub fn roles(&self) -> NameList<'_> {
        self.0.list(list::ROLES)
    }

    /// Its scopes (RFC 6749 §3.3), those of its roles included.
    pub fn scopes(&self) -> NameList<'_> {
        self.0.list(list::SCOPES)
    }

    /// What its token may be used for (`aud`, RFC 7519 §4.1.3).
    pub fn audiences(&self) -> NameList<'_> {
        self.0.list(list::AUDIENCES)
    }

    /// The id of the record behind its token.
    pub fn token_id(&self) -> RecordId {
        self.known().token_id
    }

    /// The id of the very token (`jti`, RFC 7519 §4.1.7).
    pub fn jti(&self) -> &str {
        self.0.list(list::JTI).iter().next().unwrap_or_default()
    }

    /// When its token ends, exclusive; `None` for an API token without end.
    pub fn expires_at(&self) -> Option<Timestamp> {
        Some(self.known().expires_at).filter(|end| *end != Timestamp::END_OF_TIME)
    }

    /// The epoch at which its rights were read.
    pub fn epoch(&self) -> u64 {
        self.known().epoch
    }

    /// The networks that it may come from; empty if from everywhere.
    pub fn networks(&self) -> &[IpNet] {
        self.known().networks()
    }

    /// Waits until its token is refused: it was revoked, its rights were changed, or its time is over. For connections
    /// that stay open, as WebSockets do. A principal of an API token counts for as long as an access token would, since
    /// its rights were read once: whoever holds the token connects again.
    ///
    /// It resolves within a second of the moment at which this node refuses the token, and at once if the authority is
    /// gone.
    pub async fn ended(&self) {
        const LOOK_AGAIN: Duration = Duration::from_secs(1);
        let Some(mut raised) = self.known().verifier.0.upgrade().map(|parts| parts.cut_offs.subscribe())
        else {
            return;
        };
        let known_until = self.known().known_until();
        loop {
            // Not held while waiting: nobody else keeps the authority.
            let Some(parts) = self.known().verifier.0.upgrade() else { return };
            let now = parts.clock.now();
            let cut = !parts.cut_offs.accepts(self.token_id(), self.epoch())
                || !parts.cut_offs.accepts_token(self.jti());
            drop(parts);
            if cut || now >= known_until {
                return;
            }
            let left = known_until.saturating_since(now).min(LOOK_AGAIN);
            if let Ok(Err(_)) = tokio::time::timeout(left, raised.changed()).await {
                return;
            }
        }
    }

    /// Whether its token may be used from there. Without an address only an unrestricted token may be used.
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        admits(self.networks(), address)
    }
}

/// Whether the list of networks admits the address. IPv4-mapped IPv6 addresses count as the IPv4 address.
pub(crate) fn admits(networks: &[IpNet], address: Option<IpAddr>) -> bool {
    networks.is_empty()
        || address.is_some_and(|address| {
            let address = address.to_canonical();
            networks.iter().any(|network| network.contains(&address))
        })
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("kind", &self.kind())
            .field("token_id", &self.token_id())
            .field("jti", &self.jti())
            .field("epoch", &self.epoch())
            .field("subject", &self.subject())
            .field("tenant", &self.tenant())
            .field("groups", &self.groups())
            .field("roles", &self.roles())
            .field("scopes", &self.scopes())
            .field("audiences", &self.audiences())
            .field("networks", &self.networks())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_fail_closed() {
        let nets: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let at = |text: &str| Some(text.parse().unwrap());
        assert!(admits(&nets, at("10.1.2.3")) && admits(&nets, at("::ffff:10.1.2.3")));
        assert!(!admits(&nets, at("11.1.2.3")) && !admits(&nets, at("::1")));
        assert!(!admits(&nets, None), "an unknown address is outside");
        assert!(admits(&[], None));
    }
}
