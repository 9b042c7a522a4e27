//! API tokens that were found good a short time ago, so that an exchange does not verify them again.
//!
//! A token is known by its SHA-256 hash, all of it, and is kept nowhere. What it proved counts for as long as the key that
//! signed it is in its ring; whether the record still accepts it, every exchange asks.

use std::sync::{Arc, Weak};

use quick_cache::sync::Cache;

use super::proven::Proven;
use crate::{
    Fingerprint, RecordId, SigningKey, Timestamp,
    ring::KeyRing,
    telemetry::{Hits, verified_api_tokens},
};

/// How many are remembered: about two megabytes.
const ROOM: usize = 10_000;

#[derive(Clone, Debug)]
struct Proof {
    /// Nobody else has its place in memory for as long as this is kept.
    key: Weak<SigningKey>,
    id: RecordId,
    generation: Option<u64>,
    expires_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(crate) struct Proofs {
    proofs: Option<Cache<Fingerprint, Proof>>,
    found: Hits,
}

impl Proofs {
    /// Remembers some, or none.
    pub(super) fn new(on: bool) -> Self {
        Self { proofs: on.then(|| Cache::new(ROOM)), found: verified_api_tokens() }
    }

    /// What the token of that hash proves, if one of these keys signed it.
    pub(super) fn find(&self, fingerprint: Fingerprint, keys: &KeyRing) -> Option<Proven> {
        let is_there = |key: &Weak<_>| keys.arcs().any(|held| std::ptr::eq(Arc::as_ptr(held), key.as_ptr()));
        let proof = self.proofs.as_ref().and_then(|proofs| proofs.get(&fingerprint));
        let proof = proof.filter(|proof| is_there(&proof.key));
        self.found.count(proof.is_some());
        let Proof { id, generation, expires_at, .. } = proof?;
        Some(Proven::Token { id, generation, expires_at, fingerprint })
    }

    /// Remembers what a token proved that this key signed.
    pub(super) fn remember(&self, proven: &Proven, key: &Arc<SigningKey>) {
        let (Some(proofs), Proven::Token { id, generation, expires_at, fingerprint }) =
            (&self.proofs, proven)
        else {
            return;
        };
        let (key, id) = (Arc::downgrade(key), *id);
        proofs.insert(*fingerprint, Proof { key, id, generation: *generation, expires_at: *expires_at });
    }
}
