//! Reading a JWK Set (RFC 7517 §5): the keys of an issuer, for whoever verifies its tokens.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::{
    Compact, MAX_TOKEN_BYTES, VerifyingKey,
    compact::Parts,
    read_jwk::{Jwk, JwkError, Others, read},
};

use crate::Rejection;

/// Longer texts are refused before they are looked at: room for hundreds of RSA keys.
const MAX_JWKS_BYTES: usize = 256 * 1024;

/// Why a JWK Set is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// It is longer than 256 KiB.
    #[error("the JWK Set is longer than 256 KiB")]
    TooLong,
    /// It is no JSON object with an array `keys` of objects, or a member stands in it twice.
    #[error("not a JWK Set")]
    Malformed,
    /// One of its keys is not to be trusted. Keys of other kinds than ours do not count.
    #[error("key number {position} of the JWK Set: {source}")]
    Key {
        /// Which one, counted from 1.
        position: usize,
        /// Why.
        source: JwkError,
    },
    /// Two keys have one `kid`, so that it picks none (RFC 7517 §4.5).
    #[error("two keys of the JWK Set have one key id")]
    DuplicateKid,
    /// It holds secrets beside public keys: whoever made it mistakes one for the other.
    #[error("the JWK Set holds symmetric and asymmetric keys")]
    Mixed,
    /// It was published, and holds secrets: whoever can read it could sign (RFC 7517 §9.2).
    #[error("a published JWK Set must not hold symmetric keys")]
    Published,
    /// It holds no key that verifies one of our algorithms.
    #[error("the JWK Set holds no key that verifies signatures")]
    NoKey,
}

/// The keys that verify the tokens of one issuer, each pinned to one algorithm, read from a JWK Set (RFC 7517 §5).
///
/// A key of a `kty` or `alg` that is not understood is left out, as §5 asks; one that is understood and is not to be
/// trusted refuses the whole set.
#[derive(Clone, Debug)]
pub struct VerifyingKeys {
    by_kid: BTreeMap<String, Arc<VerifyingKey>>,
}

impl VerifyingKeys {
    /// Reads the set in JSON. It holds public keys, or HMAC secrets, and never both.
    ///
    /// ```
    /// use jeton::{JwkError, JwksError, VerifyingKeys};
    ///
    /// let jwks = br#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1",
    ///     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// assert_eq!(VerifyingKeys::from_jwks(jwks)?.kids().collect::<Vec<_>>(), ["k1"]);
    ///
    /// let weak = br#"{"keys": [{"kty": "oct", "alg": "HS256", "kid": "k1", "k": "c2hvcnQ"}]}"#;
    /// let error = JwksError::Key { position: 1, source: JwkError::ShortSecret };
    /// assert_eq!(VerifyingKeys::from_jwks(weak).unwrap_err(), error);
    /// # Ok::<(), JwksError>(())
    /// ```
    pub fn from_jwks(json: &[u8]) -> Result<Self, JwksError> {
        if json.len() > MAX_JWKS_BYTES {
            return Err(JwksError::TooLong);
        }
        let set: Set = serde_json::from_slice(json).map_err(|_| JwksError::Malformed)?;
        let mut keys = Vec::new();
        for (index, jwk) in set.keys.iter().enumerate() {
            match read(jwk) {
                Ok(key) => keys.extend(key.map(Arc::new)),
                Err(source) => return Err(JwksError::Key { position: index + 1, source }),
            }
        }
        if keys.is_empty() {
            return Err(JwksError::NoKey);
        }
        if keys.iter().any(|key| key.is_symmetric()) && !keys.iter().all(|key| key.is_symmetric()) {
            return Err(JwksError::Mixed);
        }
        Self::new(keys).ok_or(JwksError::DuplicateKid)
    }

    /// The same of a set that everybody can read, and that holds no secret therefore.
    pub(crate) fn from_published(json: &[u8]) -> Result<Self, JwksError> {
        let keys = Self::from_jwks(json)?;
        let secret = keys.by_kid.values().any(|key| key.is_symmetric());
        if secret { Err(JwksError::Published) } else { Ok(keys) }
    }

    /// No key yet: nothing is verified.
    pub(crate) fn none() -> Self {
        Self { by_kid: BTreeMap::new() }
    }

    /// The payload of an access token that begins as one of ours, if the key that it names signed it: without reading its
    /// header, which is compared. `None` if it begins in another way.
    pub(crate) fn open<'a>(&self, token: &'a str) -> Option<Result<&'a str, Rejection>> {
        let token = Some(token).filter(|token| token.len() <= MAX_TOKEN_BYTES)?;
        let mut keys = self.by_kid.values();
        let named = keys.find_map(|key| key.split(token).map(|parts| (key, parts)));
        let (key, Parts { payload, signed, signature, .. }) = named?;
        let good = !payload.is_empty() && key.signed(signed.as_bytes(), signature);
        Some(if good { Ok(payload) } else { Err(Rejection::Invalid) })
    }

    pub(crate) fn knows(&self, kid: &str) -> bool {
        self.by_kid.contains_key(kid)
    }

    /// `None` if two share a name.
    pub(crate) fn new(keys: Vec<Arc<VerifyingKey>>) -> Option<Self> {
        let count = keys.len();
        let by_kid: BTreeMap<_, _> = keys.into_iter().map(|key| (key.kid().to_owned(), key)).collect();
        (by_kid.len() == count).then_some(Self { by_kid })
    }

    /// The names of the keys, in order.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.by_kid.keys().map(String::as_str)
    }

    /// Whether one of the keys signed it: the `kid` of a token picks the key, the key its algorithm (RFC 8725 §3.1).
    pub(crate) fn verifies(&self, token: &Compact<'_>) -> bool {
        let key = self.by_kid.get(&token.kid);
        key.is_some_and(|key| key.verifies(&token.alg, token.signed.as_bytes(), token.signature))
    }

    #[cfg(test)]
    pub(super) fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.by_kid.get(kid).map(|key| &**key)
    }
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
    #[serde(flatten)]
    _others: Others,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const X: &str = "04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY";
    const Y: &str = "UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw";

    fn rsa() -> Value {
        json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "rsa", "n": N, "e": "AQAB"})
    }

    fn ec() -> Value {
        json!({"kty": "EC", "alg": "ES256", "use": "sig", "kid": "ec", "crv": "P-256", "x": X, "y": Y})
    }

    fn okp() -> Value {
        json!({"kty": "OKP", "alg": "EdDSA", "use": "sig", "kid": "okp", "crv": "Ed25519", "x": ED})
    }

    fn oct() -> Value {
        json!({"kty": "oct", "alg": "HS256", "use": "sig", "kid": "oct", "k": "A".repeat(43)})
    }

    fn set(keys: impl IntoIterator<Item = Value>) -> Result<Vec<String>, JwksError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let keys = VerifyingKeys::from_jwks(json!({"keys": keys}).to_string().as_bytes())?;
        Ok(keys.kids().map(str::to_owned).collect())
    }

    fn one(key: Value) -> Result<(), JwkError> {
        match set([key]) {
            Ok(_) => Ok(()),
            Err(JwksError::Key { position: 1, source }) => Err(source),
            Err(other) => panic!("{other}"),
        }
    }

    fn with(mut key: Value, member: &str, value: Value) -> Value {
        key[member] = value;
        key
    }

    fn without(mut key: Value, member: &str) -> Value {
        key.as_object_mut().unwrap().remove(member).unwrap();
        key
    }

    #[test]
    fn good_keys_are_taken_and_strange_ones_left_out() {
        assert_eq!(set([rsa(), ec(), okp()]).unwrap(), ["ec", "okp", "rsa"]);
        let strange = [
            json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "ec", "pub": "AAAA"}),
            json!({"kty": "RSA", "alg": "RSA-OAEP", "use": "enc", "n": "AQAB", "e": "AQAB"}),
            json!({"kty": "EC", "alg": "ES384", "kid": "e", "crv": "P-384", "x": 1, "y": []}),
            json!({"kty": "OKP", "alg": 1}),
            json!({"kty": "oct", "alg": "A256GCM", "k": ""}),
            json!({"kty": ["EC"], "d": 7}),
            json!({}),
        ];
        assert_eq!(set(strange.clone().into_iter().chain([ec()])).unwrap(), ["ec"]);
        assert_eq!(set(strange), Err(JwksError::NoKey));
        assert_eq!(set([]), Err(JwksError::NoKey));
        assert_eq!(one(with(okp(), "x5t", json!({"unknown": ["member"]}))), Ok(()));
        assert_eq!(one(with(without(ec(), "use"), "key_ops", json!(["verify"]))), Ok(()));
    }

    #[test]
    fn each_key_is_what_it_says_and_strong() {
        for key in [rsa(), ec(), okp(), oct()] {
            assert_eq!(one(key.clone()), Ok(()));
            assert_eq!(one(without(key.clone(), "alg")), Err(JwkError::NoAlgorithm));
            assert_eq!(one(without(key.clone(), "kid")), Err(JwkError::KeyId));
            for kid in
                [json!(""), json!("a b"), json!("\u{202e}"), json!("k".repeat(101)), json!(1), json!(null)]
            {
                assert_eq!(one(with(key.clone(), "kid", kid)), Err(JwkError::KeyId));
            }
            for usage in [json!("enc"), json!("SIG"), json!(""), json!(["sig"])] {
                assert_eq!(one(with(key.clone(), "use", usage)), Err(JwkError::Use));
            }
            let operations = [
                json!([]),
                json!(["sign"]),
                json!(["encrypt", "verify"]),
                json!("verify"),
                json!([1]),
                json!(["verify", "verify"]),
            ];
            for operations in operations {
                assert_eq!(one(with(key.clone(), "key_ops", operations)), Err(JwkError::Use));
            }
        }
        for key in [rsa(), ec(), okp()] {
            for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                let key = with(key.clone(), member, json!("AQAB"));
                assert_eq!(one(key), Err(JwkError::Private), "{member}");
            }
        }
        let alg = |key: Value, alg: &str| one(with(key, "alg", json!(alg)));
        for (key, others) in [
            (rsa(), ["ES256", "EdDSA", "HS256"]),
            (ec(), ["RS256", "EdDSA", "HS512"]),
            (okp(), ["RS256", "ES256", "HS384"]),
            (oct(), ["RS256", "PS512", "EdDSA"]),
        ] {
            for other in others {
                assert_eq!(alg(key.clone(), other), Err(JwkError::Mismatch), "{other}");
            }
        }
        for (key, crv) in
            [(ec(), "P-384"), (ec(), "p-256"), (ec(), "Ed25519"), (okp(), "X25519"), (rsa(), "P-256")]
        {
            assert_eq!(one(with(key, "crv", json!(crv))), Err(JwkError::Mismatch), "{crv}");
        }
        for (key, member, value, error) in [
            (rsa(), "e", "AQ", JwkError::WeakRsa),
            (rsa(), "e", "Aw", JwkError::WeakRsa),
            (rsa(), "e", "AAEAAQ", JwkError::WeakRsa),
            (rsa(), "n", &N[..171], JwkError::PublicPart),
            (rsa(), "n", &N[..172], JwkError::WeakRsa),
            (rsa(), "n", "", JwkError::WeakRsa),
            (ec(), "x", ED, JwkError::PublicPart),
            (ec(), "x", "AA", JwkError::PublicPart),
            (ec(), "y", &format!("AA{Y}"), JwkError::PublicPart),
            (ec(), "y", &format!("{Y}="), JwkError::PublicPart),
            (okp(), "x", "AA", JwkError::PublicPart),
            (oct(), "k", "", JwkError::ShortSecret),
            (oct(), "k", &"A".repeat(42)[..41], JwkError::PublicPart),
            (oct(), "k", &"A".repeat(42), JwkError::ShortSecret),
        ] {
            assert_eq!(one(with(key, member, json!(value))), Err(error), "{member} {value}");
        }
        for (key, member) in
            [(rsa(), "n"), (rsa(), "e"), (ec(), "x"), (ec(), "y"), (okp(), "x"), (oct(), "k")]
        {
            assert_eq!(one(without(key.clone(), member)), Err(JwkError::PublicPart));
            assert_eq!(one(with(key, member, json!(1))), Err(JwkError::PublicPart));
        }
    }

    #[test]
    fn a_set_is_of_one_kind_and_each_name_stands_once() {
        assert_eq!(set([ec(), with(okp(), "kid", json!("ec"))]), Err(JwksError::DuplicateKid));
        assert_eq!(set([ec(), ec()]), Err(JwksError::DuplicateKid));
        assert_eq!(set([oct(), ec()]), Err(JwksError::Mixed));
        assert_eq!(set([ec(), rsa(), oct()]), Err(JwksError::Mixed));
        let twice = ec().to_string().replacen('{', r#"{"kid":"other","#, 1);
        for text in [
            String::new(),
            "[]".into(),
            format!("[[{}]]", ec()),
            "{}".into(),
            r#"{"keys":null}"#.into(),
            r#"{"keys":[[]]}"#.into(),
            r#"{"keys":[1]}"#.into(),
            format!(
                r#"{{"keys":[["EC","ES256","k","sig",null,"P-256","{X}","{Y}"{}]]}}"#,
                ",null".repeat(10)
            ),
            r#"{"keys":[],"keys":[]}"#.into(),
            format!(r#"{{"keys":[{twice}]}}"#),
            format!(r#"{{"keys":[{}]}} x"#, ec()),
            ec().to_string(),
        ] {
            assert_eq!(
                VerifyingKeys::from_jwks(text.as_bytes()).unwrap_err(),
                JwksError::Malformed,
                "{text}"
            );
        }
        let long = format!(r#"{{"keys":[{}],"a":"{}"}}"#, ec(), "a".repeat(MAX_JWKS_BYTES));
        assert_eq!(VerifyingKeys::from_jwks(long.as_bytes()).unwrap_err(), JwksError::TooLong);
    }
}
