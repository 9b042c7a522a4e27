//! What a middleware answers with: the response of what it wraps, or its own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    Error,
    body::EitherBody,
    dev::{ServiceRequest, ServiceResponse},
};
use futures_util::future::LocalBoxFuture;
use jeton_http::{Realm, Refusal};
use pin_project_lite::pin_project;

use crate::convert::response_to;

type Answered<B> = Result<ServiceResponse<EitherBody<B>>, Error>;

pin_project! {
    /// The future of both middlewares. On the way of an access token it allocates nothing.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, B> {
        Passing { #[pin] future: F },
        Refused { response: Option<ServiceResponse<EitherBody<B>>> },
        Waiting { future: LocalBoxFuture<'static, Answered<B>> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(crate) fn passing(future: F) -> Self {
        Self { state: State::Passing { future } }
    }

    pub(crate) fn refused(response: ServiceResponse<EitherBody<B>>) -> Self {
        Self { state: State::Refused { response: Some(response) } }
    }

    pub(crate) fn waiting(future: impl Future<Output = Answered<B>> + 'static) -> Self {
        Self { state: State::Waiting { future: Box::pin(future) } }
    }
}

impl<F, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Answered<B>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passing { future } => {
                future.poll(task).map_ok(ServiceResponse::map_into_left_body)
            }
            // Polled again after its end, which no caller may do, it never ends.
            StateProjection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
            StateProjection::Waiting { future } => future.as_mut().poll(task),
        }
    }
}

impl<F, B> std::fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// The refusal as an answer to that request, which goes no further.
pub(crate) fn refuse<B>(
    request: ServiceRequest,
    refusal: &Refusal,
    realm: &Realm,
) -> ServiceResponse<EitherBody<B>> {
    let response = response_to(request.method(), refusal.answer(realm));
    request.into_response(response).map_into_right_body()
}
