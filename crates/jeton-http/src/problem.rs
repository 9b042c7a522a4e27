//! Errors on the wire: RFC 9457 problem details.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jeton::FieldError;
use serde::Serialize;

use crate::wire::{Maybe, object};

/// The answer type of everything here.
pub type Answer = Response<Bytes>;

object! {
    /// The body of a problem.
    ShownProblem<'a> as "Problem" {
        code: &'a str,
        detail: &'a str,
        errors: Maybe<Vec<ShownError<'a>>>,
        status: u16,
        title: &'a str,
        r#type: &'a str,
    }
}

object! {
    /// What is wrong with one field.
    ShownError<'a> as "FieldError" { pointer: &'a str, detail: &'a str }
}

/// A problem: what the body of every error says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of that status, with a stable word for programs and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new() }
    }

    /// Bad input: 400, naming every field that is wrong.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{} {}", one.pointer, one.detail),
            many => format!("{} fields are wrong", many.len()),
        };
        Self { status: StatusCode::BAD_REQUEST, code: "invalid_request", detail, errors }
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing of this name")
    }

    /// The answer. Never to be kept by a cache.
    pub fn answer(&self) -> Answer {
        let errors: Vec<_> = self
            .errors
            .iter()
            .map(|error| ShownError { pointer: &error.pointer, detail: &error.detail })
            .collect();
        let body = ShownProblem {
            code: self.code,
            detail: &self.detail,
            errors: Maybe(Some(errors).filter(|errors| !errors.is_empty())),
            status: self.status.as_u16(),
            title: self.status.canonical_reason().unwrap_or("Error"),
            r#type: "about:blank",
        };
        let mut answer = json_answer(self.status, &body);
        let problem = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(header::CONTENT_TYPE, problem);
        answer
    }
}

/// An answer in JSON that no cache may keep.
pub(crate) fn json_answer(status: StatusCode, body: &impl Serialize) -> Answer {
    // What is answered with has texts for keys, and nothing that fails.
    let (status, body) = match serde_json::to_vec(body) {
        Ok(body) => (status, body),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an answer could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// 405 with the methods that are there (RFC 9110 §15.5.6), or 204 for `OPTIONS`.
pub fn method_not_allowed(method: &http::Method, allowed: &[&str]) -> Answer {
    let mut answer = if method == http::Method::OPTIONS {
        let mut answer = Answer::default();
        *answer.status_mut() = StatusCode::NO_CONTENT;
        answer
    } else {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this method is not served here")
            .answer()
    };
    if let Ok(allow) = HeaderValue::try_from(allowed.join(", ")) {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}
