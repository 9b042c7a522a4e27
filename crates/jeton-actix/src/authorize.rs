//! The middleware that says who may.

use std::future::{Ready, ready};

use actix_web::{
    Error, HttpMessage as _,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};
use jeton::policy::Policy;
use jeton_http::{Context, Realm, Refusal};

use crate::{
    future::{ResponseFuture, refuse},
    refused::MISSING_AUTHENTICATE,
};

/// Lets only those through who pass the policy. It reads what [`Authenticate`](crate::Authenticate) found out, which
/// must stand outside of it, and without which every request is a 500 that says so.
///
/// ```
/// use actix_web::{App, web};
/// use jeton::policy::role;
/// use jeton_actix::{Authenticate, Authorize};
///
/// fn reports(authority: jeton::Authority) -> impl actix_web::dev::HttpServiceFactory {
///     web::resource("/reports")
///         .get(|| async { "all of them" })
///         .wrap(Authorize::new(role("reader")))
///         .wrap(Authenticate::new(authority))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Authorize(Policy);

impl Authorize {
    /// By that policy.
    pub fn new(policy: Policy) -> Self {
        Self(policy)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Authorize
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = AuthorizeMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AuthorizeMiddleware { policy: self.0.clone(), service }))
    }
}

/// The middleware of [`Authorize`].
#[derive(Debug)]
pub struct AuthorizeMiddleware<S> {
    policy: Policy,
    service: S,
}

impl<S, B> Service<ServiceRequest> for AuthorizeMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, B>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.check(&request) {
            Ok(()) => ResponseFuture::passing(self.service.call(request)),
            Err((refusal, realm)) => ResponseFuture::refused(refuse(request, &refusal, &realm)),
        }
    }
}

impl<S> AuthorizeMiddleware<S> {
    fn check(&self, request: &ServiceRequest) -> Result<(), (Refusal, Realm)> {
        let extensions = request.extensions();
        let Some(context) = extensions.get::<Context>() else {
            return Err((MISSING_AUTHENTICATE, Realm::default()));
        };
        match context.authorized(&self.policy) {
            Ok(_) => Ok(()),
            Err(refusal) => Err((refusal, context.realm().clone())),
        }
    }
}
