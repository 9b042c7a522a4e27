//! Why a store did not do what it was asked.

use std::{error::Error, sync::Arc};

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another undeleted record of the same tenant (or of none) has the name.
    #[error("another token of the tenant has this name")]
    NameTaken,
    /// A record, deleted or not, has the id.
    #[error("the record id is taken")]
    IdTaken,
    /// The subject would have more live tokens than a [`LiveLimit`](super::LiveLimit) allows.
    #[error("the subject has too many tokens")]
    TooMany,
    /// The record, audience or key is not at the expected version, or is not there.
    #[error("the record has changed meanwhile")]
    Conflict,
    /// The cursor is none of this store, or from before a [restoration](super::Store::restore): what changed is to be
    /// read from the beginning.
    #[error("the place in the change log is lost")]
    CursorLost,
    /// It could not tell: nothing is known about whether it was done. Becomes a 503, never a refusal.
    #[error("the store did not answer")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
}

impl StoreError {
    /// The store could not tell, for that reason. The reason goes to the log, never to a client.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(source.into()))
    }
}
