//! A JSON object from outside, taken apart field by field, so that every field that is wrong is named.

use http::{HeaderMap, StatusCode};
use jeton::{FieldError, MAX_LIST, MAX_MEMBERS, Names};
use serde_json::{Map, Value, json};

use super::{
    Member, Shape, Text,
    form::{form_object, json_object, media_type},
    nullable, object_schema,
};
use crate::{Problem, body::Body};

/// Which forms of body a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// JSON, which must be there.
    Json,
    /// JSON or nothing.
    JsonOrNothing,
    /// JSON, a form (RFC 6749 §3.2), or nothing.
    JsonFormOrNothing,
}

/// The fields of a request that were not taken yet, and what was wrong with those that were.
///
/// The same calls tell which fields a request has: run over [`described`](Self::described) they take nothing, and what
/// they ask for is written down. So what is documented is what is read.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    left: Map<String, Value>,
    errors: Vec<FieldError>,
    /// What was asked for, if that is all that is wanted.
    asked: Option<Vec<Member>>,
}

impl Fields {
    /// The schema of what a request is read by.
    pub(crate) fn described<T>(component: &str, read: impl FnOnce(&mut Self) -> T) -> Value {
        let mut fields = Self { asked: Some(Vec::new()), ..Self::default() };
        read(&mut fields);
        let mut members = fields.asked.unwrap_or_default();
        for member in members.iter_mut().filter(|member| !member.needed) {
            member.schema = nullable(member.schema.take());
        }
        let mut schema = object_schema(component, members);
        schema["additionalProperties"] = json!(false);
        schema
    }

    /// Reads all of a request; what was not asked for is wrong.
    pub(crate) fn take_all<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> Result<T, Problem> {
        let read = read(&mut self);
        self.finish()?;
        Ok(read)
    }

    pub(super) fn read(headers: &HeaderMap, body: &Body, accepts: Accepts) -> Result<Self, Problem> {
        let body = match body {
            Body::Complete(body) => body,
            Body::TooLarge => {
                let detail = format!("a request body may have at most {} bytes", crate::BODY_LIMIT);
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail));
            }
            Body::Broken => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "body_broken",
                    "the request body broke off",
                ));
            }
        };
        if body.is_empty() && accepts != Accepts::Json {
            return Ok(Self::default());
        }
        let left = match (media_type(headers).as_deref(), accepts) {
            (Some("application/json" | "application/merge-patch+json"), _) => json_object(body)?,
            (Some("application/x-www-form-urlencoded"), Accepts::JsonFormOrNothing) => form_object(body)?,
            _ => {
                let detail = match accepts {
                    Accepts::JsonFormOrNothing => {
                        "the body must be application/json or application/x-www-form-urlencoded"
                    }
                    _ => "the body must be application/json",
                };
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    detail,
                ));
            }
        };
        Ok(Self { left, ..Self::default() })
    }

    /// The value of a field, left out if it is `null`.
    fn take(&mut self, name: &'static str, schema: impl FnOnce() -> Value) -> Option<Value> {
        if let Some(asked) = &mut self.asked {
            asked.push(Member { name, schema: schema(), needed: false });
            return None;
        }
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn fail(&mut self, name: &str, detail: &str) {
        self.errors.push(FieldError::new(format!("/{name}"), detail));
    }

    /// A field that must be there and was not taken: told unless something was wrong with it already.
    pub(crate) fn needed(&mut self, name: &str) {
        for member in self.asked.iter_mut().flatten().filter(|member| member.name == name) {
            member.needed = true;
        }
        let pointer = format!("/{name}");
        if !self.errors.iter().any(|error| error.pointer.starts_with(&pointer)) {
            self.fail(name, "is needed");
        }
    }

    pub(crate) fn string(&mut self, name: &'static str) -> Option<String> {
        self.string_of(name, String::schema)
    }

    fn string_of(&mut self, name: &'static str, schema: fn() -> Value) -> Option<String> {
        match self.take(name, schema)? {
            Value::String(text) => Some(text),
            _ => {
                self.fail(name, "must be a string");
                None
            }
        }
    }

    /// Takes the field if it is `null`, which in a patch means none.
    pub(crate) fn take_null(&mut self, name: &str) -> bool {
        self.left.get(name) == Some(&Value::Null) && self.left.remove(name).is_some()
    }

    pub(crate) fn parsed<T: Text>(&mut self, name: &'static str) -> Option<T> {
        let text = self.string_of(name, T::schema)?;
        let value = T::read(&text);
        if value.is_none() {
            self.fail(name, &T::wrong());
        }
        value
    }

    pub(crate) fn whole_number(&mut self, name: &'static str) -> Option<u32> {
        let value = self.take(name, u32::schema)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.fail(name, "must be a whole number");
        }
        number
    }

    pub(crate) fn truth(&mut self, name: &'static str) -> Option<bool> {
        let value = self.take(name, bool::schema)?;
        if value.as_bool().is_none() {
            self.fail(name, "must be true or false");
        }
        value.as_bool()
    }

    /// Whether the field is there; it can be nothing but `true`.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        let Some(value) = self.take(name, || json!({"type": "boolean", "enum": [true]})) else {
            return false;
        };
        let set = value == Value::Bool(true);
        if !set {
            self.fail(name, "must be true or left out");
        }
        set
    }

    /// An array of texts, of which each is parsed.
    pub(crate) fn array<T: Text>(&mut self, name: &'static str, most: usize) -> Option<Vec<T>> {
        self.array_of(name, most, T::schema(), T::read, T::wrong)
    }

    /// An array of strings.
    pub(crate) fn strings(&mut self, name: &'static str, most: usize) -> Option<Vec<String>> {
        self.array_of(
            name,
            most,
            String::schema(),
            |text| Some(text.to_owned()),
            || "must be a string".into(),
        )
    }

    fn array_of<T>(
        &mut self,
        name: &'static str,
        most: usize,
        items: Value,
        parse: impl Fn(&str) -> Option<T>,
        wrong: impl Fn() -> String,
    ) -> Option<Vec<T>> {
        let schema = || json!({"type": "array", "items": items, "maxItems": most});
        let Value::Array(values) = self.take(name, schema)? else {
            self.fail(name, "must be an array of strings");
            return None;
        };
        if values.len() > most {
            self.fail(name, &format!("must hold at most {most}"));
            return None;
        }
        let mut out = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            match value.as_str().and_then(&parse) {
                Some(value) => out.push(value),
                None => self.fail(&format!("{name}/{index}"), &wrong()),
            }
        }
        Some(out)
    }

    pub(crate) fn names(&mut self, name: &'static str) -> Option<Names> {
        Some(self.strings(name, MAX_LIST)?.into_iter().collect())
    }

    /// The members of a named audience.
    pub(crate) fn members(&mut self, name: &'static str) -> Option<Names> {
        Some(self.strings(name, MAX_MEMBERS)?.into_iter().collect())
    }

    /// All that was wrong, the fields that nobody took included.
    fn finish(self) -> Result<(), Problem> {
        let unknown =
            |name: &String| FieldError::new(format!("/{}", escape(name)), "is no field of this request");
        let errors: Vec<_> = self.errors.into_iter().chain(self.left.keys().map(unknown)).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
    }
}

/// One token of a JSON pointer (RFC 6901 §3), cut to a length that one can read.
pub(super) fn escape(name: &str) -> String {
    name.chars().take(100).collect::<String>().replace('~', "~0").replace('/', "~1")
}
