//! Keys that sign, each pinned to one algorithm (RFC 8725 §3.1), checked and read once when they are loaded.

use std::{borrow::Cow, fmt, sync::Arc};

use zeroize::Zeroizing;

use super::{
    Algorithm, PublicJwk, Scheme, TokenType, VerifyingKey, base64url,
    compact::encoded_header,
    jwk::Parameters,
    provider::{self, Components, PrivateKey, PublicKey},
    push_base64url,
    strength::{LONGEST_RSA_BITS, kid_is_plain, rsa_is_strong},
};
use crate::{Random, RandomError};

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text holds no private key of that algorithm's family and curve in PEM form.
    #[error("not a private {0} key in PEM form (PKCS#8, or PKCS#1 for RSA)")]
    NotAPrivateKey(Algorithm),
    /// An RSA key outside of 2048 to 8192 bits, with an exponent that is even, below 65537 or not below 2^33 (RFC 7518
    /// §3.3), or of a generator that is known to be broken (CVE-2017-15361).
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
    /// The crypto library did not sign.
    #[error("the key could not sign")]
    Signing,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A private key with its one algorithm and its `kid`. `Debug` shows neither key nor secret.
pub struct SigningKey {
    algorithm: Algorithm,
    material: Zeroizing<Vec<u8>>,
    private: PrivateKey,
    verifying: Arc<VerifyingKey>,
    public: Option<PublicJwk>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads an RSA, P-256 or Ed25519 private key in PEM form: PKCS#8, or PKCS#1 for RSA. Its `kid` is the RFC 7638
    /// thumbprint.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Err(KeyError::WrongFamily(algorithm));
        }
        let wrong = KeyError::NotAPrivateKey(algorithm);
        let private = private_key(algorithm, pem)?;
        let Some(components) = private.components() else { return Err(wrong) };
        if matches!(&components, Components::Rsa { n, e } if !rsa_is_strong(n, e)) {
            return Err(KeyError::WeakRsa);
        }
        let scheme = Scheme::from(algorithm);
        let Some(public) = PublicKey::new(scheme, &components) else { return Err(wrong) };
        let jwk = PublicJwk::new(algorithm, Parameters::from(&components));
        let verifying = Arc::new(VerifyingKey::new(scheme, jwk.kid().to_owned(), public));
        let material = Zeroizing::new(pem.to_vec());
        Ok(Self { algorithm, material, private, verifying, public: Some(jwk) })
    }

    /// Takes an HMAC secret of at least 32 bytes (HS256) or 64 bytes (HS512), and a `kid` that says nothing about it:
    /// 1 to 100 printable ASCII characters without blank, quote and backslash.
    pub fn from_secret(
        algorithm: Algorithm,
        secret: &[u8],
        kid: impl Into<String>,
    ) -> Result<Self, KeyError> {
        let wrong = KeyError::WrongFamily(algorithm);
        let scheme = Scheme::from(algorithm);
        let Some(needed) = scheme.shortest_secret() else { return Err(wrong) };
        if secret.len() < needed {
            return Err(KeyError::ShortSecret(algorithm, needed));
        }
        let kid = kid.into();
        if !kid_is_plain(&kid) {
            return Err(KeyError::KeyId);
        }
        let halves = PrivateKey::from_secret(scheme, secret).zip(PublicKey::from_secret(scheme, secret));
        let Some((private, public)) = halves else { return Err(wrong) };
        let verifying = Arc::new(VerifyingKey::new(scheme, kid, public));
        Ok(Self { algorithm, material: Zeroizing::new(secret.to_vec()), private, verifying, public: None })
    }

    /// Makes a new key: RSA of 2048 bits, P-256, Ed25519, or an HMAC secret of 64 random bytes with a random `kid`.
    ///
    /// With aws-lc-rs, asymmetric keys are made of that library's own randomness.
    pub fn generate(algorithm: Algorithm, random: &dyn Random) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            let (mut secret, mut kid) = (Zeroizing::new([0; 64]), [0; 16]);
            random.fill(&mut *secret)?;
            random.fill(&mut kid)?;
            return Self::from_secret(algorithm, &*secret, base64url(&kid));
        }
        let der = provider::generate(algorithm, random)?;
        let pem = Zeroizing::new(pem::encode(&pem::Pem::new(PKCS8, der.as_slice())));
        Self::from_pem(algorithm, pem.as_bytes())
    }

    /// The one algorithm that it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name in token headers.
    pub fn kid(&self) -> &str {
        self.verifying.kid()
    }

    /// The half that may be published; none for HMAC.
    pub fn public(&self) -> Option<&PublicJwk> {
        self.public.as_ref()
    }

    /// The half that verifies.
    pub(crate) fn verifying(&self) -> &Arc<VerifyingKey> {
        &self.verifying
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
        self.private.sign(message).map(|signature| base64url(&signature)).ok_or(KeyError::Signing)
    }

    /// The token of that type with these claims in JSON, signed (RFC 7515 §7.1).
    pub(crate) fn compact(&self, typ: TokenType, claims: &str) -> Result<String, KeyError> {
        let header = match typ {
            TokenType::Access => Cow::Borrowed(self.verifying.header()),
            _ => Cow::Owned(encoded_header(typ, self.algorithm.as_str(), self.kid())),
        };
        // Of the longest keys that there are. What would grow leaves copies of a token behind.
        let signature_bytes = if self.algorithm == Algorithm::Rs256 { LONGEST_RSA_BITS / 8 } else { 64 };
        let [claims_len, signature_len] =
            [claims.len(), signature_bytes].map(|bytes| (bytes * 4).div_ceil(3));
        let mut token = String::with_capacity(header.len() + claims_len + signature_len + 2);
        token.push_str(&header);
        token.push('.');
        push_base64url(&mut token, claims.as_bytes());
        let signature = self.private.sign(token.as_bytes()).ok_or(KeyError::Signing)?;
        token.push('.');
        push_base64url(&mut token, &signature);
        Ok(token)
    }
}

const PKCS8: &str = "PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";

/// The one private key of the text.
fn private_key(algorithm: Algorithm, pem: &[u8]) -> Result<PrivateKey, KeyError> {
    let wrong = KeyError::NotAPrivateKey(algorithm);
    let blocks = pem::parse_many(pem).unwrap_or_default();
    let mut found = blocks.into_iter().filter(|block| block.tag().ends_with(PKCS8));
    let (Some(block), None) = (found.next(), found.next()) else { return Err(wrong) };
    let tag = block.tag().to_owned();
    let der = Zeroizing::new(block.into_contents());
    match tag.as_str() {
        PKCS8 => PrivateKey::from_pkcs8(algorithm, &der),
        PKCS1 if algorithm == Algorithm::Rs256 => PrivateKey::from_pkcs1(&der),
        _ => Err(wrong),
    }
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
            assert!(again.verifying.verifies(algorithm.as_str(), b"message", &signature), "{algorithm}");
            assert!(!again.verifying.verifies(algorithm.as_str(), b"massage", &signature), "{algorithm}");
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert!(
                    !again.verifying.verifies(other.as_str(), b"message", &signature),
                    "{algorithm} as {other}"
                );
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
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            let generated = SigningKey::generate(algorithm, &SystemRandom).unwrap();
            assert!(matches!(
                SigningKey::from_secret(algorithm, &[1; 64], "k"),
                Err(KeyError::WrongFamily(_))
            ));
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert!(SigningKey::from_pem(other, generated.material()).is_err(), "{algorithm} as {other}");
            }
            let twice = [generated.material(), generated.material()].concat();
            for text in [&b""[..], b"-----BEGIN PRIVATE KEY-----", &generated.material()[..60], &twice] {
                let key = SigningKey::from_pem(algorithm, text);
                assert!(matches!(key, Err(KeyError::NotAPrivateKey(_))), "{key:?}");
            }
        }
        for (algorithm, pem, strong) in [
            (Algorithm::Rs256, &include_bytes!("testdata/rsa2048.pem")[..], true),
            (Algorithm::Rs256, include_bytes!("testdata/rsa2048_pkcs1.pem"), true),
            (Algorithm::Rs256, include_bytes!("testdata/rsa1024.pem"), false),
            (Algorithm::Rs256, include_bytes!("testdata/rsa2048_e3.pem"), false),
        ] {
            match SigningKey::from_pem(algorithm, pem) {
                Ok(key) => assert!(strong && key.public().is_some()),
                Err(error) => assert!(!strong && matches!(error, KeyError::WeakRsa), "{error}"),
            }
        }
        let p384 = SigningKey::from_pem(Algorithm::Es256, include_bytes!("testdata/p384.pem"));
        assert!(matches!(p384, Err(KeyError::NotAPrivateKey(Algorithm::Es256))), "another curve");
    }
}
