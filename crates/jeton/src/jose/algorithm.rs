//! The signature algorithms, and the traps of their names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A signature algorithm of RFC 7518 §3.1 and RFC 8037 §3.1. Each key is pinned to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256; keys of 2048 bits and more.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256. Its signatures are not deterministic.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// HMAC with SHA-256: only who signs can verify.
    #[serde(rename = "HS256")]
    Hs256,
    /// HMAC with SHA-512: only who signs can verify.
    #[serde(rename = "HS512")]
    Hs512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rs256, Self::Es256, Self::EdDsa, Self::Hs256, Self::Hs512];

    /// The `alg` value, compared exactly (RFC 7515 §4.1.1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs512 => "HS512",
        }
    }

    /// The algorithm of that exact `alg` value.
    pub fn parse(alg: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == alg)
    }

    /// Whether its keys are secret on both sides, so that they can never be published.
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
