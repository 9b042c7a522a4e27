//! Routes that say what they ask for where they are registered.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    handler::Handler,
    routing::{MethodFilter, MethodRouter, any, on},
};
use http::Method;
use jeton::policy::Policy;
use jeton_http::{Gate, PathItems, RouteRule, method_not_allowed};

use crate::{authenticate, authorize};

/// Routes behind one gate, each with a policy: none can be registered without, and all are in one
/// [list](Self::rules). Other methods are 405, with the ones that are there.
///
/// ```
/// use axum::Router;
/// use jeton::policy::{anybody, role, scope};
/// use jeton_axum::{Authenticated, Protected};
///
/// # fn app(authority: jeton::Authority) -> Router {
/// let protected = Protected::new(authority)
///     .get("/whoami", anybody(), async |who: Authenticated| format!("{:?}", who.subject()))
///     .get("/reports", role("reader"), async || "all of them")
///     .post("/reports", scope("reports:write"), async || "stored");
/// let lines: Vec<_> = protected.rules().iter().map(ToString::to_string).collect();
/// assert_eq!(lines, ["GET /whoami anybody", "GET /reports role(reader)", "POST /reports scope(reports:write)"]);
/// Router::new().merge(protected)
/// # }
/// ```
#[must_use]
pub struct Protected<S = ()> {
    gate: Gate,
    routes: BTreeMap<String, MethodRouter<S>>,
    rules: Vec<RouteRule>,
}

impl<S: Clone + Send + Sync + 'static> Protected<S> {
    /// No routes yet, behind that gate.
    pub fn new(gate: impl Into<Gate>) -> Self {
        Self { gate: gate.into(), routes: BTreeMap::new(), rules: Vec::new() }
    }

    /// A route for `GET` and `HEAD`.
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, policy: Policy, handler: H) -> Self {
        self.route("GET", MethodFilter::GET, path, policy, handler)
    }

    /// A route for `POST`.
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, policy: Policy, handler: H) -> Self {
        self.route("POST", MethodFilter::POST, path, policy, handler)
    }

    /// A route for `PUT`.
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &str, policy: Policy, handler: H) -> Self {
        self.route("PUT", MethodFilter::PUT, path, policy, handler)
    }

    /// A route for `PATCH`.
    pub fn patch<H: Handler<T, S>, T: 'static>(self, path: &str, policy: Policy, handler: H) -> Self {
        self.route("PATCH", MethodFilter::PATCH, path, policy, handler)
    }

    /// A route for `DELETE`.
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &str, policy: Policy, handler: H) -> Self {
        self.route("DELETE", MethodFilter::DELETE, path, policy, handler)
    }

    fn route<H: Handler<T, S>, T: 'static>(
        mut self,
        method: &'static str,
        filter: MethodFilter,
        path: &str,
        policy: Policy,
        handler: H,
    ) -> Self {
        let route = on(filter, handler.layer(authorize(policy.clone())));
        let routes = self.routes.remove(path).unwrap_or_default();
        self.routes.insert(path.to_owned(), routes.merge(route));
        self.rules.push(RouteRule { method, path: path.to_owned(), policy });
        self
    }

    /// Every route and what it asks for, in the order of registration.
    pub fn rules(&self) -> &[RouteRule] {
        &self.rules
    }

    /// The same for an OpenAPI document: path items, each with what it asks for and how it refuses, to be put into the
    /// `paths` of the app's own document; see [`path_items`](jeton_http::path_items).
    pub fn path_items(&self) -> PathItems {
        jeton_http::path_items(&self.gate, &self.rules)
    }
}

impl<S: Clone + Send + Sync + 'static> From<Protected<S>> for Router<S> {
    fn from(protected: Protected<S>) -> Self {
        let Protected { gate, routes, rules } = protected;
        routes.into_iter().fold(Self::new(), |router, (path, routes)| {
            let allowed = allowed(&rules, &path);
            let refuse = async move |method: Method| method_not_allowed(&method, &allowed).map(Body::from);
            // What begins with `any` gets no `Allow` from axum, which would put one on refusals too.
            router.route(&path, any(refuse).merge(routes).layer(authenticate(gate.clone())))
        })
    }
}

fn allowed(rules: &[RouteRule], path: &str) -> Vec<&'static str> {
    let methods = rules.iter().filter(|rule| rule.path == path).map(|rule| rule.method);
    methods.flat_map(|method| if method == "GET" { vec!["GET", "HEAD"] } else { vec![method] }).collect()
}
