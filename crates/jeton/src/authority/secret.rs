//! Key and secret: the second way to prove who exchanges, beside the API token itself.
//!
//! The key is the id of the record. The secret is derived from a key of the ring for secrets, the id and the generation,
//! so that it is given out once and stored nowhere; it begins with the generation, so that a wrong one is refused
//! before the store is asked. A secret can also sign a short text that names a user, a moment and the key, or a client
//! assertion: the signature then stands for the secret for a while.

use super::{
    Authority, Exchange, Exchanged,
    proven::Proven,
    signature::{Signature, User},
};
use crate::{
    AuthenticateError, ExchangeError, KeyAndSecret, OriginRef, Principal, Record, RecordId, Rejection,
    Unavailable, jose, policy::Denial, ring::KeyRing,
};

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
        Signature::of_user(signature).map(Proven::Signature)
    }

    /// Exchanges a client assertion (RFC 7523 §2.2) by a secret, as `client_secret_jwt` names it: a JWT with HS256 under
    /// the secret, whose `iss` and `sub` are the key and whose one `aud` is the issuer. Its `jti` counts once.
    ///
    /// # Errors
    ///
    /// See [`ExchangeError`].
    pub async fn exchange_assertion(
        &self,
        assertion: &str,
        request: &Exchange,
    ) -> Result<Exchanged, ExchangeError> {
        self.exchange_with(|| self.prove_assertion(assertion), request).await
    }

    /// The principal of a client assertion that comes from there.
    ///
    /// # Errors
    ///
    /// If it is refused or may not be used from there, or if nobody could tell.
    pub async fn authenticate_assertion(
        &self,
        assertion: &str,
        origin: OriginRef<'_>,
    ) -> Result<Principal, AuthenticateError> {
        let live = self.presented(origin, || self.prove_assertion(assertion)).await?;
        if let Ok(Proven::Signature(signature)) = self.prove_assertion(assertion) {
            self.take_signature(&signature).await?;
        }
        Ok(self.principal_of(live)?)
    }

    fn prove_assertion(&self, assertion: &str) -> Result<Proven, Rejection> {
        let skew = self.0.verifier.0.clock_skew;
        Signature::of_client(assertion, self.issuer(), self.now(), skew).map(Proven::Signature)
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
        // In an access token a subject of that name would mean that there is none (RFC 9068 §5).
        if subject == record.id.to_string() {
            return Err(Rejection::Subject.into());
        }
        match &record.grant.subject {
            Some(bound) if *bound != subject => Err(AuthenticateError::Denied(Denial::Subject)),
            _ => Ok(subject),
        }
    }

    /// Takes a signature that counts once. Whoever comes second is refused.
    pub(super) async fn take_signature(&self, signature: &Signature) -> Result<(), AuthenticateError> {
        let once = signature.counts_once || self.0.settings.signatures == Signatures::AcceptedOnce;
        if !once {
            return Ok(());
        }
        let until = signature.until.saturating_add(self.0.verifier.0.clock_skew.saturating_mul(2));
        let first = self.0.store.take_name(&signature.name(), until).await.map_err(Unavailable::from)?;
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
