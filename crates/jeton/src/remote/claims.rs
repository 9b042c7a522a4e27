//! The cut-offs as a signed document: what an issuer tells those who verify its tokens elsewhere.

use std::{collections::HashMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Names, RecordId,
    cutoff::{CutOffs, Held},
};

/// A verifier takes no document older than that, by its own clock and but for the skew of both.
pub(crate) const LIFETIME: Duration = Duration::from_secs(120);

/// Typed and complete, as the claims of tokens are. A claim that is not known could hold back a refusal: it refuses the
/// document.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CutOffClaims {
    pub(crate) iss: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// The keys whose access tokens the issuer accepts now.
    pub(crate) kids: Names,
    /// For how many seconds after it was received all of this must be kept.
    pub(crate) keep: u64,
    /// The lowest epoch of all records, but for those made later, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) floor: u64,
    /// `client_id` → the lowest `epoch` that is accepted.
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub(crate) records: HashMap<RecordId, u64>,
    /// Each `jti` that was revoked alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tokens: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like that")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl CutOffClaims {
    pub(crate) fn new(issuer: &str, issued_at: i64, kids: Names, held: Held) -> Self {
        let keep = held.keep.as_secs().saturating_add(u64::from(held.keep.subsec_nanos() > 0));
        let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
        Self {
            iss: issuer.to_owned(),
            iat: issued_at,
            exp: issued_at.saturating_add(lifetime),
            kids,
            keep,
            floor: held.floor,
            records: held.records.into_iter().collect(),
            tokens: held.tokens,
        }
    }

    /// Raises the cut-offs to these: each only rises, and is kept for the longest time that was said.
    pub(crate) fn raise(self, cut_offs: &CutOffs, received: Duration, slack: Duration) {
        let keep_until = received.saturating_add(Duration::from_secs(self.keep)).saturating_add(slack);
        if self.floor > 0 {
            cut_offs.raise_all(self.floor, keep_until);
        }
        self.records.into_iter().for_each(|(id, epoch)| cut_offs.raise(id, epoch, keep_until));
        self.tokens.into_iter().for_each(|jti| cut_offs.revoke_token(jti, keep_until));
    }
}
