//! What can go wrong, by whose fault it is: the credential's, the caller's, or nobody's who could not tell.

use std::{error::Error, sync::Arc, time::Duration};

use crate::{DirectoryError, FieldError, RandomError, StoreError, policy::Denial};

/// Why a token is refused. Up to [`Invalid`](Self::Invalid) nothing about the token is proven, and one text serves
/// for all; the rest is told only to who holds a token that we signed (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Longer than 8 KiB: a malformed request (400), the token was not looked at.
    #[error("the token is too long")]
    TooLong,
    /// With characters that no bearer token has (RFC 6750 §2.1), or none at all: a malformed request (400), the token was
    /// not looked at.
    #[error("the token is malformed")]
    Malformed,
    /// No JWT, of the wrong type, of an unknown key or with a bad signature: which one is not told.
    #[error("the token is invalid")]
    Invalid,
    /// Signed by us, but for another issuer.
    #[error("the token is from another issuer")]
    Issuer,
    /// Signed by us, but for another audience.
    #[error("the token is for another audience")]
    Audience,
    /// Its end has come.
    #[error("the token has expired")]
    Expired,
    /// Its beginning has not come.
    #[error("the token is not yet valid")]
    NotYetValid,
    /// The API token is disabled.
    #[error("the token is disabled")]
    Disabled,
    /// The API token was revoked or deleted, or its record is not there.
    #[error("the token was revoked")]
    Revoked,
    /// The API token was rotated, and its grace is over.
    #[error("the token was superseded by a newer one")]
    Superseded,
    /// The rights behind the access token were reduced or ended since it was issued: exchange again.
    #[error("the token was revoked, or its rights were changed")]
    CutOff,
    /// A signature that counts once was used before.
    #[error("the signature was used already")]
    Replayed,
    /// The subject is unknown, suspended, or another one under the same name.
    #[error("the subject of the token is not active")]
    Subject,
}

impl Rejection {
    /// The word in the audit log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Issuer => "wrong_issuer",
            Self::Audience => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
            Self::CutOff => "cut_off",
            Self::Subject => "subject_not_active",
            Self::Replayed => "replayed",
        }
    }
}

/// Something that is needed did not answer: a 503, never a refusal. The sources are for the log.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// The store.
    #[error("the store did not answer")]
    Store(#[source] Arc<dyn Error + Send + Sync>),
    /// The directory.
    #[error("the directory did not answer")]
    Directory(#[source] DirectoryError),
    /// The directory, within its time.
    #[error("the directory did not answer in time")]
    DirectoryTimeout,
    /// The issuer, whose keys or cut-offs were not read yet, or not for longer than is allowed.
    #[error("{0}")]
    Issuer(&'static str),
    /// The change log, for so long that revocations of other nodes may be unknown here;
    /// see [`Staleness::RefuseAfter`](crate::Staleness::RefuseAfter).
    #[error("the change log was not read for too long")]
    Stale,
    /// The system's randomness, the signing, or the task that did the work.
    #[error("{0}")]
    Internal(&'static str),
}

impl From<RandomError> for Unavailable {
    fn from(_: RandomError) -> Self {
        Self::Internal("no randomness")
    }
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(source) => Self::Store(source),
            other => Self::Store(Arc::new(other)),
        }
    }
}

/// Why a token that may need the store was not accepted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// It is refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It is good, but may not be used from there, or not for that user.
    #[error("the token may not be used here: {0}")]
    Denied(Denial),
    /// Too many bad credentials came from there: it is heard again after that time.
    #[error("too many attempts")]
    TooMany(Duration),
    /// Nobody could tell.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl AuthenticateError {
    /// Why the token is refused, if it is that.
    pub fn rejection(&self) -> Option<Rejection> {
        match self {
            Self::Rejected(rejection) => Some(*rejection),
            _ => None,
        }
    }
}

/// Why there is no access token for an API token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The API token is refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The API token is good, but may not be used from there.
    #[error("the token may not be used here: {0}")]
    Denied(Denial),
    /// A scope was asked for that the token does not hold, or the text is no scope (RFC 6749 §5.2).
    #[error("a scope was asked for that the token does not hold")]
    InvalidScope,
    /// An audience was asked for that the token may not be used for (RFC 8693 §2.2.2).
    #[error("an audience was asked for that the token may not be used for")]
    InvalidTarget,
    /// The access token would be longer than 8 KiB.
    #[error("the access token would be too long")]
    TokenTooLarge,
    /// Too many exchanges of this token, or too many bad credentials from there: the next one is let through after that
    /// time.
    #[error("too many requests")]
    TooMany(Duration),
    /// Nobody could tell.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<AuthenticateError> for ExchangeError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Rejected(rejection) => Self::Rejected(rejection),
            AuthenticateError::Denied(denial) => Self::Denied(denial),
            AuthenticateError::TooMany(after) => Self::TooMany(after),
            AuthenticateError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

/// Why a record cannot be brought into that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Conflict {
    /// The token is revoked, and revoked is for ever.
    #[error("the token is revoked for ever")]
    Revoked,
    /// The end asked for lies beyond the one that was signed.
    #[error("the token was signed with an earlier end: rotate it to extend it")]
    RotateToExtend,
    /// The user has as many personal tokens as a user may have.
    #[error("there are as many personal tokens as a user may have: delete one")]
    TooManyTokens,
    /// A rotation is under way: the old credential is in its grace.
    #[error("the token is being rotated: its old credential is still accepted")]
    RotationInProgress,
    /// There is no rotation that could be taken back: none is under way, or its new credential was used.
    #[error("there is no rotation that could be cancelled: none is under way, or the new token was used")]
    NotCancellable,
    /// The token cannot be shown again: it is revoked or has ended, or its key is gone.
    #[error("the token cannot be shown again: it is revoked or has ended, or its key is gone")]
    RevealUnavailable,
    /// The host gave the keys, and looks after them.
    #[error("the keys are not managed here")]
    KeysNotManaged,
    /// The token, or an access token made from it, would be longer than 8 KiB.
    #[error("an access token with these rights would be too long")]
    TokenTooLarge,
}

/// Why a management call was not done. Nothing was changed, unless it is [`Unavailable`](Self::Unavailable).
#[derive(Clone, Debug, thiserror::Error)]
pub enum ManageError {
    /// The request is wrong, in these fields.
    #[error("the request is not valid")]
    Invalid(Vec<FieldError>),
    /// There is no such record for this caller.
    #[error("there is no such token")]
    NotFound,
    /// Another undeleted token of the tenant has the name.
    #[error("another token of the tenant has this name")]
    NameTaken,
    /// The record is at another version than the caller expects.
    #[error("the token has changed meanwhile")]
    Stale,
    /// The state of the record does not allow it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The caller may not.
    #[error("the caller may not do this: {0}")]
    Denied(Denial),
    /// Tokens are shown once here.
    #[error("tokens are shown once here, when they are made")]
    RevealNotAllowed,
    /// Generating is stopped, with the words of the operator.
    #[error("no tokens are generated now")]
    Stopped(String),
    /// Too many bad credentials came from there: it is heard again after that time.
    #[error("too many attempts")]
    TooMany(Duration),
    /// The token that wants to change itself is not accepted.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Nobody could tell. It may have been done or not: read the record to learn it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<AuthenticateError> for ManageError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Rejected(rejection) => Self::Rejected(rejection),
            AuthenticateError::Denied(denial) => Self::Denied(denial),
            AuthenticateError::TooMany(after) => Self::TooMany(after),
            AuthenticateError::Unavailable(unavailable) => Self::Unavailable(unavailable),
        }
    }
}

impl From<StoreError> for ManageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NameTaken => Self::NameTaken,
            StoreError::TooMany => Self::Conflict(Conflict::TooManyTokens),
            other => Self::Unavailable(other.into()),
        }
    }
}
