//! The one table of refusals: the same statuses, headers and bodies in every adapter.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use jeton::{AuthenticateError, Rejection, Unavailable, policy::Denial};

use crate::{
    challenge::{Realm, challenge},
    problem::{Answer, Problem},
};

/// After which time a client may try again when something did not answer.
pub(crate) const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Why a request does not reach its handler.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// No credentials, or those of another scheme: 401 without an error code (RFC 6750 §3.1).
    NoCredentials,
    /// A malformed header, two of them, or a token over the size limit: 400.
    Malformed,
    /// A token that is not accepted: 401.
    Rejected(Rejection),
    /// A good token that does not suffice: 403.
    Denied(Denial),
    /// Too much was asked for, or tried, from there: 429 (RFC 6585 §4). It may be tried again after that time.
    TooMany(Duration),
    /// Something that is needed did not answer: 503.
    Unavailable(Unavailable),
    /// The route lacks the layer of that name: 500.
    MissingLayer(&'static str),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::TooLong | Rejection::Malformed => Self::Malformed,
            other => Self::Rejected(other),
        }
    }
}

impl From<AuthenticateError> for Refusal {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Rejected(rejection) => rejection.into(),
            AuthenticateError::Denied(denial) => Self::Denied(denial),
            AuthenticateError::TooMany(after) => Self::TooMany(after),
            AuthenticateError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

impl Refusal {
    /// The answer: status, `WWW-Authenticate` where RFC 6750 asks for it, and a problem.
    pub fn answer(&self, realm: &Realm) -> Answer {
        match self {
            Self::NoCredentials => {
                let problem =
                    Problem::new(StatusCode::UNAUTHORIZED, "no_credentials", "a bearer token is needed");
                challenged(&problem, realm, &[])
            }
            Self::Malformed => {
                let detail = "the Authorization header is malformed, stands twice, or its token is too long";
                let problem = Problem::new(StatusCode::BAD_REQUEST, "invalid_request", detail);
                challenged(&problem, realm, &[("error", "invalid_request")])
            }
            Self::Rejected(rejection) => {
                let detail = rejection.to_string();
                let problem = Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", &detail);
                challenged(&problem, realm, &[("error", "invalid_token"), ("error_description", &detail)])
            }
            Self::Denied(denial) => {
                let problem = Problem::new(StatusCode::FORBIDDEN, denial.code(), denial.to_string());
                let Denial::Scope(scopes) = denial else { return problem.answer() };
                let scopes = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
                challenged(&problem, realm, &[("error", "insufficient_scope"), ("scope", &scopes)])
            }
            Self::TooMany(after) => {
                let problem = Problem::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too_many_requests",
                    "too many requests, wait",
                );
                retry_after(problem.answer(), *after)
            }
            Self::Unavailable(cause) => unavailable(cause),
            Self::MissingLayer(layer) => {
                tracing::error!(layer, "a route lacks a layer");
                let detail = format!("this route lacks the layer {layer}");
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "layer_missing", detail).answer()
            }
        }
    }
}

/// 503: the cause goes to the log, and nothing of it to the client.
pub(crate) fn unavailable(cause: &Unavailable) -> Answer {
    tracing::error!(cause = cause as &dyn std::error::Error, "a request could not be answered");
    let detail = "something that is needed did not answer, try again";
    retry_after(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).answer(), TRY_AGAIN)
}

/// The answer with `Retry-After` (RFC 9110 §10.2.3), in whole seconds and never too few.
pub(crate) fn retry_after(mut answer: Answer, after: Duration) -> Answer {
    let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0)).max(1);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

fn challenged(problem: &Problem, realm: &Realm, params: &[(&str, &str)]) -> Answer {
    let mut answer = problem.answer();
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge(realm, params));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let realm = Realm::new("demo");
        let scope = Denial::scope("reports:write");
        for (refusal, status, header, code) in [
            (Refusal::NoCredentials, 401, Some("Bearer realm=\"demo\""), "no_credentials"),
            (
                Refusal::Malformed,
                400,
                Some("Bearer realm=\"demo\", error=\"invalid_request\""),
                "invalid_request",
            ),
            (
                Refusal::Rejected(Rejection::Expired),
                401,
                Some(
                    "Bearer realm=\"demo\", error=\"invalid_token\", error_description=\"the token has expired\"",
                ),
                "invalid_token",
            ),
            (
                Refusal::Denied(scope),
                403,
                Some("Bearer realm=\"demo\", error=\"insufficient_scope\", scope=\"reports:write\""),
                "insufficient_scope",
            ),
            (Refusal::Denied(Denial::Role), 403, None, "role_denied"),
            (Refusal::Unavailable(Unavailable::DirectoryTimeout), 503, None, "unavailable"),
            (Refusal::MissingLayer("AuthenticateLayer"), 500, None, "layer_missing"),
        ] {
            let answer = refusal.answer(&realm);
            assert_eq!(answer.status(), status, "{refusal:?}");
            let sent = answer.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap());
            assert_eq!(sent, header, "{refusal:?}");
            let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(body["code"], code);
            assert_eq!(body["status"], status);
            assert_eq!(answer.headers().contains_key(header::RETRY_AFTER), status == 503);
        }
    }

    #[test]
    fn a_token_too_long_is_a_malformed_request() {
        for malformed in [Rejection::TooLong, Rejection::Malformed] {
            assert!(matches!(Refusal::from(malformed), Refusal::Malformed));
        }
    }
}
