//! What the change log names and does not tell: audiences and keys that were changed, and have not been read since.
//!
//! They are read beside the log, so that what fails or takes long there holds back no row.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::watch;

use crate::{
    ManagedKeysError, StoreError,
    authority::{Inner, refresh_keys},
};

#[derive(Debug, Default)]
pub(crate) struct Named {
    changed: Mutex<Changed>,
    /// Held by the one who reads them.
    reading: tokio::sync::Mutex<()>,
    wake: watch::Sender<()>,
}

/// Each with the number of the row that named it last, so that one which is named while it is read is read again.
#[derive(Debug, Default)]
struct Changed {
    rows: u64,
    audiences: BTreeMap<String, u64>,
    keys: Option<u64>,
}

impl Named {
    fn changed(&self) -> MutexGuard<'_, Changed> {
        // Whatever panicked left each entry whole.
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row tells that this audience was changed.
    pub(crate) fn audience(&self, name: &str) {
        let mut changed = self.changed();
        changed.rows += 1;
        let row = changed.rows;
        changed.audiences.insert(name.to_owned(), row);
    }

    /// A row tells that the keys were changed.
    pub(crate) fn keys(&self) {
        let mut changed = self.changed();
        changed.rows += 1;
        changed.keys = Some(changed.rows);
    }

    /// Whether all that was named has been read.
    pub(crate) fn is_empty(&self) -> bool {
        let changed = self.changed();
        changed.keys.is_none() && changed.audiences.is_empty()
    }

    /// Has it read in the background.
    pub(crate) fn wake(&self) {
        self.wake.send_replace(());
    }

    /// Who is woken for that.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }
}

/// Reads all audiences of another life of the store, and what it has in the place of the keys is read next.
pub(crate) async fn begin_anew(inner: &Inner) -> Result<(), StoreError> {
    let named = &inner.feed.named;
    // What is just being read is of the life before.
    let _alone = named.reading.lock().await;
    let audiences = inner.store.audiences().await?;
    named.changed().audiences.clear();
    inner.audiences.begin_anew(audiences);
    named.keys();
    Ok(())
}

/// Reads what was named. What fails is tried again next time: an audience that cannot be read holds back no other.
pub(crate) async fn read(inner: &Inner) -> Result<(), StoreError> {
    let named = &inner.feed.named;
    let _alone = named.reading.lock().await;
    // First: what was applied by then was named by then.
    let applied = inner.feed.applied();
    let (keys, audiences) = {
        let changed = named.changed();
        (changed.keys, changed.audiences.clone())
    };
    let mut answer = Ok(());
    if keys.is_some() {
        match read_keys(inner).await {
            Ok(()) => drop(named.changed().keys.take_if(|row| Some(*row) == keys)),
            Err(error) => answer = Err(error),
        }
    }
    for (name, row) in audiences {
        match inner.store.audience(&name).await {
            Ok(audience) => {
                audience.into_iter().for_each(|audience| inner.audiences.learn(audience));
                named.changed().audiences.retain(|other, last| *other != name || *last != row);
            }
            Err(error) => answer = Err(error),
        }
    }
    if answer.is_ok() {
        inner.feed.was_read(applied);
    }
    answer
}

/// Reads the keys. Those that cannot be opened are told of; the others hold.
async fn read_keys(inner: &Inner) -> Result<(), StoreError> {
    match refresh_keys(inner).await {
        Ok(()) => Ok(()),
        Err(ManagedKeysError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the managed keys cannot be used");
            Ok(())
        }
    }
}

/// Reads whenever it is woken, until the authority is gone. A failure is told; who reads the log wakes it again.
pub(crate) async fn follow(inner: Weak<Inner>, mut wakeups: watch::Receiver<()>) {
    while wakeups.changed().await.is_ok() {
        let Some(inner) = Weak::upgrade(&inner) else { return };
        if let Err(error) = read(&inner).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what the change log names cannot be read"
            );
        }
    }
}
