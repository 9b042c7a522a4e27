//! The paths of the contract.

/// One path of the contract, relative to where the routes are mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/exchange`
    Exchange,
    /// `/tokens`
    Tokens,
    /// `/tokens/bulk`
    Bulk,
    /// `/tokens/self`
    Own,
    /// `/tokens/self/revoke`
    RevokeOwn,
    /// `/tokens/self/rotate`
    RotateOwn,
    /// `/tokens/{id}`
    Token,
    /// `/tokens/{id}/disable`
    Disable,
    /// `/tokens/{id}/enable`
    Enable,
    /// `/tokens/{id}/revoke`
    Revoke,
    /// `/tokens/{id}/rotate`
    Rotate,
    /// `/tokens/{id}/rotate/cancel`
    CancelRotation,
    /// `/tokens/{id}/reveal`
    Reveal,
    /// `/me/tokens`
    MyTokens,
    /// `/me/tokens/{id}`
    MyToken,
    /// `/me/tokens/{id}/disable`
    DisableMine,
    /// `/me/tokens/{id}/enable`
    EnableMine,
    /// `/me/tokens/{id}/revoke`
    RevokeMine,
    /// `/me/tokens/{id}/rotate`
    RotateMine,
    /// `/me/tokens/{id}/rotate/cancel`
    CancelMyRotation,
    /// `/me/tokens/{id}/reveal`
    RevealMine,
    /// `/audiences`
    Audiences,
    /// `/audiences/{name}`
    Audience,
    /// `/audit`
    Audit,
    /// `/keys`
    Keys,
    /// `/keys/rotate`
    RotateKeys,
    /// `/keys/{kid}/retire`
    RetireKey,
    /// `/oauth2/token`
    OauthToken,
    /// `/oauth2/introspect`
    Introspect,
    /// `/oauth2/revoke`
    OauthRevoke,
    /// `/.well-known/jwks.json`
    Jwks,
    /// `/openapi.json`
    Openapi,
    /// `/.well-known/cut-offs`
    CutOffs,
}

impl Endpoint {
    /// All of them; those whose path has no parameter come before those that it could be taken for.
    pub const ALL: [Self; 33] = [
        Self::Exchange,
        Self::Tokens,
        Self::Bulk,
        Self::Own,
        Self::RevokeOwn,
        Self::RotateOwn,
        Self::Token,
        Self::Disable,
        Self::Enable,
        Self::Revoke,
        Self::Rotate,
        Self::CancelRotation,
        Self::Reveal,
        Self::MyTokens,
        Self::MyToken,
        Self::DisableMine,
        Self::EnableMine,
        Self::RevokeMine,
        Self::RotateMine,
        Self::CancelMyRotation,
        Self::RevealMine,
        Self::Audiences,
        Self::Audience,
        Self::Audit,
        Self::Keys,
        Self::RotateKeys,
        Self::RetireKey,
        Self::OauthToken,
        Self::Introspect,
        Self::OauthRevoke,
        Self::Jwks,
        Self::Openapi,
        Self::CutOffs,
    ];

    /// The path, with [`parameter`](Self::parameter) in braces.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Exchange => "/exchange",
            Self::Tokens => "/tokens",
            Self::Bulk => "/tokens/bulk",
            Self::Own => "/tokens/self",
            Self::RevokeOwn => "/tokens/self/revoke",
            Self::RotateOwn => "/tokens/self/rotate",
            Self::Token => "/tokens/{id}",
            Self::Disable => "/tokens/{id}/disable",
            Self::Enable => "/tokens/{id}/enable",
            Self::Revoke => "/tokens/{id}/revoke",
            Self::Rotate => "/tokens/{id}/rotate",
            Self::CancelRotation => "/tokens/{id}/rotate/cancel",
            Self::Reveal => "/tokens/{id}/reveal",
            Self::MyTokens => "/me/tokens",
            Self::MyToken => "/me/tokens/{id}",
            Self::DisableMine => "/me/tokens/{id}/disable",
            Self::EnableMine => "/me/tokens/{id}/enable",
            Self::RevokeMine => "/me/tokens/{id}/revoke",
            Self::RotateMine => "/me/tokens/{id}/rotate",
            Self::CancelMyRotation => "/me/tokens/{id}/rotate/cancel",
            Self::RevealMine => "/me/tokens/{id}/reveal",
            Self::Audiences => "/audiences",
            Self::Audience => "/audiences/{name}",
            Self::Audit => "/audit",
            Self::Keys => "/keys",
            Self::RotateKeys => "/keys/rotate",
            Self::RetireKey => "/keys/{kid}/retire",
            Self::OauthToken => "/oauth2/token",
            Self::Introspect => "/oauth2/introspect",
            Self::OauthRevoke => "/oauth2/revoke",
            Self::Jwks => "/.well-known/jwks.json",
            Self::Openapi => "/openapi.json",
            Self::CutOffs => "/.well-known/cut-offs",
        }
    }

    /// The endpoint that does the same for all tokens, if this one does it for the caller's own alone.
    pub(crate) const fn for_all(self) -> Option<Self> {
        Some(match self {
            Self::MyTokens => Self::Tokens,
            Self::MyToken => Self::Token,
            Self::DisableMine => Self::Disable,
            Self::EnableMine => Self::Enable,
            Self::RevokeMine => Self::Revoke,
            Self::RotateMine => Self::Rotate,
            Self::CancelMyRotation => Self::CancelRotation,
            Self::RevealMine => Self::Reveal,
            _ => return None,
        })
    }

    /// The parameter of its path.
    pub const fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Audience => Some("name"),
            Self::RetireKey => Some("kid"),
            Self::Token
            | Self::Disable
            | Self::Enable
            | Self::Revoke
            | Self::Rotate
            | Self::CancelRotation
            | Self::Reveal
            | Self::MyToken
            | Self::DisableMine
            | Self::EnableMine
            | Self::RevokeMine
            | Self::RotateMine
            | Self::CancelMyRotation
            | Self::RevealMine => Some("id"),
            _ => None,
        }
    }

    /// The methods that it serves, `HEAD` where there is `GET`. Every other one is 405, and `OPTIONS` tells these.
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Tokens | Self::MyTokens => &["GET", "HEAD", "POST"],
            Self::Token | Self::MyToken => &["GET", "HEAD", "PATCH", "DELETE"],
            Self::Audience => &["GET", "HEAD", "PUT"],
            Self::Own
            | Self::Audiences
            | Self::Audit
            | Self::Keys
            | Self::Jwks
            | Self::CutOffs
            | Self::Openapi => &["GET", "HEAD"],
            _ => &["POST"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_stands_once_and_holds_its_parameter() {
        for (index, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert!(Endpoint::ALL.iter().skip(index + 1).all(|other| other.path() != endpoint.path()));
            let braced = endpoint.parameter().map(|name| format!("{{{name}}}"));
            assert_eq!(braced.is_some(), endpoint.path().contains('{'));
            assert!(braced.is_none_or(|braced| endpoint.path().contains(&braced)));
        }
    }
}
