//! Key and secret: the second way to prove who exchanges, beside the API token itself.
//!
//! The key is the id of the record. The secret is derived from a key of the ring for secrets, the id and the generation,
//! so that it is given out once and stored nowhere; it begins with the generation, so that a wrong one is refused
//! before the store is asked. A secret can also sign a short text that names a user, a moment and the key: the
//! signature then stands for the secret for five minutes.

use std::time::Duration;

use super::{Authority, Exchange, Exchanged, exchange::Proven};
use crate::{
    AuthenticateError, ExchangeError, KeyAndSecret, Record, RecordId, Rejection, Timestamp, Unavailable,
    jose, policy::Denial, ring::KeyRing,
};

/// How long a signature counts, from the moment that it names.
const SIGNATURE_TTL: Duration = Duration::from_secs(300);

/// Whether a signature may stand for a secret at the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signatures {
    /// No.
    #[default]
    Refused,
    /// Yes, and as often as one likes within its five minutes.
    Accepted,
    /// Yes, and each one once, on whichever node. The store is asked to remember it.
    AcceptedOnce,
}

impl Authority {
    /// The key and the secret of the credential in force, if the record has one.
    pub(super) fn secret_of(&self, record: &Record) -> Result<Option<KeyAndSecret>, Unavailable> {
        let rings = self.0.rings.load();
        let Some(ring) = rings.secret.as_ref().filter(|_| record.has_secret) else { return Ok(None) };
        let generation = record.credential.generation;
        let key = ring.signing(self.now());
        let mac = key.and_then(|key| key.sign(message(record.id, generation).as_bytes()).ok());
        let mac = mac.ok_or(Unavailable::Internal("the secret could not be derived"))?;
        Ok(Some(KeyAndSecret::new(record.id.to_string(), format!("{generation}.{mac}"))))
    }

    /// Exchanges a key and its secret for an access token, as [`exchange`](Self::exchange) does it with an API token.
    /// The key alone is worth nothing.
    ///
    /// # Errors
    ///
    /// See [`ExchangeError`]. The store is asked only once the secret was found to be one of ours.
    pub async fn exchange_secret(
        &self,
        key: &str,
        secret: &str,
        request: &Exchange,
    ) -> Result<Exchanged, ExchangeError> {
        self.exchange_with(|| self.prove_secret(key, secret), request).await
    }

    /// Exchanges a signature by a secret: `tkn_{key}_{epoch}_{user}_{hash}`. The user is an id or `=` and a name,
    /// percent-encoded (RFC 3986 §2.1); the moment has ten digits (seconds since 1970); the hash is the hexadecimal
    /// HMAC-SHA256, under the secret, of key, moment and user put together as they stand there. The access token acts as
    /// that user; a token that is bound to a user signs for that one alone.
    ///
    /// # Errors
    ///
    /// See [`ExchangeError`].
    pub async fn exchange_signature(
        &self,
        signature: &str,
        request: &Exchange,
    ) -> Result<Exchanged, ExchangeError> {
        self.exchange_with(|| self.prove_signature(signature), request).await
    }

    fn prove_signature(&self, signature: &str) -> Result<Proven, Rejection> {
        if self.0.settings.signatures == Signatures::Refused {
            return Err(Rejection::Invalid);
        }
        Signature::parse(signature).map(Proven::Signature)
    }

    pub(super) fn prove_secret(&self, key: &str, secret: &str) -> Result<Proven, Rejection> {
        let id: RecordId = key.parse().map_err(|_| Rejection::Invalid)?;
        let (number, mac) = secret.split_once('.').ok_or(Rejection::Invalid)?;
        let generation: u64 = number.parse().map_err(|_| Rejection::Invalid)?;
        if generation.to_string() != number {
            return Err(Rejection::Invalid);
        }
        let rings = self.0.rings.load();
        let ring = rings.secret.as_ref().ok_or(Rejection::Invalid)?;
        if derived(ring, id, generation, mac) {
            Ok(Proven::Secret { id, generation })
        } else {
            Err(Rejection::Invalid)
        }
    }

    /// Whom the signature stands for, if the credential of that generation made it.
    pub(super) fn is_signed_by(&self, signature: &Signature, generation: u64) -> bool {
        let message = message(signature.key, generation);
        self.0.rings.load().secret.as_ref().is_some_and(|ring| {
            ring.keys().any(|key| {
                let mac = key.sign(message.as_bytes());
                mac.is_ok_and(|mac| {
                    let secret = zeroize::Zeroizing::new(format!("{generation}.{mac}"));
                    jose::hmac_sha256_verifies(
                        secret.as_bytes(),
                        signature.signed.as_bytes(),
                        &signature.hash,
                    )
                })
            })
        })
    }

    /// The subject that a signature names, as the directory knows it.
    pub(super) async fn signed_subject(
        &self,
        user: &User,
        record: &Record,
    ) -> Result<String, AuthenticateError> {
        let subject = match user {
            User::Id(id) => id.clone(),
            User::Named(name) => {
                let found = self.0.directory.subject_of_name(name);
                let found = tokio::time::timeout(self.0.settings.directory_timeout, found).await;
                let found = found.map_err(|_| Unavailable::DirectoryTimeout)?;
                found.map_err(Unavailable::Directory)?.ok_or(Rejection::Subject)?
            }
        };
        match &record.grant.subject {
            Some(bound) if *bound != subject => Err(AuthenticateError::Denied(Denial::Subject)),
            _ => Ok(subject),
        }
    }

    /// Takes a signature that counts once. Whoever comes second is refused.
    pub(super) async fn take_signature(&self, signature: &Signature) -> Result<(), ExchangeError> {
        if self.0.settings.signatures != Signatures::AcceptedOnce {
            return Ok(());
        }
        let span = SIGNATURE_TTL.saturating_add(self.0.verifier.0.clock_skew.saturating_mul(2));
        let until = signature.at.saturating_add(span);
        let name = format!("signature {}", jose::base64url(&signature.hash));
        let first = self.0.store.take_name(&name, until).await.map_err(Unavailable::from)?;
        if first { Ok(()) } else { Err(Rejection::Replayed.into()) }
    }
}

/// What a secret is derived from, beside the key of the ring.
fn message(id: RecordId, generation: u64) -> String {
    format!("jeton secret {id} {generation}")
}

fn derived(ring: &KeyRing, id: RecordId, generation: u64, mac: &str) -> bool {
    let message = message(id, generation);
    let verifies =
        |key: &crate::SigningKey| key.verifying().verifies(key.algorithm().as_str(), message.as_bytes(), mac);
    ring.keys().any(verifies)
}

/// Whom a signature acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum User {
    Id(String),
    Named(String),
}

/// A signature, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) key: RecordId,
    at: Timestamp,
    pub(super) user: User,
    /// Key, moment and user put together.
    signed: String,
    hash: [u8; 32],
}

impl Signature {
    fn parse(text: &str) -> Result<Self, Rejection> {
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
        let user_of = |text: String| (!text.is_empty()).then_some(text);
        Some(Self {
            key: key.parse().ok()?,
            at: Timestamp::from_unix_seconds(moment.parse().ok()?)?,
            user: match decoded.strip_prefix('=') {
                Some(name) => User::Named(user_of(name.to_owned())?),
                None => User::Id(user_of(decoded)?),
            },
            signed: format!("{key}{moment}{user}"),
            hash: hex(hash)?,
        })
    }

    /// Whether it counts at that time. Told only of one that was found good.
    pub(super) fn check_time(&self, now: Timestamp, skew: Duration) -> Result<(), Rejection> {
        if self.at > now.saturating_add(skew) {
            return Err(Rejection::NotYetValid);
        }
        if now >= self.at.saturating_add(SIGNATURE_TTL) { Err(Rejection::Expired) } else { Ok(()) }
    }
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
