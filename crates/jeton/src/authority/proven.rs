//! What somebody has shown to be its own by a signature alone. Whether it is accepted, the record tells.

use std::sync::atomic::Ordering;

use super::{Authority, refresh_keys, signature::Signature};
use crate::{Fingerprint, RecordId, Rejection, Timestamp, jose, tokens::verify_api};

/// What somebody has shown to be its own, before the record is read.
#[derive(Debug)]
pub(super) enum Proven {
    /// An API token that we signed.
    Token { id: RecordId, generation: Option<u64>, expires_at: Option<Timestamp>, fingerprint: Fingerprint },
    /// A secret that we derived.
    Secret { id: RecordId, generation: u64 },
    /// A signature, of whatever time; who made it, only the record tells.
    Signature(Signature),
}

impl Proven {
    /// The record that it belongs to.
    pub(super) fn id(&self) -> RecordId {
        match self {
            Self::Token { id, .. } | Self::Secret { id, .. } => *id,
            Self::Signature(signature) => signature.key,
        }
    }

    /// The generation that it says to be of.
    pub(super) fn generation(&self) -> Option<u64> {
        match self {
            Self::Token { generation, .. } => *generation,
            Self::Secret { generation, .. } => Some(*generation),
            Self::Signature(_) => None,
        }
    }

    /// Why it is refused if there is no such record.
    pub(super) fn unknown(&self) -> Rejection {
        match self {
            Self::Signature(_) => Rejection::Invalid,
            _ => Rejection::Revoked,
        }
    }
}

impl Authority {
    /// A credential that no known key made may come from one that another node has just made: it is looked for once a
    /// second at most, whatever comes in.
    pub(super) async fn with_new_keys(
        &self,
        prove: impl Fn() -> Result<Proven, Rejection>,
    ) -> Result<Proven, Rejection> {
        let first = prove();
        if !matches!(first, Err(Rejection::Invalid)) || self.0.managed.is_none() {
            return first;
        }
        let now = self.0.clock().monotonic().as_secs() + 1;
        if self.0.asked_for_keys.fetch_max(now, Ordering::Relaxed) >= now {
            return first;
        }
        match refresh_keys(&self.0).await {
            Ok(()) => prove(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the keys cannot be read");
                first
            }
        }
    }

    /// What an API token proves by its signature alone.
    pub(super) fn prove(&self, api_token: &str) -> Result<Proven, Rejection> {
        let exchange = &self.0.settings.exchange_audience;
        let keys = &self.0.rings.load().api;
        if api_token.len() > jose::MAX_TOKEN_BYTES {
            return Err(Rejection::TooLong);
        }
        let fingerprint = Fingerprint::from_bytes(jose::sha256(api_token.as_bytes()));
        if let Some(proven) = self.0.proofs.find(fingerprint, keys) {
            return Ok(proven);
        }
        let (claims, kid) = verify_api(api_token, keys, self.issuer(), exchange)?;
        let end = |exp| Timestamp::from_unix_seconds(exp).ok_or(Rejection::Invalid);
        let proven = Proven::Token {
            id: claims.sub.parse().map_err(|_| Rejection::Invalid)?,
            generation: claims.jti.rsplit_once('.').and_then(|(_, number)| number.parse().ok()),
            expires_at: claims.exp.map(end).transpose()?,
            fingerprint,
        };
        if let Some(key) = keys.find(&kid) {
            self.0.proofs.remember(&proven, key);
        }
        Ok(proven)
    }
}
