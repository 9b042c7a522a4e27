//! The service that the layer makes.

use std::{
    sync::Arc,
    task::{self, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use jeton::policy::Policy;
use jeton_http::{Context, Realm, Refusal};
use tower_service::Service;

use super::AuthorizeFuture;

/// A service behind an [`AuthorizeLayer`](super::AuthorizeLayer).
#[derive(Clone, Debug)]
pub struct Authorize<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Authorize<S> {
    pub(super) fn new(inner: S, policy: Arc<Policy>) -> Self {
        Self { inner, policy }
    }
}

impl<S, B, ResB> Service<Request<B>> for Authorize<S>
where
    S: Service<Request<B>, Response = Response<ResB>>,
    ResB: From<Bytes>,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = AuthorizeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(context) = request.extensions().get::<Context>() else {
            let missing = Refusal::MissingLayer("AuthenticateLayer");
            return AuthorizeFuture::refused(missing.answer(&Realm::default()));
        };
        match context.authorized(&self.policy) {
            Ok(_) => AuthorizeFuture::inner(self.inner.call(request)),
            Err(refusal) => AuthorizeFuture::refused(refusal.answer(context.realm())),
        }
    }
}
