//! The middleware that says who makes a request.
//!
//! It refuses by answering: guards would make a 404 of it, and an error would pass by the middlewares outside.

use std::{
    future::{Ready, poll_fn, ready},
    rc::Rc,
};

use actix_web::{
    Error, HttpMessage as _,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};
use jeton::Authority;
use jeton_http::{Gate, Passage};

use crate::{
    convert::ActixHead,
    future::{ResponseFuture, refuse},
};

/// Authenticates what it wraps: a request has a bearer token that is accepted, or is answered here and never reaches
/// its handler.
///
/// To learn who it is, take [`Authenticated`](crate::Authenticated) as an argument of the handler, or wrap with
/// [`Authorize`](crate::Authorize) inside. A [`Gate`] says more exactly what is accepted:
///
/// ```
/// use jeton_actix::{Authenticate, Gate};
///
/// fn direct(authority: jeton::Authority) -> Authenticate {
///     Authenticate::from(Gate::new(authority).realm("reports").accepting_api_tokens())
/// }
/// ```
///
/// A preflight that the gate lets through ([`Gate::with_preflight`]) goes on without any context: a CORS middleware
/// must answer it before [`Authorize`](crate::Authorize) or an extractor asks who it is.
#[derive(Clone, Debug)]
pub struct Authenticate(Gate);

impl Authenticate {
    /// With access tokens of that authority, and nobody let in without one.
    pub fn new(authority: Authority) -> Self {
        Self(Gate::new(authority))
    }
}

impl From<Gate> for Authenticate {
    fn from(gate: Gate) -> Self {
        Self(gate)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Authenticate
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = AuthenticateMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AuthenticateMiddleware { gate: self.0.clone(), service: Rc::new(service) }))
    }
}

/// The middleware of [`Authenticate`].
#[derive(Debug)]
pub struct AuthenticateMiddleware<S> {
    gate: Gate,
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for AuthenticateMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, B>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let passage = self.gate.admit(&ActixHead(request.head()));
        let waiting = match passage {
            Passage::Preflight => return ResponseFuture::passing(self.service.call(request)),
            Passage::Decided(Ok(context)) => {
                request.extensions_mut().insert(context);
                return ResponseFuture::passing(self.service.call(request));
            }
            Passage::Decided(Err(refusal)) => {
                return ResponseFuture::refused(refuse(request, &refusal, self.gate.realm_of()));
            }
            Passage::Waiting(waiting) => waiting,
        };
        let (gate, service) = (self.gate.clone(), Rc::clone(&self.service));
        ResponseFuture::waiting(async move {
            match waiting.await {
                Ok(context) => request.extensions_mut().insert(context),
                Err(refusal) => return Ok(refuse(request, &refusal, gate.realm_of())),
            };
            // What was ready before the wait need not be ready after it.
            poll_fn(|task| service.poll_ready(task)).await?;
            Ok(service.call(request).await?.map_into_left_body())
        })
    }
}
