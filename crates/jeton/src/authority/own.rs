//! The token behind a principal, seen and ended by itself. It takes no scope: whoever holds a token may know about
//! it, and may give it up.

use super::{Authority, mutate::Mutation};
use crate::{Caller, ManageError, Origin, Principal, Record, Standing};

impl Authority {
    /// The record of the token that the principal came with.
    ///
    /// # Errors
    ///
    /// If the record is gone, or if the store does not answer.
    pub async fn find_self(&self, principal: &Principal) -> Result<Record, ManageError> {
        let record = self.0.store.find(principal.token_id()).await?;
        record.filter(|record| record.standing != Standing::Deleted).ok_or(ManageError::NotFound)
    }

    /// Revokes the token that the principal came with, and all its access tokens.
    ///
    /// # Errors
    ///
    /// If the record is gone, or if the store does not answer.
    pub async fn revoke_self(
        &self,
        principal: &Principal,
        origin: Origin,
        reason: Option<String>,
    ) -> Result<Record, ManageError> {
        let own = Caller::system(principal.token_id().to_string()).from_origin(origin).with_reason(reason);
        Ok(self.mutate(&own, principal.token_id(), Mutation::Revoke, None).await?.record)
    }
}
