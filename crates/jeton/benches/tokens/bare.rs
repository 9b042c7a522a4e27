//! The crypto alone, as aws-lc-rs has it.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
        VerificationAlgorithm,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jeton::{Algorithm, SigningKey};
use jsonwebtoken::DecodingKey;

/// A key in the forms that are compared.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    /// PEM, or a secret.
    text: Vec<u8>,
    private: Private,
    public: Option<ParsedPublicKey>,
    random: SystemRandom,
}

enum Private {
    Hmac(Box<hmac::Key>),
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// A new one.
    pub(crate) fn generate(algorithm: Algorithm) -> Self {
        let random = SystemRandom::new();
        let public = |kind: &'static dyn VerificationAlgorithm, bytes: &[u8]| {
            Some(ParsedPublicKey::new(kind, bytes).unwrap())
        };
        let (private, public, der) = match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
                let public = public(&ED25519, pair.public_key().as_ref());
                (Private::Ed25519(pair), public, der)
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let der = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
                let public = public(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
                (Private::Ecdsa(pair), public, der)
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
                let public = public(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
                (Private::Rsa(Box::new(pair)), public, der)
            }
            _ => {
                let secret = vec![7; 64];
                (Private::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret))), None, secret)
            }
        };
        let text = match algorithm.is_symmetric() {
            true => der,
            false => pem::encode(&pem::Pem::new("PRIVATE KEY", der)).into_bytes(),
        };
        Self { algorithm, text, private, public, random }
    }

    /// The same for jeton.
    pub(crate) fn signing(&self) -> SigningKey {
        match self.algorithm.is_symmetric() {
            true => SigningKey::from_secret(self.algorithm, &self.text, "of-the-benchmark").unwrap(),
            false => SigningKey::from_pem(self.algorithm, &self.text).unwrap(),
        }
    }

    /// The signature in base64url.
    pub(crate) fn sign(&self, message: &[u8]) -> String {
        match &self.private {
            Private::Hmac(key) => BASE64.encode(hmac::sign(key, message)),
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).unwrap();
                BASE64.encode(signature)
            }
            Private::Ecdsa(pair) => BASE64.encode(pair.sign(&self.random, message).unwrap()),
            Private::Ed25519(pair) => BASE64.encode(pair.sign(message)),
        }
    }

    /// Whether the signature of the token is good; its claims are not looked at.
    pub(crate) fn verifies(&self, token: &str) -> bool {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = BASE64.decode(signature).unwrap();
        match (&self.private, &self.public) {
            (_, Some(public)) => public.verify_sig(message.as_bytes(), &signature).is_ok(),
            (Private::Hmac(key), None) => hmac::verify(key, message.as_bytes(), &signature).is_ok(),
            _ => false,
        }
    }

    /// For `jsonwebtoken`.
    pub(crate) fn decoding(&self) -> DecodingKey {
        match self.signing().public() {
            None => DecodingKey::from_secret(&self.text),
            Some(jwk) => {
                let jwk = serde_json::from_value(serde_json::to_value(jwk).unwrap()).unwrap();
                DecodingKey::from_jwk(&jwk).unwrap()
            }
        }
    }
}
