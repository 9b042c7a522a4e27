//! The table of refusals as `jeton-http` itself keeps it, without any framework.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::HashMap, net::IpAddr};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use jeton_http::{
    Answer, Body, Context, Endpoint, Head, HostSession, Passage, PeerAddress, Realm, Refusal, Routes,
};
use jeton_testkit::refusals::{App, Plan, Route, SESSION, session_of};

struct Plain {
    routes: HashMap<&'static str, Route>,
    mounted: Routes,
}

struct RequestHead<'a>(&'a Request<Bytes>);

impl Head for RequestHead<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri().query()
    }

    fn header(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        self.0.headers().get_all(name).iter().map(HeaderValue::as_bytes)
    }

    fn peer(&self) -> Option<IpAddr> {
        peer(self.0)
    }
}

fn peer(request: &Request<Bytes>) -> Option<IpAddr> {
    request.extensions().get::<PeerAddress>().map(|peer| peer.0)
}

fn session(request: &Request<Bytes>) -> Option<HostSession> {
    request.headers().get(SESSION).map(|value| session_of(value.to_str().unwrap_or_default()))
}

async fn context(route: &Route, request: &Request<Bytes>) -> Result<Context, Refusal> {
    let gate = route.gate.as_ref().ok_or(Refusal::MissingLayer(Plain::LAYER))?;
    match gate.admit(&RequestHead(request)) {
        Passage::Decided(decided) => decided,
        Passage::Waiting(waiting) => waiting.await,
        Passage::Preflight => unreachable!("no gate was told to"),
    }
}

async fn answer(route: &Route, request: &Request<Bytes>) -> Result<String, Refusal> {
    let context = context(route, request).await?;
    if let Some(rule) = route.rule {
        context.authorized(&rule.policy())?;
    }
    Ok(route.handler.run(context.principal()))
}

/// The endpoint of a path, and its parameter.
fn endpoint(path: &str) -> Option<(Endpoint, Option<String>)> {
    Endpoint::ALL.into_iter().find_map(|endpoint| {
        let mut parameter = None;
        let (wanted, given) = (endpoint.path().split('/'), path.split('/'));
        let same = wanted.clone().count() == given.clone().count()
            && wanted.zip(given).all(|(wanted, given)| {
                let is_parameter = wanted.starts_with('{');
                if is_parameter {
                    parameter = Some(given.to_owned());
                }
                is_parameter || wanted == given
            });
        same.then_some((endpoint, parameter))
    })
}

impl App for Plain {
    const LAYER: &'static str = "Plain";

    async fn mount(plan: &Plan) -> Self {
        let routes = plan.routes().into_iter().map(|route| (route.path, route)).collect();
        Self { routes, mounted: Routes::new(plan.mounted()) }
    }

    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        let answer = if let Some((endpoint, parameter)) = path.strip_prefix("/auth").and_then(endpoint) {
            let (session, peer) = (session(&request), peer(&request));
            let (method, query) = (request.method().clone(), request.uri().query().map(str::to_owned));
            let (headers, body) = (request.headers().clone(), Body::Complete(request.body().clone()));
            let asked = jeton_http::Request { method, query, headers, parameter, peer, session, body };
            self.mounted.respond(endpoint, asked).await
        } else {
            let route = &self.routes[path];
            let realm = route.gate.as_ref().map_or_else(Realm::default, |gate| gate.realm_of().clone());
            answer(route, &request)
                .await
                .map_or_else(|refusal| refusal.answer(&realm), |body| Response::new(body.into()))
        };
        if request.method() == Method::HEAD { headers_only(answer) } else { answer }
    }
}

fn headers_only(mut answer: Answer) -> Answer {
    let length = answer.body().len();
    answer.headers_mut().insert("content-length", length.into());
    answer.map(|_| Bytes::new())
}

jeton_testkit::refusal_table!(Plain);
jeton_testkit::mounted_refusals!(Plain);
