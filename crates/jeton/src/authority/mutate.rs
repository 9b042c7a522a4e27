//! How a record is changed: read, decide, compare and swap, in a task that runs to its end.
//!
//! Deciding is a pure function of the record as read; the store alone says whether it was still that one.

use super::{
    Authority, Edit,
    edit::apply,
    grace::{cancelled, confirmed},
    personal::Replacement,
    rotate::Rotation,
};
use crate::{
    Action, ApiToken, Caller, Change, Conflict, LiveLimit, ManageError, Record, RecordId, Standing,
    StoreError, Timestamp, Unavailable, Update, rights::scopes, text::Check,
};

/// How often a change that met another one is decided anew.
const ATTEMPTS: u32 = 32;

#[derive(Clone, Debug)]
pub(super) enum Mutation {
    Edit(Box<Edit>),
    Rotate(Box<Rotation>),
    /// Another personal token takes the place of this one.
    Replace(Box<Replacement>),
    CancelRotation,
    /// The new credential of a rotation is used for the first time.
    Confirm(u64),
    Disable,
    Enable,
    /// The rights of its subject changed.
    CutOff,
    Revoke,
    Delete,
}

impl Mutation {
    /// Whether it ends access tokens whatever the record holds. Then it is tried for as long as others get through:
    /// nobody who may write keeps a token alive by changing it all the time.
    fn kills(&self) -> bool {
        match self {
            Self::Disable | Self::CutOff | Self::Revoke | Self::Delete => true,
            Self::Rotate(rotation) => rotation.kills(),
            Self::Replace(replacement) => replacement.rotation.kills(),
            Self::Edit(_) | Self::CancelRotation | Self::Confirm(_) | Self::Enable => false,
        }
    }

    const fn action(&self) -> Action {
        match self {
            Self::Edit(_) => Action::Edit,
            Self::Rotate(_) | Self::Replace(_) => Action::Rotate,
            Self::CancelRotation => Action::CancelRotation,
            Self::Confirm(_) => Action::ConfirmRotation,
            Self::Disable => Action::Disable,
            Self::Enable => Action::Enable,
            Self::CutOff => Action::CutOff,
            Self::Revoke => Action::Revoke,
            Self::Delete => Action::Delete,
        }
    }
}

/// A record after a change, and the token that a rotation made.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) record: Record,
    pub(super) api_token: Option<ApiToken>,
}

impl Authority {
    /// Changes a record.
    pub(super) async fn mutate(
        &self,
        caller: &Caller,
        id: RecordId,
        mutation: Mutation,
        if_match: Option<u64>,
    ) -> Result<Changed, ManageError> {
        let changed = self.change_apart(caller, id, mutation, if_match).await;
        self.note_denial(caller, Some(id), &changed);
        changed
    }

    /// The same in a task of its own: a caller that goes away in the middle leaves it undone or done, and if it is done,
    /// then on this node too.
    pub(super) async fn change_apart(
        &self,
        caller: &Caller,
        id: RecordId,
        mutation: Mutation,
        if_match: Option<u64>,
    ) -> Result<Changed, ManageError> {
        let (authority, asking) = (self.clone(), caller.clone());
        let task = tokio::spawn(async move {
            asking.require(scopes::TOKENS_WRITE)?;
            authority.change(&asking, id, &mutation, if_match).await
        });
        task.await
            .unwrap_or(Err(ManageError::Unavailable(Unavailable::Internal("the change was broken off"))))
    }

    pub(super) async fn change(
        &self,
        caller: &Caller,
        id: RecordId,
        mutation: &Mutation,
        if_match: Option<u64>,
    ) -> Result<Changed, ManageError> {
        let (mut left, mut seen) = (ATTEMPTS, 0);
        while left > 0 {
            let before = self.0.store.find(id).await?.filter(|record| caller.sees(record));
            let before = before.ok_or(ManageError::NotFound)?;
            if if_match.is_some_and(|version| version != before.version) {
                return Err(ManageError::Stale);
            }
            // A store that shows the same version again lags, and is not waited for without end.
            left = if mutation.kills() && before.version > seen { ATTEMPTS } else { left - 1 };
            seen = before.version;
            let now = self.now();
            let (mut after, api_token) = self.decide(caller, &before, mutation, now)?;
            self.may_change(caller, &before, &mut after).await?;
            if after == before {
                return Ok(Changed { record: before, api_token: None });
            }
            after.version += 1;
            after.updated_at = now;
            let update = Update {
                expected_version: before.version,
                limits: self.new_limits(&before, &after, now),
                change: Change::Record { id, epoch: after.epoch },
                audit: caller.entry(mutation.action(), now, Some(&after)),
                record: after,
            };
            match self.0.store.update(&update).await {
                Ok(()) => {
                    self.0.forget_record(id);
                    self.cut_off(&before, &update.record);
                    update.audit.tell();
                    self.note_end(&before, &update.record);
                    return Ok(Changed { record: update.record, api_token });
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Unavailable::Internal("the record changes too often").into())
    }

    /// What must hold if the change gives its subject one more live token.
    fn new_limits(&self, before: &Record, after: &Record, now: Timestamp) -> Vec<LiveLimit> {
        let counted = before.grant.subject == after.grant.subject && !self.limits_of(before, now).is_empty();
        if counted { Vec::new() } else { self.limits_of(after, now) }
    }

    /// What a caller may make of a record, beyond having `tokens:write`: nothing that would give more than it holds.
    async fn may_change(
        &self,
        caller: &Caller,
        before: &Record,
        after: &mut Record,
    ) -> Result<(), ManageError> {
        let enabled = before.standing == Standing::Disabled && after.standing == Standing::Active;
        let moved = before.grant.subject != after.grant.subject;
        // Whoever rotates gets to see the token.
        let shown = before.last_generation != after.last_generation;
        let anyone = after.acts_for_anyone() && !before.acts_for_anyone();
        if !enabled && !shown && !anyone && before.grant.covers(&after.grant) {
            return Ok(());
        }
        let mut account = None;
        if moved {
            account = self.subject_account(caller, &after.grant).await?;
            after.incarnation = account.as_ref().map(|account| account.incarnation.clone());
        }
        self.may_give(caller, after, account.as_ref()).await?;
        if before.grant == after.grant {
            return Ok(());
        }
        if account.is_none()
            && let Some(subject) = &after.grant.subject
        {
            account = Some(self.0.account(subject).await?.unwrap_or_default());
        }
        self.fits(after, account.as_ref())
    }

    /// What the record becomes; itself if nothing is to be changed. Whatever takes rights away raises the epoch.
    fn decide(
        &self,
        caller: &Caller,
        before: &Record,
        mutation: &Mutation,
        now: Timestamp,
    ) -> Result<(Record, Option<ApiToken>), ManageError> {
        let mut after = before.clone();
        let lifetime = self.0.settings.lifetimes.of(before.kind, caller.may_grant());
        match (mutation, before.standing) {
            (Mutation::Delete, _) => after.standing = Standing::Deleted,
            (Mutation::Revoke, _) => after.standing = Standing::Revoked,
            (_, Standing::Revoked | Standing::Deleted) => return Err(Conflict::Revoked.into()),
            (Mutation::Disable, _) => after.standing = Standing::Disabled,
            (Mutation::Enable, Standing::Active) => {}
            (Mutation::Enable, _) => {
                let mut check = Check::default();
                lifetime.check(before.grant.expires_at, now, "/expires_at", &mut check);
                check.finish().map_err(ManageError::Invalid)?;
                after.standing = Standing::Active;
            }
            (Mutation::CutOff, _) => after.epoch += 1,
            (Mutation::Edit(edit), _) => {
                apply(edit, &mut after, now, lifetime, &self.0.settings)?;
            }
            (Mutation::Confirm(generation), _) => after = confirmed(before, *generation),
            (Mutation::CancelRotation, _) => after = cancelled(before, now)?,
            (Mutation::Rotate(rotation), _) => {
                let (after, token) = self.rotated(before, rotation, lifetime, now)?;
                return Ok((after, Some(token)));
            }
            (Mutation::Replace(replacement), _) => {
                let (after, token) = self.replaced(before, caller, replacement, now)?;
                return Ok((after, Some(token)));
            }
        }
        let stopped = after.standing != before.standing && after.standing != Standing::Active;
        if stopped || !after.grant.covers(&before.grant) {
            after.epoch += 1;
        }
        Ok((after, None))
    }

    /// Takes effect here before the answer; other nodes learn it from the change log.
    fn cut_off(&self, before: &Record, after: &Record) {
        if after.epoch > before.epoch {
            let span = self.0.keep_span(self.0.settings.longest_access_ttl);
            let until = self.0.clock().monotonic().saturating_add(span);
            self.0.cut_offs().raise(after.id, after.epoch, until);
        }
    }
}
