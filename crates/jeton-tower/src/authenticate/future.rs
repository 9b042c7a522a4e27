//! The answer to come: of the inner service, of the table of refusals, or of the store first.

use std::{
    future::Future,
    pin::Pin,
    task::{self, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use jeton_http::{Answer, Context, Realm, Refusal};
use pin_project_lite::pin_project;
use tower_service::Service;

type Waiting = Pin<Box<dyn Future<Output = Result<Context, Refusal>> + Send>>;

pin_project! {
    /// The future of [`Authenticate`](super::Authenticate).
    pub struct AuthenticateFuture<S, R, F> {
        #[pin]
        state: State<S, R, F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, R, F> {
        Inner { #[pin] future: F },
        // Boxed, so that what nearly always happens moves little.
        Refused { answer: Option<Box<Answer>> },
        Waiting { until: Box<Until<S, R>> },
    }
}

/// A request that waits until it is known who makes it.
struct Until<S, R> {
    waiting: Waiting,
    held: Option<(S, R)>,
    realm: Realm,
}

impl<S, R, F> AuthenticateFuture<S, R, F> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn refused(answer: Answer) -> Self {
        Self { state: State::Refused { answer: Some(Box::new(answer)) } }
    }

    pub(super) fn waiting(waiting: Waiting, service: S, request: R, realm: Realm) -> Self {
        let until = Box::new(Until { waiting, held: Some((service, request)), realm });
        Self { state: State::Waiting { until } }
    }
}

impl<S, B, ResB> Future for AuthenticateFuture<S, Request<B>, S::Future>
where
    S: Service<Request<B>, Response = Response<ResB>>,
    ResB: From<Bytes>,
{
    type Output = Result<Response<ResB>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Inner { future } => return future.poll(cx),
                StateProjection::Refused { answer } => {
                    // A future polled after its end stays pending: it has nothing left to give.
                    return answer
                        .take()
                        .map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer.map(ResB::from))));
                }
                StateProjection::Waiting { until } => {
                    let Until { waiting, held, realm } = &mut **until;
                    match (ready!(waiting.as_mut().poll(cx)), held.take()) {
                        (Ok(context), Some((mut service, mut request))) => {
                            request.extensions_mut().insert(context);
                            State::Inner { future: service.call(request) }
                        }
                        (Err(refusal), _) => State::Refused { answer: Some(Box::new(refusal.answer(realm))) },
                        (Ok(_), None) => return Poll::Pending,
                    }
                }
            };
            this.state.set(next);
        }
    }
}
