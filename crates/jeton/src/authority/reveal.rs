//! Showing an API token again, without its ever having been stored: the same claims under the same key are the same
//! token, byte by byte.

use super::{Authority, exchange::sign};
use crate::{
    Action, ApiToken, Caller, Conflict, Credential, Fingerprint, ManageError, RecordId, SigningKey, State,
    Timestamp, Unavailable,
    claims::ApiClaims,
    jose::{self, TokenType},
    rights::scopes,
};

/// Whether API tokens can be shown again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reveal {
    /// A token is shown once, in the answer that makes it.
    #[default]
    Once,
    /// Whoever holds `tokens:reveal`, and could generate such a token, sees it again. Not with ES256, whose signatures
    /// differ each time.
    Again,
}

/// A ring is never without a key.
const NO_KEY: Unavailable = Unavailable::Internal("there is no key to sign with");

impl Authority {
    /// The token in force of that record, again.
    ///
    /// # Errors
    ///
    /// [`ManageError::RevealNotAllowed`] unless the authority is set to [`Reveal::Again`],
    /// [`Conflict::RevealUnavailable`] if the token is revoked or has ended, or if its key is gone; and see
    /// [`ManageError`].
    pub async fn reveal(&self, caller: &Caller, id: RecordId) -> Result<ApiToken, ManageError> {
        let revealed = self.reveal_as(caller, id).await;
        self.note_denial(caller, Some(id), &revealed);
        revealed
    }

    async fn reveal_as(&self, caller: &Caller, id: RecordId) -> Result<ApiToken, ManageError> {
        caller.require(scopes::TOKENS_REVEAL)?;
        if self.0.settings.reveal == Reveal::Once {
            return Err(ManageError::RevealNotAllowed);
        }
        let record = self.0.store.find(id).await?.filter(|record| caller.sees(record));
        let record = record.ok_or(ManageError::NotFound)?;
        self.may_give(caller, &record, None).await?;
        let now = self.now();
        if matches!(record.state(now), State::Revoked | State::Expired) {
            return Err(Conflict::RevealUnavailable.into());
        }
        let credential = &record.credential;
        let rings = self.0.rings.load();
        let key = rings.api.find(&credential.key_id).ok_or(Conflict::RevealUnavailable)?;
        let token = self.api_token(key, id, credential)?;
        drop(rings);
        if fingerprint(&token) != credential.fingerprint {
            return Err(Conflict::RevealUnavailable.into());
        }
        // Before it is shown: what cannot be written down is not done.
        let entry = caller.entry(Action::Reveal, now, Some(&record));
        self.0.store.append(std::slice::from_ref(&entry)).await?;
        entry.tell();
        Ok(token)
    }

    /// Signs the API token of a new credential.
    pub(super) fn sign_api_token(
        &self,
        id: RecordId,
        generation: u64,
        issued_at: Timestamp,
        not_before: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<(Credential, ApiToken), Unavailable> {
        let rings = self.0.rings.load();
        let key = rings.api.signing(issued_at).ok_or(NO_KEY)?;
        let unsigned = Fingerprint::from_bytes([0; 32]);
        let key_id = key.kid().to_owned();
        let mut credential =
            Credential { generation, key_id, issued_at, not_before, expires_at, fingerprint: unsigned };
        let token = self.api_token(key, id, &credential)?;
        credential.fingerprint = fingerprint(&token);
        Ok((credential, token))
    }

    /// The token of that credential, a function of what is frozen in the record.
    fn api_token(
        &self,
        key: &SigningKey,
        id: RecordId,
        credential: &Credential,
    ) -> Result<ApiToken, Unavailable> {
        let claims = ApiClaims {
            iss: self.issuer().to_owned(),
            aud: self.0.settings.exchange_audience.clone(),
            iat: credential.issued_at.unix_seconds(),
            nbf: credential.not_before.unix_seconds(),
            exp: credential.expires_at.map(Timestamp::unix_seconds),
            sub: id.to_string(),
            jti: format!("{id}.{}", credential.generation),
        };
        sign(key, TokenType::Api, &claims).map(ApiToken::new)
    }
}

fn fingerprint(token: &ApiToken) -> Fingerprint {
    Fingerprint::from_bytes(jose::sha256(token.expose().as_bytes()))
}
