//! What a credential stands for now: the reading that every exchange and every direct use begins with.
//!
//! The order is what makes child-kill safe: first the time is taken, then the record is read, then the directory is
//! asked, then the record's epoch is compared with the cut-off. What is made from it lives from the time taken on, so
//! that what comes from a stale read is older than the cut-off that refuses it.

use std::sync::Arc;

use super::{Authority, mutate::Mutation, proven::Proven, signature::Signature};
use crate::{
    Account, AuthenticateError, Caller, Credential, ManageError, PreviousCredential, Record, RecordId,
    Rejection, State, Timestamp, Unavailable,
};

/// How often a read that lies behind a cut-off is repeated.
const ATTEMPTS: usize = 3;

/// A credential that is accepted now, and what was read about it.
pub(super) struct Live {
    /// The time taken before anything was read.
    pub(super) started: Timestamp,
    /// With the subject that it acts as, also if a signature names it.
    pub(super) record: Arc<Record>,
    /// There exactly if the record has a subject.
    pub(super) account: Option<Account>,
    /// The end of the presented credential, exclusive: of the record, of its grace, or of what was signed.
    pub(super) ends_at: Option<Timestamp>,
    /// The generation of the presented credential.
    pub(super) generation: u64,
    /// Whether a signature names the subject, so that nobody else has this very record.
    pub(super) is_signed_for: bool,
}

impl Authority {
    /// Reads what a credential stands for, and whether it is accepted now. It counts as its first use.
    pub(super) async fn live(&self, proven: &Proven) -> Result<Live, AuthenticateError> {
        self.read_live(proven, true).await
    }

    /// The same for who only wants to know.
    pub(super) async fn peek(&self, proven: &Proven) -> Result<Live, AuthenticateError> {
        self.read_live(proven, false).await
    }

    async fn read_live(&self, proven: &Proven, used: bool) -> Result<Live, AuthenticateError> {
        let started = self.now();
        if let Some(record) = self.cached(proven)
            && let Ok(Some(live)) = self.look_at(proven, &record, started, used).await
        {
            return Ok(live);
        }
        // Whatever else came of a record from the cache: the store may know better.
        for _ in 0..ATTEMPTS {
            let started = self.now();
            let reading = self.0.recent.reading(proven.id());
            let record = self.0.store.find(proven.id()).await.map_err(Unavailable::from)?;
            let record = Arc::new(record.ok_or(proven.unknown())?);
            self.0.recent.remember(record.id, reading, &record);
            match self.look_at(proven, &record, started, used).await {
                Ok(Some(live)) => return Ok(live),
                Ok(None) => {}
                Err(error) => {
                    if used && error.rejection() == Some(Rejection::Superseded) {
                        self.note_superseded(&record, proven);
                    }
                    return Err(error);
                }
            }
        }
        Err(Unavailable::Internal("the store lags behind its change log").into())
    }

    /// The record from the cache, unless it is older than the credential.
    fn cached(&self, proven: &Proven) -> Option<Arc<Record>> {
        if self.0.recent.is_off() {
            return None;
        }
        let record = self.0.recent.find(proven.id(), self.0.log_age());
        self.0.telemetry.cached_record(record.is_some());
        let record = record?;
        let newer = proven.generation().is_some_and(|generation| generation > record.last_generation);
        (!newer).then_some(record)
    }

    /// What the record says of the credential at that time. `None` if it is to be read again.
    async fn look_at(
        &self,
        proven: &Proven,
        record: &Arc<Record>,
        started: Timestamp,
        used: bool,
    ) -> Result<Option<Live>, AuthenticateError> {
        let (generation, ends_at) = self.judge(record, proven, started)?;
        if let Proven::Signature(signature) = proven {
            signature.check_time(started, self.0.verifier.0.clock_skew)?;
        }
        let (mut record, mut is_signed_for) = (Arc::clone(record), false);
        if let Proven::Signature(Signature { user: Some(user), .. }) = proven {
            let subject = self.signed_subject(user, &record).await?;
            if record.grant.subject.is_none() {
                // The user of this moment, whichever life of that name it is.
                let incarnation = self.0.account(&subject).await?.map(|account| account.incarnation);
                let record = Arc::make_mut(&mut record);
                (record.incarnation, record.grant.subject) = (incarnation, Some(subject));
                is_signed_for = true;
            }
        }
        let account = self.account_of(&record).await?;
        if used && generation == record.credential.generation && self.is_cancellable(&record, started) {
            // The first use of a new credential: written down before it takes effect, so that from now on nobody
            // cancels its rotation.
            self.confirm_rotation(record.id, generation).await?;
            return Ok(None);
        }
        let counts = self.0.cut_offs().accepts(record.id, record.epoch);
        Ok(counts.then_some(Live { started, record, account, ends_at, generation, is_signed_for }))
    }

    /// The credential of the record that was presented, and what it is if it is in its grace; none if it counts no more.
    pub(super) fn shown<'a>(
        &self,
        record: &'a Record,
        proven: &Proven,
        now: Timestamp,
    ) -> Option<(&'a Credential, Option<&'a PreviousCredential>)> {
        let shows = |credential: &Credential| match proven {
            Proven::Token { fingerprint, .. } => credential.fingerprint == *fingerprint,
            Proven::Secret { generation, .. } => record.has_secret && credential.generation == *generation,
            Proven::Signature(signature) => {
                record.has_secret && self.is_signed_by(signature, credential.generation)
            }
        };
        let current = Some((&record.credential, None));
        let previous = record.grace(now).map(|previous| (&previous.credential, Some(previous)));
        current.into_iter().chain(previous).find(|(credential, _)| shows(credential))
    }

    /// Whether the record accepts that credential now: its generation, and until when.
    fn judge(
        &self,
        record: &Record,
        proven: &Proven,
        now: Timestamp,
    ) -> Result<(u64, Option<Timestamp>), Rejection> {
        let shown = self.shown(record, proven, now);
        if shown.is_none() && matches!(proven, Proven::Signature(_)) {
            // Nothing is proven by it, so nothing is told.
            return Err(Rejection::Invalid);
        }
        accepted(record.state(now))?;
        let (credential, previous) = shown.ok_or(Rejection::Superseded)?;
        let signed = match proven {
            Proven::Token { expires_at, .. } => *expires_at,
            _ => credential.expires_at,
        };
        // A rotation that set a later end set it for the new credential.
        let own = previous.and_then(|previous| previous.ends_at);
        if [signed, own].into_iter().flatten().any(|end| now >= end) {
            return Err(Rejection::Expired);
        }
        let grace = previous.map(|previous| previous.until);
        let ends_at = [grace, signed, own, record.grant.expires_at].into_iter().flatten().min();
        Ok((credential.generation, ends_at))
    }

    /// Whether some node may still take the rotation of that record back: also one whose clock is behind this one.
    fn is_cancellable(&self, record: &Record, now: Timestamp) -> bool {
        let skew = self.0.verifier.0.clock_skew;
        record
            .previous
            .as_ref()
            .is_some_and(|previous| !previous.superseded && now < previous.until.saturating_add(skew))
    }

    async fn confirm_rotation(&self, id: RecordId, generation: u64) -> Result<(), AuthenticateError> {
        let own = Caller::system(id.to_string());
        match self.mutate(&own, id, Mutation::Confirm(generation), None).await {
            // Whatever else happened to the record meanwhile is seen when it is read again.
            Ok(_) | Err(ManageError::NotFound | ManageError::Conflict(_)) => Ok(()),
            Err(ManageError::Unavailable(unavailable)) => Err(unavailable.into()),
            Err(_) => Err(Unavailable::Internal("a rotation could not be confirmed").into()),
        }
    }

    async fn account_of(&self, record: &Record) -> Result<Option<Account>, AuthenticateError> {
        let Some(subject) = &record.grant.subject else { return Ok(None) };
        let account = self.0.account(subject).await?.ok_or(Rejection::Subject)?;
        // Two texts without any bytes are compared where there is no memory, which some processors take 100 ns for.
        let same = record.incarnation.as_ref().is_some_and(|incarnation| {
            let both = [incarnation, &account.incarnation];
            both.iter().all(|one| one.is_empty()) || incarnation == &account.incarnation
        });
        if account.active && same { Ok(Some(account)) } else { Err(Rejection::Subject.into()) }
    }
}

/// Whether a record in that state is accepted.
pub(super) const fn accepted(state: State) -> Result<(), Rejection> {
    match state {
        State::Active => Ok(()),
        State::Disabled => Err(Rejection::Disabled),
        State::Revoked => Err(Rejection::Revoked),
        State::Expired => Err(Rejection::Expired),
        State::NotYetValid => Err(Rejection::NotYetValid),
    }
}
