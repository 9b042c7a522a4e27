//! What a route ends with when it does not succeed: the errors of the domain as statuses and words.

use std::time::Duration;

use http::StatusCode;
use jeton::{Conflict, ExchangeError, ManageError};

use crate::{
    Answer, Problem, Realm, Refusal,
    refusal::{retry_after, unavailable},
};

/// When it is worth asking again whether tokens are generated: nobody knows.
const STOPPED: Duration = Duration::from_secs(60);

/// What a route ends with when it does not succeed.
pub(crate) enum Failure {
    Problem(Problem),
    Refusal(Refusal),
    /// The operator stopped it for a while.
    Stopped(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<ManageError> for Failure {
    fn from(error: ManageError) -> Self {
        let detail = error.to_string();
        let problem = match error {
            ManageError::Invalid(errors) => Problem::fields(errors),
            ManageError::NotFound => Problem::not_found(),
            ManageError::NameTaken => Problem::new(StatusCode::CONFLICT, "name_taken", detail),
            ManageError::Stale => Problem::new(StatusCode::PRECONDITION_FAILED, "stale_version", detail),
            ManageError::Conflict(conflict) => Problem::new(StatusCode::CONFLICT, code(conflict), detail),
            ManageError::RevealNotAllowed => {
                Problem::new(StatusCode::FORBIDDEN, "reveal_not_allowed", detail)
            }
            ManageError::Stopped(text) => {
                return Self::Stopped(Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "generating_stopped",
                    text,
                ));
            }
            ManageError::TooMany(after) => return Self::Refusal(Refusal::TooMany(after)),
            ManageError::Rejected(rejection) => return Self::Refusal(rejection.into()),
            ManageError::Denied(denial) => return Self::Refusal(Refusal::Denied(denial)),
            ManageError::Unavailable(cause) => return Self::Refusal(Refusal::Unavailable(cause)),
        };
        Self::Problem(problem)
    }
}

impl Failure {
    pub(crate) fn answer(self, realm: &Realm) -> Answer {
        match self {
            Self::Problem(problem) => problem.answer(),
            Self::Stopped(problem) => retry_after(problem.answer(), STOPPED),
            Self::Refusal(Refusal::Unavailable(cause)) => unavailable(&cause),
            Self::Refusal(refusal) => refusal.answer(realm),
        }
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        let detail = error.to_string();
        let problem = match error {
            ExchangeError::Rejected(rejection) => return Self::Refusal(rejection.into()),
            ExchangeError::Denied(denial) => return Self::Refusal(Refusal::Denied(denial)),
            ExchangeError::Unavailable(cause) => return Self::Refusal(Refusal::Unavailable(cause)),
            ExchangeError::TooMany(after) => return Self::Refusal(Refusal::TooMany(after)),
            ExchangeError::InvalidScope => Problem::new(StatusCode::BAD_REQUEST, "invalid_scope", detail),
            ExchangeError::InvalidTarget => Problem::new(StatusCode::BAD_REQUEST, "invalid_target", detail),
            ExchangeError::TokenTooLarge => Problem::new(StatusCode::CONFLICT, "token_too_large", detail),
        };
        Self::Problem(problem)
    }
}

const fn code(conflict: Conflict) -> &'static str {
    match conflict {
        Conflict::Revoked => "token_revoked",
        Conflict::RotateToExtend => "rotate_to_extend",
        Conflict::TokenTooLarge => "token_too_large",
        Conflict::TooManyTokens => "too_many_tokens",
        Conflict::RotationInProgress => "rotation_in_progress",
        Conflict::NotCancellable => "rotation_not_cancellable",
        Conflict::KeysNotManaged => "keys_not_managed",
        Conflict::RevealUnavailable => "reveal_unavailable",
    }
}
