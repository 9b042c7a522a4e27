//! What a form or a query holds, as it was typed.

use jeton_http::{Body, Request};

use crate::failure::Failure;

/// Names and values, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn of_text(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub(crate) fn of_query(request: &Request) -> Self {
        Self::of_text(request.query.as_deref().unwrap_or_default().as_bytes())
    }

    pub(crate) fn of_body(request: &Request) -> Result<Self, Failure> {
        match &request.body {
            Body::Complete(body) => Ok(Self::of_text(body)),
            Body::TooLarge => Err(Failure::TooLarge),
            Body::Broken => Err(Failure::Broken),
        }
    }

    /// The text of a field, without blanks at its ends; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.trim())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.trim())
    }

    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// A query of these pairs, those without a value left out.
pub(crate) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    query.finish()
}
