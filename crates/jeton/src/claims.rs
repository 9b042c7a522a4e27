//! The claims of both kinds of token. Typed, complete, and nothing beside them: an unknown, missing or repeated
//! claim refuses the token.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Names;

/// What an API token says: who it is, and nothing about rights.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiClaims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) exp: Option<i64>,
    /// The id of the record.
    pub(crate) sub: String,
    /// The id of the record, a dot, the generation.
    pub(crate) jti: String,
}

/// What an access token says (RFC 9068 §2.2).
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessClaims {
    pub(crate) iss: String,
    /// The subject; the id of the record if it acts for itself.
    pub(crate) sub: String,
    pub(crate) aud: Audience,
    /// The id of the record.
    pub(crate) client_id: String,
    pub(crate) jti: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// Scope tokens, separated by one blank each (RFC 6749 §3.3).
    pub(crate) scope: String,
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub(crate) roles: Names,
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub(crate) groups: Names,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) tenant: Option<String>,
    pub(crate) epoch: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) networks: Vec<IpNet>,
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Names),
}

impl Audience {
    pub(crate) fn of(mut names: Names) -> Self {
        match (names.len(), names.pop_first()) {
            (1, Some(name)) => Self::One(name),
            (_, Some(name)) => {
                names.insert(name);
                Self::Several(names)
            }
            (_, None) => Self::Several(names),
        }
    }

    pub(crate) fn into_names(self) -> Names {
        match self {
            Self::One(name) => Names::from([name]),
            Self::Several(names) => names,
        }
    }
}

/// A claim may be left out, but `null` is no value of it.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Scope tokens as one text, and back.
pub(crate) fn join_scopes(scopes: &Names) -> String {
    scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// The scope tokens of the text; `None` if one is outside the grammar (RFC 6749 §3.3).
pub(crate) fn split_scopes(text: &str) -> Option<Names> {
    let parts = text.split(' ').filter(|part| !part.is_empty());
    parts.map(|part| crate::text::is_scope(part).then(|| part.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"iss":"i","sub":"s","aud":"a","client_id":"c","jti":"j","iat":1,"exp":2,"scope":"","epoch":0}"#;

    fn reads(json: &str) -> bool {
        serde_json::from_str::<AccessClaims>(json).is_ok()
    }

    #[test]
    fn every_claim_has_its_type_and_stands_once() {
        assert!(reads(GOOD));
        for (from, to) in [
            (r#""iss":"i","#, ""),
            (r#""sub":"s","#, ""),
            (r#""jti":"j","#, ""),
            (r#","epoch":0"#, ""),
            (r#""exp":2"#, r#""exp":"2""#),
            (r#""exp":2"#, r#""exp":2.5"#),
            (r#""exp":2"#, r#""exp":1e19"#),
            (r#""exp":2"#, r#""exp":18446744073709551616"#),
            (r#""exp":2"#, r#""exp":null"#),
            (r#""exp":2"#, r#""exp":2,"exp":3"#),
            (r#""iss":"i""#, r#""iss":["i","j"]"#),
            (r#""aud":"a""#, r#""aud":[1]"#),
            (r#""aud":"a""#, r#""aud":null"#),
            (r#""epoch":0"#, r#""epoch":-1"#),
            (r#""epoch":0"#, r#""epoch":0,"admin":true"#),
            (r#""epoch":0"#, r#""epoch":0,"tenant":null"#),
            (r#""epoch":0"#, r#""epoch":0,"roles":"reader""#),
        ] {
            assert!(GOOD.contains(from), "{from}");
            assert!(!reads(&GOOD.replace(from, to)), "{to}");
        }
        assert!(reads(&GOOD.replace(r#""aud":"a""#, r#""aud":["a","b"]"#)));
    }

    #[test]
    fn scopes_are_one_text() {
        let scopes = split_scopes("b  a b").unwrap();
        assert_eq!(join_scopes(&scopes), "a b");
        assert_eq!(split_scopes("a \"b"), None);
        assert!(split_scopes("").unwrap().is_empty());
    }
}
