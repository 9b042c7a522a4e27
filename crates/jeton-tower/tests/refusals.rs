//! The table of refusals, through both layers, and with plain code behind the first.

use std::{collections::HashMap, convert::Infallible, future::ready};

use bytes::Bytes;
use http::{Method, Request, Response};
use jeton_http::{Context, Realm, Refusal};
use jeton_testkit::refusals::{App, Plan, Route};
use jeton_tower::{AuthenticateLayer, AuthorizeLayer};
use tower::{Layer as _, ServiceExt as _, service_fn, util::BoxCloneService};

type Service = BoxCloneService<Request<Bytes>, Response<Bytes>, Infallible>;
type Services = HashMap<&'static str, Service>;

fn services(plan: &Plan, service: impl Fn(Route) -> Service) -> Services {
    plan.routes().into_iter().map(|route| (route.path, service(route))).collect()
}

async fn send(services: &Services, request: Request<Bytes>) -> Response<Bytes> {
    let is_head = request.method() == Method::HEAD;
    let Ok(answer) = services[request.uri().path()].clone().oneshot(request).await;
    // What the server does.
    if is_head { answer.map(|_| Bytes::new()) } else { answer }
}

/// What a route without a rule does, and every route behind its layers.
fn handler(route: &Route) -> Service {
    let handler = route.handler.clone();
    BoxCloneService::new(service_fn(move |request: Request<Bytes>| {
        let context = request.extensions().get::<Context>();
        let body = handler.run(context.and_then(Context::principal));
        ready(Ok(Response::new(body.into())))
    }))
}

fn authenticated(route: &Route, inner: Service) -> Service {
    match route.gate.clone() {
        Some(gate) => BoxCloneService::new(AuthenticateLayer::from(gate).layer(inner)),
        None => inner,
    }
}

struct Layers(Services);

impl App for Layers {
    const LAYER: &'static str = "AuthenticateLayer";

    async fn mount(plan: &Plan) -> Self {
        Self(services(plan, |route| {
            let handler = handler(&route);
            let authorized = match route.rule {
                Some(rule) => BoxCloneService::new(AuthorizeLayer::new(rule.policy()).layer(handler)),
                None => handler,
            };
            authenticated(&route, authorized)
        }))
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        send(&self.0, request).await
    }
}

/// The service asks by itself.
struct Code(Services);

fn ask(route: &Route, request: &Request<Bytes>) -> Response<Bytes> {
    let context = request.extensions().get::<Context>();
    let realm = context.map_or_else(Realm::default, |context| context.realm().clone());
    let asked = context.ok_or(Refusal::MissingLayer(Code::LAYER)).and_then(|context| match route.rule {
        Some(rule) => context.authorized(&rule.policy()).map(Some),
        None => Ok(context.principal()),
    });
    match asked {
        Ok(principal) => Response::new(route.handler.run(principal).into()),
        Err(refusal) => refusal.answer(&realm),
    }
}

impl App for Code {
    const LAYER: &'static str = "AuthenticateLayer";

    async fn mount(plan: &Plan) -> Self {
        Self(services(plan, |route| {
            let asking = route.clone();
            let inner = service_fn(move |request: Request<Bytes>| ready(Ok(ask(&asking, &request))));
            authenticated(&route, BoxCloneService::new(inner))
        }))
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        send(&self.0, request).await
    }
}

mod layers {
    jeton_testkit::refusal_table!(super::Layers);
}

mod code {
    jeton_testkit::refusal_table!(super::Code);
}
