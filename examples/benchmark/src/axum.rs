//! The ways to mount in axum.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Extension, Router,
    body::Body,
    extract::Request,
    routing::{MethodRouter, get},
};
use http::header::AUTHORIZATION;
use jeton::{Authority, policy::role};
use jeton_axum::{Authenticated, authenticate, authorize};
use tower::{Layer, Service, ServiceExt as _};

pub(crate) struct App {
    pub(crate) name: &'static str,
    served: Served,
}

/// Called as a server does it: a clone for each request.
enum Served {
    Router(Router),
    Outside(Outside),
}

/// One type for each layer outside: a box would be a cost that a server does not have.
enum Outside {
    Empty(Empty<Router>),
    Insert(<Extension<Arc<u64>> as Layer<Router>>::Service),
    Jeton(<jeton_axum::AuthenticateLayer as Layer<Router>>::Service),
}

/// A layer that does nothing.
#[derive(Clone)]
pub(crate) struct EmptyLayer;

#[derive(Clone)]
pub(crate) struct Empty<S>(S);

impl<S> Layer<S> for EmptyLayer {
    type Service = Empty<S>;

    fn layer(&self, inner: S) -> Empty<S> {
        Empty(inner)
    }
}

impl<S: Service<Request>> Service<Request> for Empty<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> S::Future {
        self.0.call(request)
    }
}

impl App {
    pub(crate) async fn call(&self, bearer: &str) -> u16 {
        let request = http::Request::get("/").header(AUTHORIZATION, bearer).body(Body::empty()).unwrap();
        let answer = match &self.served {
            Served::Router(app) => app.clone().oneshot(request).await,
            Served::Outside(Outside::Empty(app)) => app.clone().oneshot(request).await,
            Served::Outside(Outside::Insert(app)) => app.clone().oneshot(request).await,
            Served::Outside(Outside::Jeton(app)) => app.clone().oneshot(request).await,
        };
        answer.unwrap().status().as_u16()
    }
}

pub(crate) fn apps(authority: &Authority) -> Vec<App> {
    let routed = |route: MethodRouter| Router::new().route("/", route);
    let bare = || routed(get(async || "ok"));
    let inside = |name, app| App { name, served: Served::Router(app) };
    let outside = |name, app| App { name, served: Served::Outside(app) };
    let insert = Extension(Arc::new(1_u64));
    let jeton = authenticate(authority.clone());
    vec![
        inside("the bare handler", bare()),
        inside("`.layer()`: an empty layer", bare().layer(EmptyLayer)),
        inside("`.layer()`: an insert", bare().layer(insert.clone())),
        inside("`.layer()`: `authenticate`", bare().layer(jeton.clone())),
        outside("around: an empty layer", Outside::Empty(EmptyLayer.layer(bare()))),
        outside("around: an insert", Outside::Insert(insert.layer(bare()))),
        outside("around: `authenticate`", Outside::Jeton(jeton.layer(bare()))),
        outside(
            "around, and `authorize` on the route",
            Outside::Jeton(jeton.layer(routed(get(async || "ok").layer(authorize(role("reader")))))),
        ),
        outside(
            "around, and the handler takes `Authenticated`",
            Outside::Jeton(jeton.layer(routed(get(async |_: Authenticated| "ok")))),
        ),
    ]
}
