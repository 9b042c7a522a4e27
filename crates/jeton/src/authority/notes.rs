//! What is told beside the answer: to the audit log, to the limits, and to the host app.

use super::{Authority, Exchanged, proven::Proven};
use crate::{
    Action, AuditEntry, AuditFilter, AuditPage, AuditQuery, AuthenticateError, Caller, Event, ExchangeError,
    ManageError, Notice, Origin, OriginRef, Record, RecordId, Standing, Unavailable, audit, rights::scopes,
};

impl Authority {
    /// A page of the audit log, the newest entries first: at most `limit` (1 to 200) of those with a number below
    /// `before`. A caller that belongs to a tenant sees what was done to that tenant's tokens.
    ///
    /// # Errors
    ///
    /// If the caller does not hold `tokens:audit`, or if the store does not answer.
    pub async fn audit(
        &self,
        caller: &Caller,
        mut filter: AuditFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<AuditPage, ManageError> {
        self.require(caller, scopes::TOKENS_AUDIT, None)?;
        if let Some(tenant) = caller.tenant() {
            filter.tenant = Some(tenant.to_owned());
        }
        // What this node has in hand belongs to it.
        audit::write_down(&self.0).await?;
        let query = AuditQuery { filter, before, limit: limit.clamp(1, 200) };
        Ok(self.0.store.audit(&query).await?)
    }

    /// Somebody says that this API token leaked. Whoever holds it may say so. It is written into the audit log and told
    /// to the host's [`Sink`](crate::Sink); the token works on until the host, or whoever it tells, ends it. Returns its
    /// id; `None` if it is none of ours.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn report_leak(
        &self,
        api_token: &str,
        origin: &Origin,
    ) -> Result<Option<RecordId>, Unavailable> {
        let Ok(proven) = self.prove(api_token) else { return Ok(None) };
        let Some(record) = self.0.store.find(proven.id()).await? else { return Ok(None) };
        let finder = Caller::system(record.id.to_string()).from_origin(origin.clone());
        let entry = finder.entry(Action::ReportLeak, self.now(), Some(&record));
        self.0.store.append(std::slice::from_ref(&entry)).await?;
        entry.tell();
        let id = record.id;
        // Of each credential once: whoever found it may say so as often as it likes.
        let name = format!("leaked {id} {}", proven.generation().unwrap_or_default());
        self.tell_once(name, Notice { event: Event::Leaked, record });
        Ok(Some(id))
    }

    /// Whether the caller may do what takes that scope. A refusal is noted.
    pub(super) fn require(
        &self,
        caller: &Caller,
        scope: &str,
        id: Option<RecordId>,
    ) -> Result<(), ManageError> {
        let required = caller.require(scope);
        self.note_denial(caller, id, &required);
        required
    }

    /// A management call was refused.
    pub(super) fn note_denial<T>(
        &self,
        caller: &Caller,
        id: Option<RecordId>,
        answer: &Result<T, ManageError>,
    ) {
        if let Err(ManageError::Denied(denial)) = answer {
            let mut entry = caller.entry(Action::Refuse, self.now(), None);
            (entry.token_id, entry.reason) = (id, Some(denial.code().to_owned()));
            self.0.audit.note(entry);
        }
    }

    pub(super) fn note_exchange(
        &self,
        id: Option<RecordId>,
        exchanged: &Result<Exchanged, ExchangeError>,
        origin: &Origin,
    ) {
        let reason = match exchanged {
            Ok(_) => None,
            Err(ExchangeError::Rejected(rejection)) => {
                self.0.limits.bad_credentials(origin.address);
                Some(rejection.code())
            }
            Err(ExchangeError::Denied(denial)) => Some(denial.code()),
            Err(ExchangeError::InvalidScope) => Some("invalid_scope"),
            Err(ExchangeError::InvalidTarget) => Some("invalid_target"),
            Err(ExchangeError::TokenTooLarge) => Some("token_too_large"),
            Err(ExchangeError::TooMany(_)) => Some("too_many_requests"),
            // Nothing was decided.
            Err(ExchangeError::Unavailable(_)) => return,
        };
        let exchanged = exchanged.as_ref().ok();
        let subject = exchanged.and_then(|exchanged| exchanged.subject.clone());
        self.0.audit.note(AuditEntry {
            at: self.now(),
            action: if reason.is_none() { Action::Exchange } else { Action::Refuse },
            actor: subject.or_else(|| id.map(|id| id.to_string())).unwrap_or_default(),
            token_id: id,
            tenant: exchanged.and_then(|exchanged| exchanged.tenant.clone()),
            origin: origin.clone(),
            reason: reason.map(str::to_owned),
        });
    }

    /// A request was refused.
    pub(super) fn note_refusal(
        &self,
        id: Option<RecordId>,
        error: &AuthenticateError,
        origin: OriginRef<'_>,
    ) {
        let reason = match error {
            AuthenticateError::Rejected(rejection) => {
                self.0.limits.bad_credentials(origin.address);
                rejection.code()
            }
            AuthenticateError::Denied(denial) => denial.code(),
            AuthenticateError::TooMany(_) | AuthenticateError::Unavailable(_) => return,
        };
        self.0.audit.note(AuditEntry {
            at: self.now(),
            action: Action::Refuse,
            actor: id.map(|id| id.to_string()).unwrap_or_default(),
            token_id: id,
            tenant: None,
            origin: origin.into(),
            reason: Some(reason.to_owned()),
        });
    }

    /// A credential was used that is none any more.
    pub(super) fn note_superseded(&self, record: &Record, proven: &Proven) {
        if let Some(generation) = proven.generation() {
            let event = Event::SupersededUsed { generation };
            // Of each old credential once: a program that was not told tries on and on.
            let name = format!("superseded {} {generation}", record.id);
            self.tell_once(name, Notice { event, record: record.clone() });
        }
    }

    pub(super) fn note_end(&self, before: &Record, record: &Record) {
        let ended = |record: &Record| matches!(record.standing, Standing::Revoked | Standing::Deleted);
        // One that is deleted after it was revoked ended then.
        if ended(record) && !ended(before) {
            self.tell(Notice { event: Event::Revoked, record: record.clone() });
        }
    }

    /// Hands a notice on, in the background.
    fn tell(&self, notice: Notice) {
        let Some(sink) = self.0.sink.clone() else { return };
        tokio::spawn(async move {
            if let Err(error) = sink.take(&notice).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a notice was lost");
            }
        });
    }

    pub(super) fn tell_once(&self, name: String, notice: Notice) {
        let Some(sink) = self.0.sink.clone() else { return };
        let authority = self.clone();
        tokio::spawn(async move {
            let until = authority.now().saturating_add(super::housekeeping::REMEMBER_NOTICES);
            let first = authority.0.store.take_name(&name, until).await;
            let told = match first {
                Ok(true) => sink.take(&notice).await,
                Ok(false) => Ok(()),
                Err(error) => Err(crate::SinkError::new(error)),
            };
            if let Err(error) = told {
                tracing::warn!(error = &error as &dyn std::error::Error, "a notice was lost");
            }
        });
    }
}
