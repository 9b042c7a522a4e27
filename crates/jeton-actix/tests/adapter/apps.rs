//! The app of the suite, once for each way to ask.

use std::{net::SocketAddr, rc::Rc};

use actix_web::{
    HttpMessage as _, HttpResponse, Resource,
    dev::Service as _,
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
    test::{TestRequest, init_service},
    web,
};
use bytes::Bytes;
use futures_util::future::{FutureExt as _, LocalBoxFuture};
use http::{Request, Response};
use jeton::policy::Requirement;
use jeton_actix::{Authenticate, Authenticated, Authorize, MaybeAuthenticated, Protected, Refused, Require};
use jeton_http::PeerAddress;
use jeton_testkit::refusals::{App, Handler, Plan, Route, Rule, SESSION, requirements, session_of};

use crate::house::{Reply, send};

/// An app in process.
type Client = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Reply>>;

/// The whole app of these routes, with those of jeton beside them and the session layer of a host around both.
async fn client(plan: &Plan, routes: impl FnOnce(&mut web::ServiceConfig)) -> Client {
    let app = actix_web::App::new()
        .wrap_fn(|request, service| {
            let header = request.headers().get(SESSION).cloned();
            if let Some(header) = header {
                request.extensions_mut().insert(session_of(header.to_str().unwrap()));
            }
            service.call(request)
        })
        .service(jeton_actix::scope("/auth", plan.mounted()))
        .configure(routes);
    let app = Rc::new(init_service(app).await);
    Box::new(move |request| {
        let app = app.clone();
        async move { send(&*app, request.to_request()).await }.boxed_local()
    })
}

async fn answer(client: &Client, request: Request<Bytes>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    let method = Method::from_bytes(parts.method.as_str().as_bytes()).unwrap();
    let mut converted = TestRequest::with_uri(&parts.uri.to_string()).method(method).set_payload(body);
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).unwrap();
        converted = converted.append_header((name, HeaderValue::from_bytes(value.as_bytes()).unwrap()));
    }
    if let Some(PeerAddress(peer)) = parts.extensions.get() {
        converted = converted.peer_addr(SocketAddr::new(*peer, 4711));
    }
    let mut reply = client(converted).await;
    if parts.method == http::Method::HEAD {
        // What the server does.
        reply.body = Bytes::new();
    }
    let mut answer = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        answer = answer.header(name.as_str(), value.as_bytes());
    }
    answer.body(reply.body).unwrap()
}

/// The routes made like that, each behind its gate if it has one.
fn routes(plan: &Plan, make: impl Fn(&Route, Resource) -> Resource) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        for route in plan.routes() {
            let made = make(&route, web::resource(route.path));
            match route.gate {
                Some(gate) => config.service(made.wrap(Authenticate::from(gate))),
                None => config.service(made),
            };
        }
    }
}

/// The handler of a route without a rule, and of one whose rule was asked already.
fn open(resource: Resource, handler: Handler) -> Resource {
    resource.to(move |who: MaybeAuthenticated| {
        let body = handler.run(who.principal());
        async move { body }
    })
}

macro_rules! app {
    ($(#[$doc:meta])* $name:ident, $plan:ident => $routes:expr) => {
        $(#[$doc])*
        pub(crate) struct $name(Client);

        impl App for $name {
            const LAYER: &'static str = "Authenticate";

            async fn mount($plan: &Plan) -> Self {
                Self(client($plan, $routes).await)
            }

            async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
                answer(&self.0, request).await
            }
        }
    };
}

app! {
    /// The middleware asks.
    Wraps, plan => |config: &mut web::ServiceConfig| {
        for route in plan.routes() {
            let made = open(web::resource(route.path), route.handler);
            match (route.rule, route.gate) {
                (Some(rule), Some(gate)) => {
                    config.service(made.wrap(Authorize::new(rule.policy())).wrap(Authenticate::from(gate)))
                }
                (Some(rule), None) => config.service(made.wrap(Authorize::new(rule.policy()))),
                (None, Some(gate)) => config.service(made.wrap(Authenticate::from(gate))),
                (None, None) => config.service(made),
            };
        }
    }
}

app! {
    /// The handler asks.
    Extractors, plan => routes(plan, |route, resource| {
        let handler = route.handler.clone();
        let Some(rule) = route.rule else { return open(resource, handler) };
        resource.to(move |who: Authenticated| {
            let asked = who.authorized(&rule.policy()).map(|who| handler.run(Some(who)));
            async move { Ok::<_, Refused>(HttpResponse::Ok().body(asked?)) }
        })
    })
}

app! {
    /// The type of an argument asks.
    Requirements, plan => routes(plan, |route, resource| {
        let handler = route.handler.clone();
        match route.rule {
            None => open(resource, handler),
            Some(Rule::Anybody) => typed::<requirements::Anybody>(resource, handler),
            Some(Rule::Role) => typed::<requirements::Role>(resource, handler),
            Some(Rule::Scope) => typed::<requirements::Scope>(resource, handler),
            Some(Rule::Scopes) => typed::<requirements::Scopes>(resource, handler),
            Some(Rule::Subject) => typed::<requirements::Subject>(resource, handler),
            Some(Rule::Group) => typed::<requirements::Group>(resource, handler),
            Some(Rule::Tenant) => typed::<requirements::Tenant>(resource, handler),
            Some(Rule::Network) => typed::<requirements::Network>(resource, handler),
            Some(Rule::Audience) => typed::<requirements::Audience>(resource, handler),
            Some(Rule::Nobody) => typed::<requirements::Nobody>(resource, handler),
        }
    })
}

fn typed<R: Requirement>(resource: Resource, handler: Handler) -> Resource {
    resource.to(move |who: Require<R>| {
        let body = handler.run(Some(&who));
        async move { body }
    })
}

app! {
    /// The routes are registered with what they ask for, wherever they have a gate and a rule.
    Registered, plan => |config: &mut web::ServiceConfig| {
        for route in plan.routes() {
            let (resource, handler) = (web::resource(route.path), route.handler);
            match (route.gate, route.rule) {
                (Some(gate), Some(rule)) => {
                    let body = move |who: Authenticated| {
                        let body = handler.run(Some(&who));
                        async move { body }
                    };
                    let protected = Protected::new(gate)
                        .get(route.path, rule.policy(), body.clone())
                        .post(route.path, rule.policy(), body);
                    config.service(protected)
                }
                (Some(gate), None) => config.service(open(resource, handler).wrap(Authenticate::from(gate))),
                (None, Some(rule)) => {
                    config.service(open(resource, handler).wrap(Authorize::new(rule.policy())))
                }
                (None, None) => config.service(open(resource, handler)),
            };
        }
    }
}
