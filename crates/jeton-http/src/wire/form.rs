//! Bodies, taken apart into fields: as JSON, or as a form.

use std::fmt;

use http::{HeaderMap, StatusCode, header};
use jeton::FieldError;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::fields::escape;
use crate::Problem;

pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let essence = value.to_str().ok()?.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

pub(super) fn json_object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let Object(map) = serde_json::from_slice(body).map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "the body is no JSON object with each field once",
        )
    })?;
    Ok(map)
}

pub(super) fn form_object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let mut map = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        // RFC 6749 §3.2: an empty value counts as left out, and nothing may be repeated.
        if value.is_empty() {
            continue;
        }
        if map.insert(name.clone().into_owned(), Value::String(value.into_owned())).is_some() {
            let twice = FieldError::new(format!("/{}", escape(&name)), "must not be repeated");
            return Err(Problem::fields(vec![twice]));
        }
    }
    Ok(map)
}

/// A JSON object in which no field stands twice: of two, nobody could say which one counts.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Object, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if map.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a field stands twice"));
                    }
                }
                Ok(Object(map))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}
