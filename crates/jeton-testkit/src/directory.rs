//! A directory that can be told not to answer.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use async_trait::async_trait;
use jeton::{Account, Directory, DirectoryError};

const UP: u8 = 0;
const DOWN: u8 = 1;
const HANGING: u8 = 2;

/// A directory that answers like another one until it is told that it is down, or that it hangs. For tests that a
/// failure becomes a 503 and never a refusal.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use jeton::{Account, Directory, StaticDirectory};
/// use jeton_testkit::UnreliableDirectory;
///
/// let directory = UnreliableDirectory::new(StaticDirectory::new().with("alice", Account::active()));
/// assert!(directory.account("alice").await.is_ok());
/// directory.is_down();
/// assert!(directory.account("alice").await.is_err());
/// directory.is_up();
/// assert!(directory.account("alice").await.is_ok());
/// # });
/// ```
#[derive(Debug, Default)]
pub struct UnreliableDirectory<D> {
    inner: Arc<D>,
    state: Arc<AtomicU8>,
}

impl<D> Clone for UnreliableDirectory<D> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), state: self.state.clone() }
    }
}

impl<D> UnreliableDirectory<D> {
    /// That directory, which is up.
    pub fn new(inner: D) -> Self {
        Self { inner: Arc::new(inner), state: Arc::default() }
    }

    /// It answers from now on. Clones are one directory.
    pub fn is_up(&self) {
        self.state.store(UP, Ordering::SeqCst);
    }

    /// Every question fails from now on.
    pub fn is_down(&self) {
        self.state.store(DOWN, Ordering::SeqCst);
    }

    /// No question is ever answered from now on.
    pub fn hangs(&self) {
        self.state.store(HANGING, Ordering::SeqCst);
    }

    /// The directory behind it.
    pub fn inner(&self) -> &D {
        &self.inner
    }
}

#[async_trait]
impl<D: Directory> Directory for UnreliableDirectory<D> {
    async fn account(&self, subject: &str) -> Result<Option<Account>, DirectoryError> {
        match self.state.load(Ordering::SeqCst) {
            UP => self.inner.account(subject).await,
            DOWN => Err(DirectoryError::new("the cause of the outage")),
            _ => pending().await,
        }
    }
}
