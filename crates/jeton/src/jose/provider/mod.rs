//! The crypto library: aws-lc-rs, or pure Rust. Which one is settled when the crate is built, and never looked up in
//! the process, so that no other crate's choice can change it.
//!
//! Each of them gives the same few things: [`PrivateKey`] and [`PublicKey`], which are read once and then used for
//! every token, `generate`, `sha256`, `seal` and `open`. With both features aws-lc-rs is taken.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(all(feature = "rust-crypto", any(test, not(feature = "aws-lc"))))]
mod rust_crypto;
#[cfg(test)]
mod tests;

#[cfg(feature = "aws-lc")]
pub(crate) use aws_lc::{PrivateKey, PublicKey, generate, open, seal, sha256};
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
pub(crate) use rust_crypto::{PrivateKey, PublicKey, generate, open, seal, sha256};

/// The public half of an asymmetric key, as RFC 7518 §6 takes it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Components {
    /// Modulus and exponent, big-endian and without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// The coordinates of a point of P-256.
    P256 { x: [u8; 32], y: [u8; 32] },
    /// The public key of Ed25519.
    Ed25519 { x: [u8; 32] },
}

/// A nonce of AES-GCM, used once per key.
pub(crate) const NONCE_BYTES: usize = 12;
