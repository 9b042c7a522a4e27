//! The form of both kinds of token, and what an API token says.

use crate::{
    Rejection,
    claims::ApiClaims,
    jose::{Compact, ParseError, TokenType},
    ring::KeyRing,
};

/// The strict form of a token of that type. What is refused here has not touched any crypto.
pub(crate) fn parse(token: &str, typ: TokenType) -> Result<Compact<'_>, Rejection> {
    let compact = Compact::parse(token).map_err(|error| match error {
        ParseError::TooLong => Rejection::TooLong,
        ParseError::Malformed => Rejection::Invalid,
    })?;
    if compact.typ == typ { Ok(compact) } else { Err(Rejection::Invalid) }
}

/// The claims of an API token that one of these keys signed for this issuer and its exchange, and the name of the key. Time is judged by the
/// record, which cannot end later than what was signed; the claims are judged beside it all the same.
pub(crate) fn verify_api(
    token: &str,
    keys: &KeyRing,
    issuer: &str,
    exchange: &str,
) -> Result<(ApiClaims, String), Rejection> {
    let compact = parse(token, TokenType::Api)?;
    if !keys.verifies(&compact) {
        return Err(Rejection::Invalid);
    }
    let claims: ApiClaims = compact.claims().ok_or(Rejection::Invalid)?;
    if claims.iss != issuer {
        return Err(Rejection::Issuer);
    }
    if claims.aud != exchange {
        return Err(Rejection::Audience);
    }
    Ok((claims, compact.kid))
}
