//! Rotation: a new credential for the same record, and a grace for the old one.
//!
//! A generation is never used again, also not after its rotation was cancelled. Until the new credential is used for
//! the first time, which is written down before it takes effect, nothing is lost with an answer that never arrived:
//! the rotation can be cancelled, or done again with the old credential.

use std::time::Duration;

use super::{Authority, Generated, Rotate, exchange::Live, mutate::Mutation};
use crate::{
    ApiToken, Caller, Conflict, ManageError, PreviousCredential, Record, RecordId, Rejection, Timestamp,
    policy::{Denial, Facts},
    principal::admits,
    text::Check,
};

/// The longest grace: a year, in seconds.
const MAX_GRACE: u64 = 366 * 86_400;

/// A rotation, by whomever.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    request: Rotate,
    /// The generation of the credential that rotates itself.
    presented: Option<u64>,
}

impl Authority {
    /// Gives the record a new credential. The token is in the answer and nowhere else. Without a grace the old
    /// credential and all access tokens are refused at once.
    ///
    /// # Errors
    ///
    /// See [`ManageError`]. It takes what generating such a token would take, since the caller gets to see it.
    pub async fn rotate(
        &self,
        caller: &Caller,
        id: RecordId,
        request: Rotate,
    ) -> Result<Generated, ManageError> {
        let mutation = Mutation::Rotate(Box::new(Rotation { request, presented: None }));
        generated(self.mutate(caller, id, mutation, None).await?)
    }

    /// Takes a rotation back: the new credential is refused for ever, the old one goes on. Only within the grace, and
    /// only as long as the new one was never used.
    ///
    /// # Errors
    ///
    /// [`Conflict::NotCancellable`], and see [`ManageError`].
    pub async fn cancel_rotation(&self, caller: &Caller, id: RecordId) -> Result<Record, ManageError> {
        Ok(self.mutate(caller, id, Mutation::CancelRotation, None).await?.record)
    }

    /// Rotates the very token that is presented, within the end that it has. If the answer was lost, it can be done
    /// again with the old token during its grace, until the new one was used.
    ///
    /// # Errors
    ///
    /// [`ManageError::Rejected`] if the token is not accepted, and see [`ManageError`].
    pub async fn rotate_self(
        &self,
        api_token: &str,
        grace: Duration,
        facts: &Facts,
    ) -> Result<Generated, ManageError> {
        let Live { record, generation, .. } = self.live(api_token).await?;
        if !admits(&record.grant.networks, facts.address) {
            return Err(ManageError::Denied(Denial::Network));
        }
        let request = Rotate { grace, expiry: None };
        let rotation = Box::new(Rotation { request, presented: Some(generation) });
        let own = Caller::system(record.id.to_string());
        generated(self.mutate(&own, record.id, Mutation::Rotate(rotation), None).await?)
    }

    pub(super) fn rotated(
        &self,
        before: &Record,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<(Record, ApiToken), ManageError> {
        let Rotate { grace, expiry } = rotation.request;
        let mut check = Check::default();
        if grace.as_secs() > MAX_GRACE {
            check.fail("/grace_seconds", format!("must be at most {MAX_GRACE}"));
        }
        let mut after = before.clone();
        if let Some(expiry) = expiry {
            after.grant.expires_at = self.0.settings.lifetimes.resolve(expiry, now, &mut check);
        } else if before.has_ended(now) {
            check.fail("/expires_at", "must be given: the end of the token is over");
        } else {
            self.0.settings.lifetimes.check(before.grant.expires_at, now, "/expires_at", &mut check);
        }
        check.finish().map_err(ManageError::Invalid)?;
        let credential = &before.credential;
        let kept = match (before.grace(now), rotation.presented) {
            _ if grace.is_zero() => None,
            // The answer to a rotation was lost: its credential was never used, and gives way to another one.
            (Some(previous), Some(presented))
                if presented == previous.credential.generation && !previous.superseded =>
            {
                Some(&previous.credential)
            }
            (Some(_), _) => return Err(Conflict::RotationInProgress.into()),
            (None, Some(presented)) if presented != credential.generation => {
                return Err(ManageError::Rejected(Rejection::Superseded));
            }
            (None, _) => Some(credential),
        };
        after.previous = kept.map(|credential| PreviousCredential {
            credential: credential.clone(),
            until: now.saturating_add(grace),
            superseded: false,
        });
        // Children of the old credential end with its grace: those made before the rotation may live too long.
        let longest = self.0.keep_span(self.0.settings.longest_access_ttl);
        if grace < longest || !after.grant.covers(&before.grant) {
            after.epoch += 1;
        }
        after.last_generation = before.last_generation + 1;
        let (generation, end) = (after.last_generation, after.grant.expires_at);
        let (credential, token) = self.sign_api_token(before.id, generation, now, before.not_before, end)?;
        after.credential = credential;
        Ok((after, token))
    }
}

/// The record with the old credential in force again.
pub(super) fn cancelled(before: &Record, now: Timestamp) -> Result<Record, ManageError> {
    let previous = before.grace(now).filter(|previous| !previous.superseded);
    let previous = previous.ok_or(Conflict::NotCancellable)?;
    let mut after = before.clone();
    after.credential = previous.credential.clone();
    after.previous = None;
    if !crate::grant::ends_cover(after.credential.expires_at, after.grant.expires_at) {
        after.grant.expires_at = after.credential.expires_at;
    }
    Ok(after)
}

/// The record with the mark that its new credential was used.
pub(super) fn confirmed(before: &Record, generation: u64) -> Record {
    let mut after = before.clone();
    let current = after.credential.generation == generation;
    after.previous.iter_mut().filter(|_| current).for_each(|previous| previous.superseded = true);
    after
}

fn generated(changed: super::mutate::Changed) -> Result<Generated, ManageError> {
    let lost = ManageError::Unavailable(crate::Unavailable::Internal("a rotation made no token"));
    let api_token = changed.api_token.ok_or(lost)?;
    Ok(Generated { record: changed.record, api_token })
}
