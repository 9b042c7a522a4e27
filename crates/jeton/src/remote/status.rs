//! What a verifier knows, for metrics and readiness.

use std::time::Duration;

/// What a verifier knows of its issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifierStatus {
    /// The names of the keys that it accepts.
    pub kids: Vec<String>,
    /// How many cut-offs it holds.
    pub cut_offs: usize,
    /// How long ago the last good reading of the keys began; `None` if there was none, or if the keys were given.
    pub keys_age: Option<Duration>,
    /// How long ago the last good reading of the cut-offs began; `None` if there was none, or if they are not read.
    pub cut_offs_age: Option<Duration>,
    /// Whether the last reading of the keys or of the cut-offs failed.
    pub failing: bool,
}
