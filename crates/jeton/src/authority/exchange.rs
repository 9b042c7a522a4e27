//! The exchange: an API token for an access token, without any user at hand.
//!
//! Its order is that of [`live`](super::live): the child is signed last, and its life starts at the time that was taken
//! first.

use std::sync::Arc;

use super::{Authority, Exchange, Exchanged, live::Live, proven::Proven};
use crate::{
    AccessToken, Algorithm, ExchangeError, Rejection, SigningKey, Unavailable,
    jose::{self, TokenType},
    policy::Denial,
    principal::admits,
};

impl Authority {
    /// Exchanges an API token for a short-lived access token with the rights that the token has now, or fewer.
    ///
    /// # Errors
    ///
    /// See [`ExchangeError`]. The store and the directory are asked only once the signature was found good.
    pub async fn exchange(&self, api_token: &str, request: &Exchange) -> Result<Exchanged, ExchangeError> {
        self.exchange_with(|| self.prove(api_token), request).await
    }

    pub(super) async fn exchange_with(
        &self,
        prove: impl Fn() -> Result<Proven, Rejection>,
        request: &Exchange,
    ) -> Result<Exchanged, ExchangeError> {
        let exchanged = self.exchange_heard(prove, request).await;
        self.0.telemetry.exchange(&exchanged);
        exchanged
    }

    async fn exchange_heard(
        &self,
        prove: impl Fn() -> Result<Proven, Rejection>,
        request: &Exchange,
    ) -> Result<Exchanged, ExchangeError> {
        self.0.limits.hears(request.origin.address).map_err(ExchangeError::TooMany)?;
        let proven = self.with_new_keys(prove).await;
        let id = proven.as_ref().ok().map(Proven::id);
        let exchanged = match proven {
            Ok(proven) => self.exchange_proven(&proven, request).await,
            Err(rejection) => Err(rejection.into()),
        };
        self.note_exchange(id, &exchanged, &request.origin);
        exchanged
    }

    async fn exchange_proven(&self, proven: &Proven, request: &Exchange) -> Result<Exchanged, ExchangeError> {
        let live = self.live(proven).await?;
        let Live { started, record, ends_at, .. } = &live;
        let settings = &self.0.settings;
        if !admits(&record.grant.networks, request.origin.address) {
            return Err(ExchangeError::Denied(Denial::Network));
        }
        self.0.limits.exchange(record.id).map_err(ExchangeError::TooMany)?;
        let draft = self.draft(&live, request)?;
        if let Proven::Signature(signature) = proven {
            self.take_signature(signature).await?;
        }
        let end = started.saturating_add(settings.access_ttl);
        let expires_at = ends_at.map_or(end, |ends_at| ends_at.min(end));
        let claims = draft.halves.claims(&self.0.jtis.next()?, *started, expires_at);
        let access_token = self.sign_child(claims).await?;
        self.0.uses.note(record.id, *started, request.origin.borrowed());
        Ok(Exchanged {
            access_token,
            expires_in: expires_at.saturating_since(*started),
            expires_at,
            scopes: Arc::clone(&draft.scopes),
            token_id: record.id,
            subject: record.grant.subject.clone(),
            tenant: record.grant.tenant.clone(),
            api_token_expires_at: live.ends_at,
        })
    }

    /// The key that signs access tokens now.
    pub(super) fn child_key(&self) -> Result<Arc<SigningKey>, Unavailable> {
        let key = self.0.rings.load().access.signing(self.now()).cloned();
        key.ok_or(Unavailable::Internal("there is no key to sign with"))
    }

    async fn sign_child(&self, claims: String) -> Result<AccessToken, ExchangeError> {
        let key = self.child_key()?;
        let token = if key.algorithm() == Algorithm::Rs256 {
            self.sign_aside(key, claims).await?
        } else {
            signed(&key, TokenType::Access, &claims)?
        };
        if token.len() > jose::MAX_TOKEN_BYTES {
            return Err(ExchangeError::TokenTooLarge);
        }
        Ok(AccessToken::new(token))
    }

    /// Signs where no other task waits for it: as many at once as there are cores, since more would only take turns.
    async fn sign_aside(&self, key: Arc<SigningKey>, claims: String) -> Result<String, Unavailable> {
        const BROKEN_OFF: Unavailable = Unavailable::Internal("the signing was broken off");
        let permit = self.0.signers.clone().acquire_owned().await.map_err(|_| BROKEN_OFF)?;
        let signing = tokio::task::spawn_blocking(move || {
            // Given back when it is done, and not when nobody waits for it any more.
            let _permit = permit;
            signed(&key, TokenType::Access, &claims)
        });
        signing.await.map_err(|_| BROKEN_OFF)?
    }
}

pub(super) const UNWRITTEN: Unavailable = Unavailable::Internal("the claims could not be written");

pub(super) fn sign<T: serde::Serialize>(
    key: &SigningKey,
    typ: TokenType,
    claims: &T,
) -> Result<String, Unavailable> {
    signed(key, typ, &serde_json::to_string(claims).map_err(|_| UNWRITTEN)?)
}

/// The token with these claims in JSON.
pub(super) fn signed(key: &SigningKey, typ: TokenType, claims: &str) -> Result<String, Unavailable> {
    key.compact(typ, claims).map_err(|_| Unavailable::Internal("the token could not be signed"))
}
