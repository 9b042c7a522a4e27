//! Reading an access token: whether it is signed, for this issuer and audience, and what it says. None of that ever
//! changes.

use crate::{
    Principal, Rejection, Timestamp, TokenKind, Verifier,
    authority::MAX_ACCESS_TTL,
    claims::{AccessClaims, Text, split_scopes},
    jose::{TokenType, from_base64url},
    known::Assertion,
    text::is_b64token,
    tokens::parse,
};

impl Verifier {
    /// What never changes: whether it is signed, for this issuer and audience, and what it says.
    pub(crate) fn read(&self, token: &str) -> Result<Principal, Rejection> {
        let parts = &*self.0;
        let keys_version = parts.keys.version();
        let payload = match parts.keys.open(token) {
            Some(opened) => opened?,
            None => self.open_other(token)?,
        };
        self.said(token, payload, keys_version)
    }

    /// What the payload of a token says that these keys have signed, and whether that is for us.
    pub(crate) fn said(&self, token: &str, payload: &str, keys_version: u16) -> Result<Principal, Rejection> {
        let parts = &*self.0;
        let json = from_base64url(payload).ok_or(Rejection::Invalid)?;
        let claims = AccessClaims::read(&json).ok_or(Rejection::Invalid)?;
        let [iss, sub, client_id, jti] =
            [&claims.iss, &claims.sub, &claims.client_id, &claims.jti].map(Text::as_str);
        let tenant = claims.tenant.as_ref().map(Text::as_str);
        if iss != parts.issuer {
            return Err(Rejection::Issuer);
        }
        let audiences = claims.aud.0.list();
        if audiences.is_disjoint(&parts.audiences) {
            return Err(Rejection::Audience);
        }
        let token_id = client_id.parse().map_err(|_| Rejection::Invalid)?;
        let times = Timestamp::from_unix_seconds(claims.iat).zip(Timestamp::from_unix_seconds(claims.exp));
        let (issued_at, expires_at) = times.ok_or(Rejection::Invalid)?;
        let scopes = split_scopes(claims.scope.as_str()).ok_or(Rejection::Invalid)?;
        let empty = sub.is_empty() || jti.is_empty() || tenant == Some("");
        if empty || expires_at.saturating_since(issued_at) > MAX_ACCESS_TTL {
            return Err(Rejection::Invalid);
        }
        let subject = Some(sub).filter(|subject| *subject != client_id);
        let assertion = Assertion {
            kind: TokenKind::AccessToken,
            token_id,
            jti,
            epoch: claims.epoch,
            subject,
            tenant,
            groups: claims.groups.list(),
            roles: claims.roles.list(),
            scopes: scopes.list(),
            audiences,
            networks: claims.networks,
            issued_at,
            expires_at: Some(expires_at),
            known_until: expires_at.saturating_add(parts.leeway),
            verifier: self.downgrade(),
        };
        let unchecked = parts.cut_offs.unchecked(token_id, jti);
        Ok(Principal::of_token(assertion, parts.verified.text(token), keys_version, unchecked))
    }

    /// The payload of a token that does not begin as one of ours: of a key that is not known, or written by others.
    fn open_other<'a>(&self, token: &'a str) -> Result<&'a str, Rejection> {
        let parts = &*self.0;
        let compact = parse(token, TokenType::Access).map_err(|rejection| match rejection {
            Rejection::Invalid if !is_b64token(token) => Rejection::Malformed,
            other => other,
        })?;
        if parts.keys.verifies(&compact) {
            return Ok(compact.payload);
        }
        if let Some(remote) = &parts.remote
            && !parts.keys.knows(&compact.kid)
        {
            remote.missed_key(&parts.issuer, &compact, parts.clock.monotonic());
        }
        Err(Rejection::Invalid)
    }
}

/// Of a token whose form was found good before.
pub(crate) fn payload_of(token: &str) -> Option<&str> {
    token.split('.').nth(1)
}
