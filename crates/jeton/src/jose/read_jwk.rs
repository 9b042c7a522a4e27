//! Reading one JSON Web Key (RFC 7517 §4): what may verify, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Scheme, VerifyingKey, from_base64url,
    provider::{Components, PublicKey},
    strength::{kid_is_plain, rsa_is_strong},
};

/// Why a JSON Web Key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// Without `alg` a key could be used with several algorithms (RFC 8725 §3.1).
    #[error("it has no `alg`")]
    NoAlgorithm,
    /// No `kid`, or one that cannot stand in a token header as it is.
    #[error("its `kid` must have 1 to 100 printable ASCII characters without blank, quote and backslash")]
    KeyId,
    /// `use` or `key_ops` say that it is for something else than verifying signatures.
    #[error("its `use` or `key_ops` are not those of a key that verifies signatures")]
    Use,
    /// `kty` or `crv` are not those of its `alg`.
    #[error("its `kty` or `crv` does not fit its `alg`")]
    Mismatch,
    /// It holds a private part, which nobody but its owner may have.
    #[error("it holds a private part")]
    Private,
    /// A member that makes up the key is missing, not in base64url, of the wrong length, or names no point of the curve.
    #[error("its public part is missing or malformed")]
    PublicPart,
    /// An RSA key outside of 2048 to 8192 bits, with an odd exponent, or of a broken generator.
    #[error("the RSA key is too weak: 2048 bits and an odd public exponent from 65537 on are needed")]
    WeakRsa,
    /// An HMAC secret shorter than the output of its hash (RFC 7518 §3.2).
    #[error("the secret is shorter than the output of its hash")]
    ShortSecret,
}

/// Members that are ignored (RFC 7517 §4, §5). That they are collected makes the object an object: a derived struct
/// would take an array too.
pub(super) type Others = BTreeMap<String, IgnoredAny>;

/// One that is named here and stands twice is an error.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: Option<Text>,
    alg: Option<Text>,
    kid: Option<Text>,
    #[serde(rename = "use")]
    usage: Option<Text>,
    key_ops: Option<Texts>,
    crv: Option<Text>,
    x: Option<Text>,
    y: Option<Text>,
    n: Option<Text>,
    e: Option<Text>,
    k: Option<Text>,
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
    #[serde(flatten)]
    _others: Others,
}

/// Of whatever type: in a key of a kind that is not understood it says nothing to us.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Is(String),
    IsNot(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    Are(Vec<String>),
    AreNot(IgnoredAny),
}

fn text(member: &Option<Text>) -> Option<&str> {
    match member {
        Some(Text::Is(text)) => Some(text),
        Some(Text::IsNot(_)) | None => None,
    }
}

fn bytes(member: &Option<Text>) -> Result<Vec<u8>, JwkError> {
    text(member).and_then(from_base64url).ok_or(JwkError::PublicPart)
}

/// Full length (RFC 7518 §6.2.1.2): of two ways to write one key only one has its thumbprint.
fn coordinate(member: &Option<Text>) -> Result<[u8; 32], JwkError> {
    bytes(member)?.try_into().map_err(|_| JwkError::PublicPart)
}

/// The key, if it is of a kind that is understood.
pub(super) fn read(jwk: &Jwk) -> Result<Option<VerifyingKey>, JwkError> {
    let Some(kty @ ("RSA" | "EC" | "OKP" | "oct")) = text(&jwk.kty) else { return Ok(None) };
    let alg = jwk.alg.as_ref().ok_or(JwkError::NoAlgorithm)?;
    let Text::Is(alg) = alg else { return Ok(None) };
    let Some(scheme) = Scheme::parse(alg) else { return Ok(None) };
    let kid = text(&jwk.kid).filter(|kid| kid_is_plain(kid)).ok_or(JwkError::KeyId)?;
    check_use(jwk)?;
    let public = if kty == "oct" { secret(jwk, scheme)? } else { public(jwk, kty, scheme)? };
    Ok(Some(VerifyingKey::new(scheme, kid.to_owned(), public)))
}

/// RFC 7517 §4.2, §4.3.
fn check_use(jwk: &Jwk) -> Result<(), JwkError> {
    let usage = jwk.usage.is_none() || text(&jwk.usage) == Some("sig");
    let operations = match &jwk.key_ops {
        None => true,
        Some(Texts::AreNot(_)) => false,
        Some(Texts::Are(operations)) => {
            let distinct = operations.iter().collect::<BTreeSet<_>>().len() == operations.len();
            distinct
                && operations.iter().any(|operation| operation == "verify")
                && operations.iter().all(|operation| operation == "verify" || operation == "sign")
        }
    };
    if usage && operations { Ok(()) } else { Err(JwkError::Use) }
}

fn secret(jwk: &Jwk, scheme: Scheme) -> Result<PublicKey, JwkError> {
    let shortest = scheme.shortest_secret().ok_or(JwkError::Mismatch)?;
    let secret = zeroize::Zeroizing::new(bytes(&jwk.k)?);
    if secret.len() < shortest {
        return Err(JwkError::ShortSecret);
    }
    PublicKey::from_secret(scheme, &secret).ok_or(JwkError::Mismatch)
}

fn public(jwk: &Jwk, kty: &str, scheme: Scheme) -> Result<PublicKey, JwkError> {
    let private = [&jwk.d, &jwk.p, &jwk.q, &jwk.dp, &jwk.dq, &jwk.qi, &jwk.oth];
    if private.into_iter().any(Option::is_some) || jwk.k.is_some() {
        return Err(JwkError::Private);
    }
    let components = match (scheme, kty, text(&jwk.crv)) {
        (Scheme::Es256, "EC", Some("P-256")) => {
            Components::P256 { x: coordinate(&jwk.x)?, y: coordinate(&jwk.y)? }
        }
        (Scheme::EdDsa, "OKP", Some("Ed25519")) => Components::Ed25519 { x: coordinate(&jwk.x)? },
        (Scheme::Es256 | Scheme::EdDsa | Scheme::Hs256 | Scheme::Hs384 | Scheme::Hs512, ..) => {
            return Err(JwkError::Mismatch);
        }
        (_, "RSA", None) => {
            let (n, e) = (bytes(&jwk.n)?, bytes(&jwk.e)?);
            if !rsa_is_strong(&n, &e) {
                return Err(JwkError::WeakRsa);
            }
            Components::Rsa { n, e }
        }
        _ => return Err(JwkError::Mismatch),
    };
    PublicKey::new(scheme, &components).ok_or(JwkError::PublicPart)
}
