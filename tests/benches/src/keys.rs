//! One signing key in the forms that the candidates ask for.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton::{Algorithm, SigningKey};
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::Fallible;

const KID: &str = "of-the-benchmark";

/// A key as text: a secret, or a private key in PEM form (PKCS#8).
pub(crate) struct Key {
    algorithm: Algorithm,
    text: String,
}

impl Key {
    /// A new one.
    pub(crate) fn generate(algorithm: Algorithm) -> Fallible<Self> {
        let random = SystemRandom::new();
        let der = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8v1(&random)?.as_ref().to_vec(),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?.as_ref().to_vec()
            }
            Algorithm::Rs256 => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(&RsaKeyPair::generate(KeySize::Rsa2048)?)?.as_ref().to_vec()
            }
            // jwt-authorizer takes a secret as text.
            Algorithm::Hs256 => {
                let bytes = Ed25519KeyPair::generate_pkcs8v1(&random)?;
                return Ok(Self { algorithm, text: BASE64_STANDARD.encode(bytes.as_ref()) });
            }
            other => return Err(format!("{other} is not compared").into()),
        };
        let body = BASE64_STANDARD.encode(der);
        let text = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        Ok(Self { algorithm, text })
    }

    /// For jeton.
    pub(crate) fn signing(&self) -> Fallible<SigningKey> {
        Ok(match self.algorithm {
            Algorithm::Hs256 => SigningKey::from_secret(self.algorithm, self.text.as_bytes(), KID)?,
            _ => SigningKey::from_pem(self.algorithm, self.text.as_bytes())?,
        })
    }

    /// The secret, where it is one.
    pub(crate) fn secret(&self) -> Option<&str> {
        (self.algorithm == Algorithm::Hs256).then_some(self.text.as_str())
    }

    /// A JWK Set with the public key; with the secret, where it is one.
    pub(crate) fn jwks(&self) -> Fallible<String> {
        let jwk = match self.secret() {
            Some(secret) => {
                let k = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(secret);
                serde_json::json!({"kty": "oct", "kid": KID, "alg": "HS256", "use": "sig", "k": k})
            }
            None => serde_json::to_value(self.signing()?.public())?,
        };
        Ok(serde_json::json!({ "keys": [jwk] }).to_string())
    }

    /// The public half as aws-lc-rs has it.
    pub(crate) fn public(&self) -> Fallible<Vec<u8>> {
        let body: String = self.text.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64_STANDARD.decode(body)?;
        Ok(match self.algorithm {
            Algorithm::EdDsa => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)?.public_key().as_ref().to_vec()
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)?;
                pair.public_key().as_ref().to_vec()
            }
            _ => RsaKeyPair::from_pkcs8(&der)?.public_key().as_ref().to_vec(),
        })
    }

    /// For `jsonwebtoken` 11.
    pub(crate) fn decoding(&self) -> Fallible<DecodingKey> {
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&self.jwks()?)?;
        Ok(DecodingKey::from_jwk(set.keys.first().ok_or("no key")?)?)
    }

    /// For `jsonwebtoken` 10.
    pub(crate) fn decoding10(&self) -> Fallible<jsonwebtoken10::DecodingKey> {
        let set: jsonwebtoken10::jwk::JwkSet = serde_json::from_str(&self.jwks()?)?;
        Ok(jsonwebtoken10::DecodingKey::from_jwk(set.keys.first().ok_or("no key")?)?)
    }

    /// The token with a signature of this key in the place of its own.
    pub(crate) fn sign_again(&self, token: &str) -> Fallible<String> {
        let pem = self.text.as_bytes();
        let key = match self.algorithm {
            Algorithm::EdDsa => EncodingKey::from_ed_pem(pem)?,
            Algorithm::Es256 => EncodingKey::from_ec_pem(pem)?,
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(pem)?,
            _ => EncodingKey::from_secret(pem),
        };
        let (input, _) = token.rsplit_once('.').ok_or("not a JWT")?;
        let signature = jsonwebtoken::crypto::sign(input.as_bytes(), &key, self.algorithm.as_str().parse()?)?;
        Ok(format!("{input}.{signature}"))
    }
}
