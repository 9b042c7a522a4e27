//! Routes that say what they ask for where they are registered.

use actix_web::{
    FromRequest, Handler, HttpRequest, Responder, Route,
    dev::{AppService, HttpServiceFactory},
    guard, web,
};
use jeton::policy::Policy;
use jeton_http::{Gate, PathItems, RouteRule, method_not_allowed};

use crate::{Authenticate, Authorize, convert};

/// Routes behind one gate, each with a policy: none can be registered without, and all are in one
/// [list](Self::rules). Other methods are 405, with the ones that are there.
///
/// ```
/// use actix_web::App;
/// use jeton::policy::{anybody, role, scope};
/// use jeton_actix::{Authenticated, Protected};
///
/// # fn app(authority: jeton::Authority) {
/// let protected = Protected::new(authority)
///     .get("/whoami", anybody(), async |who: Authenticated| format!("{:?}", who.subject()))
///     .get("/reports", role("reader"), async || "all of them")
///     .post("/reports", scope("reports:write"), async || "stored");
/// let lines: Vec<_> = protected.rules().iter().map(ToString::to_string).collect();
/// assert_eq!(lines, ["GET /whoami anybody", "GET /reports role(reader)", "POST /reports scope(reports:write)"]);
/// App::new().service(protected);
/// # }
/// ```
#[must_use]
pub struct Protected {
    gate: Gate,
    routes: Vec<Route>,
    /// One for each route, in the same order.
    rules: Vec<RouteRule>,
}

impl Protected {
    /// No routes yet, behind that gate.
    pub fn new(gate: impl Into<Gate>) -> Self {
        Self { gate: gate.into(), routes: Vec::new(), rules: Vec::new() }
    }

    /// A route for `GET` and `HEAD`.
    pub fn get<F, Args>(self, path: &str, policy: Policy, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        self.route("GET", route, path, policy, handler)
    }

    /// A route for `POST`.
    pub fn post<F, Args>(self, path: &str, policy: Policy, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("POST", web::post(), path, policy, handler)
    }

    /// A route for `PUT`.
    pub fn put<F, Args>(self, path: &str, policy: Policy, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("PUT", web::put(), path, policy, handler)
    }

    /// A route for `PATCH`.
    pub fn patch<F, Args>(self, path: &str, policy: Policy, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("PATCH", web::patch(), path, policy, handler)
    }

    /// A route for `DELETE`.
    pub fn delete<F, Args>(self, path: &str, policy: Policy, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route("DELETE", web::delete(), path, policy, handler)
    }

    fn route<F, Args>(
        mut self,
        method: &'static str,
        route: Route,
        path: &str,
        policy: Policy,
        handler: F,
    ) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.routes.push(route.to(handler).wrap(Authorize::new(policy.clone())));
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

impl HttpServiceFactory for Protected {
    fn register(self, config: &mut AppService) {
        let mut resources: Vec<(String, Vec<Route>, Vec<&'static str>)> = Vec::new();
        for (route, rule) in self.routes.into_iter().zip(self.rules) {
            let place = resources.iter().position(|(path, ..)| *path == rule.path).unwrap_or_else(|| {
                resources.push((rule.path.clone(), Vec::new(), Vec::new()));
                resources.len() - 1
            });
            if let Some((_, routes, allowed)) = resources.get_mut(place) {
                routes.push(route);
                allowed.push(rule.method);
                if rule.method == "GET" {
                    allowed.push("HEAD");
                }
            }
        }
        for (path, routes, allowed) in resources {
            let refuse = move |request: HttpRequest| {
                let answer = method_not_allowed(&convert::method(request.method()), &allowed);
                std::future::ready(convert::response_to(request.method(), answer))
            };
            let resource = web::resource(path).default_service(web::to(refuse));
            let resource = routes.into_iter().fold(resource, |resource, route| resource.route(route));
            resource.wrap(Authenticate::from(self.gate.clone())).register(config);
        }
    }
}
