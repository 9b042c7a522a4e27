//! Another library reads what we write, and we read what it writes.

use jsonwebtoken::{
    DecodingKey, EncodingKey,
    crypto::{CryptoProvider, aws_lc, rust_crypto},
    jwk::Jwk,
};

use super::{Algorithm, SigningKey};
use crate::SystemRandom;

/// Named here: its choice by the features of the build is a panic where two are on, as they are in this one.
const PROVIDERS: [(&str, &CryptoProvider); 2] =
    [("aws-lc-rs", &aws_lc::DEFAULT_PROVIDER), ("pure Rust", &rust_crypto::DEFAULT_PROVIDER)];

fn theirs(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    algorithm.as_str().parse().unwrap()
}

/// Both halves of our key, as that library holds them.
fn halves(key: &SigningKey) -> (EncodingKey, DecodingKey) {
    let Some(public) = key.public() else {
        return (EncodingKey::from_secret(key.material()), DecodingKey::from_secret(key.material()));
    };
    let jwk: Jwk = serde_json::from_value(serde_json::to_value(public).unwrap()).unwrap();
    let der = pem::parse(key.material()).unwrap().into_contents();
    let private = match key.algorithm() {
        // This library takes PKCS#1 here; it starts behind the 26 bytes that PKCS#8 puts before it (RSA, 2048 bits).
        Algorithm::Rs256 => EncodingKey::from_rsa_der(&der[26..]),
        Algorithm::Es256 => EncodingKey::from_ec_der(&der),
        _ => EncodingKey::from_ed_der(&der),
    };
    (private, DecodingKey::from_jwk(&jwk).unwrap())
}

#[test]
fn signatures_are_the_same_to_both() {
    for algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm, &SystemRandom).unwrap();
        let (private, public) = halves(&key);
        for (name, provider) in PROVIDERS {
            let signer = (provider.signer_factory)(&theirs(algorithm), &private).unwrap();
            let signature = super::base64url(&signer.try_sign(b"message").unwrap());
            assert!(
                key.verifying().verifies(algorithm.as_str(), b"message", &signature),
                "{algorithm} {name}"
            );
            let ours = super::from_base64url(&key.sign(b"message").unwrap()).unwrap();
            let verifier = (provider.verifier_factory)(&theirs(algorithm), &public).unwrap();
            assert!(verifier.verify(b"message", &ours).is_ok(), "{algorithm} {name}");
            assert!(verifier.verify(b"massage", &ours).is_err(), "{algorithm} {name}");
        }
    }
}
