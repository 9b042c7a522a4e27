//! The check of one token and nothing around it: the bare signature, `jsonwebtoken`, and jeton.

use std::{hint::black_box, time::Duration};

use aws_lc_rs::{
    hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jeton::Algorithm;

use crate::{Fallible, apps::Rules, issuer::Issuer, stopwatch::Stopwatch, table::median};

const ROUNDS: usize = 25;

/// Names of the figures that [`measure`] gives.
pub(crate) const NAMES: [&str; 4] =
    ["bare signature", "`jsonwebtoken::decode`", "jeton, nothing remembered", "jeton, remembered"];

enum PublicKey {
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl PublicKey {
    fn of(issuer: &Issuer) -> Fallible<Self> {
        if let Some(secret) = issuer.key.secret() {
            return Ok(Self::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))));
        }
        let algorithm: &'static dyn VerificationAlgorithm = match issuer.algorithm {
            Algorithm::EdDsa => &ED25519,
            Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
            _ => &RSA_PKCS1_2048_8192_SHA256,
        };
        Ok(Self::Public(ParsedPublicKey::new(algorithm, issuer.key.public()?)?))
    }

    /// Whether the signature is good: its base64url is read, and it is verified.
    fn judge(&self, token: &str) -> bool {
        let Some((input, signature)) = token.rsplit_once('.') else { return false };
        let mut bytes = [0; 512];
        let Ok(length) = BASE64.decode_slice(signature, &mut bytes) else { return false };
        match self {
            Self::Secret(key) => hmac::verify(key, input.as_bytes(), &bytes[..length]).is_ok(),
            Self::Public(key) => key.verify_sig(input.as_bytes(), &bytes[..length]).is_ok(),
        }
    }
}

/// Medians of interleaved rounds, in microseconds, in the order of [`NAMES`]. Ten tokens in turn.
pub(crate) fn measure(issuer: &Issuer) -> Fallible<[f64; 4]> {
    let (key, rules) = (PublicKey::of(issuer)?, Rules::new(issuer)?);
    let (cold, warm) = (issuer.cold.verifier(), issuer.authority.verifier());
    let judges: [&dyn Fn(&str) -> bool; 4] = [
        &|token| key.judge(token),
        &|token| rules.judge(token).is_some(),
        &|token| cold.verify(token).is_ok(),
        &|token| warm.verify(token).is_ok(),
    ];
    let tokens: Vec<&str> = issuer.tokens.iter().take(10).map(String::as_str).collect();
    let mut spans: [Vec<f64>; 4] = Default::default();
    for _ in 0..=ROUNDS {
        for (judge, spans) in judges.iter().zip(&mut spans) {
            let watch = Stopwatch::start();
            let mut calls = 0;
            while watch.span() < Duration::from_millis(6) {
                for _ in 0..5 {
                    for token in &tokens {
                        assert!(judge(black_box(token)));
                    }
                }
                calls += 5 * tokens.len();
            }
            spans.push(watch.span().as_secs_f64() * 1e6 / calls as f64);
        }
    }
    Ok(spans.map(median))
}
