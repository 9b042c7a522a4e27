//! The principal as an argument of a handler.

use std::{marker::PhantomData, ops::Deref};

use axum::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use jeton::{
    Principal,
    policy::{Facts, Policy, Requirement},
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

    /// All that the layer found out.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The principal, if the policy lets it pass: for rules that need more than the head of the request.
    ///
    /// # Errors
    ///
    /// The refusal, answered as [`AuthorizeLayer`](crate::AuthorizeLayer) would.
    pub fn authorized(&self, policy: &Policy) -> Result<&Principal, Refused> {
        let authorized = self.context.authorized(policy);
        authorized.map_err(|refusal| Refused { refusal, realm: self.context.realm().clone() })
    }
}

impl Deref for Authenticated {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

/// The principal of a request, if it passes the policy that the type names
/// ([`requirement!`](jeton::requirement)). Refused exactly as [`AuthorizeLayer`](crate::AuthorizeLayer) would.
///
/// ```
/// use jeton::policy::role;
/// use jeton_axum::Require;
///
/// jeton::requirement! { struct Reader = role("reader"); }
///
/// async fn reports(reader: Require<Reader>) -> String {
///     format!("all of them, for {:?}", reader.subject())
/// }
/// ```
#[derive(Debug)]
pub struct Require<R>(Authenticated, PhantomData<fn() -> R>);

impl<R> Deref for Require<R> {
    type Target = Authenticated;

    fn deref(&self) -> &Authenticated {
        &self.0
    }
}

impl<S: Sync, R: Requirement> FromRequestParts<S> for Require<R> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let who = <Authenticated as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        who.authorized(R::policy())?;
        Ok(Self(who, PhantomData))
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
