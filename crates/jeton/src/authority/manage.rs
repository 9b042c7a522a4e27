//! Reading and changing records, as a caller may.

use super::{Authority, Edit, mutate::Mutation};
use crate::{
    Caller, EndBounds, Filter, Kind, ManageError, Page, Position, Query, Record, RecordId, Sort,
    rights::scopes,
};

impl Authority {
    /// A record.
    ///
    /// # Errors
    ///
    /// [`ManageError::NotFound`] also for what belongs to another tenant than the caller.
    pub async fn find(&self, caller: &Caller, id: RecordId) -> Result<Record, ManageError> {
        self.require(caller, scopes::TOKENS_READ, Some(id))?;
        let record = self.0.store.find(id).await?;
        record.filter(|record| caller.sees(record)).ok_or(ManageError::NotFound)
    }

    /// A page of records: at most `limit` (1 to 200) of those that come after that place.
    ///
    /// # Errors
    ///
    /// If the caller may not, or if the store does not answer.
    pub async fn list(
        &self,
        caller: &Caller,
        mut filter: Filter,
        sort: Sort,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ManageError> {
        self.require(caller, scopes::TOKENS_READ, None)?;
        if let Some(tenant) = caller.tenant() {
            if filter.tenant.as_deref().is_some_and(|wanted| wanted != tenant) {
                return Ok(Page { records: Vec::new(), next: None });
            }
            filter.tenant = Some(tenant.to_owned());
        }
        if let Some(person) = caller.person() {
            if filter.subject.as_deref().is_some_and(|wanted| wanted != person) {
                return Ok(Page { records: Vec::new(), next: None });
            }
            (filter.subject, filter.kind) = (Some(person.to_owned()), Some(Kind::Personal));
        }
        filter.role_is_default = filter.role.as_ref() == Some(&self.0.settings.default_role);
        let query = Query { filter, sort, after, limit: limit.clamp(1, 200), now: self.now() };
        Ok(self.0.store.list(&query).await?)
    }

    /// The latest ends that the [policy](crate::ExpiryPolicy) allows now, for [`Filter::beyond`]: which live tokens were
    /// made under a wider one.
    pub fn end_bounds(&self) -> EndBounds {
        self.0.settings.lifetimes.bounds(self.now())
    }

    /// Edits a record. `if_match` is the version that it must be at; whatever it is at without.
    ///
    /// # Errors
    ///
    /// See [`ManageError`].
    pub async fn update(
        &self,
        caller: &Caller,
        id: RecordId,
        edit: Edit,
        if_match: Option<u64>,
    ) -> Result<Record, ManageError> {
        Ok(self.mutate(caller, id, Mutation::Edit(Box::new(edit)), if_match).await?.record)
    }

    /// Refuses the token and all access tokens made from it, until it is enabled. Doing it twice changes nothing.
    ///
    /// # Errors
    ///
    /// See [`ManageError`].
    pub async fn disable(&self, caller: &Caller, id: RecordId) -> Result<Record, ManageError> {
        Ok(self.mutate(caller, id, Mutation::Disable, None).await?.record)
    }

    /// Accepts a disabled token again. Access tokens made before stay dead.
    ///
    /// # Errors
    ///
    /// See [`ManageError`].
    pub async fn enable(&self, caller: &Caller, id: RecordId) -> Result<Record, ManageError> {
        Ok(self.mutate(caller, id, Mutation::Enable, None).await?.record)
    }

    /// Refuses the token and all access tokens made from it for ever. Doing it twice changes nothing.
    ///
    /// # Errors
    ///
    /// See [`ManageError`].
    pub async fn revoke(&self, caller: &Caller, id: RecordId) -> Result<Record, ManageError> {
        Ok(self.mutate(caller, id, Mutation::Revoke, None).await?.record)
    }

    /// Revokes the token and takes it out of every list. Its name is free again, its id never.
    ///
    /// # Errors
    ///
    /// See [`ManageError`]; a deleted record is not found.
    pub async fn delete(&self, caller: &Caller, id: RecordId) -> Result<(), ManageError> {
        self.mutate(caller, id, Mutation::Delete, None).await.map(drop)
    }
}
