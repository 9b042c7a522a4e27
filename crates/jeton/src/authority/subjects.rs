//! What happens to the tokens of a user when the user changes.

use super::{Authority, mutate::Mutation};
use crate::{
    Caller, Conflict, Filter, ManageError, Query, RecordId, Sort, Standing, Unavailable, caller::Session,
    policy::Denial, rights::Rights,
};

impl Authority {
    /// Makes a change of that user effective at once: every access token of every token bound to it is refused from
    /// the answer on, on this node, and elsewhere when the change log is read. The next exchange asks the directory,
    /// which must show the change before this is called. Returns how many tokens of that user were cut off.
    ///
    /// So are all access tokens of the tokens whose holders [may sign for any user](crate::Record::acts_for_anyone),
    /// since some of them may act as that one.
    ///
    /// # Errors
    ///
    /// If the store does not answer. Some tokens may have been cut off by then; call it again.
    pub async fn subject_changed(&self, subject: &str) -> Result<usize, ManageError> {
        self.for_each_of(subject, Mutation::CutOff).await
    }

    /// Disables every token bound to that user, and refuses all their access tokens at once, whatever the directory
    /// says. Each must be enabled again if the user comes back. Returns how many tokens are disabled now.
    ///
    /// The access tokens that were got for that user by a signature are refused too, with all others of the tokens that
    /// made them. From then on the directory alone keeps the user out of signatures: those tokens stay enabled, as they
    /// are not that user's.
    ///
    /// # Errors
    ///
    /// If the store does not answer. Some tokens may have been disabled by then; call it again.
    pub async fn suspend_subject(&self, subject: &str) -> Result<usize, ManageError> {
        self.for_each_of(subject, Mutation::Disable).await
    }

    /// The caller that a session of the host app stands for: a user with the rights that the directory gives now.
    ///
    /// # Errors
    ///
    /// If there is no such active user, or if the directory does not answer.
    pub async fn caller_of_session(
        &self,
        subject: &str,
        tenant: Option<&str>,
    ) -> Result<Caller, ManageError> {
        let account = self.0.account(subject).await?.filter(|account| account.active);
        let account = account.ok_or(ManageError::Denied(Denial::Subject))?;
        let rights = Rights::of_account(&account, &self.0.settings.role_map);
        let (subject, tenant) = (subject.to_owned(), tenant.map(str::to_owned));
        Ok(Caller::from(Session { subject, tenant, rights }))
    }

    /// Does it to every token of the subject, and cuts off whatever may act as it beside them, in a task that runs to
    /// its end.
    async fn for_each_of(&self, subject: &str, mutation: Mutation) -> Result<usize, ManageError> {
        let (authority, subject) = (self.clone(), subject.to_owned());
        let task = tokio::spawn(async move {
            let system = Caller::system("directory");
            let (mut count, mut failed) = (0, None);
            let bound = Filter { subject: Some(subject), ..Filter::default() };
            let anyone = Filter { acts_for_anyone: true, ..Filter::default() };
            for (filter, mutation, counts) in [(bound, &mutation, 1), (anyone, &Mutation::CutOff, 0)] {
                for id in authority.unrevoked(filter).await? {
                    match authority.change(&system, id, mutation, None).await {
                        Ok(_) => count += counts,
                        // Gone meanwhile, and dead already.
                        Err(ManageError::NotFound | ManageError::Conflict(Conflict::Revoked)) => {}
                        // One that cannot be changed does not spare the others.
                        Err(error) => failed = Some(error),
                    }
                }
            }
            failed.map_or(Ok(count), Err)
        });
        task.await
            .unwrap_or(Err(ManageError::Unavailable(Unavailable::Internal("the change was broken off"))))
    }

    /// The tokens that pass now, but for the revoked ones. One that passes later is exchanged later, and then the
    /// directory is asked.
    async fn unrevoked(&self, filter: Filter) -> Result<Vec<RecordId>, ManageError> {
        let mut query = Query { filter, sort: Sort::default(), after: None, limit: 200, now: self.now() };
        let mut ids = Vec::new();
        loop {
            let page = self.0.store.list(&query).await?;
            let alive = page.records.iter().filter(|record| record.standing != Standing::Revoked);
            ids.extend(alive.map(|record| record.id));
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(ids),
            }
        }
    }
}
