//! aws-lc-rs.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest,
    encoding::{AsDer, Pkcs8V1Der},
    error::KeyRejected,
    hmac,
    rand::SystemRandom as LibraryRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
        RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents,
    },
};
use zeroize::Zeroizing;

use super::{
    super::{Algorithm, KeyError, Scheme},
    Components, NONCE_BYTES,
};
use crate::Random;

pub(crate) enum PrivateKey {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(Box<hmac::Key>),
}

impl PrivateKey {
    /// Reads PKCS#8 (RFC 5958).
    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let rejected = |error| rejected(algorithm, error);
        match algorithm {
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(der).map(Self::Rsa).map_err(rejected),
            Algorithm::Es256 => {
                let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
                EcdsaKeyPair::from_pkcs8(curve, der).map(Self::P256).map_err(rejected)
            }
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Self::Ed25519).map_err(rejected),
            Algorithm::Hs256 | Algorithm::Hs512 => Err(KeyError::WrongFamily(algorithm)),
        }
    }

    /// Reads an RSA key in PKCS#1 (RFC 8017 §A.1.2).
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        RsaKeyPair::from_der(der).map(Self::Rsa).map_err(|error| rejected(Algorithm::Rs256, error))
    }

    pub(crate) fn from_secret(scheme: Scheme, secret: &[u8]) -> Option<Self> {
        hmac_key(scheme, secret).map(Self::Hmac)
    }

    /// The public half; none of a secret.
    pub(crate) fn components(&self) -> Option<Components> {
        match self {
            Self::Rsa(pair) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                let trimmed =
                    |number: aws_lc_rs::io::Positive<'_>| number.big_endian_without_leading_zero().to_vec();
                Some(Components::Rsa { n: trimmed(n), e: trimmed(e) })
            }
            Self::P256(pair) => {
                let (0x04, point) =
                    pair.public_key().as_ref().split_first().map(|(tag, rest)| (*tag, rest))?
                else {
                    return None;
                };
                let (x, y) = point.split_at_checked(32)?;
                Some(Components::P256 { x: x.try_into().ok()?, y: y.try_into().ok()? })
            }
            Self::Ed25519(pair) => {
                Some(Components::Ed25519 { x: pair.public_key().as_ref().try_into().ok()? })
            }
            Self::Hmac(_) => None,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &LibraryRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Self::P256(pair) => Some(pair.sign(&LibraryRandom::new(), message).ok()?.as_ref().to_vec()),
            Self::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
            Self::Hmac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

/// The library itself refuses RSA keys that are too short or too long.
fn rejected(algorithm: Algorithm, error: KeyRejected) -> KeyError {
    match error.description_() {
        "TooSmall" | "TooLarge" => KeyError::WeakRsa,
        _ => KeyError::NotAPrivateKey(algorithm),
    }
}

pub(crate) enum PublicKey {
    Asymmetric(ParsedPublicKey),
    Hmac(Box<hmac::Key>),
}

impl PublicKey {
    /// Checks that a point is one of its curve. The strength of RSA is for the caller to check.
    pub(crate) fn new(scheme: Scheme, components: &Components) -> Option<Self> {
        let parsed = match components {
            Components::Rsa { n, e } => {
                let parameters = match scheme {
                    Scheme::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
                    Scheme::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
                    Scheme::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
                    Scheme::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    Scheme::Ps384 => &RSA_PSS_2048_8192_SHA384,
                    Scheme::Ps512 => &RSA_PSS_2048_8192_SHA512,
                    _ => return None,
                };
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
            Components::P256 { x, y } if scheme == Scheme::Es256 => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[0x04][..], x, y].concat())
            }
            Components::Ed25519 { x } if scheme == Scheme::EdDsa => ParsedPublicKey::new(&ED25519, x),
            Components::P256 { .. } | Components::Ed25519 { .. } => return None,
        };
        parsed.ok().map(Self::Asymmetric)
    }

    pub(crate) fn from_secret(scheme: Scheme, secret: &[u8]) -> Option<Self> {
        hmac_key(scheme, secret).map(Self::Hmac)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Asymmetric(key) => key.verify_sig(message, signature).is_ok(),
            Self::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

fn hmac_key(scheme: Scheme, secret: &[u8]) -> Option<Box<hmac::Key>> {
    let hash = match scheme {
        Scheme::Hs256 => hmac::HMAC_SHA256,
        Scheme::Hs384 => hmac::HMAC_SHA384,
        Scheme::Hs512 => hmac::HMAC_SHA512,
        _ => return None,
    };
    Some(Box::new(hmac::Key::new(hash, secret)))
}

/// A new asymmetric key in PKCS#8: RSA of 2048 bits, P-256 or Ed25519. This library takes its own randomness.
pub(crate) fn generate(algorithm: Algorithm, _: &dyn Random) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |_| KeyError::Generation;
    let der = match algorithm {
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?.as_ref().to_vec()
        }
        Algorithm::Es256 => {
            let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let der = EcdsaKeyPair::generate_pkcs8(curve, &LibraryRandom::new()).map_err(failed)?;
            der.as_ref().to_vec()
        }
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::generate().map_err(failed)?;
            AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?.as_ref().to_vec()
        }
        Algorithm::Hs256 | Algorithm::Hs512 => return Err(KeyError::WrongFamily(algorithm)),
    };
    Ok(Zeroizing::new(der))
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Encrypts with AES-256-GCM in place, and appends the tag.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    context: &[u8],
    body: &mut Vec<u8>,
) -> Option<()> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    cipher(key)?.seal_in_place_append_tag(nonce, Aad::from(context), body).ok()
}

/// Undoes [`seal`]; `None` if it was another key or context, or the bytes were changed.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: [u8; NONCE_BYTES],
    context: &[u8],
    body: &mut Vec<u8>,
) -> Option<()> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = cipher(key)?.open_in_place(nonce, Aad::from(context), body).ok()?.len();
    body.truncate(length);
    Some(())
}

fn cipher(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).ok()
}
