//! Errors of the OAuth endpoints: in the shape of RFC 6749 §5.2, as their clients expect it.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use jeton::{ExchangeError, Unavailable};
use serde_json::json;

use crate::{
    Answer, Realm,
    problem::json_answer,
    refusal::{TRY_AGAIN, retry_after},
};

/// Why an OAuth request did not succeed. All texts are fixed: nothing of the request comes back.
#[derive(Debug)]
pub(super) struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    /// Whether the client came with an `Authorization` header, and is to be told how (RFC 6749 §5.2).
    challenged: bool,
    retry_after: Option<Duration>,
}

impl OauthError {
    pub(super) const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self { status, error, description, challenged: false, retry_after: None }
    }

    pub(super) const fn invalid_request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The client is unknown, or did not prove who it is. Which one is not told.
    pub(super) const fn invalid_client() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", "the client is not accepted")
    }

    /// With the scheme, if the client is not accepted and has used the header (RFC 6749 §5.2).
    pub(super) fn challenging(self, has_header: bool) -> Self {
        Self { challenged: has_header && self.error == "invalid_client", ..self }
    }

    pub(super) fn unavailable(cause: &Unavailable) -> Self {
        tracing::error!(cause = cause as &dyn std::error::Error, "a request could not be answered");
        let description = "something that is needed did not answer, try again";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description);
        Self { retry_after: Some(TRY_AGAIN), ..error }
    }

    pub(super) const fn too_many(after: Duration) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let error = Self::new(status, "temporarily_unavailable", "too many requests, wait");
        Self { retry_after: Some(after), ..error }
    }

    /// Why there is no access token. `rejected` is what a credential that is not accepted is called by this grant.
    pub(super) fn from_exchange(error: ExchangeError, rejected: Self) -> Self {
        match error {
            ExchangeError::Rejected(_) | ExchangeError::Denied(_) => rejected,
            ExchangeError::InvalidScope => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_scope", "a scope is not held, or is none")
            }
            ExchangeError::InvalidTarget => Self::invalid_target(),
            ExchangeError::TokenTooLarge => Self::invalid_request("the access token would be too long"),
            ExchangeError::TooMany(after) => Self::too_many(after),
            ExchangeError::Unavailable(cause) => Self::unavailable(&cause),
        }
    }

    /// RFC 8693 §2.2.2.
    pub(super) const fn invalid_target() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_target", "the token may not be used for that audience")
    }

    pub(super) fn answer(&self, realm: &Realm) -> Answer {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut answer = json_answer(self.status, &body);
        if self.challenged {
            let challenge = format!("Basic realm=\"{}\", charset=\"UTF-8\"", realm.as_str());
            if let Ok(challenge) = HeaderValue::try_from(challenge) {
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
        }
        match self.retry_after {
            Some(after) => retry_after(answer, after),
            None => answer,
        }
    }
}
