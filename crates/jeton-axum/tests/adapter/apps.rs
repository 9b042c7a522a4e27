//! The app of the suite, once for each way to ask.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use jeton::policy::Requirement;
use jeton_axum::{Authenticated, PeerAddress, Protected, Refused, Require, authenticate, authorize, router};
use jeton_testkit::refusals::{App, Handler, Plan, Route, Rule, SESSION, requirements, session_of};
use tower::ServiceExt as _;

/// The session layer of a host.
async fn session(mut request: Request, next: Next) -> Response {
    if let Some(header) = request.headers().get(SESSION) {
        let session = session_of(header.to_str().unwrap());
        request.extensions_mut().insert(session);
    }
    next.run(request).await
}

/// The whole app of these routes, with those of jeton beside them.
fn app(plan: &Plan, routes: Router) -> Router {
    routes.nest("/auth", router(plan.mounted())).layer(from_fn(session))
}

async fn send(app: &Router, request: http::Request<Bytes>) -> http::Response<Bytes> {
    let mut request = request.map(Body::from);
    // What `into_make_service_with_connect_info` does.
    if let Some(PeerAddress(peer)) = request.extensions_mut().remove::<PeerAddress>() {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 4711)));
    }
    let Ok(response) = app.clone().oneshot(request).await;
    let (parts, body) = response.into_parts();
    http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// The handler of a route without a rule, and of one whose rule was asked already.
fn open(handler: Handler) -> MethodRouter {
    let body = move |who: Option<Authenticated>| async move { handler.run(who.as_deref()) };
    get(body.clone()).post(body)
}

/// The routes made like that, each behind its gate if it has one.
fn routes(plan: &Plan, make: impl Fn(&Route) -> MethodRouter) -> Router {
    plan.routes().into_iter().fold(Router::new(), |router, route| {
        let made = make(&route);
        let behind = match route.gate {
            Some(gate) => made.layer(authenticate(gate)),
            None => made,
        };
        router.route(route.path, behind)
    })
}

macro_rules! app {
    ($(#[$doc:meta])* $name:ident, $plan:ident => $routes:expr) => {
        $(#[$doc])*
        pub(crate) struct $name(Router);

        impl App for $name {
            const LAYER: &'static str = "AuthenticateLayer";

            async fn mount($plan: &Plan) -> Self {
                Self(app($plan, $routes))
            }

            async fn send(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
                send(&self.0, request).await
            }
        }
    };
}

app! {
    /// The layer asks.
    Layers, plan => routes(plan, layered)
}

fn layered(route: &Route) -> MethodRouter {
    let handler = open(route.handler.clone());
    match route.rule {
        Some(rule) => handler.layer(authorize(rule.policy())),
        None => handler,
    }
}

app! {
    /// The handler asks.
    Extractors, plan => routes(plan, |route| {
        let Some(rule) = route.rule else { return open(route.handler.clone()) };
        let handler = route.handler.clone();
        let body = move |who: Authenticated| async move {
            who.authorized(&rule.policy())?;
            Ok::<_, Refused>(handler.run(Some(&who)))
        };
        get(body.clone()).post(body)
    })
}

app! {
    /// The type of an argument asks.
    Requirements, plan => routes(plan, |route| {
        let handler = route.handler.clone();
        match route.rule {
            None => open(handler),
            Some(Rule::Anybody) => typed::<requirements::Anybody>(handler),
            Some(Rule::Role) => typed::<requirements::Role>(handler),
            Some(Rule::Scope) => typed::<requirements::Scope>(handler),
            Some(Rule::Scopes) => typed::<requirements::Scopes>(handler),
            Some(Rule::Subject) => typed::<requirements::Subject>(handler),
            Some(Rule::Group) => typed::<requirements::Group>(handler),
            Some(Rule::Tenant) => typed::<requirements::Tenant>(handler),
            Some(Rule::Network) => typed::<requirements::Network>(handler),
            Some(Rule::Audience) => typed::<requirements::Audience>(handler),
            Some(Rule::Nobody) => typed::<requirements::Nobody>(handler),
        }
    })
}

fn typed<R: Requirement>(handler: Handler) -> MethodRouter {
    let body = move |who: Require<R>| async move { handler.run(Some(&who)).into_response() };
    get(body.clone()).post(body)
}

app! {
    /// The routes are registered with what they ask for, wherever they have a gate and a rule.
    Registered, plan => {
        plan.routes().into_iter().fold(Router::new(), |router, route| {
            let handler = route.handler.clone();
            match (&route.gate, route.rule) {
                (Some(gate), Some(rule)) => {
                    let body = move |who: Authenticated| async move { handler.run(Some(&who)) };
                    let protected = Protected::new(gate.clone())
                        .get(route.path, rule.policy(), body.clone())
                        .post(route.path, rule.policy(), body);
                    router.merge(protected)
                }
                (Some(gate), None) => router.route(route.path, open(handler).layer(authenticate(gate.clone()))),
                (None, _) => router.route(route.path, layered(&route)),
            }
        })
    }
}
