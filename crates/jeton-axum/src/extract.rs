//! The principal as an argument of a handler.

use std::ops::Deref;

use axum::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use jeton::{
    Principal,
    policy::{Facts, Policy},
};
use jeton_http::{Context, Realm, Refusal};

/// The principal of a request, for handlers behind [`authenticate`](crate::authenticate).
///
/// `Option<Authenticated>` is `None` only where the layer is optional and the request came without credentials;
/// without the layer both are a 500 that names it.
#[derive(Clone, Debug)]
pub struct Authenticated {
    principal: Principal,
    context: Context,
}

impl Authenticated {
    /// The principal itself.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What is known about the request beside who makes it.
    pub fn facts(&self) -> &Facts {
        self.context.facts()
    }

    /// Asks a policy in the middle of a handler; the refusal is an answer.
    ///
    /// # Errors
    ///
    /// If the policy denies.
    pub fn authorize(&self, policy: &Policy) -> Result<(), Refused> {
        let authorized = self.context.authorized(policy);
        authorized.map(drop).map_err(|refusal| Refused { refusal, realm: self.context.realm().clone() })
    }
}

impl Deref for Authenticated {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

/// A refusal, as an answer of the one table.
#[derive(Clone, Debug)]
pub struct Refused {
    refusal: Refusal,
    realm: Realm,
}

impl Refused {
    /// Why.
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    fn missing() -> Self {
        Self { refusal: Refusal::MissingLayer("AuthenticateLayer"), realm: Realm::default() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.refusal.answer(&self.realm).map(Body::from)
    }
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let context = parts.extensions.get::<Context>().ok_or_else(Refused::missing)?;
        match context.authenticated() {
            Ok(principal) => Ok(Self { principal: principal.clone(), context: context.clone() }),
            Err(refusal) => Err(Refused { refusal, realm: context.realm().clone() }),
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Authenticated {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Refused> {
        let context = parts.extensions.get::<Context>().ok_or_else(Refused::missing)?;
        let principal = context.principal().cloned();
        Ok(principal.map(|principal| Self { principal, context: context.clone() }))
    }
}
