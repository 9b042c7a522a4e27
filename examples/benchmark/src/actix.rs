//! The ways to mount in actix-web.

use std::{pin::Pin, sync::Arc};

use actix_web::{
    App as Actix, Error, HttpMessage as _,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    http::header::AUTHORIZATION,
    test::{TestRequest, init_service},
    web::{get, resource},
};
use jeton::{Authority, policy::role};
use jeton_actix::{Authenticate, Authenticated, Authorize};

/// All cases are called through a box, the bare one too.
type Call = Box<dyn Fn(TestRequest) -> Pin<Box<dyn Future<Output = u16>>>>;

pub(crate) struct App {
    pub(crate) name: &'static str,
    call: Call,
}

impl App {
    pub(crate) async fn call(&self, bearer: &str) -> u16 {
        (self.call)(TestRequest::get().uri("/").insert_header((AUTHORIZATION, bearer))).await
    }
}

macro_rules! app {
    ($name:literal, $app:expr) => {{
        let service = init_service($app).await;
        let call = move |request: TestRequest| answered(service.call(request.to_request()));
        App { name: $name, call: Box::new(call) }
    }};
}

fn answered<B: MessageBody>(
    answer: impl Future<Output = Result<ServiceResponse<B>, Error>> + 'static,
) -> Pin<Box<dyn Future<Output = u16>>> {
    Box::pin(async move { answer.await.unwrap().status().as_u16() })
}

pub(crate) async fn apps(authority: &Authority) -> Vec<App> {
    let bare = || Actix::new().route("/", get().to(async || "ok"));
    let jeton = || Authenticate::new(authority.clone());
    let inserted = Arc::new(1_u64);
    let guarded = resource("/").get(async || "ok").wrap(Authorize::new(role("reader")));
    vec![
        app!("the bare handler", bare()),
        app!("an empty middleware", bare().wrap_fn(|request, next| next.call(request))),
        app!(
            "an insert",
            bare().wrap_fn(move |request, next| {
                request.extensions_mut().insert(inserted.clone());
                next.call(request)
            })
        ),
        app!("`Authenticate`", bare().wrap(jeton())),
        app!("`Authenticate`, and `Authorize` on the route", Actix::new().service(guarded).wrap(jeton())),
        app!(
            "`Authenticate`, and the handler takes `Authenticated`",
            Actix::new().route("/", get().to(async |_: Authenticated| "ok")).wrap(jeton())
        ),
    ]
}
