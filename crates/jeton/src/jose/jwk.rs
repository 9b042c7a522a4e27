//! Public keys as JSON Web Keys (RFC 7517). The types cannot hold a symmetric key.

use serde::Serialize;

use super::{Algorithm, base64url, provider::Components, sha256};

/// The public half of an asymmetric key, as it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: Algorithm,
    #[serde(flatten)]
    parameters: Parameters,
}

/// The members that RFC 7638 §3.2 hashes, apart from `kty`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Parameters {
    Rsa { n: String, e: String },
    Ec { crv: &'static str, x: String, y: String },
    Okp { crv: &'static str, x: String },
}

impl From<&Components> for Parameters {
    fn from(components: &Components) -> Self {
        match components {
            Components::Rsa { n, e } => Self::Rsa { n: base64url(n), e: base64url(e) },
            Components::P256 { x, y } => Self::Ec { crv: "P-256", x: base64url(x), y: base64url(y) },
            Components::Ed25519 { x } => Self::Okp { crv: "Ed25519", x: base64url(x) },
        }
    }
}

impl PublicJwk {
    pub(super) fn new(alg: Algorithm, parameters: Parameters) -> Self {
        // RFC 7638 §3: the required members only, in the order of their names, without white space.
        let (kty, canonical) = match &parameters {
            Parameters::Rsa { n, e } => ("RSA", format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)),
            Parameters::Ec { crv, x, y } => {
                ("EC", format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#))
            }
            Parameters::Okp { crv, x } => ("OKP", format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#)),
        };
        let kid = base64url(&sha256(canonical.as_bytes()));
        Self { kty, kid, usage: "sig", alg, parameters }
    }

    /// The RFC 7638 thumbprint, which is the `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

/// A JWK Set (RFC 7517 §5) of public keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublicJwks {
    /// The keys, each with a `kid` of its own.
    pub keys: Vec<PublicJwk>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        // RFC 8037 §A.3
        let okp = Parameters::Okp { crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".into() };
        assert_eq!(
            PublicJwk::new(Algorithm::EdDsa, okp).kid(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
        // RFC 7638 §3.1
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let rsa = Parameters::Rsa { n: n.into(), e: "AQAB".into() };
        assert_eq!(
            PublicJwk::new(Algorithm::Rs256, rsa).kid(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
