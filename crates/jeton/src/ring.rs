//! The keys of one kind of token: one that signs, and all that verify.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Algorithm, PublicJwk, SigningKey, VerifyingKeys, jose::Compact};

/// A ring of keys with distinct names.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    signing: Arc<SigningKey>,
    by_kid: BTreeMap<String, Arc<SigningKey>>,
    verifying: VerifyingKeys,
}

impl KeyRing {
    /// The first key signs, all verify; `None` without any, or if two share a name.
    pub(crate) fn new(keys: Vec<SigningKey>) -> Option<Self> {
        let keys: Vec<_> = keys.into_iter().map(Arc::new).collect();
        let signing = keys.first()?.clone();
        let verifying = VerifyingKeys::new(keys.iter().map(|key| key.verifying().clone()).collect())?;
        let by_kid = keys.into_iter().map(|key| (key.kid().to_owned(), key)).collect();
        Some(Self { signing, by_kid, verifying })
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.by_kid.values().map(|key| &**key)
    }

    /// The key of that name.
    pub(crate) fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.by_kid.get(kid).map(|key| &**key)
    }

    /// Whether signing the same twice gives the same, with every key.
    pub(crate) fn is_deterministic(&self) -> bool {
        self.by_kid.values().all(|key| key.algorithm() != Algorithm::Es256)
    }

    /// Whether one of the keys signed it.
    pub(crate) fn verifies(&self, token: &Compact<'_>) -> bool {
        self.verifying.verifies(token)
    }

    pub(crate) fn shares_a_key_with(&self, other: &Self) -> bool {
        let same = |one: &SigningKey, two: &SigningKey| {
            // An HMAC secret is one key under whatever name.
            one.kid() == two.kid() || one.material() == two.material()
        };
        self.by_kid.values().any(|one| other.by_kid.values().any(|two| same(one, two)))
    }

    pub(crate) fn public(&self) -> Vec<PublicJwk> {
        self.by_kid.values().filter_map(|key| key.public()).cloned().collect()
    }
}
