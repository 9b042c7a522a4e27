//! A key of each algorithm whose private half the test holds, so that it can sign what the library never would.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use jeton::{Algorithm, SigningKey};

use super::keys::sign_with;

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Secret(Vec<u8>),
}

pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: String,
    pair: Pair,
    pem: String,
}

impl Signer {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let (pair, der) = match algorithm {
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
                (Pair::Rsa(pair), der)
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let der = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
                (Pair::Ec(pair), der)
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
                (Pair::Ed(pair), der)
            }
            Algorithm::Hs256 | Algorithm::Hs512 => {
                let secret = algorithm.as_str().repeat(16).into_bytes();
                (Pair::Secret(secret), Vec::new())
            }
        };
        let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der));
        let mut signer = Self { algorithm, kid: String::new(), pair, pem };
        signer.kid = signer.signing().kid().to_owned();
        signer
    }

    pub(crate) fn signing(&self) -> SigningKey {
        match &self.pair {
            Pair::Secret(secret) => {
                SigningKey::from_secret(self.algorithm, secret, format!("secret-{}", self.algorithm)).unwrap()
            }
            _ => SigningKey::from_pem(self.algorithm, self.pem.as_bytes()).unwrap(),
        }
    }

    /// The header that the library would write.
    pub(crate) fn header(&self, typ: &str) -> String {
        format!(r#"{{"typ":"{typ}","alg":"{}","kid":"{}"}}"#, self.algorithm, self.kid)
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Secret(secret) => {
                let hash = match self.algorithm {
                    Algorithm::Hs512 => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                hmac::sign(&hmac::Key::new(hash, secret), message).as_ref().to_vec()
            }
        }
    }

    /// Any header and any payload, well signed.
    pub(crate) fn craft(&self, header: &str, payload: &str) -> String {
        sign_with(header, payload, |message| self.signature(message))
    }

    /// The private half, in PEM, or the secret.
    pub(crate) fn private(&self) -> &[u8] {
        match &self.pair {
            Pair::Secret(secret) => secret,
            _ => self.pem.as_bytes(),
        }
    }

    /// All that an attacker has seen of it and could take for a secret; nothing of a secret.
    pub(crate) fn public_forms(&self) -> Vec<Vec<u8>> {
        let (raw, spki) = match &self.pair {
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                (key.as_ref().to_vec(), AsDer::<PublicKeyX509Der<'_>>::as_der(key).unwrap())
            }
            Pair::Ec(pair) => {
                let key = pair.public_key();
                (key.as_ref().to_vec(), AsDer::<PublicKeyX509Der<'_>>::as_der(key).unwrap())
            }
            Pair::Ed(pair) => {
                let key = pair.public_key();
                (key.as_ref().to_vec(), AsDer::<PublicKeyX509Der<'_>>::as_der(key).unwrap())
            }
            Pair::Secret(_) => return vec![Vec::new()],
        };
        let text = pem::encode(&pem::Pem::new("PUBLIC KEY", spki.as_ref()));
        let jwk = serde_json::to_string(self.signing().public().unwrap()).unwrap();
        vec![
            Vec::new(),
            text.clone().into_bytes(),
            text.replace("\r\n", "\n").into_bytes(),
            text.trim().as_bytes().to_vec(),
            format!(" {text}").into_bytes(),
            format!("{text}\n").into_bytes(),
            spki.as_ref().to_vec(),
            raw,
            jwk.clone().into_bytes(),
            format!(r#"{{"keys":[{jwk}]}}"#).into_bytes(),
            self.kid.clone().into_bytes(),
        ]
    }
}
