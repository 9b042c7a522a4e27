//! Rotation: a new credential for the same record, and a grace for the old one.
//!
//! A generation is never used again, also not after its rotation was cancelled. Until the new credential is used for
//! the first time, which is written down before it takes effect, nothing is lost with an answer that never arrived:
//! the rotation can be cancelled, or done again with the old credential.

use std::time::Duration;

use super::{
    Authority, Generated, Rotate,
    exchange::{Live, accepted},
    mutate::Mutation,
};
use crate::{
    ApiToken, Caller, Conflict, Credential, ManageError, PreviousCredential, Record, RecordId, Rejection,
    Timestamp,
    policy::{Denial, Facts},
    principal::admits,
    rights::scopes,
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
    /// How long an access token may live, on every clock, as far as any node has said until now.
    longest_child: Duration,
}

impl Rotation {
    /// Whether the old credential, and all access tokens with it, are to die at once.
    pub(super) const fn kills(&self) -> bool {
        self.request.grace.is_zero()
    }
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
        self.rotate_as(caller, id, request, None).await
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
        let own = Caller::system(record.id.to_string());
        self.rotate_as(&own, record.id, request, Some(generation)).await
    }

    async fn rotate_as(
        &self,
        caller: &Caller,
        id: RecordId,
        request: Rotate,
        presented: Option<u64>,
    ) -> Result<Generated, ManageError> {
        caller.require(scopes::TOKENS_WRITE)?;
        // A node that started after this one may give access tokens a longer life.
        let longest = self.0.store.longest_access_ttl(self.0.settings.access_ttl).await?;
        let rotation = Rotation { request, presented, longest_child: self.0.keep_span(longest) };
        generated(self.mutate(caller, id, Mutation::Rotate(Box::new(rotation)), None).await?)
    }

    pub(super) fn rotated(
        &self,
        before: &Record,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<(Record, ApiToken), ManageError> {
        let Rotate { grace, expiry } = rotation.request;
        if rotation.presented.is_some() {
            // It was accepted; what has come between counts all the same.
            accepted(before.state(now))?;
        }
        let mut check = Check::default();
        if grace.as_secs() > MAX_GRACE {
            check.fail("/grace_seconds", format!("must be at most {MAX_GRACE}"));
        }
        let mut after = before.clone();
        if let Some(expiry) = expiry {
            after.grant.expires_at = self.0.settings.lifetimes.resolve(expiry, now, &mut check);
        } else if before.has_ended(now) {
            check.fail("/expires_at", "must be given: the end of the token is over");
        } else if rotation.presented.is_some() {
            // It cannot ask for another end: it gets the longest that is allowed.
            after.grant.expires_at = self.0.settings.lifetimes.limited(before.grant.expires_at, now);
        } else {
            self.0.settings.lifetimes.check(before.grant.expires_at, now, "/expires_at", &mut check);
        }
        check.finish().map_err(ManageError::Invalid)?;
        let kept = superseded(before, rotation.presented, grace.is_zero(), now)?;
        let end = now.saturating_add(grace);
        after.previous = kept.map(|(credential, first)| PreviousCredential {
            credential: credential.clone(),
            until: first.map_or(end, |first| first.min(end)),
            superseded: false,
        });
        // Children of the old credential end with its grace: those made before the rotation may live too long.
        if grace < rotation.longest_child || !after.grant.covers(&before.grant) {
            after.epoch += 1;
        }
        after.last_generation = before.last_generation + 1;
        let (generation, end) = (after.last_generation, after.grant.expires_at);
        let (credential, token) = self.sign_api_token(before.id, generation, now, before.not_before, end)?;
        after.credential = credential;
        Ok((after, token))
    }
}

/// The credential that is accepted beside the new one, and the end of the grace that it is in; none if nothing is to
/// be left of the old ones.
fn superseded(
    before: &Record,
    presented: Option<u64>,
    at_once: bool,
    now: Timestamp,
) -> Result<Option<(&Credential, Option<Timestamp>)>, ManageError> {
    let (current, previous) = (&before.credential, before.grace(now));
    let kept = match presented.filter(|presented| *presented != current.generation) {
        // The answer to a rotation was lost: its credential was never used, and gives way to another one. One that is
        // superseded makes no new one, whatever its grace is to be: it would end the one that was meant to replace it.
        Some(presented) => {
            let previous = previous.filter(|previous| previous.credential.generation == presented);
            let previous = previous.ok_or(ManageError::Rejected(Rejection::Superseded))?;
            if previous.superseded {
                return Err(Conflict::RotationInProgress.into());
            }
            // Nobody prolongs its own grace.
            (&previous.credential, Some(previous.until))
        }
        None if previous.is_some() && !at_once => return Err(Conflict::RotationInProgress.into()),
        None => (current, None),
    };
    Ok(Some(kept).filter(|_| !at_once))
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
