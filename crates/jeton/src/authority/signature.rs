//! What a secret has signed: a text that names a user, or a client assertion (RFC 7523).

use std::time::Duration;

use serde::Deserialize;

use crate::{
    RecordId, Rejection, Timestamp,
    claims::OwnAudience,
    jose::{self, from_base64url},
    text::is_identifier,
};

/// How long the signature of a user counts, from the moment that it names.
const USER_TTL: Duration = Duration::from_secs(300);

/// How long a client assertion may count at most: so long its `jti` is remembered.
const ASSERTION_TTL: Duration = Duration::from_secs(3600);

/// Whom a signature acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum User {
    Id(String),
    Named(String),
}

/// A signature, taken apart. Nothing in it is proven.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    /// The record whose secret shall have made it.
    pub(super) key: RecordId,
    /// Whom it acts as; the token itself without.
    pub(super) user: Option<User>,
    /// What was signed.
    pub(super) signed: String,
    /// The HMAC-SHA256 of that.
    pub(super) hash: [u8; 32],
    from: Timestamp,
    /// When it counts no more, exclusive.
    pub(super) until: Timestamp,
    /// Whether it counts once, whatever the settings say; and by which name.
    pub(super) counts_once: bool,
    jti: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: Option<String>,
    #[serde(rename = "kid")]
    _kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OwnAudience,
    exp: i64,
    jti: String,
    nbf: Option<i64>,
    iat: Option<i64>,
}

impl Signature {
    /// `tkn_{key}_{epoch}_{user}_{hash}`.
    pub(super) fn of_user(text: &str) -> Result<Self, Rejection> {
        if text.len() > jose::MAX_TOKEN_BYTES {
            return Err(Rejection::TooLong);
        }
        Self::read(text).ok_or(Rejection::Invalid)
    }

    fn read(text: &str) -> Option<Self> {
        let (key, rest) = text.strip_prefix("tkn_")?.split_once('_')?;
        let (moment, rest) = rest.split_once('_')?;
        // The hash follows the last underscore: a name may hold some.
        let (user, hash) = rest.rsplit_once('_')?;
        if moment.len() != 10 || !moment.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let decoded = percent_decoded(user)?;
        let user_of = |text: String| is_identifier(&text).then_some(text);
        let at = Timestamp::from_unix_seconds(moment.parse().ok()?)?;
        Some(Self {
            key: key.parse().ok()?,
            user: Some(match decoded.strip_prefix('=') {
                Some(name) => User::Named(user_of(name.to_owned())?),
                None => User::Id(user_of(decoded)?),
            }),
            signed: format!("{key}{moment}{user}"),
            hash: hex(hash)?,
            from: at,
            until: at.saturating_add(USER_TTL),
            counts_once: false,
            jti: None,
        })
    }

    /// A client assertion for that issuer.
    pub(super) fn of_client(
        text: &str,
        issuer: &str,
        now: Timestamp,
        skew: Duration,
    ) -> Result<Self, Rejection> {
        if text.len() > jose::MAX_TOKEN_BYTES {
            return Err(Rejection::TooLong);
        }
        Self::read_client(text, issuer, now, skew).ok_or(Rejection::Invalid)
    }

    fn read_client(text: &str, issuer: &str, now: Timestamp, skew: Duration) -> Option<Self> {
        let (signed, tag) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = object(header)?;
        let types = ["jwt", "client-authentication+jwt"];
        let typed = header.typ.is_none_or(|typ| types.contains(&typ.to_ascii_lowercase().as_str()));
        let claims: Claims = object(claims)?;
        // RFC 7523 §3, and one audience alone: the issuer.
        let named = claims.aud.0.iter().eq([issuer]);
        let begun = [claims.nbf, claims.iat].into_iter().flatten().max().unwrap_or(0);
        let until = Timestamp::from_unix_seconds(claims.exp)?;
        let fits = header.alg == "HS256"
            && typed
            && named
            && claims.iss == claims.sub
            && !claims.jti.is_empty()
            && until <= now.saturating_add(ASSERTION_TTL).saturating_add(skew);
        Some(Self {
            key: claims.sub.parse().ok().filter(|_| fits)?,
            user: None,
            signed: signed.to_owned(),
            hash: from_base64url(tag)?.try_into().ok()?,
            from: Timestamp::from_unix_seconds(begun)?,
            until,
            counts_once: true,
            jti: Some(claims.jti),
        })
    }

    /// Whether it counts at that time. Told only of one that was found good.
    pub(super) fn check_time(&self, now: Timestamp, skew: Duration) -> Result<(), Rejection> {
        if self.from > now.saturating_add(skew) {
            return Err(Rejection::NotYetValid);
        }
        if now >= self.until { Err(Rejection::Expired) } else { Ok(()) }
    }

    /// By what it is known whether it was used already. A `jti` may be of any length.
    pub(super) fn name(&self) -> String {
        match &self.jti {
            Some(jti) => format!("assertion {} {}", self.key, jose::base64url(&jose::sha256(jti.as_bytes()))),
            // Its hash alone: what is stored is worth nothing.
            None => format!("signature {}", jose::base64url(&jose::sha256(&self.hash))),
        }
    }
}

/// A JSON object in base64url, and nothing that only looks like one.
fn object<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = from_base64url(text)?;
    (bytes.first() == Some(&b'{')).then(|| serde_json::from_slice(&bytes).ok())?
}

/// RFC 3986 §2.1, strictly: each `%` is followed by two digits, and what comes out is text.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        bytes.push(byte(digits)?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (to, from) in bytes.iter_mut().zip(digits.chunks(2)) {
        *to = byte(from)?;
    }
    Some(bytes)
}

fn byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}
