//! All JOSE work (RFC 7515, 7517, 7518, 7638), behind our own types. Nothing outside this folder sees a crypto
//! library.
//!
//! It deliberately knows nothing of claims, records or time: it tells whether a text is a strict compact JWS,
//! and whether a key signed it.
//!
//! It stands on the crypto libraries themselves and on no JWT library: those that there are read the key anew for every
//! token, pick their provider in the process, where the features of another crate can change it, and leave the strict
//! reading of headers and JWK Sets to the caller anyway. The tests ask one of them for a second opinion.

mod algorithm;
mod compact;
mod jwk;
mod jwks;
mod key;
mod provider;
mod read_jwk;
mod scheme;
mod seal;
#[cfg(test)]
mod second_opinion;
mod strength;
mod verifying_key;
#[cfg(test)]
mod wycheproof;

pub use algorithm::Algorithm;
pub(crate) use compact::{Compact, MAX_TOKEN_BYTES, ParseError, TokenType, object};
pub use jwk::{PublicJwk, PublicJwks};
pub use jwks::{JwksError, VerifyingKeys};
pub use key::{KeyError, SigningKey};
pub(crate) use provider::sha256;
pub use read_jwk::JwkError;
pub(crate) use scheme::Scheme;
pub use seal::{MasterKey, MasterKeyError, Sealed};
pub(crate) use verifying_key::VerifyingKey;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Whether that is the HMAC-SHA256 of the message under the key; compared in constant time.
pub(crate) fn hmac_sha256_verifies(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    provider::PublicKey::from_secret(Scheme::Hs256, key).is_some_and(|key| key.verifies(message, tag))
}

/// base64url without padding (RFC 7515 §2).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The same, at the end of a text.
pub(crate) fn push_base64url(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// The strict reverse: no padding, no white space, no bits left over (RFC 7515 §2).
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The same, into a buffer; `None` also if it is too small.
pub(crate) fn base64url_into<'a>(text: &str, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = URL_SAFE_NO_PAD.decode_slice(text, buffer).ok()?;
    buffer.get(..length)
}
