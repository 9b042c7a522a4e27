//! The parameters of an OAuth request (RFC 6749 §3.2): a form, where an empty value counts as left out, what is not
//! known is passed over, and what may stand once stands once.

use std::collections::BTreeMap;

use http::{HeaderMap, header};

use serde_json::{Value, json};

use super::OauthError;
use crate::{
    Body,
    wire::{Member, object_schema},
};

/// Which parameters an OAuth endpoint takes. What is not in here is never read.
pub(crate) struct Parameters {
    /// The name of their schema in the document.
    pub(crate) component: &'static str,
    pub(crate) own: &'static [Parameter],
    pub(crate) example: fn() -> Value,
}

/// A parameter of an OAuth request.
pub(crate) struct Parameter {
    name: &'static str,
    needed: bool,
    repeated: bool,
    /// What it can be; anything if there is nothing in here.
    words: &'static [&'static str],
}

impl Parameter {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, needed: false, repeated: false, words: &[] }
    }

    /// One that must be there.
    pub(super) const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    /// One that may stand more than once.
    pub(super) const fn repeated(self) -> Self {
        Self { repeated: true, ..self }
    }

    /// One of these.
    pub(super) const fn of(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }
}

impl Parameters {
    /// Those of the endpoint, and those by which a client authenticates.
    fn all(&self) -> impl Iterator<Item = &'static Parameter> {
        self.own.iter().chain(super::client::PARAMETERS)
    }

    /// Their schema, and the name of that. Others are passed over (RFC 6749 §3.2).
    pub(crate) fn component(&self) -> (&'static str, Value) {
        let members = self.all().map(|parameter| {
            let mut schema = json!({"type": "string"});
            if !parameter.words.is_empty() {
                schema["enum"] = json!(parameter.words);
            }
            if parameter.repeated {
                schema = json!({"type": "array", "items": schema});
            }
            Member { name: parameter.name, schema, needed: parameter.needed }
        });
        (self.component, object_schema(self.component, members.collect()))
    }
}

#[derive(Default)]
pub(super) struct Form(BTreeMap<String, Vec<String>>);

impl Form {
    pub(super) fn read(known: &Parameters, headers: &HeaderMap, body: &Body) -> Result<Self, OauthError> {
        let body = match body {
            Body::Complete(body) => body,
            Body::TooLarge => return Err(OauthError::invalid_request("the body is too long")),
            Body::Broken => return Err(OauthError::invalid_request("the body broke off")),
        };
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(OauthError::invalid_request("the body must be application/x-www-form-urlencoded"));
        }
        let mut form = Self::default();
        let known = |name: &str| known.all().any(|parameter| parameter.name == name);
        for (name, value) in
            form_urlencoded::parse(body).filter(|(name, value)| !value.is_empty() && known(name))
        {
            form.0.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Ok(form)
    }

    /// A parameter that may stand once (RFC 6749 §3.2).
    pub(super) fn one(&self, name: &'static str) -> Result<Option<&str>, OauthError> {
        match self.many(name) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(OauthError::invalid_request("a parameter is repeated")),
        }
    }

    /// One that must be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, OauthError> {
        self.one(name)?.ok_or(OauthError::invalid_request("a parameter is missing"))
    }

    /// One that may be repeated (RFC 8693 §2.1).
    pub(super) fn many(&self, name: &'static str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}
