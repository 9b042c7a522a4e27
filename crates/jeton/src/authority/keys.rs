//! Managed keys: generated at the first start, sealed in the store, shared by all nodes.

use std::sync::Arc;

use crate::{
    Algorithm, Clock, KeyError, KeyStore, MasterKey, MasterKeyError, Random, Ring, SigningKey, StoreError,
    StoredKey,
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
    pub(crate) api_algorithm: Algorithm,
    pub(crate) access_algorithm: Algorithm,
}

/// The keys of one ring, the newest first; a first one is made if there is none.
pub(crate) async fn load(
    managed: &ManagedKeys,
    ring: Ring,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Vec<SigningKey>, ManagedKeysError> {
    let stored = stored(managed, ring).await?;
    let stored = if stored.is_empty() {
        let key = make(managed, ring, clock, random)?;
        managed.store.add_first_key(&key).await?;
        // Another node may have been first: what the store holds now is what counts.
        self::stored(managed, ring).await?
    } else {
        stored
    };
    let open = |key: &StoredKey| {
        let material = managed.master.open(&key.sealed, &context(ring, &key.kid))?;
        Ok(SigningKey::restore(key.algorithm, &key.kid, &material)?)
    };
    let keys: Vec<_> = stored.iter().rev().map(open).collect::<Result<_, ManagedKeysError>>()?;
    if keys.is_empty() { Err(ManagedKeysError::Lost) } else { Ok(keys) }
}

async fn stored(managed: &ManagedKeys, ring: Ring) -> Result<Vec<StoredKey>, StoreError> {
    Ok(managed.store.keys().await?.into_iter().filter(|key| key.ring == ring).collect())
}

fn make(
    managed: &ManagedKeys,
    ring: Ring,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<StoredKey, ManagedKeysError> {
    let algorithm = match ring {
        Ring::Api => managed.api_algorithm,
        Ring::Access => managed.access_algorithm,
        Ring::Secret => Algorithm::Hs256,
    };
    let key = SigningKey::generate(algorithm, random)?;
    let sealed = managed.master.seal(key.material(), &context(ring, key.kid()), random)?;
    let (kid, now) = (key.kid().to_owned(), clock.now());
    Ok(StoredKey { kid, ring, algorithm, created_at: now, signs_from: now, retired_at: None, sealed })
}

/// A sealed key opens only in its own place.
fn context(ring: Ring, kid: &str) -> Vec<u8> {
    format!("jeton signing key {} {kid}", ring.as_str()).into_bytes()
}
