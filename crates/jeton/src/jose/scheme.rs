//! What a verifier understands: the algorithms that our own keys sign with, and the others of their families that the
//! keys of a JWK Set may name.

use super::Algorithm;

/// A signature algorithm of RFC 7518 §3.1 or RFC 8037 §3.1, for verifying alone. A key has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    EdDsa,
    Hs256,
    Hs384,
    Hs512,
}

impl Scheme {
    const ALL: [Self; 11] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::EdDsa,
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The scheme of that exact `alg` value (RFC 7515 §4.1.1).
    pub(super) fn parse(alg: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == alg)
    }

    /// The shortest secret that may be its key (RFC 7518 §3.2); none if it is asymmetric.
    pub(super) const fn shortest_secret(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            _ => None,
        }
    }
}

impl From<Algorithm> for Scheme {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 => Self::Rs256,
            Algorithm::Es256 => Self::Es256,
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Hs256 => Self::Hs256,
            Algorithm::Hs512 => Self::Hs512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_has_one_name_everywhere() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Scheme::parse(algorithm.as_str()), Some(Scheme::from(algorithm)));
            assert_eq!(Scheme::from(algorithm).as_str(), algorithm.as_str());
        }
        for scheme in Scheme::ALL {
            assert_eq!(Scheme::parse(scheme.as_str()), Some(scheme));
            assert_eq!(Scheme::parse(&scheme.as_str().to_lowercase()), None);
        }
        for alg in ["none", "", "ES512", "ES521", "Ed25519", "HS256 ", "A256GCM"] {
            assert_eq!(Scheme::parse(alg), None, "{alg}");
        }
    }
}
