//! The host app's users, as the authority asks for them.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use dashmap::DashMap;

use crate::{Names, fold};

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

    /// The subject of that name, where users have a name beside it; the name itself unless told otherwise. It is asked
    /// for signatures by a secret alone, which may name a user.
    async fn subject_of_name(&self, name: &str) -> Result<Option<String>, DirectoryError> {
        Ok(Some(name.to_owned()))
    }
}

/// A user, as a picker shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The subject, as [`Directory::account`] takes it.
    pub subject: String,
    /// The name for people.
    pub display_name: String,
}

/// Finds users by a part of what they are called: an optional ability of a directory, for a user picker.
///
/// ```
/// use async_trait::async_trait;
/// use jeton::{DirectoryError, DirectorySearch, Match};
///
/// struct Pair;
///
/// #[async_trait]
/// impl DirectorySearch for Pair {
///     async fn search(&self, text: &str, limit: usize) -> Result<Vec<Match>, DirectoryError> {
///         let pair = [("alice", "Alice Liddell"), ("bob", "Bob Dodgson")];
///         let fits = pair.into_iter().filter(|(subject, name)| subject.contains(text) || name.contains(text));
///         let matches = fits.map(|(subject, name)| Match { subject: subject.into(), display_name: name.into() });
///         Ok(matches.take(limit).collect())
///     }
/// }
/// ```
#[async_trait]
pub trait DirectorySearch: Send + Sync + 'static {
    /// At most `limit` of the users whom that text fits, in the order in which they shall be shown. The text is what
    /// somebody typed; it may be empty.
    async fn search(&self, text: &str, limit: usize) -> Result<Vec<Match>, DirectoryError>;
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

/// Searches the subjects, in any case; they are their own display names.
#[async_trait]
impl DirectorySearch for StaticDirectory {
    async fn search(&self, text: &str, limit: usize) -> Result<Vec<Match>, DirectoryError> {
        let part = fold(text);
        let fits = self.0.iter().filter(|entry| fold(entry.key()).contains(&part));
        let mut subjects: Vec<_> = fits.map(|entry| entry.key().clone()).collect();
        subjects.sort();
        let matches = subjects.into_iter().take(limit);
        Ok(matches.map(|subject| Match { display_name: subject.clone(), subject }).collect())
    }
}
