//! The grace of an old credential: what is accepted beside the new one, and for how long. Pure functions of a record.

use std::time::Duration;

use crate::{Conflict, Credential, ManageError, PreviousCredential, Record, Rejection, Timestamp};

/// That credential of the record in a grace of that length, with the end that the record had: a later one is for the new
/// credential alone. One that is in its grace `already` prolongs neither.
pub(super) fn in_grace(
    before: &Record,
    credential: &Credential,
    grace: Duration,
    already: Option<&PreviousCredential>,
    now: Timestamp,
) -> PreviousCredential {
    let own = already.and_then(|already| already.ends_at);
    let ends_at = [own, before.grant.expires_at].into_iter().flatten().min();
    let end = now.saturating_add(grace);
    let until = already.map_or(end, |already| already.until.min(end));
    PreviousCredential { credential: credential.clone(), ends_at, until, superseded: false }
}

/// The credential that is accepted beside the new one, and what it is if it is in a grace already; none if nothing is to
/// be left of the old ones.
pub(super) fn superseded(
    before: &Record,
    presented: Option<u64>,
    at_once: bool,
    now: Timestamp,
) -> Result<Option<(&Credential, Option<&PreviousCredential>)>, ManageError> {
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
            (&previous.credential, Some(previous))
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
    // What was shortened meanwhile stays short.
    after.grant.expires_at = [previous.ends_at, before.grant.expires_at].into_iter().flatten().min();
    Ok(after)
}

/// The record with the mark that its new credential was used.
pub(super) fn confirmed(before: &Record, generation: u64) -> Record {
    let mut after = before.clone();
    let current = after.credential.generation == generation;
    after.previous.iter_mut().filter(|_| current).for_each(|previous| previous.superseded = true);
    after
}
