//! The host app's users, as the authority asks for them.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use dashmap::DashMap;

use crate::Names;

/// What the host app says about one user, now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Whether the user may act at all.
    pub active: bool,
    /// Which life of that name this is. A user who was deleted and made again has another one, so that the tokens
    /// of the first do not act for the second.
    pub incarnation: String,
    /// The user's roles.
    pub roles: Names,
    /// The user's groups.
    pub groups: Names,
    /// The scopes that the user holds beside those of the roles.
    pub scopes: Names,
}

impl Account {
    /// An active account with nothing.
    pub fn active() -> Self {
        Self { active: true, ..Self::default() }
    }

    /// With this role too.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.roles.insert(role.into());
        self
    }

    /// In this group too.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.groups.insert(group.into());
        self
    }

    /// With this scope too.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.insert(scope.into());
        self
    }

    /// In that life.
    #[must_use]
    pub fn with_incarnation(mut self, incarnation: impl Into<String>) -> Self {
        self.incarnation = incarnation.into();
        self
    }
}

/// The directory could not tell. Becomes a 503, never a refusal.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the directory did not answer")]
pub struct DirectoryError(#[source] Arc<dyn Error + Send + Sync>);

impl DirectoryError {
    /// For that reason, which goes to the log and never to a client.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(source.into()))
    }
}

/// Knows the users of the host app. Asked at each exchange; its answer must not be older than the call.
///
/// ```
/// use async_trait::async_trait;
/// use jeton::{Account, Directory, DirectoryError};
///
/// struct Everybody;
///
/// #[async_trait]
/// impl Directory for Everybody {
///     async fn account(&self, subject: &str) -> Result<Option<Account>, DirectoryError> {
///         Ok((!subject.starts_with('#')).then(|| Account::active().with_role("reader")))
///     }
/// }
/// ```
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// The account of that subject, compared exactly; `None` if there is no such user. An error means only that it
    /// could not tell.
    async fn account(&self, subject: &str) -> Result<Option<Account>, DirectoryError>;
}

/// A directory held in memory, for tests, examples and apps whose users are fixed.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use jeton::{Account, Directory, StaticDirectory};
///
/// let directory = StaticDirectory::new().with("alice", Account::active().with_role("reader"));
/// assert!(directory.account("alice").await.unwrap().unwrap().roles.contains("reader"));
/// assert_eq!(directory.account("Alice").await.unwrap(), None);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct StaticDirectory(Arc<DashMap<String, Account>>);

impl StaticDirectory {
    /// Knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Knows this one too.
    #[must_use]
    pub fn with(self, subject: impl Into<String>, account: Account) -> Self {
        self.set(subject, account);
        self
    }

    /// Knows this one from now on, in the place of what was known under that name. Clones see it too.
    pub fn set(&self, subject: impl Into<String>, account: Account) {
        self.0.insert(subject.into(), account);
    }

    /// Forgets this one.
    pub fn remove(&self, subject: &str) {
        self.0.remove(subject);
    }
}

#[async_trait]
impl Directory for StaticDirectory {
    async fn account(&self, subject: &str) -> Result<Option<Account>, DirectoryError> {
        Ok(self.0.get(subject).map(|account| account.clone()))
    }
}
