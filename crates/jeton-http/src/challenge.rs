//! The `WWW-Authenticate` header (RFC 6750 §3, RFC 9110 §11.6.1).

use std::fmt::Write as _;

use http::HeaderValue;

/// The name of the protected space, in every challenge. Only characters that may stand in a quoted string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm(std::sync::Arc<str>);

impl Realm {
    /// A realm of that name. Quotes, backslashes and what is not printable ASCII are left out.
    pub fn new(name: &str) -> Self {
        let clean: String =
            name.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect();
        Self(clean.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Realm {
    fn default() -> Self {
        Self::new("api")
    }
}

/// A challenge: auth-params as quoted strings, separated by commas, the realm always first. All texts are our own
/// or were checked against the grammar of RFC 6750 §3.
pub(crate) fn challenge(realm: &Realm, params: &[(&str, &str)]) -> HeaderValue {
    let mut text = format!("Bearer realm=\"{}\"", realm.as_str());
    for (name, value) in params {
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
}
