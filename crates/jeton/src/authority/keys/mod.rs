//! Managed keys: generated at the first start, sealed in the store, shared by all nodes.

mod manage;

use std::{sync::Arc, time::Duration};

pub use manage::{KeyInfo, KeyState};

use crate::{
    Action, Algorithm, Caller, Clock, KeyError, KeyStore, MasterKey, MasterKeyError, Random, Ring,
    SigningKey, StoreError, StoredKey, Timestamp,
    authority::Inner,
    ring::{KeyRing, RingKey, Rings},
};

/// Why managed keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagedKeysError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key does not open them.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// A key could not be made, or is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store took the first key of a ring and does not show it.
    #[error("the store lost a key")]
    Lost,
}

/// Where managed keys are kept, and what new ones shall be.
pub(crate) struct ManagedKeys {
    pub(crate) store: Arc<dyn KeyStore>,
    pub(crate) master: MasterKey,
    /// Master keys from before, which still open what they sealed.
    pub(crate) previous: Vec<MasterKey>,
    pub(crate) api_algorithm: Algorithm,
    pub(crate) access_algorithm: Algorithm,
}

impl ManagedKeys {
    /// The rings, with a key in each that was not retired.
    pub(crate) async fn first_rings(
        &self,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Rings, ManagedKeysError> {
        let stored = self.store.keys().await?;
        for ring in Ring::ALL {
            let of_ring: Vec<_> = stored.iter().filter(|key| key.ring == ring).collect();
            if of_ring.iter().all(|key| key.retired_at.is_some()) {
                self.add_missing_key(ring, of_ring.last().copied(), clock.now(), random).await?;
            }
        }
        // Another node may have been first: what the store holds now is what counts.
        self.reseal(self.store.keys().await?, random).await?;
        self.rings(None).await
    }

    /// A key for a ring that has none, or none any more but retired ones.
    async fn add_missing_key(
        &self,
        ring: Ring,
        youngest: Option<&StoredKey>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(), ManagedKeysError> {
        let Some(youngest) = youngest else {
            return Ok(self.store.add_first_key(&self.make(ring, now, now, random)?).await?);
        };
        let created_at = after(youngest, now);
        let key = self.make(ring, created_at, now, random)?;
        let start = Caller::system("start").with_reason(Some(key.kid.clone()));
        let entry = start.entry(Action::RotateKeys, now, None);
        match self.store.add_key(&key, &youngest.kid, &entry).await {
            Ok(()) => entry.tell(),
            // Another node was first.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The rings as they are stored now. Keys that are known already are not opened again.
    pub(crate) async fn rings(&self, known: Option<&Rings>) -> Result<Rings, ManagedKeysError> {
        let stored = self.store.keys().await?;
        let ring = |ring, known: Option<&KeyRing>| {
            let keys = stored.iter().rev().filter(|key| key.ring == ring && key.retired_at.is_none());
            let open = |stored: &StoredKey| {
                let found = known.and_then(|known| known.find(&stored.kid)).cloned();
                let key = match found.map_or_else(|| self.open(stored).map(Arc::new), Ok) {
                    // A new one that this node cannot read must not keep it from dropping those that were retired.
                    Err(error) if known.is_some() => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(kid = stored.kid, error, "a managed key cannot be opened");
                        return Ok(None);
                    }
                    key => key?,
                };
                Ok(Some(RingKey { key, signs_from: stored.signs_from }))
            };
            let keys =
                keys.filter_map(|key| open(key).transpose()).collect::<Result<_, ManagedKeysError>>()?;
            KeyRing::of(keys).ok_or(ManagedKeysError::Lost)
        };
        Ok(Rings {
            api: ring(Ring::Api, known.map(|known| &known.api))?,
            access: ring(Ring::Access, known.map(|known| &known.access))?,
            secret: Some(ring(Ring::Secret, known.and_then(|known| known.secret.as_ref()))?),
        })
    }

    /// A new key, sealed.
    pub(crate) fn make(
        &self,
        ring: Ring,
        now: Timestamp,
        signs_from: Timestamp,
        random: &dyn Random,
    ) -> Result<StoredKey, ManagedKeysError> {
        let algorithm = match ring {
            Ring::Api => self.api_algorithm,
            Ring::Access => self.access_algorithm,
            Ring::Secret => Algorithm::Hs256,
        };
        let key = SigningKey::generate(algorithm, random)?;
        let sealed = self.master.seal(key.material(), &context(ring, key.kid()), random)?;
        let kid = key.kid().to_owned();
        Ok(StoredKey { kid, ring, algorithm, created_at: now, signs_from, retired_at: None, sealed })
    }

    fn open(&self, key: &StoredKey) -> Result<SigningKey, ManagedKeysError> {
        let context = context(key.ring, &key.kid);
        let opened = self.master.open(&key.sealed, &context);
        let mut others = self.previous.iter().map(|master| master.open(&key.sealed, &context));
        let material = opened.or_else(|error| others.find_map(Result::ok).ok_or(error))?;
        Ok(SigningKey::restore(key.algorithm, &key.kid, &material)?)
    }

    /// Seals with the master key what an earlier one had sealed.
    async fn reseal(&self, stored: Vec<StoredKey>, random: &dyn Random) -> Result<(), ManagedKeysError> {
        for key in stored.iter().filter(|key| key.retired_at.is_none()) {
            let context = context(key.ring, &key.kid);
            if self.master.open(&key.sealed, &context).is_ok() {
                continue;
            }
            let opened = self.open(key)?;
            let sealed = self.master.seal(opened.material(), &context, random)?;
            match self.store.reseal_key(&key.kid, &key.sealed, &sealed).await {
                // Another node does the same.
                Ok(()) | Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// When a key is made that shall be the youngest: of several keys of one second the name decides.
fn after(youngest: &StoredKey, now: Timestamp) -> Timestamp {
    now.max(youngest.created_at.saturating_add(Duration::from_secs(1)))
}

/// A sealed key opens only in its own place.
fn context(ring: Ring, kid: &str) -> Vec<u8> {
    format!("jeton signing key {} {kid}", ring.as_str()).into_bytes()
}

/// Takes over the keys as they are stored now. Whatever a key signed that is gone is refused from here on.
pub(crate) async fn refresh(inner: &Inner) -> Result<(), ManagedKeysError> {
    let Some(managed) = &inner.managed else { return Ok(()) };
    // One at a time: what is read later is taken over later.
    let _alone = inner.refreshing.lock().await;
    let rings = managed.rings(Some(&inner.rings.load())).await?;
    let gone = inner.verifier.0.keys.replace(rings.access.verifying().clone());
    inner.rings.store(Arc::new(rings));
    if gone {
        inner.verifier.0.verified.clear();
    }
    Ok(())
}
