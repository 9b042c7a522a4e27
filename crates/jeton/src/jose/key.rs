//! Keys that sign, each pinned to one algorithm (RFC 8725 §3.1), checked when they are loaded.
//!
//! The crypto provider is named here and never taken from jsonwebtoken's process-global default, which panics when
//! a host's build enables two of them.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom as LibraryRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use jsonwebtoken::{
    DecodingKey, EncodingKey,
    crypto::{CryptoProvider, aws_lc},
    jwk::EllipticCurve,
};
use zeroize::Zeroizing;

use super::{Algorithm, PublicJwk, base64url, from_base64url, jwk::Parameters};
use crate::{Random, RandomError};

const PROVIDER: &CryptoProvider = &aws_lc::DEFAULT_PROVIDER;

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text holds no private key of that algorithm's family and curve in PEM form.
    #[error("not a private {0} key in PEM form (PKCS#8, or PKCS#1 for RSA)")]
    NotAPrivateKey(Algorithm),
    /// An RSA key of fewer than 2048 bits, or with an exponent below 65537 (RFC 7518 §3.3).
    #[error("the RSA key is too weak: 2048 bits and an odd public exponent from 65537 on are needed")]
    WeakRsa,
    /// An HMAC secret shorter than the output of its hash (RFC 7518 §3.2).
    #[error("the {0} secret is too short: {1} bytes are needed")]
    ShortSecret(Algorithm, usize),
    /// A `kid` that cannot stand in a token header as it is.
    #[error("a key id must have 1 to 100 printable ASCII characters without blank, quote and backslash")]
    KeyId,
    /// A symmetric algorithm where an asymmetric one is needed, or the other way round.
    #[error("{0} does not fit here")]
    WrongFamily(Algorithm),
    /// The key could not be generated.
    #[error("the key could not be generated")]
    Generation,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A private key with its one algorithm and its `kid`. `Debug` shows neither key nor secret.
pub struct SigningKey {
    algorithm: Algorithm,
    kid: String,
    material: Zeroizing<Vec<u8>>,
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: Option<PublicJwk>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads an RSA, P-256 or Ed25519 private key in PEM form. Its `kid` is the RFC 7638 thumbprint.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        let wrong = |_| KeyError::NotAPrivateKey(algorithm);
        let utils = &PROVIDER.key_utils;
        let (encoding, decoding, parameters) = match algorithm {
            Algorithm::Rs256 => {
                let encoding = EncodingKey::from_rsa_pem(pem).map_err(wrong)?;
                let (n, e) =
                    (utils.rsa_pub_components_from_private_key)(encoding.as_bytes()).map_err(wrong)?;
                check_rsa(&n, &e)?;
                let decoding = DecodingKey::from_rsa_raw_components(&n, &e);
                (encoding, decoding, Parameters::Rsa { n: base64url(&n), e: base64url(&e) })
            }
            Algorithm::Es256 => {
                let encoding = EncodingKey::from_ec_pem(pem).map_err(wrong)?;
                let (_, x, y) =
                    (utils.ec_pub_components_from_private_key)(encoding.as_bytes(), algorithm.for_signing())
                        .map_err(wrong)?;
                let (x, y) = (base64url(&x), base64url(&y));
                let decoding = DecodingKey::from_ec_components(&x, &y).map_err(wrong)?;
                (encoding, decoding, Parameters::Ec { crv: "P-256", x, y })
            }
            Algorithm::EdDsa => {
                let encoding = EncodingKey::from_ed_pem(pem).map_err(wrong)?;
                let x =
                    (utils.ed_pub_components_from_private_key)(encoding.as_bytes(), &EllipticCurve::Ed25519)
                        .map_err(wrong)?;
                let x = base64url(&x);
                let decoding = DecodingKey::from_ed_components(&x).map_err(wrong)?;
                (encoding, decoding, Parameters::Okp { crv: "Ed25519", x })
            }
            Algorithm::Hs256 | Algorithm::Hs512 => return Err(KeyError::WrongFamily(algorithm)),
        };
        let public = PublicJwk::new(algorithm, parameters);
        let material = Zeroizing::new(pem.to_vec());
        Ok(Self {
            algorithm,
            kid: public.kid().to_owned(),
            material,
            encoding,
            decoding,
            public: Some(public),
        })
    }

    /// Takes an HMAC secret of at least 32 bytes (HS256) or 64 bytes (HS512), and a `kid` that says nothing about it:
    /// 1 to 100 printable ASCII characters without blank, quote and backslash.
    pub fn from_secret(
        algorithm: Algorithm,
        secret: &[u8],
        kid: impl Into<String>,
    ) -> Result<Self, KeyError> {
        let needed = match algorithm {
            Algorithm::Hs256 => 32,
            Algorithm::Hs512 => 64,
            _ => return Err(KeyError::WrongFamily(algorithm)),
        };
        if secret.len() < needed {
            return Err(KeyError::ShortSecret(algorithm, needed));
        }
        let kid = kid.into();
        if kid.len() > 100 || !crate::text::is_scope(&kid) {
            return Err(KeyError::KeyId);
        }
        Ok(Self {
            algorithm,
            kid,
            material: Zeroizing::new(secret.to_vec()),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            public: None,
        })
    }

    /// Makes a new key: RSA of 2048 bits, P-256, Ed25519, or an HMAC secret of 64 random bytes with a random `kid`.
    pub fn generate(algorithm: Algorithm, random: &dyn Random) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generation;
        let der = match algorithm {
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
                der.as_ref().to_vec()
            }
            Algorithm::Es256 => {
                let random = LibraryRandom::new();
                let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                    .map_err(failed)?;
                der.as_ref().to_vec()
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().map_err(failed)?;
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
                der.as_ref().to_vec()
            }
            Algorithm::Hs256 | Algorithm::Hs512 => {
                let (mut secret, mut kid) = (Zeroizing::new([0; 64]), [0; 16]);
                random.fill(&mut *secret)?;
                random.fill(&mut kid)?;
                return Self::from_secret(algorithm, &*secret, base64url(&kid));
            }
        };
        let der = Zeroizing::new(der);
        let pem = Zeroizing::new(pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_slice())));
        Self::from_pem(algorithm, pem.as_bytes())
    }

    /// The one algorithm that it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name in token headers.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The half that may be published; none for HMAC.
    pub fn public(&self) -> Option<&PublicJwk> {
        self.public.as_ref()
    }

    /// What [`restore`](Self::restore) reads: PEM, or the HMAC secret.
    pub(crate) fn material(&self) -> &[u8] {
        &self.material
    }

    pub(crate) fn restore(algorithm: Algorithm, kid: &str, material: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            Self::from_secret(algorithm, material, kid)
        } else {
            Self::from_pem(algorithm, material)
        }
    }

    /// The signature of these bytes in base64url.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, KeyError> {
        let signer = (PROVIDER.signer_factory)(&self.algorithm.for_signing(), &self.encoding)
            .map_err(|_| KeyError::WrongFamily(self.algorithm))?;
        let signature = signer.try_sign(message).map_err(|_| KeyError::WrongFamily(self.algorithm))?;
        Ok(base64url(&signature))
    }

    /// Whether this key signed these bytes under that `alg`.
    pub(crate) fn verifies(&self, alg: &str, message: &[u8], signature: &str) -> bool {
        if alg != self.algorithm.as_str() {
            return false;
        }
        let Some(signature) = from_base64url(signature) else { return false };
        let verifier = (PROVIDER.verifier_factory)(&self.algorithm.for_signing(), &self.decoding);
        verifier.is_ok_and(|verifier| verifier.verify(message, &signature).is_ok())
    }
}

fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let n = &n[n.iter().take_while(|byte| **byte == 0).count()..];
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let odd = e.last().is_some_and(|byte| byte % 2 == 1);
    let small = e.iter().skip_while(|byte| **byte == 0).count() < 3;
    if bits < 2048 || !odd || small { Err(KeyError::WeakRsa) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn every_algorithm_signs_and_verifies_and_survives_its_material() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm, &SystemRandom).unwrap();
            let signature = key.sign(b"message").unwrap();
            let again = SigningKey::restore(algorithm, key.kid(), key.material()).unwrap();
            assert_eq!(again.kid(), key.kid());
            assert!(again.verifies(algorithm.as_str(), b"message", &signature), "{algorithm}");
            assert!(!again.verifies(algorithm.as_str(), b"massage", &signature), "{algorithm}");
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert!(!again.verifies(other.as_str(), b"message", &signature), "{algorithm} as {other}");
            }
            assert_eq!(key.public().is_none(), algorithm.is_symmetric());
            assert!(!format!("{key:?}").contains("PRIVATE"), "Debug shows no key");
        }
    }

    #[test]
    fn weak_and_foreign_keys_are_refused() {
        assert!(matches!(
            SigningKey::from_secret(Algorithm::Hs256, &[1; 31], "k"),
            Err(KeyError::ShortSecret(_, 32))
        ));
        assert!(matches!(
            SigningKey::from_secret(Algorithm::Hs512, &[1; 63], "k"),
            Err(KeyError::ShortSecret(_, 64))
        ));
        for kid in ["", "a b", "a\"b", "a\\b", "é", "a\n", &"k".repeat(101)] {
            let key = SigningKey::from_secret(Algorithm::Hs256, &[1; 32], kid);
            assert!(matches!(key, Err(KeyError::KeyId)), "{kid:?}");
        }
        let ed = SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
        for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
            assert!(SigningKey::from_pem(algorithm, ed.material()).is_err(), "{algorithm}");
        }
        assert!(SigningKey::from_pem(Algorithm::Hs256, ed.material()).is_err());
        let curve = &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;
        let p384 = EcdsaKeyPair::generate_pkcs8(curve, &LibraryRandom::new()).unwrap();
        let p384 = pem::encode(&pem::Pem::new("PRIVATE KEY", p384.as_ref()));
        assert!(SigningKey::from_pem(Algorithm::Es256, p384.as_bytes()).is_err(), "another curve");
        assert!(SigningKey::from_pem(Algorithm::EdDsa, b"").is_err());
        assert!(matches!(check_rsa(&[0xff; 128], &[1, 0, 1]), Err(KeyError::WeakRsa)));
        assert!(matches!(check_rsa(&[0xff; 256], &[3]), Err(KeyError::WeakRsa)));
        assert!(check_rsa(&[0xff; 256], &[1, 0, 1]).is_ok());
    }
}
