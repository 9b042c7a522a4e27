//! The keys of one kind of token: one that signs, and all that verify; and how they are exchanged while they are used.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use arc_swap::ArcSwap;

use crate::{Algorithm, PublicJwk, Rejection, SigningKey, Timestamp, VerifyingKeys, jose::Compact};

/// A key, and from when on it signs.
#[derive(Clone, Debug)]
pub(crate) struct RingKey {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) signs_from: Timestamp,
}

/// A ring of keys with distinct names, the youngest first.
#[derive(Clone, Debug)]
pub(crate) struct KeyRing {
    keys: Vec<RingKey>,
    verifying: VerifyingKeys,
}

impl KeyRing {
    /// The first key signs, all verify; `None` without any, or if two share a name.
    pub(crate) fn new(keys: Vec<SigningKey>) -> Option<Self> {
        let ready = |key| RingKey { key: Arc::new(key), signs_from: Timestamp::MIN };
        Self::of(keys.into_iter().map(ready).collect())
    }

    /// These, the youngest first; `None` without any, or if two share a name.
    pub(crate) fn of(keys: Vec<RingKey>) -> Option<Self> {
        keys.first()?;
        let verifying = VerifyingKeys::new(keys.iter().map(|ring| ring.key.verifying().clone()).collect())?;
        Some(Self { keys, verifying })
    }

    /// The key that signs at that time: the youngest one whose time has come.
    pub(crate) fn signing(&self, now: Timestamp) -> Option<&Arc<SigningKey>> {
        let ready = self.keys.iter().find(|ring| ring.signs_from <= now);
        ready.or(self.keys.last()).map(|ring| &ring.key)
    }

    /// All keys, each the one that it is.
    pub(crate) fn arcs(&self) -> impl Iterator<Item = &Arc<SigningKey>> {
        self.keys.iter().map(|ring| &ring.key)
    }

    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter().map(|ring| &*ring.key)
    }

    /// The key of that name.
    pub(crate) fn find(&self, kid: &str) -> Option<&Arc<SigningKey>> {
        self.keys.iter().map(|ring| &ring.key).find(|key| key.kid() == kid)
    }

    /// Whether signing the same twice gives the same, with every key.
    pub(crate) fn is_deterministic(&self) -> bool {
        self.keys().all(|key| key.algorithm() != Algorithm::Es256)
    }

    /// The keys, to verify with.
    pub(crate) fn verifying(&self) -> &VerifyingKeys {
        &self.verifying
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
        self.keys().any(|one| other.keys().any(|two| same(one, two)))
    }

    pub(crate) fn public(&self) -> Vec<PublicJwk> {
        self.keys().filter_map(SigningKey::public).cloned().collect()
    }
}

/// The rings of an authority.
#[derive(Clone, Debug)]
pub(crate) struct Rings {
    pub(crate) api: KeyRing,
    pub(crate) access: KeyRing,
    /// From which secrets are derived, where there are any.
    pub(crate) secret: Option<KeyRing>,
}

/// The keys that verify access tokens now. Others can take their place while requests are verified.
#[derive(Debug)]
pub(crate) struct CurrentKeys {
    keys: ArcSwap<VerifyingKeys>,
    /// Raised when a key is gone: what it verified before counts no more. All of that is forgotten then, but for what is
    /// remembered at that very moment, so that it may begin anew after many changes.
    version: AtomicU16,
}

impl CurrentKeys {
    pub(crate) fn new(keys: VerifyingKeys) -> Self {
        Self { keys: ArcSwap::from_pointee(keys), version: AtomicU16::new(0) }
    }

    /// Taken before the keys are used, it tells later whether they still were those.
    pub(crate) fn version(&self) -> u16 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn verifies(&self, token: &Compact<'_>) -> bool {
        self.keys.load().verifies(token)
    }

    /// See [`VerifyingKeys::open`].
    pub(crate) fn open<'a>(&self, token: &'a str) -> Option<Result<&'a str, Rejection>> {
        self.keys.load().open(token)
    }

    pub(crate) fn knows(&self, kid: &str) -> bool {
        self.keys.load().knows(kid)
    }

    /// The names of the keys, in order.
    pub(crate) fn kids(&self) -> Vec<String> {
        self.keys.load().kids().map(str::to_owned).collect()
    }

    /// Puts these in the place, whatever their names: what was verified before counts no more.
    pub(crate) fn exchange(&self, keys: VerifyingKeys) {
        self.keys.store(Arc::new(keys));
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// Puts these in the place. Whether a key is gone with it.
    pub(crate) fn replace(&self, keys: VerifyingKeys) -> bool {
        let gone = self.keys.load().kids().any(|old| !keys.kids().any(|new| new == old));
        self.keys.store(Arc::new(keys));
        if gone {
            self.version.fetch_add(1, Ordering::AcqRel);
        }
        gone
    }
}
