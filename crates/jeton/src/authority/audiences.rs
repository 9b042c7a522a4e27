//! Named audiences: read, edited by an admin, and in force on this node before the answer.

use super::Authority;
use crate::{
    Action, Caller, Change, ManageError, NamedAudience, StoreError, Unavailable, policy::Denial,
    rights::scopes, text::Check,
};

/// How often a change that met another one is tried anew.
const ATTEMPTS: usize = 32;

impl Authority {
    /// All named audiences, in the order of their names.
    ///
    /// # Errors
    ///
    /// If the caller may not, or if the store does not answer. A caller that belongs to a tenant may not: audiences
    /// belong to the whole app, and name the users of all tenants.
    pub async fn audiences(&self, caller: &Caller) -> Result<Vec<NamedAudience>, ManageError> {
        self.may(caller, scopes::TOKENS_READ)?;
        Ok(self.0.store.audiences().await?)
    }

    /// The named audience of that name.
    ///
    /// # Errors
    ///
    /// If there is none, if the caller may not, or if the store does not answer.
    pub async fn audience(&self, caller: &Caller, name: &str) -> Result<NamedAudience, ManageError> {
        self.may(caller, scopes::TOKENS_READ)?;
        self.0.store.audience(name).await?.ok_or(ManageError::NotFound)
    }

    /// Makes a named audience, or replaces who is in it; its version is set by the store's. From the answer on, this
    /// node obeys; others do when they read the change log. `if_match` is the version that it must be at.
    ///
    /// # Errors
    ///
    /// See [`ManageError`]. A caller that belongs to a tenant may not.
    pub async fn put_audience(
        &self,
        caller: &Caller,
        audience: NamedAudience,
        if_match: Option<u64>,
    ) -> Result<NamedAudience, ManageError> {
        self.may(caller, scopes::AUDIENCES_WRITE)?;
        let mut check = Check::default();
        audience.check(&mut check);
        check.finish().map_err(ManageError::Invalid)?;
        let (authority, caller) = (self.clone(), caller.clone());
        // A task of its own, as for records: a caller that goes away leaves it undone, or done on this node too.
        let task = tokio::spawn(async move { authority.replace_audience(audience, if_match, &caller).await });
        task.await
            .unwrap_or(Err(ManageError::Unavailable(Unavailable::Internal("the change was broken off"))))
    }

    /// Makes a named audience if there is none of its name yet: for the start of the host app.
    ///
    /// # Errors
    ///
    /// If the name or a member cannot be one, or if the store does not answer.
    pub async fn seed_audience(&self, audience: NamedAudience) -> Result<(), ManageError> {
        let seeded = self.put_audience(&Caller::system("start"), audience, Some(0)).await;
        match seeded {
            Ok(_) | Err(ManageError::Stale) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn replace_audience(
        &self,
        mut audience: NamedAudience,
        if_match: Option<u64>,
        caller: &Caller,
    ) -> Result<NamedAudience, ManageError> {
        let named = caller.clone().with_reason(Some(audience.name.clone()));
        for _ in 0..ATTEMPTS {
            let stored = self.0.store.audience(&audience.name).await?.map_or(0, |stored| stored.version);
            if if_match.is_some_and(|version| version != stored) {
                return Err(ManageError::Stale);
            }
            audience.version = stored + 1;
            let change = Change::Audience { name: audience.name.clone() };
            let entry = named.entry(Action::EditAudience, self.now(), None);
            match self.0.store.put_audience(&audience, &change, &entry).await {
                Ok(()) => {
                    self.0.audiences.learn(audience.clone());
                    entry.tell();
                    return Ok(audience);
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Unavailable::Internal("the audience changes too often").into())
    }

    /// Whether it may do what concerns the app as a whole. A refusal is noted.
    pub(in crate::authority) fn may(&self, caller: &Caller, scope: &str) -> Result<(), ManageError> {
        let tenant =
            || if caller.tenant().is_some() { Err(ManageError::Denied(Denial::Tenant)) } else { Ok(()) };
        let allowed = caller.require(scope).and_then(|()| tenant());
        self.note_denial(caller, None, &allowed);
        allowed
    }
}
