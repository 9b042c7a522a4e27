//! The claims of both kinds of token. Typed, complete, and nothing beside them: an unknown, missing or repeated
//! claim refuses the token.

mod in_order;

use std::{borrow::Cow, fmt};

use ipnet::IpNet;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use crate::{NameList, Names, jose::object};

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

/// A text, of what is read or of what is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// Some names, each once and in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Texts<'a>(Vec<Text<'a>>);

impl<'a> Texts<'a> {
    pub(crate) fn list(&self) -> NameList<'_> {
        NameList::sorted(&self.0)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(mut names: Vec<Text<'a>>) -> Self {
        names.sort_unstable();
        names.dedup();
        Self(names)
    }
}

impl<'a, T: Into<Text<'a>>> FromIterator<T> for Texts<'a> {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        Self::of(names.into_iter().map(Into::into).collect())
    }
}

impl<'a> From<&'a Names> for Texts<'a> {
    fn from(names: &'a Names) -> Self {
        names.iter().map(String::as_str).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Text<'a>>::deserialize(deserializer).map(Self::of)
    }
}

/// What an access token says (RFC 9068 §2.2).
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessClaims<'a> {
    #[serde(borrow)]
    pub(crate) iss: Text<'a>,
    /// The subject; the id of the record if it acts for itself.
    #[serde(borrow)]
    pub(crate) sub: Text<'a>,
    #[serde(borrow)]
    pub(crate) aud: Audience<'a>,
    /// The id of the record.
    #[serde(borrow)]
    pub(crate) client_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) jti: Text<'a>,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// Scope tokens, separated by one blank each (RFC 6749 §3.3).
    #[serde(borrow)]
    pub(crate) scope: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Texts::is_empty")]
    pub(crate) roles: Texts<'a>,
    #[serde(borrow, default, skip_serializing_if = "Texts::is_empty")]
    pub(crate) groups: Texts<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) tenant: Option<Text<'a>>,
    pub(crate) epoch: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) networks: Vec<IpNet>,
}

impl<'a> AccessClaims<'a> {
    /// Reads a JSON object; `None` if it is none, or says anything else.
    pub(crate) fn read(json: &'a [u8]) -> Option<Self> {
        let in_order = std::str::from_utf8(json).ok().and_then(in_order::read);
        in_order.or_else(|| object(json))
    }
}

/// One audience or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Audience<'a>(pub(crate) Texts<'a>);

impl Serialize for Audience<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &*self.0.0 {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Audience<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;

        impl<'de> Visitor<'de> for OneOrSeveral {
            type Value = Texts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Texts<'de>, E> {
                Ok(Texts::from_iter([text]))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts<'de>, E> {
                Ok(Texts::from_iter([text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Texts<'de>, A::Error> {
                Texts::deserialize(SeqAccessDeserializer::new(texts))
            }
        }

        deserializer.deserialize_any(OneOrSeveral).map(Self)
    }
}

/// The same, to keep.
#[derive(Debug)]
pub(crate) struct OwnAudience(pub(crate) Names);

impl<'de> Deserialize<'de> for OwnAudience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Audience::deserialize(deserializer)?.0.list().to_names()))
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
pub(crate) fn split_scopes(text: &str) -> Option<Texts<'_>> {
    let parts = text.split(' ').filter(|part| !part.is_empty());
    parts.map(|part| crate::text::is_scope(part).then_some(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"iss":"i","sub":"s","aud":"a","client_id":"c","jti":"j","iat":1,"exp":2,"scope":"","epoch":0}"#;

    fn reads(json: &str) -> bool {
        serde_json::from_str::<AccessClaims<'_>>(json).is_ok()
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

    /// Both readers of the same.
    fn read_in_order(json: &str) -> Option<AccessClaims<'_>> {
        let read = in_order::read(json);
        if let Some(read) = &read {
            let general: AccessClaims<'_> = object(json.as_bytes()).unwrap();
            assert_eq!(format!("{read:?}"), format!("{general:?}"), "{json}");
        }
        read
    }

    #[test]
    fn what_is_written_here_is_read_in_order() {
        let names = |list: &[&'static str]| list.iter().copied().collect::<Texts<'_>>();
        let lists: [&[&'static str]; 4] = [&[], &["a"], &["b", "c", "é"], &["a", "a b", "{}"]];
        for (roles, groups) in lists.iter().flat_map(|roles| lists.iter().map(move |groups| (roles, groups)))
        {
            for (aud, tenant) in [(&["a"][..], None), (&["a", "b"], Some("t"))] {
                let claims = AccessClaims {
                    iss: "https://app.example/auth".into(),
                    sub: "s".into(),
                    aud: Audience(names(aud)),
                    client_id: "c".into(),
                    jti: "j".into(),
                    iat: 1_800_000_000,
                    exp: 0,
                    scope: "x y".into(),
                    roles: names(roles),
                    groups: names(groups),
                    tenant: tenant.map(Text::from),
                    epoch: 7,
                    networks: Vec::new(),
                };
                let json = serde_json::to_string(&claims).unwrap();
                let read = read_in_order(&json).unwrap();
                assert_eq!(format!("{read:?}"), format!("{claims:?}"));
                // All others are read in the general way.
                let networks = vec!["10.0.0.0/8".parse().unwrap()];
                let json = serde_json::to_string(&AccessClaims { networks, ..claims }).unwrap();
                assert!(read_in_order(&json).is_none() && AccessClaims::read(json.as_bytes()).is_some());
            }
        }
    }

    /// Something is put in before each character of good claims, and in its place: what is read in order then is what
    /// the general reader says, and what that one refuses is refused.
    #[test]
    fn no_change_of_a_character_is_read_in_another_way() {
        const WHOLE: &str = concat!(
            r#"{"iss":"i","sub":"s","aud":["a","b"],"client_id":"c","jti":"j","iat":10,"exp":2,"scope":"x","#,
            r#""roles":["r","q"],"groups":["g"],"tenant":"t","epoch":0}"#
        );
        let mut read = 0;
        for good in [GOOD, WHOLE] {
            assert!(read_in_order(good).is_some());
            for at in 0..good.len() {
                let (before, after) = good.split_at(at);
                for other in
                    ["", "\\", "\"", ",", "0", "9", "-", ".", "e", " ", "\n", "\u{7f}", "[", "]", "}", "x"]
                {
                    read += usize::from(read_in_order(&format!("{before}{other}{after}")).is_some());
                    read += usize::from(read_in_order(&format!("{before}{other}{}", &after[1..])).is_some());
                }
            }
        }
        assert!(read > 100, "{read}");
        let long = |digits: &str| GOOD.replace(r#""exp":2"#, &format!(r#""exp":{digits}"#));
        assert!(read_in_order(&long(&"9".repeat(18))).is_some());
        for digits in ["9".repeat(19), "1".repeat(40), "01".to_owned(), "-1".to_owned(), String::new()] {
            assert!(read_in_order(&long(&digits)).is_none(), "{digits}");
        }
    }

    #[test]
    fn scopes_are_one_text() {
        let scopes = split_scopes("b  a b").unwrap();
        assert_eq!(join_scopes(&scopes.list().to_names()), "a b");
        assert_eq!(split_scopes("a \"b"), None);
        assert!(split_scopes("").unwrap().is_empty());
    }
}
