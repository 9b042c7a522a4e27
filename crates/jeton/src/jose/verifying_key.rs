//! A key that verifies and cannot sign, with its one scheme (RFC 8725 §3.1).

use std::fmt;

use super::{
    Scheme, base64url_into,
    compact::{Parts, TokenType, encoded_header, split_after},
    provider::PublicKey,
};

/// The longest signature: that of an RSA key of 8192 bits.
const MAX_SIGNATURE_BYTES: usize = 1024;

/// A public key, or a secret that verifies alone. It was read once, when it was made.
pub(crate) struct VerifyingKey {
    scheme: Scheme,
    kid: String,
    public: PublicKey,
    /// The header of the access tokens that this key signs, as it is written here: encoded.
    header: String,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("scheme", &self.scheme)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl VerifyingKey {
    pub(super) fn new(scheme: Scheme, kid: String, public: PublicKey) -> Self {
        let header = encoded_header(TokenType::Access, scheme.as_str(), &kid);
        Self { scheme, kid, public, header }
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// How every access token that this key signs begins.
    pub(super) fn header(&self) -> &str {
        &self.header
    }

    pub(super) fn is_symmetric(&self) -> bool {
        self.scheme.shortest_secret().is_some()
    }

    /// Whether this key signed these bytes under that `alg`; the signature is in base64url.
    pub(crate) fn verifies(&self, alg: &str, message: &[u8], signature: &str) -> bool {
        alg == self.scheme.as_str() && self.signed(message, signature)
    }

    /// The parts of an access token for this key that says so as we do: then it names its one scheme.
    pub(super) fn split<'a>(&self, token: &'a str) -> Option<Parts<'a>> {
        split_after(token, &self.header)
    }

    /// Whether this key signed these bytes.
    pub(super) fn signed(&self, message: &[u8], signature: &str) -> bool {
        let mut buffer = [0; MAX_SIGNATURE_BYTES];
        let signature = base64url_into(signature, &mut buffer);
        signature.is_some_and(|signature| self.public.verifies(message, signature))
    }
}
