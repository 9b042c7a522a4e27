//! What an adapter's test mounts, and how the suite reaches it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response};
use jeton::Principal;
use jeton_http::{Gate, HostSession};

use super::Rule;

/// The header by which a request says which session the host app has for it: `subject`, or `subject;tenant`.
pub const SESSION: &str = "x-test-session";

/// The session that a value of the header [`SESSION`] stands for.
pub fn session_of(header: &str) -> HostSession {
    let (subject, tenant) = header.split_once(';').map_or((header, None), |(one, other)| (one, Some(other)));
    HostSession { subject: subject.to_owned(), tenant: tenant.map(str::to_owned) }
}

/// An app of an adapter, as the suite needs it.
pub trait App: Sized {
    /// What the adapter calls the layer that authenticates. A 500 names it where it is missing.
    const LAYER: &'static str;

    /// Makes an app with every route of the [`Plan`], in one way of the adapter.
    fn mount(plan: &Plan) -> impl Future<Output = Self>;

    /// The answer to that request, as a client sees it: to `HEAD` without a body, even if it is the server that
    /// leaves it out.
    ///
    /// The other end of the connection lies in the extensions as [`PeerAddress`](jeton_http::PeerAddress); it is not
    /// known if there is none.
    fn send(&self, request: Request<Bytes>) -> impl Future<Output = Response<Bytes>>;
}

/// What an app consists of.
#[derive(Clone, Debug)]
pub struct Plan {
    gate: Gate,
    handler: Handler,
}

/// A route of the app: for `GET`, with `HEAD`, and for `POST`.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its path.
    pub path: &'static str,
    /// What authenticates it. None where that layer is left out, which is mounted in the plainest way there is.
    pub gate: Option<Gate>,
    /// What it asks for. Without a rule it is open to requests without credentials too, as its gate allows.
    pub rule: Option<Rule>,
    /// What answers it.
    pub handler: Handler,
}

/// The handler of each route. It counts how often it runs.
#[derive(Clone, Debug, Default)]
pub struct Handler(Arc<AtomicUsize>);

impl Handler {
    /// The body of the answer, which has the status 200, to a request of that principal.
    pub fn run(&self, principal: Option<&Principal>) -> String {
        self.0.fetch_add(1, Ordering::SeqCst);
        let name = |principal: &Principal| principal.subject().unwrap_or("a service").to_owned();
        principal.map_or_else(|| "nobody".to_owned(), name)
    }

    pub(super) fn runs(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Plan {
    pub(super) fn new(gate: Gate, handler: Handler) -> Self {
        Self { gate, handler }
    }

    /// The routes of the host. In front of them and of the mounted ones stands a session layer of the host, which puts
    /// the [`session_of`] the header [`SESSION`] into the extensions.
    pub fn routes(&self) -> Vec<Route> {
        let gate = || self.gate.clone();
        let route = |path, gate, rule| Route { path, gate, rule, handler: self.handler.clone() };
        vec![
            route("/any", Some(gate()), Some(Rule::Anybody)),
            route("/role", Some(gate()), Some(Rule::Role)),
            route("/scope", Some(gate()), Some(Rule::Scope)),
            route("/scopes", Some(gate()), Some(Rule::Scopes)),
            route("/subject", Some(gate()), Some(Rule::Subject)),
            route("/group", Some(gate()), Some(Rule::Group)),
            route("/tenant", Some(gate()), Some(Rule::Tenant)),
            route("/network", Some(gate()), Some(Rule::Network)),
            route("/audience", Some(gate()), Some(Rule::Audience)),
            route("/nobody", Some(gate()), Some(Rule::Nobody)),
            route("/direct", Some(gate().accepting_api_tokens()), Some(Rule::Anybody)),
            route("/direct/role", Some(gate().accepting_api_tokens()), Some(Rule::Role)),
            route("/optional", Some(gate().optional()), None),
            route("/optional/any", Some(gate().optional()), Some(Rule::Anybody)),
            route("/optional/role", Some(gate().optional()), Some(Rule::Role)),
            route("/behind-proxies", Some(self.behind_proxies()), Some(Rule::Anybody)),
            route("/bare", None, Some(Rule::Anybody)),
            route("/bare/role", None, Some(Rule::Role)),
        ]
    }

    /// The gate with which the routes of jeton are mounted at `/auth`, for
    /// [`mounted_refusals!`](crate::mounted_refusals).
    pub fn mounted(&self) -> Gate {
        self.behind_proxies().allowing_origins(["https://admin.example"])
    }

    fn behind_proxies(&self) -> Gate {
        self.gate.clone().trusting_proxies(["192.0.2.0/24".parse().unwrap()])
    }
}
