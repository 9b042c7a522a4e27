//! A refusal as actix-web's error: so that extractors and handlers refuse exactly as the middleware does.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use jeton_http::{Answer, Context, Realm, Refusal};

use crate::convert;

/// What a route says that nobody authenticated.
pub(crate) const MISSING_AUTHENTICATE: Refusal = Refusal::MissingLayer("Authenticate");

/// A refusal that a handler can return with `?`. It is answered like every other one: status, headers and body are
/// those of [`Refusal::answer`].
#[derive(Clone)]
pub struct Refused(Box<Inner>);

#[derive(Clone)]
struct Inner {
    refusal: Refusal,
    answer: Answer,
}

impl Refused {
    /// The refusal, told in the realm of the gate that made the context.
    ///
    /// For code that holds a [`Context`] of its own; [`Authenticated`](crate::Authenticated) and
    /// [`MaybeAuthenticated`](crate::MaybeAuthenticated) do it by themselves.
    pub fn new(refusal: Refusal, context: &Context) -> Self {
        Self::in_realm(refusal, context.realm())
    }

    fn in_realm(refusal: Refusal, realm: &Realm) -> Self {
        let answer = refusal.answer(realm);
        Self(Box::new(Inner { refusal, answer }))
    }

    /// The route lacks [`Authenticate`](crate::Authenticate). No realm is known then, and none is told.
    pub(crate) fn missing_authenticate() -> Self {
        Self::in_realm(MISSING_AUTHENTICATE, &Realm::default())
    }

    /// Why.
    pub fn refusal(&self) -> &Refusal {
        &self.0.refusal
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.0.refusal).finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was refused with {}", self.0.answer.status())
    }
}

impl std::error::Error for Refused {}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        convert::status(self.0.answer.status())
    }

    fn error_response(&self) -> HttpResponse {
        convert::response(self.0.answer.clone())
    }
}
