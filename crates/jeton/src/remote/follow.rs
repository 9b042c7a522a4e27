//! What a verifier does in the background.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::task::AbortHandle;

use super::{
    Remote,
    read::{read_cut_offs, read_keys},
};
use crate::verifier::Parts;

/// How often verifiers forget what has ended.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// What a verifier does in the background; it ends with the verifier.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

/// Begins what is done in the background.
pub(super) fn begin(parts: &Arc<Parts>) {
    let mut tasks = vec![tokio::spawn(tidy(Arc::downgrade(parts))).abort_handle()];
    if let Some(remote) = &parts.remote {
        tasks.push(tokio::spawn(follow_keys(Arc::downgrade(parts), remote.clone())).abort_handle());
        if let Some(every) = remote.polling.cut_offs {
            let follow = follow_cut_offs(Arc::downgrade(parts), remote.clone(), every);
            tasks.push(tokio::spawn(follow).abort_handle());
        }
    }
    let _ = parts.tasks.set(Tasks(tasks));
}

async fn follow_keys(parts: Weak<Parts>, remote: Arc<Remote>) {
    loop {
        let Some(strong) = parts.upgrade() else { return };
        let read = read_keys(&strong, &remote).await;
        drop(strong);
        let wait = if read.is_ok() { remote.polling.keys } else { remote.polling.retry };
        // Woken or not, it is time to read them.
        let _ = tokio::time::timeout(wait, remote.wanted.notified()).await;
    }
}

async fn follow_cut_offs(parts: Weak<Parts>, remote: Arc<Remote>, every: Duration) {
    // Without a key there is nothing to judge them by.
    remote.keys_changed.notified().await;
    loop {
        let Some(strong) = parts.upgrade() else { return };
        let read = read_cut_offs(&strong, &remote).await;
        drop(strong);
        let wait = if read.is_ok() { every } else { remote.polling.retry.min(every) };
        let _ = tokio::time::timeout(wait, remote.keys_changed.notified()).await;
    }
}

async fn tidy(parts: Weak<Parts>) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        let Some(parts) = parts.upgrade() else { return };
        parts.cut_offs.prune(parts.clock.monotonic());
        parts.verified.prune(parts.clock.now());
    }
}
