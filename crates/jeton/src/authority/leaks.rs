//! A token that its manager thinks has leaked, ended at once.

use super::{Authority, mutate::Mutation};
use crate::{Action, Caller, Event, ManageError, Notice, Record, RecordId, rights::scopes};

impl Authority {
    /// Whoever may end that token says that it leaked: that is written into the audit log and told to the host's
    /// [`Sink`](crate::Sink), and the token is revoked. Who holds nothing but the token calls
    /// [`report_leak`](Self::report_leak).
    ///
    /// # Errors
    ///
    /// See [`ManageError`]; unless it is unavailable, nothing was done then.
    pub async fn revoke_leaked(&self, caller: &Caller, id: RecordId) -> Result<Record, ManageError> {
        self.require(caller, scopes::TOKENS_WRITE, Some(id))?;
        let record = self.0.store.find(id).await?.filter(|record| caller.sees(record));
        let record = record.ok_or(ManageError::NotFound)?;
        let entry = caller.entry(Action::ReportLeak, self.now(), Some(&record));
        self.0.store.append(std::slice::from_ref(&entry)).await?;
        entry.tell();
        let name = format!("leaked {id} {}", record.credential.generation);
        self.tell_once(name, Notice { event: Event::Leaked, record });
        Ok(self.mutate(caller, id, Mutation::Revoke, None).await?.record)
    }
}
