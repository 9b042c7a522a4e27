//! Personal tokens: made by a user, acting as that user, and nobody else's.

use super::{Authority, Generate};
use crate::{Caller, Conflict, Filter, Kind, ManageError, Sort, State, policy::Denial};

impl Authority {
    /// The request of a caller that manages its own tokens, as one for a personal token; any other one as it is.
    pub(super) async fn as_personal(
        &self,
        caller: &Caller,
        mut request: Generate,
    ) -> Result<Generate, ManageError> {
        let Some(person) = caller.person() else { return Ok(request) };
        if request.subject.as_deref().is_some_and(|subject| subject != person) {
            return Err(ManageError::Denied(Denial::Subject));
        }
        if self.live_personal_tokens(caller).await? >= self.0.settings.personal_limit {
            return Err(Conflict::TooManyTokens.into());
        }
        (request.kind, request.subject) = (Kind::Personal, Some(person.to_owned()));
        Ok(request)
    }

    async fn live_personal_tokens(&self, caller: &Caller) -> Result<usize, ManageError> {
        let (mut live, mut after) = (0, None);
        loop {
            let page = self.list(caller, Filter::default(), Sort::default(), after, 200).await?;
            let now = self.now();
            let dead = |state: State| matches!(state, State::Revoked | State::Expired);
            live += page.records.iter().filter(|record| !dead(record.state(now))).count();
            match page.next {
                Some(_) => after = page.next,
                None => return Ok(live),
            }
        }
    }
}
