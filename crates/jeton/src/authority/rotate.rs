//! Rotation: a new credential for the same record, and a grace for the old one.
//!
//! A generation is never used again, also not after its rotation was cancelled. Until the new credential is used for
//! the first time, which is written down before it takes effect, nothing is lost with an answer that never arrived:
//! the rotation can be cancelled, or done again with the old credential.

use std::time::Duration;

use super::{
    Authority, Generated, Rotate,
    escalation::needs_grant,
    expiry::Lifetime,
    grace::{in_grace, superseded},
    live::{Live, accepted},
    mutate::{Changed, Mutation},
    personal::Replacement,
};
use crate::{
    ApiToken, Caller, Grant, ManageError, Origin, Record, RecordId, Standing, Timestamp, rights::scopes,
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
    /// [`Conflict::NotCancellable`](crate::Conflict::NotCancellable), and see [`ManageError`].
    pub async fn cancel_rotation(&self, caller: &Caller, id: RecordId) -> Result<Record, ManageError> {
        Ok(self.mutate(caller, id, Mutation::CancelRotation, None).await?.record)
    }

    /// Rotates the very token that is presented, within the end that it has. If the answer was lost, it can be done
    /// again with the old token during its grace, until the new one was used.
    ///
    /// A token whose holder [may sign for any user](crate::Record::acts_for_anyone) does not: the answer would hold a
    /// secret that is worth more than what was presented.
    ///
    /// # Errors
    ///
    /// [`ManageError::Rejected`] if the token is not accepted, and see [`ManageError`].
    pub async fn rotate_self(
        &self,
        api_token: &str,
        grace: Duration,
        origin: &Origin,
    ) -> Result<Generated, ManageError> {
        let Live { record, generation, .. } =
            self.presented(origin.borrowed(), || self.prove(api_token)).await?;
        let request = Rotate { grace, expiry: None };
        let own = Caller::system(record.id.to_string()).from_origin(origin.clone());
        self.rotate_as(&own, record.id, request, Some(generation)).await
    }

    async fn rotate_as(
        &self,
        caller: &Caller,
        id: RecordId,
        request: Rotate,
        presented: Option<u64>,
    ) -> Result<Generated, ManageError> {
        let rotated = async {
            caller.require(scopes::TOKENS_WRITE)?;
            let rotation = self.rotation(request, presented).await?;
            self.mutate_to_token(caller, id, Mutation::Rotate(Box::new(rotation))).await
        };
        let rotated = rotated.await;
        self.note_denial(caller, Some(id), &rotated);
        rotated
    }

    pub(super) async fn rotation(
        &self,
        request: Rotate,
        presented: Option<u64>,
    ) -> Result<Rotation, ManageError> {
        // A node that started after this one may give access tokens a longer life.
        let longest = self.0.store.longest_access_ttl(self.0.settings.access_ttl).await?;
        Ok(Rotation { request, presented, longest_child: self.0.keep_span(longest) })
    }

    /// A change that makes a token, and what it made. A refusal is noted by who asks for it.
    pub(super) async fn mutate_to_token(
        &self,
        caller: &Caller,
        id: RecordId,
        mutation: Mutation,
    ) -> Result<Generated, ManageError> {
        let Changed { record, api_token } = self.change_apart(caller, id, mutation, None).await?;
        let lost = ManageError::Unavailable(crate::Unavailable::Internal("a rotation made no token"));
        let secret = self.secret_of(&record)?;
        Ok(Generated { api_token: api_token.ok_or(lost)?, secret, record })
    }

    pub(super) fn rotated(
        &self,
        before: &Record,
        rotation: &Rotation,
        lifetime: Lifetime,
        now: Timestamp,
    ) -> Result<(Record, ApiToken), ManageError> {
        let Rotate { grace, expiry } = rotation.request;
        if rotation.presented.is_some() {
            // It was accepted; what has come between counts all the same.
            accepted(before.state(now))?;
            if before.acts_for_anyone() {
                return Err(needs_grant());
            }
        }
        let mut check = Check::default();
        if grace.as_secs() > MAX_GRACE {
            check.fail("/grace_seconds", format!("must be at most {MAX_GRACE}"));
        }
        let mut after = before.clone();
        if let Some(expiry) = expiry {
            after.grant.expires_at = lifetime.resolve(expiry, now, &mut check);
        } else if before.has_ended(now) {
            check.fail("/expires_at", "must be given: the end of the token is over");
        } else if rotation.presented.is_some() {
            // It cannot ask for another end: it gets the longest that is allowed.
            after.grant.expires_at = lifetime.limited(before.grant.expires_at, now);
        } else {
            lifetime.check(before.grant.expires_at, now, "/expires_at", &mut check);
        }
        check.finish().map_err(ManageError::Invalid)?;
        let kept = superseded(before, rotation.presented, grace.is_zero(), now)?;
        after.previous = kept.map(|(credential, already)| in_grace(before, credential, grace, already, now));
        // Children of the old credential end with its grace: those made before the rotation may live too long.
        if grace < rotation.longest_child || !after.grant.covers(&before.grant) {
            after.epoch += 1;
        }
        let token = self.sign_next(&mut after, now)?;
        Ok((after, token))
    }

    /// Another personal token in the place of that one. It can always be done: of two old credentials, the elder one
    /// goes.
    pub(super) fn replaced(
        &self,
        before: &Record,
        caller: &Caller,
        replacement: &Replacement,
        now: Timestamp,
    ) -> Result<(Record, ApiToken), ManageError> {
        let Replacement { request, rotation, incarnation } = replacement;
        let mut check = Check::default();
        let (grant, not_before) = self.requested(caller, request, now, &mut check);
        if request.key_and_secret && self.0.rings.load().secret.is_none() {
            check.fail("/key_and_secret", "is not set up here");
        }
        check.finish().map_err(ManageError::Invalid)?;
        let grace = rotation.request.grace;
        let same_life = before.incarnation == *incarnation;
        // The old credential gets the bounds of the new one: it must not gain by that.
        let within = before.grant.covers(&Grant { expires_at: before.grant.expires_at, ..grant.clone() });
        let in_force = before.standing == Standing::Active && !before.has_ended(now);
        let kept = in_force && same_life && within && !grace.is_zero();
        let mut after = before.clone();
        after.previous = kept.then(|| in_grace(before, &before.credential, grace, None, now));
        after.incarnation.clone_from(incarnation);
        after.name.clone_from(&request.name);
        after.description.clone_from(&request.description);
        (after.grant, after.not_before) = (grant, not_before);
        (after.standing, after.has_secret) = (Standing::Active, request.key_and_secret);
        let elder_goes = before.grace(now).is_some();
        let stays = kept && !elder_goes && grace >= rotation.longest_child;
        if !stays || !after.grant.covers(&before.grant) {
            after.epoch += 1;
        }
        let token = self.sign_next(&mut after, now)?;
        Ok((after, token))
    }

    fn sign_next(&self, record: &mut Record, now: Timestamp) -> Result<ApiToken, ManageError> {
        record.last_generation += 1;
        let (generation, end) = (record.last_generation, record.grant.expires_at);
        let (credential, token) = self.sign_api_token(record.id, generation, now, record.not_before, end)?;
        record.credential = credential;
        Ok(token)
    }
}
