//! No service is called that did not say that it is ready.

use std::{
    cell::Cell,
    future::{Ready, poll_fn, ready},
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpResponse,
    dev::{Service, ServiceRequest, ServiceResponse, Transform as _},
};
use jeton::{Generate, policy::anybody};
use jeton_actix::{Authenticate, Authorize};

use crate::house::{Bearer as _, House, get};

/// Gives one permit for each time it is polled ready, at the second attempt, and takes it back with each call.
#[derive(Clone, Default)]
struct Strict {
    asked: Rc<Cell<usize>>,
    permits: Rc<Cell<usize>>,
    called: Rc<Cell<usize>>,
}

impl Service<ServiceRequest> for Strict {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Ready<Result<ServiceResponse, Error>>;

    fn poll_ready(&self, task: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() % 2 == 1 {
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.permits.set(1);
        Poll::Ready(Ok(()))
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        assert_eq!(self.permits.take(), 1, "called unready");
        self.called.set(self.called.get() + 1);
        ready(Ok(request.into_response(HttpResponse::Ok())))
    }
}

#[actix_web::test]
async fn the_middlewares_wait_for_what_they_wrap() {
    let house = House::new().await;
    let (api_token, _) = house.api_token(Generate::new("CI")).await;
    let access_token = house.exchange(&api_token).await;
    let strict = Strict::default();
    let gate = house.gate().accepting_api_tokens();
    let inner = Authorize::new(anybody()).new_transform(strict.clone()).await.unwrap();
    let service = Authenticate::from(gate).new_transform(inner).await.unwrap();
    for token in [&access_token, &api_token, &access_token, &api_token] {
        poll_fn(|task| service.poll_ready(task)).await.unwrap();
        if token == &api_token {
            // While it waits for the store, somebody else may take the place.
            strict.permits.set(0);
        }
        let response = service.call(get("/").bearer(token).to_srv_request()).await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(strict.called.get(), 4);
}
