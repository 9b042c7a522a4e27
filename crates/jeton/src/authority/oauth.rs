//! What OAuth clients ask about a token that they hold: whether it is active (RFC 7662), and its end (RFC 7009).

use super::{Authority, live::Live, mutate::Mutation};
use crate::{
    Action, AuditEntry, AuthenticateError, Caller, Change, ManageError, Origin, OriginRef, Principal, Record,
    Timestamp, TokenKind, Unavailable, rights::scopes,
};

/// A token that is accepted now, as its holder or an admin is told of it (RFC 7662 §2.2).
#[derive(Clone, Debug)]
pub struct Introspection {
    /// Who it stands for, and what it may do.
    pub principal: Principal,
    /// When it was issued.
    pub issued_at: Timestamp,
}

impl Authority {
    /// The principal of a key and its secret that come from there, as an OAuth client authenticates.
    ///
    /// # Errors
    ///
    /// If they are refused or may not be used from there, or if nobody could tell.
    pub async fn authenticate_secret(
        &self,
        key: &str,
        secret: &str,
        origin: OriginRef<'_>,
    ) -> Result<Principal, AuthenticateError> {
        let live = self.presented(origin, || self.prove_secret(key, secret)).await?;
        Ok(self.principal_of(live)?)
    }

    /// Whether a token of either kind is accepted now, and what it says. A caller is told of its own token's children,
    /// of itself, and with `tokens:read` of every token that it may see; of all others nothing (RFC 7662 §2.2). Asking
    /// is no use: a rotation can be cancelled as before.
    ///
    /// # Errors
    ///
    /// If nobody could tell.
    pub async fn introspect(
        &self,
        caller: &Caller,
        token: &str,
    ) -> Result<Option<Introspection>, Unavailable> {
        let found = match TokenKind::claimed_by(token) {
            Some(TokenKind::AccessToken) => {
                let began = self.0.feed.read_at();
                let found = self.0.verifier.verified(token).ok();
                if found.is_some() {
                    self.0.counts(began)?;
                }
                found
            }
            Some(TokenKind::ApiToken) => self.introspect_api_token(token).await?,
            None => None,
        };
        Ok(found.filter(|found| caller.may_know(&found.principal)))
    }

    async fn introspect_api_token(&self, token: &str) -> Result<Option<Introspection>, Unavailable> {
        let Ok(proven) = self.prove(token) else { return Ok(None) };
        let live = match self.peek(&proven).await {
            Ok(live) => live,
            Err(AuthenticateError::Unavailable(unavailable)) => return Err(unavailable),
            Err(_) => return Ok(None),
        };
        let issued_at = live.issued_at();
        Ok(self.principal_of(live).ok().map(|principal| Introspection { principal, issued_at }))
    }

    /// Ends a token of either kind, as whoever holds it may: an API token with all its access tokens, an access token
    /// alone. From the answer on this node refuses it; other nodes do when they read the change log. A token that is none
    /// of ours, or over, is passed over (RFC 7009 §2.2).
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn revoke_token(&self, token: &str, origin: &Origin) -> Result<(), Unavailable> {
        match TokenKind::claimed_by(token) {
            Some(TokenKind::AccessToken) => self.revoke_access_token(token, origin).await,
            Some(TokenKind::ApiToken) => self.revoke_api_token(token, origin).await,
            None => Ok(()),
        }
    }

    async fn revoke_api_token(&self, token: &str, origin: &Origin) -> Result<(), Unavailable> {
        let Ok(proven) = self.prove(token) else { return Ok(()) };
        let id = proven.id();
        let record = self.0.store.find(id).await?;
        let now = self.now();
        // Also one that is disabled or not yet valid; but one that was superseded ends nobody else's, whatever the record
        // is now.
        let counts = |record: Record| !record.has_ended(now) && self.shown(&record, &proven, now).is_some();
        if !record.is_some_and(counts) {
            return Ok(());
        }
        let holder = Caller::system(id.to_string()).from_origin(origin.clone());
        match self.mutate(&holder, id, Mutation::Revoke, None).await {
            Err(ManageError::Unavailable(unavailable)) => Err(unavailable),
            _ => Ok(()),
        }
    }

    async fn revoke_access_token(&self, token: &str, origin: &Origin) -> Result<(), Unavailable> {
        let Ok(found) = self.0.verifier.verified(token) else { return Ok(()) };
        let principal = found.principal;
        let Some(expires_at) = principal.expires_at() else { return Ok(()) };
        let entry = AuditEntry {
            at: self.now(),
            action: Action::RevokeAccessToken,
            actor: principal.subject().map_or_else(|| principal.token_id().to_string(), str::to_owned),
            token_id: Some(principal.token_id()),
            tenant: principal.tenant().map(str::to_owned),
            origin: origin.clone(),
            reason: None,
        };
        let (authority, jti) = (self.clone(), principal.jti().to_owned());
        // A task of its own: a caller that goes away leaves it undone, or done on this node too.
        let task = tokio::spawn(async move {
            let change = Change::AccessToken { jti: jti.clone(), expires_at };
            authority.0.store.announce(&change, &entry).await?;
            authority.0.revoke_token(&jti, expires_at);
            entry.tell();
            Ok(())
        });
        task.await.unwrap_or(Err(Unavailable::Internal("the revocation was broken off")))
    }
}

impl Caller {
    /// Whether it is told of a token with that principal.
    fn may_know(&self, principal: &Principal) -> bool {
        let own = self.held().and_then(|held| held.token).map(Principal::token_id);
        let seen = self.require(scopes::TOKENS_READ).is_ok()
            && self.tenant().is_none_or(|tenant| principal.tenant() == Some(tenant));
        own == Some(principal.token_id()) || seen
    }
}

impl Live {
    /// When the credential was issued that was presented.
    fn issued_at(&self) -> Timestamp {
        let previous = self.record.previous.as_ref().map(|previous| &previous.credential);
        let shown = previous.filter(|credential| credential.generation == self.generation);
        shown.unwrap_or(&self.record.credential).issued_at
    }
}
