//! Signatures by a secret, as a client makes them.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use jeton::KeyAndSecret;

/// `tkn_{key}_{epoch}_{user}_{hash}`, with the user as it is to stand there.
pub(crate) fn sign(secret: &KeyAndSecret, at: i64, user: &str) -> String {
    let moment = format!("{at:010}");
    let hash = hash(secret.secret.expose(), &format!("{}{moment}{user}", secret.key));
    format!("tkn_{}_{moment}_{user}_{hash}", secret.key)
}

/// The hexadecimal HMAC-SHA256.
pub(crate) fn hash(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, text.as_bytes()).as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
