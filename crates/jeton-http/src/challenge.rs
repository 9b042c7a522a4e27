//! The `WWW-Authenticate` header (RFC 6750 §3, RFC 9110 §11.6.1).

use std::{fmt::Write as _, sync::Arc};

use http::HeaderValue;

/// The name of the protected space, in every challenge, and where its metadata are if that is told. Only characters that
/// may stand in a quoted string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    name: Arc<str>,
    resource_metadata: Option<Arc<str>>,
}

impl Realm {
    /// A realm of that name. Quotes, backslashes and what is not printable ASCII are left out.
    pub fn new(name: &str) -> Self {
        Self { name: quotable(name), resource_metadata: None }
    }

    /// The same by another name.
    pub(crate) fn renamed(&self, name: &str) -> Self {
        Self { name: quotable(name), ..self.clone() }
    }

    /// The same, and its metadata are there (RFC 9728 §5.1).
    pub(crate) fn with_resource_metadata(&self, url: &str) -> Self {
        Self { resource_metadata: Some(quotable(url)), ..self.clone() }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self::new("api")
    }
}

/// Without what could end a quoted string, or is none of it.
fn quotable(text: &str) -> Arc<str> {
    let clean: String = text.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
    clean.into()
}

/// A challenge: auth-params as quoted strings, separated by commas, the realm always first. All texts are our own
/// or were checked against the grammar of RFC 6750 §3.
pub(crate) fn challenge(realm: &Realm, params: &[(&str, &str)]) -> HeaderValue {
    let mut text = format!("Bearer realm=\"{}\"", realm.as_str());
    let metadata = realm.resource_metadata.as_deref().map(|url| ("resource_metadata", url));
    for (name, value) in params.iter().copied().chain(metadata) {
        let _ = write!(text, ", {name}=\"{value}\"");
    }
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Bearer realm=\"api\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_are_quoted_and_separated() {
        let header = challenge(&Realm::new("a\"b\\c\n"), &[("error", "invalid_token")]);
        assert_eq!(header, "Bearer realm=\"abc\", error=\"invalid_token\"");
        assert_eq!(challenge(&Realm::default(), &[]), "Bearer realm=\"api\"");
    }

    #[test]
    fn the_metadata_are_told_where_they_are_set() {
        let realm =
            Realm::default().with_resource_metadata("https://a.example/.well-known/x\"\n").renamed("b");
        let header = challenge(&realm, &[("error", "invalid_token")]);
        let expected = "Bearer realm=\"b\", error=\"invalid_token\", \
                        resource_metadata=\"https://a.example/.well-known/x\"";
        assert_eq!(header, expected);
    }
}
