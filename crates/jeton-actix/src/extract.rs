//! Who makes a request, as arguments of a handler.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    ops::Deref,
};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use jeton::{
    Principal,
    policy::{Facts, Policy, Requirement},
};
use jeton_http::Context;

use crate::Refused;

/// The principal of the request, found out by [`Authenticate`](crate::Authenticate). Without credentials the request
/// is refused with 401, without the middleware with 500.
///
/// ```
/// use actix_web::{HttpResponse, web};
/// use jeton::policy::{scope, subject};
/// use jeton_actix::{Authenticated, Refused};
///
/// async fn delete(who: Authenticated, owner: web::Path<String>) -> Result<HttpResponse, Refused> {
///     who.authorized(&scope("reports:write").or(subject(owner.as_str())))?;
///     Ok(HttpResponse::NoContent().finish())
/// }
/// ```
///
/// `Option<Authenticated>` would be `None` also where the middleware is missing, since actix-web makes `None` of
/// every error: take [`MaybeAuthenticated`].
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

    /// All that the middleware found out.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The principal, if the policy lets it pass: for rules that need more than the head of the request.
    ///
    /// # Errors
    ///
    /// The refusal, answered as [`Authorize`](crate::Authorize) would.
    pub fn authorized(&self, policy: &Policy) -> Result<&Principal, Refused> {
        authorized(&self.context, policy)
    }
}

impl Deref for Authenticated {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl FromRequest for Authenticated {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(context(request).and_then(|context| match context.authenticated() {
            Ok(principal) => Ok(Self { principal: principal.clone(), context }),
            Err(refusal) => Err(Refused::new(refusal, &context)),
        }))
    }
}

/// The principal of a request that may come without credentials, behind an optional gate
/// ([`Gate::optional`](jeton_http::Gate::optional)).
///
/// There is none only if there were no credentials: bad ones are refused by the middleware, and a missing middleware
/// is a 500. That is why it is a type of its own: actix-web's `Option<T>` turns every error into `None`, so that a
/// forgotten middleware would make everybody anonymous and say nothing.
///
/// ```
/// use jeton_actix::MaybeAuthenticated;
///
/// async fn hello(who: MaybeAuthenticated) -> String {
///     let name = who.principal().and_then(|principal| principal.subject());
///     format!("Hello {}", name.unwrap_or("stranger"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct MaybeAuthenticated(Context);

impl MaybeAuthenticated {
    /// The principal; none without credentials.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.principal()
    }

    /// What is known about the request beside who makes it.
    pub fn facts(&self) -> &Facts {
        self.0.facts()
    }

    /// All that the middleware found out.
    pub fn context(&self) -> &Context {
        &self.0
    }

    /// The principal, if there is one and the policy lets it pass.
    ///
    /// # Errors
    ///
    /// The refusal, answered as [`Authorize`](crate::Authorize) would.
    pub fn authorized(&self, policy: &Policy) -> Result<&Principal, Refused> {
        authorized(&self.0, policy)
    }
}

impl FromRequest for MaybeAuthenticated {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(context(request).map(Self))
    }
}

/// The principal of a request, if it passes the policy that the type names
/// ([`requirement!`](jeton::requirement)). Refused exactly as [`Authorize`](crate::Authorize) would.
///
/// ```
/// use jeton::policy::role;
/// use jeton_actix::Require;
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

impl<R: Requirement> FromRequest for Require<R> {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let who = Authenticated::from_request(request, payload).into_inner();
        ready(who.and_then(|who| {
            who.authorized(R::policy())?;
            Ok(Self(who, PhantomData))
        }))
    }
}

fn context(request: &HttpRequest) -> Result<Context, Refused> {
    request.extensions().get::<Context>().cloned().ok_or_else(Refused::missing_authenticate)
}

fn authorized<'a>(context: &'a Context, policy: &Policy) -> Result<&'a Principal, Refused> {
    context.authorized(policy).map_err(|refusal| Refused::new(refusal, context))
}
