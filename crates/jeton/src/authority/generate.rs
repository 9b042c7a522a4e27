//! Generating an API token.

use super::{Authority, Generate, Generated, exchange::signed, request::check_grant};
use crate::{
    Account, Action, Caller, Conflict, FieldError, Grant, Insert, Kind, LastUse, LiveLimit, ManageError,
    Record, RecordId, Standing, State, Timestamp, Unavailable,
    jose::{MAX_TOKEN_BYTES, TokenType},
    policy::Denial,
    rights::{Rights, scopes},
    text::Check,
};

impl Authority {
    /// Generates an API token. The token is in the answer and nowhere else; so are its key and secret.
    ///
    /// A user that may have one personal token, and has it, gets another one in its place: the same record with a new
    /// credential, and the grace of [`personal_grace`](super::AuthorityBuilder::personal_grace) for the old one.
    ///
    /// # Errors
    ///
    /// See [`ManageError`]; nothing is stored then.
    pub async fn generate(&self, caller: &Caller, request: Generate) -> Result<Generated, ManageError> {
        let generated = self.generate_as(caller, request).await;
        self.note_denial(caller, None, &generated);
        generated
    }

    async fn generate_as(&self, caller: &Caller, request: Generate) -> Result<Generated, ManageError> {
        caller.require(scopes::TOKENS_WRITE)?;
        self.0.switch.check()?;
        if caller.person().is_some() {
            return self.generate_personal(caller, request).await;
        }
        self.insert(caller, request).await
    }

    /// Generates a token with a record of its own.
    pub(super) async fn insert(&self, caller: &Caller, request: Generate) -> Result<Generated, ManageError> {
        let now = self.now();
        let mut check = Check::default();
        let (grant, not_before) = self.requested(caller, &request, now, &mut check);
        if request.key_and_secret && self.0.rings.load().secret.is_none() {
            check.fail("/key_and_secret", "is not set up here");
        }
        check.finish().map_err(ManageError::Invalid)?;

        let account = self.subject_account(caller, &grant).await?;
        let id = RecordId::new(now, &*self.0.random).map_err(Unavailable::from)?;
        let (credential, api_token) = self.sign_api_token(id, 1, now, not_before, grant.expires_at)?;
        let record = Record {
            id,
            kind: request.kind,
            name: request.name,
            description: request.description,
            grant,
            incarnation: account.as_ref().map(|account| account.incarnation.clone()),
            standing: Standing::Active,
            created_at: now,
            created_by: caller.name(),
            updated_at: now,
            has_secret: request.key_and_secret,
            not_before,
            credential,
            previous: None,
            last_generation: 1,
            // After a restoration none is below that of the others.
            epoch: self.0.cut_offs().floor(),
            version: 1,
            last_use: LastUse::default(),
        };
        self.may_give(caller, &record, account.as_ref()).await?;
        self.fits(&record, account.as_ref())?;
        let secret = self.secret_of(&record)?;
        let limits = self.limits_of(&record, now);
        let insert = Insert { audit: caller.entry(Action::Generate, now, Some(&record)), limits, record };
        self.0.store.insert(&insert).await?;
        insert.audit.tell();
        Ok(Generated { record: insert.record, api_token, secret })
    }

    /// What the token would be, as far as the request says.
    pub(super) fn requested(
        &self,
        caller: &Caller,
        request: &Generate,
        now: Timestamp,
        check: &mut Check,
    ) -> (Grant, Timestamp) {
        let settings = &self.0.settings;
        check.name(&request.name);
        check.description(&request.description);
        let lifetime = settings.lifetimes.of(request.kind, caller.may_grant());
        let expires_at = lifetime.resolve(request.expiry, now, check);
        let not_before = request.not_before.unwrap_or(now);
        // An end that is over was told already.
        if expires_at.is_some_and(|end| now < end && end <= not_before) {
            check.fail("/not_before", "must be before the end");
        }
        if request.kind == Kind::Personal && request.subject.is_none() {
            check.fail("/subject", "a personal token needs one");
        }
        let mut grant = Grant {
            subject: request.subject.clone(),
            tenant: request.tenant.clone().or_else(|| caller.tenant().map(str::to_owned)),
            groups: request.groups.clone(),
            roles: request.roles.clone(),
            scopes: request.scopes.clone(),
            audiences: request.audiences.clone(),
            networks: request.networks.clone(),
            expires_at,
        };
        settings.drop_default_role(&mut grant);
        check_grant(&grant, &settings.audiences, check);
        (grant, not_before)
    }

    /// How many live tokens its subject may have with that one.
    pub(super) fn limits_of(&self, record: &Record, now: Timestamp) -> Vec<LiveLimit> {
        if record.grant.subject.is_none() || matches!(record.state(now), State::Revoked | State::Expired) {
            return Vec::new();
        }
        let settings = &self.0.settings;
        let limit = |kind, at_most: usize| LiveLimit { kind, at_most: at_most as u64, now };
        let personal =
            (record.kind == Kind::Personal).then(|| limit(Some(Kind::Personal), settings.personal_limit));
        let all = settings.subject_limit.map(|at_most| limit(None, at_most));
        personal.into_iter().chain(all).collect()
    }

    /// The account that a token for that subject acts as; none without a subject. Who may not give to that subject
    /// does not learn whether there is one.
    pub(super) async fn subject_account(
        &self,
        caller: &Caller,
        grant: &Grant,
    ) -> Result<Option<Account>, ManageError> {
        let Some(subject) = &grant.subject else { return Ok(None) };
        let own = caller.held().is_some_and(|held| held.subject == Some(subject));
        if !own && !caller.may_grant() {
            return Err(ManageError::Denied(Denial::scope(scopes::TOKENS_GRANT)));
        }
        let account = self.0.account(subject).await?.filter(|account| account.active);
        let unknown = || ManageError::Invalid(vec![FieldError::new("/subject", "is no active user")]);
        account.ok_or_else(unknown).map(Some)
    }

    /// Whether the access tokens of the record stay within the limit, even if they hold all that it gives now.
    pub(super) fn fits(&self, record: &Record, account: Option<&Account>) -> Result<(), ManageError> {
        let settings = &self.0.settings;
        let rights = Rights::of(&record.grant, account, &settings.role_map, &settings.default_role);
        let audiences = match &record.grant.audiences {
            all if all.is_empty() => [settings.default_audience.clone()].into(),
            some => some.clone(),
        };
        let halves = self.halves(record, &rights, &audiences)?;
        let claims = halves.claims(&self.0.jtis.next()?, Timestamp::MAX, Timestamp::MAX);
        let token = signed(&*self.child_key()?, TokenType::Access, &claims)?;
        if token.len() > MAX_TOKEN_BYTES { Err(Conflict::TokenTooLarge.into()) } else { Ok(()) }
    }
}
