//! What a page ends with when it does not succeed, as a page.

use askama::Template;
use http::{HeaderValue, Method, StatusCode, header};
use jeton::{ManageError, policy::Denial};
use jeton_http::{Answer, Body, method_not_allowed};

use crate::{
    frame::{Frame, html},
    page::Page,
    pages::sign_in,
    texts::fill,
};

/// What a page ends with when it does not succeed.
pub(crate) enum Failure {
    /// Whoever asks has to sign in first.
    SignIn,
    NotFound,
    /// The form came from elsewhere.
    CrossSite,
    TooLarge,
    Broken,
    /// The page takes these methods alone.
    Method(&'static [&'static str]),
    Manage(ManageError),
}

impl From<ManageError> for Failure {
    fn from(error: ManageError) -> Self {
        Self::Manage(error)
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    f: Frame<'a>,
    lines: Vec<String>,
}

impl Failure {
    pub(crate) fn answer(self, page: &Page<'_>) -> Answer {
        let t = &page.console.texts;
        let (status, title, lines) = match self {
            Self::SignIn => return sign_in::ask(page, next(page)),
            Self::Method(methods) => {
                let refused = method_not_allowed(&page.request.method, methods);
                let mut answer = show(page, refused.status(), t.error_method, Vec::new());
                if let Some(allow) = refused.headers().get(header::ALLOW) {
                    answer.headers_mut().insert(header::ALLOW, allow.clone());
                }
                return answer;
            }
            Self::NotFound | Self::Manage(ManageError::NotFound) => {
                (StatusCode::NOT_FOUND, t.error_not_found, vec![t.error_not_found_what.to_owned()])
            }
            Self::CrossSite => {
                (StatusCode::FORBIDDEN, t.error_cross_site, vec![t.error_cross_site_what.to_owned()])
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, t.error_too_large, Vec::new()),
            Self::Broken => (StatusCode::BAD_REQUEST, t.error_broken, Vec::new()),
            Self::Manage(ManageError::TooMany(after)) => {
                let seconds = after.as_secs().saturating_add(1).to_string();
                let what = fill(t.error_busy_what, &[("n", &seconds)]);
                let mut answer = show(page, StatusCode::TOO_MANY_REQUESTS, t.error_busy, vec![what]);
                if let Ok(seconds) = HeaderValue::try_from(seconds) {
                    answer.headers_mut().insert(header::RETRY_AFTER, seconds);
                }
                return answer;
            }
            Self::Manage(ManageError::Denied(denial)) => {
                (StatusCode::FORBIDDEN, t.error_denied, vec![why(&denial, page)])
            }
            Self::Manage(ManageError::RevealNotAllowed) => {
                let what = ManageError::RevealNotAllowed.to_string();
                (StatusCode::FORBIDDEN, t.error_denied, vec![sentence(&what)])
            }
            Self::Manage(ManageError::Invalid(errors)) => {
                let lines = errors.iter().map(|error| format!("{} {}", error.pointer, error.detail));
                (StatusCode::BAD_REQUEST, t.errors_title, lines.collect())
            }
            Self::Manage(ManageError::Stopped(text)) => {
                (StatusCode::SERVICE_UNAVAILABLE, t.error_stopped, vec![text])
            }
            Self::Manage(ManageError::Unavailable(cause)) => {
                tracing::error!(cause = &cause as &dyn std::error::Error, "a page could not be answered");
                let what = t.error_unavailable_what.to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, t.error_unavailable, vec![what])
            }
            Self::Manage(error) => {
                (StatusCode::CONFLICT, t.error_conflict, vec![sentence(&error.to_string())])
            }
        };
        let mut answer = show(page, status, title, lines);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer
    }
}

fn show(page: &Page<'_>, status: StatusCode, title: &str, lines: Vec<String>) -> Answer {
    html(status, &ErrorPage { f: Frame::new(page, title, ""), lines })
}

/// Why the visitor may not.
pub(crate) fn why(denial: &Denial, page: &Page<'_>) -> String {
    match denial {
        Denial::Scope(missing) => {
            let missing = missing.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            fill(page.console.texts.error_denied_scope, &[("scope", &missing)])
        }
        other => sentence(&other.to_string()),
    }
}

/// With a capital and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Where to go on after signing in. What was typed goes along: forms are filled from the query as well, and no form
/// holds a secret.
fn next(page: &Page<'_>) -> String {
    let request = page.request;
    let typed = match &request.body {
        Body::Complete(body) if request.method == Method::POST => std::str::from_utf8(body).ok(),
        _ => request.query.as_deref(),
    };
    match typed.filter(|typed| !typed.is_empty()) {
        Some(typed) => format!("{}?{typed}", page.path()),
        None => page.path(),
    }
}
