//! The parameters of an OAuth request (RFC 6749 §3.2): a form, where an empty value counts as left out, what is not
//! known is passed over, and what may stand once stands once.

use std::collections::BTreeMap;

use http::{HeaderMap, header};

use super::OauthError;
use crate::Body;

#[derive(Default)]
pub(super) struct Form(BTreeMap<String, Vec<String>>);

impl Form {
    pub(super) fn read(headers: &HeaderMap, body: &Body) -> Result<Self, OauthError> {
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
        for (name, value) in form_urlencoded::parse(body).filter(|(_, value)| !value.is_empty()) {
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
