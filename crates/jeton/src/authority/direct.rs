//! Who makes a request: by an access token, or by an API token itself on the routes that allow it.

use super::{Authority, live::Live, proven::Proven};
use crate::{
    AuthenticateError, Names, OriginRef, Principal, Rejection, TokenKind, known::Assertion, policy::Denial,
    principal::admits, rights::Rights,
};

impl Authority {
    /// The principal of an access token. Does not wait: it asks neither store nor directory. Where the request comes
    /// from is not looked at; [`authenticate_from`](Self::authenticate_from) does that.
    ///
    /// # Errors
    ///
    /// If the token is refused; and [`AuthenticateError::Unavailable`] if it is good as far as this node knows, and
    /// [that is not recent enough](crate::Staleness).
    pub fn authenticate(&self, access_token: &str) -> Result<Principal, AuthenticateError> {
        let began = self.0.feed.read_at();
        let verified = self.0.verifier.verify_naming(access_token);
        let principal = verified.map_err(|(_, rejection)| rejection)?;
        self.0.counts(began)?;
        Ok(principal)
    }

    /// The principal of an access token that comes from there: within its networks and the limit for bad credentials.
    /// The use is counted, a refusal goes to the audit log.
    ///
    /// # Errors
    ///
    /// If the token is refused, or may not be used from there; [`AuthenticateError::Unavailable`] as
    /// [`authenticate`](Self::authenticate).
    pub fn authenticate_from(
        &self,
        access_token: &str,
        origin: OriginRef<'_>,
    ) -> Result<Principal, AuthenticateError> {
        let answer = self.judge_access_token(access_token, origin);
        self.0.telemetry.request(&answer);
        answer
    }

    fn judge_access_token(
        &self,
        access_token: &str,
        origin: OriginRef<'_>,
    ) -> Result<Principal, AuthenticateError> {
        let verifier = &self.0.verifier;
        let began = self.0.feed.read_at();
        let judged = match verifier.recall(access_token) {
            Some(principal) => verifier.judge(principal),
            None => {
                // Who was let in a moment ago shares an address with whom it will.
                self.0.limits.hears(origin.address).map_err(AuthenticateError::TooMany)?;
                verifier.verify_anew(access_token)
            }
        };
        let (id, answer) = match judged {
            Ok((principal, now)) => {
                let counts = self.0.counts(began).map_err(AuthenticateError::from);
                if counts.is_ok() && principal.admits(origin.address) {
                    self.0.uses.note_token(&principal, now, origin);
                    return Ok(principal);
                }
                (Some(principal.token_id()), counts.and(Err(AuthenticateError::Denied(Denial::Network))))
            }
            // No credentials of anybody.
            Err((_, Rejection::Malformed)) => return Err(Rejection::Malformed.into()),
            Err((id, rejection)) => (id, Err(rejection.into())),
        };
        if let Err(error) = &answer {
            self.note_refusal(id, error, origin);
        }
        answer
    }

    /// The principal of an API token, with the rights that it has now. Asks the store and the directory each time.
    /// The use is counted, a refusal goes to the audit log.
    ///
    /// # Errors
    ///
    /// If the token is refused or may not be used from there, or if nobody could tell.
    pub async fn authenticate_api_token(
        &self,
        api_token: &str,
        origin: OriginRef<'_>,
    ) -> Result<Principal, AuthenticateError> {
        let live = self.presented(origin, || self.prove(api_token)).await;
        let answer = live.and_then(|live| Ok(self.principal_of(live)?));
        self.0.telemetry.request(&answer);
        let principal = answer?;
        self.0.uses.note(principal.token_id(), self.now(), origin);
        Ok(principal)
    }

    /// What a credential stands for that is used from there.
    pub(super) async fn presented(
        &self,
        origin: OriginRef<'_>,
        prove: impl Fn() -> Result<Proven, Rejection>,
    ) -> Result<Live, AuthenticateError> {
        self.0.limits.hears(origin.address).map_err(AuthenticateError::TooMany)?;
        let proven = self.with_new_keys(prove).await;
        let id = proven.as_ref().ok().map(Proven::id);
        let live = match proven {
            Ok(proven) => self.live(&proven).await,
            Err(rejection) => Err(rejection.into()),
        };
        let live = live.and_then(|live| {
            let inside = admits(&live.record.grant.networks, origin.address);
            if inside { Ok(live) } else { Err(AuthenticateError::Denied(Denial::Network)) }
        });
        if let Err(error) = &live {
            self.note_refusal(id, error, origin);
        }
        live
    }

    pub(super) fn principal_of(&self, live: Live) -> Result<Principal, Rejection> {
        let Live { started, record, account, ends_at, generation, .. } = live;
        let settings = &self.0.settings;
        let own = self.0.verifier.audiences();
        let audiences: Names = match &record.grant.audiences {
            all if all.is_empty() => own.clone(),
            some => some.clone(),
        };
        if audiences.is_disjoint(own) {
            return Err(Rejection::Audience);
        }
        let rights = Rights::of(&record.grant, account.as_ref(), &settings.role_map, &settings.default_role);
        let known_until = started.saturating_add(settings.access_ttl);
        Ok(Principal::assertion(Assertion {
            kind: TokenKind::ApiToken,
            token_id: record.id,
            jti: &format!("{}.{generation}", record.id),
            epoch: record.epoch,
            subject: record.grant.subject.as_deref(),
            tenant: record.grant.tenant.as_deref(),
            groups: (&rights.groups).into(),
            roles: (&rights.roles).into(),
            scopes: (&rights.scopes).into(),
            audiences: (&audiences).into(),
            networks: record.grant.networks.clone(),
            issued_at: started,
            expires_at: ends_at,
            known_until: ends_at.map_or(known_until, |end| end.min(known_until)),
            verifier: self.0.verifier.downgrade(),
        }))
    }
}
