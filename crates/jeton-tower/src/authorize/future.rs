//! The answer to come: of the inner service, or of the table of refusals.

use std::{
    future::Future,
    pin::Pin,
    task::{self, Poll},
};

use bytes::Bytes;
use http::Response;
use jeton_http::Answer;
use pin_project_lite::pin_project;

pin_project! {
    /// The future of [`Authorize`](super::Authorize).
    pub struct AuthorizeFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Inner { #[pin] future: F },
        Refused { answer: Option<Box<Answer>> },
    }
}

impl<F> AuthorizeFuture<F> {
    pub(super) fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn refused(answer: Answer) -> Self {
        Self { state: State::Refused { answer: Some(Box::new(answer)) } }
    }
}

impl<F, B, E> Future for AuthorizeFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<Bytes>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Inner { future } => future.poll(cx),
            // A future polled after its end stays pending: it has nothing left to give.
            StateProjection::Refused { answer } => {
                answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer.map(B::from))))
            }
        }
    }
}
