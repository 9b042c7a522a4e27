//! All JOSE work (RFC 7515, 7517, 7518, 7638), behind our own types. Nothing outside this folder sees
//! jsonwebtoken or aws-lc-rs.
//!
//! It deliberately knows nothing of claims, records or time: it tells whether a text is a strict compact JWS,
//! and whether a key signed it.

mod algorithm;
mod compact;
mod jwk;
mod key;
mod seal;

pub use algorithm::Algorithm;
pub(crate) use compact::{Compact, MAX_TOKEN_BYTES, ParseError, TokenType, write};
pub use jwk::{PublicJwk, PublicJwks};
pub use key::{KeyError, SigningKey};
pub use seal::{MasterKey, MasterKeyError, Sealed};

/// The SHA-256 of these bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

/// Whether that is the HMAC-SHA256 of the message under the key; compared in constant time.
pub(crate) fn hmac_sha256_verifies(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
    aws_lc_rs::hmac::verify(&key, message, tag).is_ok()
}

/// base64url without padding (RFC 7515 §2).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The strict reverse: no padding, no white space, no bits left over (RFC 7515 §2).
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}
