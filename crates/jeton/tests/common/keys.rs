//! Keys whose private half the test holds, and tokens crafted with them.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    signature::Ed25519KeyPair,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton::{Algorithm, SigningKey};

pub(crate) struct TestKey {
    pair: Ed25519KeyPair,
    pem: String,
    pub(crate) kid: String,
}

impl TestKey {
    pub(crate) fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()));
        let kid = SigningKey::from_pem(Algorithm::EdDsa, pem.as_bytes()).unwrap().kid().to_owned();
        Self { pair, pem, kid }
    }

    pub(crate) fn signing(&self) -> SigningKey {
        SigningKey::from_pem(Algorithm::EdDsa, self.pem.as_bytes()).unwrap()
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// The header that the library would write.
    pub(crate) fn header(&self, typ: &str) -> String {
        format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"{}"}}"#, self.kid)
    }

    /// Any header and any payload, well signed.
    pub(crate) fn craft(&self, header: &str, payload: &str) -> String {
        sign_with(header, payload, |message| self.signature(message))
    }
}

pub(crate) fn sign_with(header: &str, payload: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", encode(&signature))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The payload of a token.
pub(crate) fn payload(token: &str) -> serde_json::Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
