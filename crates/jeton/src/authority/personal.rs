//! Personal tokens: made by a user, acting as that user, and nobody else's.

use super::{Authority, Generate, Generated, Rotate, mutate::Mutation, rotate::Rotation};
use crate::{Caller, Conflict, Filter, Kind, ManageError, Record, Sort, State, Unavailable, policy::Denial};

/// How often generating is begun again when the user's tokens change meanwhile.
const ATTEMPTS: usize = 8;

/// What takes the place of a personal token.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    pub(super) request: Generate,
    pub(super) rotation: Rotation,
    /// Which life of the user it is for.
    pub(super) incarnation: Option<String>,
}

impl Authority {
    /// Generates a token of the caller's own. Where a user may have one alone, it takes the place of the one there is.
    pub(super) async fn generate_personal(
        &self,
        caller: &Caller,
        mut request: Generate,
    ) -> Result<Generated, ManageError> {
        let person = caller.person().ok_or(ManageError::Denied(Denial::Subject))?;
        if request.subject.as_deref().is_some_and(|subject| subject != person) {
            return Err(ManageError::Denied(Denial::Subject));
        }
        (request.kind, request.subject) = (Kind::Personal, Some(person.to_owned()));
        if self.0.settings.personal_limit != 1 {
            return self.insert(caller, request).await;
        }
        let mut seen_full = false;
        for _ in 0..ATTEMPTS {
            let Some(present) = self.live_personal_token(caller).await? else {
                match self.insert(caller, request.clone()).await {
                    // Another one came in between, and is to be replaced; or, if none is found, what stands in the way
                    // is not for this caller to replace.
                    Err(ManageError::Conflict(Conflict::TooManyTokens)) if !seen_full => seen_full = true,
                    inserted => return inserted,
                }
                continue;
            };
            match self.replace(caller, &present, request.clone()).await {
                // It ended in between, and maybe there is another one.
                Err(ManageError::NotFound | ManageError::Conflict(Conflict::Revoked)) => {}
                Err(ManageError::Conflict(Conflict::TooManyTokens)) if !seen_full => seen_full = true,
                replaced => return replaced,
            }
        }
        Err(Unavailable::Internal("the tokens of the user change too often").into())
    }

    async fn replace(
        &self,
        caller: &Caller,
        present: &Record,
        request: Generate,
    ) -> Result<Generated, ManageError> {
        let grace = self.0.settings.personal_grace;
        let rotation = self.rotation(Rotate { grace, expiry: Some(request.expiry) }, None).await?;
        let account = self.subject_account(caller, &present.grant).await?;
        let incarnation = account.map(|account| account.incarnation);
        let replacement = Box::new(Replacement { request, rotation, incarnation });
        self.mutate_to_token(caller, present.id, Mutation::Replace(replacement)).await
    }

    /// A token of the caller that is neither revoked nor over.
    async fn live_personal_token(&self, caller: &Caller) -> Result<Option<Record>, ManageError> {
        let mut after = None;
        loop {
            let page = self.list(caller, Filter::default(), Sort::default(), after, 200).await?;
            let now = self.now();
            let dead = |state: State| matches!(state, State::Revoked | State::Expired);
            if let Some(record) = page.records.into_iter().find(|record| !dead(record.state(now))) {
                return Ok(Some(record));
            }
            match page.next {
                Some(_) => after = page.next,
                None => return Ok(None),
            }
        }
    }
}
