//! What must happen once, on whichever node.

use async_trait::async_trait;

use super::StoreError;
use crate::Timestamp;

/// Remembers names for a time, so that of all who come with one name, on all nodes, one is the first: for proofs that
/// count once, and for notices that are sent once.
#[async_trait]
pub trait OnceStore: Send + Sync + 'static {
    /// Takes the name until that time, durably. Whether nobody had taken it; one whose time is over but that was not
    /// [dropped](Self::prune_names) yet counts as taken.
    async fn take_name(&self, name: &str, until: Timestamp) -> Result<bool, StoreError>;

    /// Gives the name back, so that it can be taken again.
    async fn give_name_back(&self, name: &str) -> Result<(), StoreError>;

    /// Drops the names whose time ended before then.
    async fn prune_names(&self, before: Timestamp) -> Result<(), StoreError>;
}
