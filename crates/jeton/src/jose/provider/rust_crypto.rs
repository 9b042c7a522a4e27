//! Pure Rust, of the RustCrypto project and of dalek.

use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use hmac::{Hmac, Mac as _};
use p256::ecdsa;
use rand_core::{TryCryptoRng, TryRng};
use rsa::{
    BoxedUint, Generate as _,
    pkcs1::DecodeRsaPrivateKey as _,
    pkcs1v15, pss,
    signature::{SignatureEncoding as _, Signer as _},
    traits::PublicKeyParts as _,
};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::{
    super::{Algorithm, KeyError, Scheme},
    Components, NONCE_BYTES,
};
use crate::{Random, RandomError};

pub(crate) enum PrivateKey {
    Rsa(Box<pkcs1v15::SigningKey<Sha256>>),
    P256(Box<ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Hmac(Box<HmacKey>),
}

impl PrivateKey {
    /// Reads PKCS#8 (RFC 5958).
    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let wrong = |_| KeyError::NotAPrivateKey(algorithm);
        match algorithm {
            Algorithm::Rs256 => rsa::PrivateKey::from_pkcs8_der(der).map(Self::rsa).map_err(wrong),
            Algorithm::Es256 => {
                let secret = p256::SecretKey::from_pkcs8_der(der).map_err(wrong)?;
                Ok(Self::P256(Box::new(secret.into())))
            }
            Algorithm::EdDsa => {
                let key = ed25519_dalek::SigningKey::from_pkcs8_der(der).map_err(wrong)?;
                Ok(Self::Ed25519(Box::new(key)))
            }
            Algorithm::Hs256 | Algorithm::Hs512 => Err(KeyError::WrongFamily(algorithm)),
        }
    }

    /// Reads an RSA key in PKCS#1 (RFC 8017 §A.1.2).
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let key = rsa::PrivateKey::from_pkcs1_der(der);
        key.map(Self::rsa).map_err(|_| KeyError::NotAPrivateKey(Algorithm::Rs256))
    }

    fn rsa(key: rsa::PrivateKey) -> Self {
        Self::Rsa(Box::new(pkcs1v15::SigningKey::new(key)))
    }

    pub(crate) fn from_secret(scheme: Scheme, secret: &[u8]) -> Option<Self> {
        HmacKey::new(scheme, secret).map(Box::new).map(Self::Hmac)
    }

    /// The public half; none of a secret.
    pub(crate) fn components(&self) -> Option<Components> {
        match self {
            Self::Rsa(key) => {
                let key: &rsa::PrivateKey = key.as_ref().as_ref();
                Some(Components::Rsa { n: key.n_bytes().into(), e: key.e_bytes().into() })
            }
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                Some(Components::P256 { x: (*point.x()?).into(), y: (*point.y()?).into() })
            }
            Self::Ed25519(key) => Some(Components::Ed25519 { x: key.verifying_key().to_bytes() }),
            Self::Hmac(_) => None,
        }
    }

    /// RSA is blinded with the randomness of the system, ECDSA is deterministic (RFC 6979).
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => Some(key.try_sign(message).ok()?.to_vec()),
            Self::P256(key) => {
                let signature: ecdsa::Signature = key.try_sign(message).ok()?;
                Some(signature.to_vec())
            }
            Self::Ed25519(key) => Some(key.try_sign(message).ok()?.to_vec()),
            Self::Hmac(key) => Some(key.tag(message)),
        }
    }
}

pub(crate) enum PublicKey {
    Rs256(pkcs1v15::VerifyingKey<Sha256>),
    Rs384(pkcs1v15::VerifyingKey<Sha384>),
    Rs512(pkcs1v15::VerifyingKey<Sha512>),
    Ps256(pss::VerifyingKey<Sha256>),
    Ps384(pss::VerifyingKey<Sha384>),
    Ps512(pss::VerifyingKey<Sha512>),
    P256(ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    Hmac(HmacKey),
}

impl PublicKey {
    /// Checks that a point is one of its curve. The strength of RSA is for the caller to check.
    pub(crate) fn new(scheme: Scheme, components: &Components) -> Option<Self> {
        match components {
            Components::Rsa { n, e } => {
                let number = BoxedUint::from_be_slice_vartime;
                let key = rsa::PublicKey::new(number(n), number(e)).ok()?;
                match scheme {
                    Scheme::Rs256 => Some(Self::Rs256(pkcs1v15::VerifyingKey::new(key))),
                    Scheme::Rs384 => Some(Self::Rs384(pkcs1v15::VerifyingKey::new(key))),
                    Scheme::Rs512 => Some(Self::Rs512(pkcs1v15::VerifyingKey::new(key))),
                    Scheme::Ps256 => Some(Self::Ps256(pss::VerifyingKey::new(key))),
                    Scheme::Ps384 => Some(Self::Ps384(pss::VerifyingKey::new(key))),
                    Scheme::Ps512 => Some(Self::Ps512(pss::VerifyingKey::new(key))),
                    _ => None,
                }
            }
            Components::P256 { x, y } if scheme == Scheme::Es256 => {
                let point = [&[0x04][..], x, y].concat();
                ecdsa::VerifyingKey::from_sec1_bytes(&point).ok().map(Self::P256)
            }
            Components::Ed25519 { x } if scheme == Scheme::EdDsa => {
                ed25519_dalek::VerifyingKey::from_bytes(x).ok().map(Self::Ed25519)
            }
            Components::P256 { .. } | Components::Ed25519 { .. } => None,
        }
    }

    pub(crate) fn from_secret(scheme: Scheme, secret: &[u8]) -> Option<Self> {
        HmacKey::new(scheme, secret).map(Self::Hmac)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rs256(key) => signed(key, message, signature),
            Self::Rs384(key) => signed(key, message, signature),
            Self::Rs512(key) => signed(key, message, signature),
            Self::Ps256(key) => signed(key, message, signature),
            Self::Ps384(key) => signed(key, message, signature),
            Self::Ps512(key) => signed(key, message, signature),
            Self::P256(key) => signed::<ecdsa::Signature>(key, message, signature),
            Self::Ed25519(key) => signed::<ed25519_dalek::Signature>(key, message, signature),
            Self::Hmac(key) => key.verifies(message, signature),
        }
    }
}

fn signed<S: for<'a> TryFrom<&'a [u8]>>(
    key: &impl rsa::signature::Verifier<S>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    S::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
}

/// The state after the key was taken in, cloned for each message.
pub(crate) enum HmacKey {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl HmacKey {
    fn new(scheme: Scheme, secret: &[u8]) -> Option<Self> {
        match scheme {
            Scheme::Hs256 => Hmac::new_from_slice(secret).ok().map(Self::Sha256),
            Scheme::Hs384 => Hmac::new_from_slice(secret).ok().map(Self::Sha384),
            Scheme::Hs512 => Hmac::new_from_slice(secret).ok().map(Self::Sha512),
            _ => None,
        }
    }

    fn tag(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
            Self::Sha384(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
            Self::Sha512(key) => key.clone().chain_update(message).finalize().into_bytes().to_vec(),
        }
    }

    fn verifies(&self, message: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha256(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha384(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
            Self::Sha512(key) => key.clone().chain_update(message).verify_slice(tag).is_ok(),
        }
    }
}

/// Our randomness, as these libraries take it.
struct Source<'a>(&'a dyn Random);

impl TryRng for Source<'_> {
    type Error = RandomError;

    fn try_next_u32(&mut self) -> Result<u32, RandomError> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, RandomError> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(bytes)
    }
}

impl TryCryptoRng for Source<'_> {}

/// A new asymmetric key in PKCS#8: RSA of 2048 bits, P-256 or Ed25519.
pub(crate) fn generate(algorithm: Algorithm, random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |_| KeyError::Generation;
    let mut source = Source(random);
    let document = match algorithm {
        Algorithm::Rs256 => {
            let key = rsa::PrivateKey::new(&mut source, 2048).map_err(|_| KeyError::Generation)?;
            key.to_pkcs8_der().map_err(failed)?
        }
        Algorithm::Es256 => {
            p256::SecretKey::try_generate_from_rng(&mut source)?.to_pkcs8_der().map_err(failed)?
        }
        Algorithm::EdDsa => {
            let mut seed = Zeroizing::new([0; 32]);
            random.fill(&mut *seed)?;
            ed25519_dalek::SigningKey::from_bytes(&seed).to_pkcs8_der().map_err(failed)?
        }
        Algorithm::Hs256 | Algorithm::Hs512 => return Err(KeyError::WrongFamily(algorithm)),
    };
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Encrypts with AES-256-GCM in place, and appends the tag.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    context: &[u8],
    body: &mut Vec<u8>,
) -> Option<()> {
    Aes256Gcm::new(key.into()).encrypt_in_place(&nonce.into(), context, body).ok()
}

/// Undoes [`seal`]; `None` if it was another key or context, or the bytes were changed.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    context: &[u8],
    body: &mut Vec<u8>,
) -> Option<()> {
    Aes256Gcm::new(key.into()).decrypt_in_place(&nonce.into(), context, body).ok()
}
