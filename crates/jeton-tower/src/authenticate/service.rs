//! The service that the layer makes.

use std::{
    mem,
    task::{self, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use jeton_http::{Gate, Passage};
use tower_service::Service;

use super::AuthenticateFuture;
use crate::head::{PeerOf, RequestHead};

/// A service behind an [`AuthenticateLayer`](super::AuthenticateLayer).
#[derive(Clone, Debug)]
pub struct Authenticate<S> {
    inner: S,
    gate: Gate,
    peer_of: PeerOf,
}

impl<S> Authenticate<S> {
    pub(super) fn new(inner: S, gate: Gate, peer_of: PeerOf) -> Self {
        Self { inner, gate, peer_of }
    }
}

impl<S, B, ResB> Service<Request<B>> for Authenticate<S>
where
    S: Service<Request<B>, Response = Response<ResB>> + Clone,
    ResB: From<Bytes>,
{
    type Response = Response<ResB>;
    type Error = S::Error;
    type Future = AuthenticateFuture<S, Request<B>, S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let passage = self.gate.admit(&RequestHead { request: &request, peer_of: self.peer_of });
        match passage {
            Passage::Preflight => AuthenticateFuture::inner(self.inner.call(request)),
            Passage::Decided(Ok(context)) => {
                request.extensions_mut().insert(context);
                AuthenticateFuture::inner(self.inner.call(request))
            }
            Passage::Decided(Err(refusal)) => {
                AuthenticateFuture::refused(refusal.answer(self.gate.realm_of()))
            }
            Passage::Waiting(waiting) => {
                // The service that was polled ready is the one that is called later; its clone is not ready.
                let clone = self.inner.clone();
                let ready = mem::replace(&mut self.inner, clone);
                AuthenticateFuture::waiting(waiting, ready, request, self.gate.realm_of().clone())
            }
        }
    }
}
