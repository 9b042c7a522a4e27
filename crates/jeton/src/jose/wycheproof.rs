//! The JOSE vectors of Wycheproof, against the functions that read a JWK Set and check a signature.
//!
//! Their payloads are no JSON objects and their headers have no `typ`, so that at the doors for tokens all of them
//! would be refused for the wrong reason.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use wycheproof_ng_kdf_jose::json_web::{TestGroup, TestName, TestSet};

use super::{
    JwkError, JwksError, VerifyingKeys,
    compact::{Parts, split},
    from_base64url,
};

/// What became of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    /// The JWK Set is not taken.
    Keys(JwksError),
    /// The text is no compact JWS of the strict form, or its header has a member beside `alg` and `kid`.
    Form,
    /// No key of the set has that name.
    Kid,
    /// The key that was named, or the only one, did not sign it under that algorithm.
    Signature,
}

use Outcome::{Accepted, Form, Keys, Kid, Signature};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: Option<String>,
}

/// The payload is compared too: what is accepted is what was signed.
fn outcome(jwks: &Value, token: &Value) -> Outcome {
    let keys = match VerifyingKeys::from_jwks(jwks.to_string().as_bytes()) {
        Ok(keys) => keys,
        Err(error) => return Keys(error),
    };
    let Some(token) = token.as_str() else { return Form };
    let Some(Parts { header, payload, signed, signature }) = split(token) else { return Form };
    let header = from_base64url(header).and_then(|json| serde_json::from_slice(&json).ok());
    let (Some(Header { alg, kid }), Some(_)) = (header, from_base64url(payload)) else { return Form };
    let kid = kid.or_else(|| keys.kids().next().map(str::to_owned));
    let Some(key) = kid.and_then(|kid| keys.find(&kid)) else { return Kid };
    if key.verifies(&alg, signed.as_bytes(), signature) { Accepted } else { Signature }
}

/// The public half where there is one, else the secret.
fn jwks(group: &TestGroup) -> Value {
    let key = group.public_key.as_ref().or(group.private_key.as_ref()).unwrap();
    if key.get("keys").is_some() { key.clone() } else { json!({"keys": [key]}) }
}

fn outcomes(name: TestName) -> BTreeMap<usize, (Outcome, bool)> {
    let set = TestSet::load(name).unwrap();
    let mut outcomes = BTreeMap::new();
    for group in &set.test_groups {
        for test in &group.tests {
            let Some(token) = &test.jws else { continue };
            outcomes.insert(test.tc_id, (outcome(&jwks(group), token), !test.result.must_fail()));
        }
    }
    outcomes
}

/// Whether each outcome is as labelled, except for those listed here.
fn check(name: TestName, exceptions: &[(usize, Outcome, &str)]) -> (usize, usize) {
    let outcomes = outcomes(name);
    for (id, (outcome, valid)) in &outcomes {
        match exceptions.iter().find(|(exception, ..)| exception == id) {
            Some((_, expected, reason)) => {
                assert_eq!(outcome, expected, "{id}: {reason}");
                assert_ne!(*valid, *expected == Accepted, "{id} needs no exception");
            }
            None => assert_eq!(*outcome == Accepted, *valid, "{id}: {outcome:?}"),
        }
    }
    for (id, ..) in exceptions {
        assert!(outcomes.contains_key(id), "{id} is there");
    }
    let accepted = outcomes.values().filter(|(outcome, _)| *outcome == Accepted).count();
    (accepted, outcomes.len() - accepted)
}

#[test]
fn signatures() {
    let other_scheme = "the JWK says PS256 and the token PS384 (RFC 7520 figure 20): one key, one algorithm";
    let unknown = "the JWK says ES521, which is no algorithm, and P-521 is not ours";
    let question_mark = "a `?` in base64url: RFC 7515 §2 knows no such character";
    let same = "labelled invalid, and byte by byte the same as 357, which is valid";
    let numbers = check(
        TestName::JsonWebSignature,
        &[
            (346, Signature, other_scheme),
            (347, Keys(JwksError::NoKey), unknown),
            (350, Signature, other_scheme),
            (351, Keys(JwksError::NoKey), unknown),
            (367, Accepted, same),
            (370, Accepted, same),
            (372, Form, question_mark),
            (373, Form, question_mark),
        ],
    );
    assert_eq!(numbers, (42, 359));
}

#[test]
fn keys() {
    let key = |position, source| Keys(JwksError::Key { position, source });
    let expected = [
        (1, Keys(JwksError::Mixed), "a secret beside a public key"),
        (2, Accepted, "two secrets with names of their own"),
        (3, Signature, "a changed signature"),
        (
            4,
            key(2, JwkError::PublicPart),
            "the second of two keys of one name has bits left over in its base64url",
        ),
        (5, Accepted, "a public RSA key beside others"),
        (6, Keys(JwksError::NoKey), "RSA1_5 is no signature algorithm"),
        (7, key(1, JwkError::WeakRsa), "CVE-2017-15361"),
        (8, key(1, JwkError::WeakRsa), "1024 bits"),
        (9, key(1, JwkError::WeakRsa), "the exponent 1"),
        (10, key(1, JwkError::ShortSecret), "31 bytes for HS256"),
        (11, key(1, JwkError::ShortSecret), "47 bytes for HS384"),
        (12, key(1, JwkError::ShortSecret), "63 bytes for HS512"),
        (13, Accepted, "65 bytes for HS256"),
        (14, Accepted, "65 bytes for HS384"),
        (15, Accepted, "65 bytes for HS512"),
        (16, key(1, JwkError::ShortSecret), "an empty secret"),
        (17, key(1, JwkError::ShortSecret), "an empty secret"),
        (18, key(1, JwkError::ShortSecret), "an empty secret"),
        (19, Keys(JwksError::NoKey), "ES521 is no algorithm"),
        (20, Keys(JwksError::NoKey), "ES224 is no algorithm"),
        (21, key(1, JwkError::Use), "a key for encryption"),
        (22, key(1, JwkError::PublicPart), "no point of the curve"),
        (23, key(1, JwkError::Mismatch), "ES256 is of P-256 and not of P-384"),
        (24, key(1, JwkError::Mismatch), "ES256 is not of RSA"),
        (25, Keys(JwksError::NoKey), "A256GCM is no signature algorithm"),
        (26, Keys(JwksError::NoKey), "A256KW is no signature algorithm"),
    ];
    let outcomes = outcomes(TestName::JsonWebKey);
    assert_eq!(outcomes.len(), expected.len());
    for (id, outcome, reason) in expected {
        assert_eq!(outcomes[&id], (outcome, outcome == Accepted), "{id}: {reason}");
    }
}

#[test]
fn signatures_and_encryption_together() {
    let weak = JwksError::Key { position: 1, source: JwkError::WeakRsa };
    let mut expected = BTreeMap::new();
    let mut expect = |ids: &[usize], outcome, _reason: &str| {
        for id in ids {
            assert!(expected.insert(*id, outcome).is_none(), "{id}");
        }
    };
    expect(&[1, 18, 33, 48], Accepted, "valid");
    expect(&[2, 19, 34, 49], Signature, "a changed signature");
    expect(&[5, 22, 37], Signature, "another payload");
    expect(&[6, 23, 38], Signature, "no payload, where one was signed");
    expect(&[8, 25, 40], Kid, "the changed header names a key that is none");
    expect(&[31], Signature, "HMAC under the public key as the secret: the key serves ES256 alone");
    expect(&[3, 20, 35, 16], Form, "no signature, under `none` too");
    expect(&[4, 7, 10, 12, 21, 24, 27, 29, 36, 39, 42, 44], Form, "fewer than three parts");
    expect(&[9, 11, 26, 28, 41, 43], Form, "no header");
    expect(&[13, 30, 45], Form, "nothing");
    expect(&[14, 15], Form, "more than three parts");
    expect(&[17], Form, "the JSON serialization");
    expect(&[32], Form, "a key in the header");
    expect(&[46], Keys(weak), "CVE-2017-15361");
    expect(&[47], Keys(JwksError::Mixed), "a secret beside a public key");
    let outcomes = outcomes(TestName::JsonWebCrypto);
    let valid = |outcome| (outcome, outcome == Accepted);
    assert_eq!(outcomes, expected.into_iter().map(|(id, outcome)| (id, valid(outcome))).collect());

    // What is encrypted has five parts, and is none of ours whatever the key.
    for name in [TestName::JsonWebCrypto, TestName::JsonWebEncryption] {
        let set = TestSet::load(name).unwrap();
        let tests = set.test_groups.iter().flat_map(|group| &group.tests);
        let encrypted: Vec<_> = tests.filter_map(|test| test.jwe.as_ref()?.as_str()).collect();
        assert!(encrypted.len() > 30);
        for token in encrypted.into_iter().filter(|token| token.split('.').count() == 5) {
            assert!(split(token).is_none(), "{token}");
        }
    }
}
