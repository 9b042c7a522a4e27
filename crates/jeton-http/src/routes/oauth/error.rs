//! Errors of the OAuth endpoints: in the shape of RFC 6749 §5.2, as their clients expect it.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use jeton::{AuthenticateError, ExchangeError, Unavailable};

use crate::{
    Answer, Realm, Refusal,
    problem::json_answer,
    refusal::{TRY_AGAIN, retry_after},
    wire::object,
};

object! {
    /// RFC 6749 §5.2.
    ShownOauthError<'a> as "OauthError" { error: &'a str, error_description: &'a str }
}

/// Why an OAuth request did not succeed. All texts are fixed: nothing of the request comes back.
#[derive(Debug)]
pub(super) struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    /// How to authenticate, where that is to be told (RFC 6749 §5.2).
    challenge: Challenge,
    retry_after: Option<Duration>,
}

#[derive(Debug)]
enum Challenge {
    None,
    Basic,
    Ready(Option<HeaderValue>),
}

impl OauthError {
    pub(super) const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self { status, error, description, challenge: Challenge::None, retry_after: None }
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
        let basic = has_header && self.error == "invalid_client";
        if basic { Self { challenge: Challenge::Basic, ..self } } else { self }
    }

    /// There is no client at all, where one is needed (RFC 7662 §2.1).
    pub(super) fn no_client() -> Self {
        Self { challenge: Challenge::Basic, ..Self::invalid_client() }
    }

    /// Why a client is not who it says.
    pub(super) fn from_client(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Rejected(_) | AuthenticateError::Denied(_) => Self::invalid_client(),
            AuthenticateError::TooMany(after) => Self::too_many(after),
            AuthenticateError::Unavailable(cause) => Self::unavailable(&cause),
        }
    }

    /// The refusal of a bearer, with its own challenge (RFC 6750 §3).
    pub(super) fn from_refusal(refusal: &Refusal, realm: &Realm) -> Self {
        let error = match refusal {
            Refusal::Malformed => Self::invalid_request("the Authorization header is malformed"),
            Refusal::TooMany(after) => return Self::too_many(*after),
            Refusal::Unavailable(cause) => return Self::unavailable(cause),
            Refusal::Denied(_) => {
                Self::new(StatusCode::FORBIDDEN, "access_denied", "the token may not be used here")
            }
            _ => Self::new(StatusCode::UNAUTHORIZED, "invalid_token", "the token is not accepted"),
        };
        let challenge = refusal.answer(realm).headers().get(header::WWW_AUTHENTICATE).cloned();
        Self { challenge: Challenge::Ready(challenge), ..error }
    }

    pub(super) fn unavailable(cause: &Unavailable) -> Self {
        tracing::error!(cause = cause as &dyn std::error::Error, "a request could not be answered");
        let description = "something that is needed did not answer, try again";
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description);
        Self { retry_after: Some(TRY_AGAIN), ..error }
    }

    pub(super) fn too_many(after: Duration) -> Self {
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
        let body = ShownOauthError { error: self.error, error_description: self.description };
        let mut answer = json_answer(self.status, &body);
        let challenge = match &self.challenge {
            Challenge::None => None,
            Challenge::Basic => {
                HeaderValue::try_from(format!("Basic realm=\"{}\", charset=\"UTF-8\"", realm.as_str())).ok()
            }
            Challenge::Ready(challenge) => challenge.clone(),
        };
        if let Some(challenge) = challenge {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        match self.retry_after {
            Some(after) => retry_after(answer, after),
            None => answer,
        }
    }
}
