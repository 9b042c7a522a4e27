//! The form in which each type travels, as JSON Schema (2020-12): said once, whether it comes in or goes out.

use std::{marker::PhantomData, net::IpAddr};

use ipnet::IpNet;
use jeton::{Action, Algorithm, KeyState, Kind, NameList, Names, RecordId, Ring, Sort, State, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

/// What has a form on the wire.
pub(crate) trait Shape {
    /// Whether it may be left out of the object that it stands in.
    const OPTIONAL: bool = false;

    /// Its schema.
    fn schema() -> Value;

    /// Whether it is left out.
    fn is_left_out(&self) -> bool {
        false
    }
}

/// For `skip_serializing_if`.
pub(crate) fn is_left_out<T: Shape>(value: &T) -> bool {
    value.is_left_out()
}

/// A member that is there or left out, where an `Option` is there or `null`.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T: Shape> Shape for Maybe<T> {
    const OPTIONAL: bool = true;

    fn schema() -> Value {
        T::schema()
    }

    fn is_left_out(&self) -> bool {
        self.0.is_none()
    }
}

impl<T: Shape> Shape for Option<T> {
    fn schema() -> Value {
        nullable(T::schema())
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn schema() -> Value {
        json!({"type": "array", "items": T::schema()})
    }
}

impl<T: Shape> Shape for &[T] {
    fn schema() -> Value {
        Vec::<T>::schema()
    }
}

/// A word, of a type that says which ones there are.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Word<T>(&'static str, #[serde(skip)] PhantomData<T>);

impl<T: Shape> Shape for Word<T> {
    fn schema() -> Value {
        T::schema()
    }
}

macro_rules! word {
    ($($type:ty),*) => {$(
        impl From<$type> for Word<$type> {
            fn from(value: $type) -> Self {
                Self(value.as_str(), PhantomData)
            }
        }
    )*};
}

word!(Action, Algorithm, KeyState, Ring);

/// The same, or `null`.
pub(crate) fn nullable(mut schema: Value) -> Value {
    let Some(kind) = schema.get("type").and_then(Value::as_str) else {
        return json!({"anyOf": [schema, {"type": "null"}]});
    };
    schema["type"] = json!([kind, "null"]);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    schema
}

/// One of these words.
pub(crate) fn words<const N: usize>(words: [&str; N]) -> Value {
    json!({"type": "string", "enum": words.as_slice()})
}

/// A whole number from zero on.
fn count(format: &str) -> Value {
    json!({"type": "integer", "format": format, "minimum": 0})
}

macro_rules! shapes {
    ($($type:ty => $schema:expr),* $(,)?) => {$(
        impl Shape for $type {
            fn schema() -> Value {
                $schema
            }
        }
    )*};
}

shapes! {
    String => json!({"type": "string"}),
    &str => json!({"type": "string"}),
    bool => json!({"type": "boolean"}),
    u16 => json!({"type": "integer", "minimum": 0, "maximum": u16::MAX}),
    u32 => json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}),
    u64 => count("int64"),
    i64 => json!({"type": "integer", "format": "int64"}),
    Names => json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
    &Names => Names::schema(),
    NameList<'_> => Names::schema(),
    RecordId => json!({"type": "string", "format": "uuid"}),
    Timestamp => json!({"type": "string", "format": "date-time"}),
    IpAddr => json!({"type": "string"}),
    IpNet => json!({"type": "string"}),
    Kind => words([Kind::Service, Kind::Personal].map(Kind::as_str)),
    State => words(State::ALL.map(State::as_str)),
    Ring => words(Ring::ALL.map(Ring::as_str)),
    Algorithm => words(Algorithm::ALL.map(Algorithm::as_str)),
    Action => words(Action::ALL.map(Action::as_str)),
    KeyState => words(
        [KeyState::Next, KeyState::Signing, KeyState::Verifying, KeyState::Retired].map(KeyState::as_str),
    ),
    Sort => words([
        "created_at", "-created_at", "name", "-name", "expires_at", "-expires_at", "last_used_at", "-last_used_at",
    ]),
}

/// An object that is answered with, or a part of one: its members, and the schema of the same members.
///
/// The name after `as` is that of the schema in the document.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident $(<$life:lifetime>)? as $component:literal { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        // No `Debug`: some of them hold a token.
        #[derive(serde::Serialize)]
        pub(crate) struct $name $(<$life>)? {
            $(
                #[serde(skip_serializing_if = "crate::wire::is_left_out")]
                pub(crate) $field: $type,
            )*
        }

        impl $(<$life>)? $crate::wire::Shape for $name $(<$life>)? {
            fn schema() -> serde_json::Value {
                serde_json::json!({"$ref": concat!("#/components/schemas/", $component)})
            }
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// Its schema, and the name of that.
            pub(crate) fn component() -> (&'static str, serde_json::Value) {
                let members = vec![
                    $($crate::wire::Member {
                        name: stringify!($field).trim_start_matches("r#"),
                        schema: <$type as $crate::wire::Shape>::schema(),
                        needed: !<$type as $crate::wire::Shape>::OPTIONAL,
                    }),*
                ];
                ($component, $crate::wire::object_schema($component, members))
            }
        }
    };
}
pub(crate) use object;

/// A member of an object, or a parameter.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) schema: Value,
    /// Whether it must be there.
    pub(crate) needed: bool,
}

/// The schema of an object with these members, each with what the glossary says of it.
pub(crate) fn object_schema(component: &str, members: Vec<Member>) -> Value {
    let needed: Vec<_> = members.iter().filter(|member| member.needed).map(|member| member.name).collect();
    let properties: serde_json::Map<_, _> = members
        .into_iter()
        .map(|member| {
            (member.name.to_owned(), crate::openapi::explained(component, member.name, member.schema))
        })
        .collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_one_more_type_and_one_more_word() {
        assert_eq!(Option::<u16>::schema()["type"], json!(["integer", "null"]));
        assert_eq!(Option::<Kind>::schema()["enum"], json!(["service", "personal", null]));
        assert_eq!(nullable(json!({"$ref": "#/x"})), json!({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}));
    }

    #[test]
    fn every_order_that_is_told_is_one() {
        for word in Sort::schema()["enum"].as_array().unwrap() {
            assert!(word.as_str().unwrap().parse::<Sort>().is_ok(), "{word}");
        }
    }
}
