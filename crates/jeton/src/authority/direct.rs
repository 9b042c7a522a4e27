//! An API token used directly as a bearer, on the routes that allow it.

use super::{Authority, exchange::Live};
use crate::{
    AuthenticateError, Names, Principal, Rejection, TokenKind, principal::Assertion, rights::Rights,
};

impl Authority {
    /// The principal of an API token, with the rights that it has now. Asks the store and the directory each time.
    ///
    /// # Errors
    ///
    /// If the token is refused, or if nobody could tell.
    pub async fn authenticate_api_token(&self, api_token: &str) -> Result<Principal, AuthenticateError> {
        let Live { record, account, ends_at, .. } = self.live(api_token).await?;
        let settings = &self.0.settings;
        let own = self.0.verifier.audiences();
        let audiences: Names = match &record.grant.audiences {
            all if all.is_empty() => own.clone(),
            some => some.clone(),
        };
        if audiences.is_disjoint(own) {
            return Err(Rejection::Audience.into());
        }
        let rights = Rights::of(&record.grant, account.as_ref(), &settings.role_map, &settings.default_role);
        Ok(Principal::assertion(Assertion {
            kind: TokenKind::ApiToken,
            token_id: record.id,
            jti: format!("{}.{}", record.id, record.credential.generation),
            epoch: record.epoch,
            subject: record.grant.subject,
            tenant: record.grant.tenant,
            groups: rights.groups,
            roles: rights.roles,
            scopes: rights.scopes,
            audiences,
            networks: record.grant.networks,
            expires_at: ends_at,
        }))
    }
}
