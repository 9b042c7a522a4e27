//! What the directory says of a user: within a time, and nothing that could come out as something else.

use std::{future::poll_fn, task::Poll};

use super::Inner;
use crate::{Account, DirectoryError, Unavailable};

impl Inner {
    /// The account of that subject, if there is one.
    pub(super) async fn account(&self, subject: &str) -> Result<Option<Account>, Unavailable> {
        let mut call = self.directory.account(subject);
        // Many answer from memory: they are asked once without a timer, whose time begins with the wait.
        let first = poll_fn(|task| Poll::Ready(call.as_mut().poll(task))).await;
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => tokio::time::timeout(self.settings.directory_timeout, call)
                .await
                .map_err(|_| Unavailable::DirectoryTimeout)?,
        };
        answer.and_then(sound).map_err(Unavailable::Directory)
    }
}

/// Scopes go through one text, separated by blanks: what is no scope token could come out as several.
fn sound(account: Option<Account>) -> Result<Option<Account>, DirectoryError> {
    let good = account.iter().flat_map(|account| &account.scopes).all(|scope| crate::text::is_scope(scope));
    if good {
        Ok(account)
    } else {
        Err(DirectoryError::new("a scope of the account is no scope (RFC 6749 §3.3)"))
    }
}
