//! Each library reads, verifies and opens what the other one has made.

use super::Components;
use crate::{Algorithm, SystemRandom, jose::Scheme};

const ASYMMETRIC: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// The tests of one library against the other, or against itself where it is alone.
macro_rules! against {
    ($name:ident, $one:ident, $other:ident) => {
        mod $name {
            use super::*;
            use crate::jose::provider::{$one as one, $other as other};

            #[test]
            fn keys_and_signatures() {
                for algorithm in ASYMMETRIC {
                    let der = one::generate(algorithm, &SystemRandom).unwrap();
                    let key = one::PrivateKey::from_pkcs8(algorithm, &der).unwrap();
                    let components = key.components().unwrap();
                    let same = other::PrivateKey::from_pkcs8(algorithm, &der).unwrap();
                    assert_eq!(same.components().unwrap(), components, "{algorithm}");
                    let public = other::PublicKey::new(algorithm.into(), &components).unwrap();
                    let signature = key.sign(b"message").unwrap();
                    assert!(public.verifies(b"message", &signature), "{algorithm}");
                    refuses(|message, signature| public.verifies(message, signature), &signature);
                }
                for algorithm in [Algorithm::Hs256, Algorithm::Hs512] {
                    let key = one::PrivateKey::from_secret(algorithm.into(), &[7; 64]).unwrap();
                    let public = other::PublicKey::from_secret(algorithm.into(), &[7; 64]).unwrap();
                    let signature = key.sign(b"message").unwrap();
                    assert!(public.verifies(b"message", &signature), "{algorithm}");
                    refuses(|message, signature| public.verifies(message, signature), &signature);
                }
            }

            #[test]
            fn both_forms_of_an_rsa_key() {
                let der = |text: &[u8]| pem::parse(text).unwrap().into_contents();
                let pkcs8 = der(include_bytes!("../testdata/rsa2048.pem"));
                let pkcs1 = der(include_bytes!("../testdata/rsa2048_pkcs1.pem"));
                let one = one::PrivateKey::from_pkcs8(Algorithm::Rs256, &pkcs8).unwrap();
                let other = other::PrivateKey::from_pkcs1(&pkcs1).unwrap();
                assert_eq!(one.components(), other.components());
                assert_eq!(one.sign(b"message"), other.sign(b"message"));
                assert!(one::PrivateKey::from_pkcs8(Algorithm::Rs256, &pkcs1).is_err());
                assert!(other::PrivateKey::from_pkcs1(&pkcs8).is_err());
            }

            #[test]
            fn a_key_has_one_family() {
                let components = ASYMMETRIC.map(|algorithm| {
                    let der = one::generate(algorithm, &SystemRandom).unwrap();
                    for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                        assert!(one::PrivateKey::from_pkcs8(other, &der).is_err(), "{algorithm} as {other}");
                    }
                    one::PrivateKey::from_pkcs8(algorithm, &der).unwrap().components().unwrap()
                });
                let [rsa, ec, ed] = &components;
                for (components, scheme) in [
                    (rsa, Scheme::Es256),
                    (rsa, Scheme::Hs256),
                    (ec, Scheme::EdDsa),
                    (ec, Scheme::Rs256),
                    (ed, Scheme::Es256),
                    (ed, Scheme::Ps256),
                ] {
                    assert!(one::PublicKey::new(scheme, components).is_none(), "{scheme:?}");
                }
                assert!(one::PublicKey::from_secret(Scheme::Rs256, &[7; 64]).is_none());
                let nowhere = Components::P256 { x: [1; 32], y: [1; 32] };
                assert!(one::PublicKey::new(Scheme::Es256, &nowhere).is_none(), "no point of the curve");
            }

            #[test]
            fn sealed_and_opened() {
                let (key, nonce) = ([1; 32], [2; 12]);
                let mut body = b"secret".to_vec();
                one::seal(&key, nonce, b"here", &mut body).unwrap();
                assert_eq!(body.len(), 6 + 16);
                for (key, nonce, context) in
                    [([3; 32], nonce, b"here"), (key, [3; 12], b"here"), (key, nonce, b"away")]
                {
                    assert!(other::open(&key, nonce, context, &mut body.clone()).is_none());
                }
                for length in 0..body.len() {
                    assert!(other::open(&key, nonce, b"here", &mut body[..length].to_vec()).is_none());
                }
                other::open(&key, nonce, b"here", &mut body).unwrap();
                assert_eq!(body, b"secret");
                assert_eq!(one::sha256(&body), other::sha256(&body));
            }
        }
    };
}

/// What differs in a bit, or in its length, is not signed.
fn refuses(verifies: impl Fn(&[u8], &[u8]) -> bool, signature: &[u8]) {
    assert!(!verifies(b"massage", signature));
    for place in 0..signature.len() {
        let mut changed = signature.to_vec();
        changed[place] ^= 1;
        assert!(!verifies(b"message", &changed), "byte {place}");
    }
    let (longer, padded) = ([signature, &[0]].concat(), [&[0], signature].concat());
    let (zeros, ones) = (vec![0; signature.len()], vec![0xff; signature.len()]);
    for other in
        [&[][..], &signature[1..], &signature[..signature.len() - 1], &longer, &padded, &zeros, &ones]
    {
        assert!(!verifies(b"message", other));
    }
}

#[cfg(feature = "aws-lc")]
against!(aws_lc_with_itself, aws_lc, aws_lc);
#[cfg(feature = "rust-crypto")]
against!(rust_crypto_with_itself, rust_crypto, rust_crypto);
#[cfg(all(feature = "aws-lc", feature = "rust-crypto"))]
against!(aws_lc_then_rust_crypto, aws_lc, rust_crypto);
#[cfg(all(feature = "aws-lc", feature = "rust-crypto"))]
against!(rust_crypto_then_aws_lc, rust_crypto, aws_lc);
