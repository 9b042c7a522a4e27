//! The exchange: an API token for an access token, without any user at hand.
//!
//! Its order is that of [`live`](super::live): the child is signed last, and its life starts at the time that was taken
//! first.

use std::sync::Arc;

use super::{
    Authority, Exchange, Exchanged, Settings,
    live::{Live, Proven},
};
use crate::{
    AccessToken, Algorithm, ExchangeError, Names, Record, Rejection, SigningKey, Timestamp, Unavailable,
    claims::{AccessClaims, Audience, join_scopes},
    jose::{self, TokenType, base64url},
    policy::Denial,
    principal::admits,
    rights::Rights,
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
        let Live { started, record, account, ends_at, .. } = &live;
        let settings = &self.0.settings;
        if !admits(&record.grant.networks, request.origin.address) {
            return Err(ExchangeError::Denied(Denial::Network));
        }
        self.0.limits.exchange(record.id).map_err(ExchangeError::TooMany)?;
        let mut rights =
            Rights::of(&record.grant, account.as_ref(), &settings.role_map, &settings.default_role);
        if let Some(wanted) = &request.scopes {
            rights = rights.narrowed(wanted, &settings.default_role).ok_or(ExchangeError::InvalidScope)?;
        }
        let audience = audience(settings, &record.grant.audiences, request.audience.as_deref())?;
        if let Proven::Signature(signature) = proven {
            self.take_signature(signature).await?;
        }
        let end = started.saturating_add(settings.access_ttl);
        let expires_at = ends_at.map_or(end, |ends_at| ends_at.min(end));
        let claims = self.child_claims(record, &rights, &audience, *started, expires_at)?;
        let access_token = self.sign_child(&claims).await?;
        self.0.uses.note(record.id, *started, request.origin.borrowed());
        Ok(Exchanged {
            access_token,
            expires_in: expires_at.saturating_since(*started),
            expires_at,
            scopes: rights.scopes,
            token_id: record.id,
            subject: record.grant.subject.clone(),
            tenant: record.grant.tenant.clone(),
            api_token_expires_at: live.ends_at,
        })
    }

    pub(super) fn child_claims<'a>(
        &'a self,
        record: &'a Record,
        rights: &'a Rights,
        audiences: &'a Names,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<AccessClaims<'a>, Unavailable> {
        let mut jti = [0; 16];
        self.0.random.fill(&mut jti)?;
        let client_id = record.id.to_string();
        Ok(AccessClaims {
            iss: self.issuer().into(),
            sub: record.grant.subject.as_deref().map_or_else(|| client_id.clone().into(), Into::into),
            aud: Audience(audiences.into()),
            client_id: client_id.into(),
            jti: base64url(&jti).into(),
            iat: issued_at.unix_seconds(),
            exp: expires_at.unix_seconds(),
            scope: join_scopes(&rights.scopes).into(),
            roles: (&rights.roles).into(),
            groups: (&rights.groups).into(),
            tenant: record.grant.tenant.as_deref().map(Into::into),
            epoch: record.epoch,
            networks: record.grant.networks.clone(),
        })
    }

    /// The key that signs access tokens now.
    pub(super) fn child_key(&self) -> Result<Arc<SigningKey>, Unavailable> {
        let key = self.0.rings.load().access.signing(self.now()).cloned();
        key.ok_or(Unavailable::Internal("there is no key to sign with"))
    }

    async fn sign_child(&self, claims: &AccessClaims<'_>) -> Result<AccessToken, ExchangeError> {
        let key = self.child_key()?;
        let token = if key.algorithm() == Algorithm::Rs256 {
            self.sign_aside(key, claims).await?
        } else {
            sign(&key, TokenType::Access, claims)?
        };
        if token.len() > jose::MAX_TOKEN_BYTES {
            return Err(ExchangeError::TokenTooLarge);
        }
        Ok(AccessToken::new(token))
    }
}

impl Authority {
    /// Signs where no other task waits for it: as many at once as there are cores, since more would only take turns.
    async fn sign_aside(
        &self,
        key: Arc<SigningKey>,
        claims: &AccessClaims<'_>,
    ) -> Result<String, Unavailable> {
        const BROKEN_OFF: Unavailable = Unavailable::Internal("the signing was broken off");
        let unsigned = write(&key, TokenType::Access, claims)?;
        let permit = self.0.signers.clone().acquire_owned().await.map_err(|_| BROKEN_OFF)?;
        let signing = tokio::task::spawn_blocking(move || {
            // Given back when it is done, and not when nobody waits for it any more.
            let _permit = permit;
            signed(&key, unsigned)
        });
        signing.await.map_err(|_| BROKEN_OFF)?
    }
}

pub(super) fn sign<T: serde::Serialize>(
    key: &SigningKey,
    typ: TokenType,
    claims: &T,
) -> Result<String, Unavailable> {
    signed(key, write(key, typ, claims)?)
}

fn write<T: serde::Serialize>(key: &SigningKey, typ: TokenType, claims: &T) -> Result<String, Unavailable> {
    jose::write(typ, key.algorithm().as_str(), key.kid(), claims)
        .map_err(|_| Unavailable::Internal("the claims could not be written"))
}

fn signed(key: &SigningKey, mut token: String) -> Result<String, Unavailable> {
    let signature =
        key.sign(token.as_bytes()).map_err(|_| Unavailable::Internal("the token could not be signed"))?;
    token.push('.');
    token.push_str(&signature);
    Ok(token)
}

/// For what the child is: what was asked for, if the record and the authority allow it.
fn audience(settings: &Settings, allowed: &Names, wanted: Option<&str>) -> Result<Names, ExchangeError> {
    match wanted {
        Some(wanted) => {
            let fits =
                settings.audiences.contains(wanted) && (allowed.is_empty() || allowed.contains(wanted));
            if fits { Ok(Names::from([wanted.to_owned()])) } else { Err(ExchangeError::InvalidTarget) }
        }
        None if allowed.is_empty() => Ok(Names::from([settings.default_audience.clone()])),
        // One that was taken out of the settings meanwhile is no audience any more.
        None => Some(allowed.intersection(&settings.audiences).cloned().collect())
            .filter(|known: &Names| !known.is_empty())
            .ok_or(ExchangeError::InvalidTarget),
    }
}
