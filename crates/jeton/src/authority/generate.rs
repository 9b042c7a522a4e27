//! Generating an API token.

use super::{Authority, Generate, Generated, request::check_grant};
use crate::{
    Account, Caller, Conflict, ExchangeError, FieldError, Grant, Kind, LastUse, ManageError, Record,
    RecordId, Standing, Timestamp, Unavailable,
    policy::Denial,
    rights::{Rights, scopes},
    text::Check,
};

impl Authority {
    /// Generates an API token. The token is in the answer and nowhere else.
    ///
    /// # Errors
    ///
    /// See [`ManageError`]; nothing is stored then.
    pub async fn generate(&self, caller: &Caller, request: Generate) -> Result<Generated, ManageError> {
        caller.require(scopes::TOKENS_WRITE)?;
        let request = self.as_personal(caller, request).await?;
        let now = self.now();
        let settings = &self.0.settings;
        let mut check = Check::default();
        check.name(&request.name);
        check.description(&request.description);
        let expires_at = settings.lifetimes.resolve(request.expiry, now, &mut check);
        let not_before = request.not_before.unwrap_or(now);
        // An end that is over was told already.
        if expires_at.is_some_and(|end| now < end && end <= not_before) {
            check.fail("/not_before", "must be before the end");
        }
        if request.kind == Kind::Personal && request.subject.is_none() {
            check.fail("/subject", "a personal token needs one");
        }
        let mut grant = Grant {
            subject: request.subject,
            tenant: request.tenant.or_else(|| caller.tenant().map(str::to_owned)),
            groups: request.groups,
            roles: request.roles,
            scopes: request.scopes,
            audiences: request.audiences,
            networks: request.networks,
            expires_at,
        };
        settings.drop_default_role(&mut grant);
        check_grant(&grant, &settings.audiences, &mut check);
        check.finish().map_err(ManageError::Invalid)?;

        let account = self.subject_account(caller, &grant).await?;
        self.may_give(caller, &grant, account.as_ref()).await?;
        let id = RecordId::new(now, &*self.0.random).map_err(Unavailable::from)?;
        let (credential, api_token) = self.sign_api_token(id, 1, now, not_before, expires_at)?;
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
            not_before,
            credential,
            previous: None,
            last_generation: 1,
            epoch: 0,
            version: 1,
            last_use: LastUse::default(),
        };
        self.fits(&record, account.as_ref())?;
        self.0.store.insert(&record).await?;
        tracing::info!(token_id = %id, actor = caller.name(), "generated");
        Ok(Generated { record, api_token })
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
        let claims = self.child_claims(record, &rights, audiences, Timestamp::MAX, Timestamp::MAX)?;
        match self.sign_child(&claims) {
            Ok(_) => Ok(()),
            Err(ExchangeError::Unavailable(unavailable)) => Err(unavailable.into()),
            Err(_) => Err(Conflict::TokenTooLarge.into()),
        }
    }
}
