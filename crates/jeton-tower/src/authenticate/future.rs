//! The answer to come: of the inner service, of the table of refusals, or of the store first.

use std::{
    future::Future,
    pin::Pin,
    task::{self, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use jeton_http::{Answer, Context, Realm, Refusal};
use pin_project_lite::pin_project;
use tower_service::Service;

type Waiting = Pin<Box<dyn Future<Output = Result<Context, Refusal>> + Send>>;

/// What goes on once the wait is over.
struct Held<S, R> {
    waiting: Waiting,
    service: S,
    request: R,
    realm: Realm,
}

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
        Refused { answer: Option<Answer> },
        // In a box: a request that does not wait need not make room for one that does.
        Waiting { held: Option<Box<Held<S, R>>> },
    }
}

impl<S, R, F> AuthenticateFuture<S, R, F> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn refused(answer: Answer) -> Self {
        Self { state: State::Refused { answer: Some(answer) } }
    }

    pub(super) fn waiting(waiting: Waiting, service: S, request: R, realm: Realm) -> Self {
        Self { state: State::Waiting { held: Some(Box::new(Held { waiting, service, request, realm })) } }
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
                StateProjection::Waiting { held } => {
                    let Some(mut all) = held.take() else { return Poll::Pending };
                    let Poll::Ready(decided) = all.waiting.as_mut().poll(cx) else {
                        *held = Some(all);
                        return Poll::Pending;
                    };
                    let Held { mut service, mut request, realm, .. } = *all;
                    match decided {
                        Ok(context) => {
                            request.extensions_mut().insert(context);
                            State::Inner { future: service.call(request) }
                        }
                        Err(refusal) => State::Refused { answer: Some(refusal.answer(&realm)) },
                    }
                }
            };
            this.state.set(next);
        }
    }
}
