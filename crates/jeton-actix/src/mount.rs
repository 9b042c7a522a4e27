//! The token routes, mounted natively: one resource for each path, so that matched patterns reach the host's tracing
//! and metrics.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, Route,
    dev::{AppService, HttpServiceFactory},
    http::header,
    web,
};
use futures_util::StreamExt as _;
use jeton_http::{Body, BodyChunks, Endpoint, HostSession, Request, Routes, WellKnown};

use crate::convert::{self, response_to};

/// The token routes under that path, which is the one in the authority's issuer. Takes an authority, a
/// [`Gate`](jeton_http::Gate) where more is to be set, or the [`Routes`] themselves.
///
/// ```
/// # use actix_web::App;
///
/// # fn app(authority: jeton::Authority) {
/// App::new().service(jeton_actix::scope("/auth", authority));
/// # }
/// ```
///
/// Like every actix-web scope it takes all paths below its own; where the host has more to serve there, it mounts
/// [`routes`] in a scope of its own.
pub fn scope(path: &str, routes: impl Into<Routes>) -> impl HttpServiceFactory + 'static {
    web::scope(path).service(self::routes(routes))
}

/// The token routes, to be mounted in the app itself or in any scope.
///
/// They authenticate by themselves and read their bodies up to [`BODY_LIMIT`](jeton_http::BODY_LIMIT), whatever limits the app sets for its
/// extractors. Methods that are not served are 405 here, and never the app's 404.
///
/// ```
/// # use actix_web::web;
/// # fn configure(authority: jeton::Authority, config: &mut web::ServiceConfig) {
/// config.service(web::scope("/auth").service(jeton_actix::routes(authority)));
/// # }
/// ```
pub fn routes(routes: impl Into<Routes>) -> impl HttpServiceFactory + 'static {
    Mounted(routes.into())
}

struct Mounted(Routes);

impl HttpServiceFactory for Mounted {
    fn register(self, config: &mut AppService) {
        for endpoint in Endpoint::ALL {
            web::resource(endpoint.path()).route(self::endpoint(self.0.clone(), endpoint)).register(config);
        }
    }
}

/// One of the token routes, to be mounted under another name as well: whatever a client calls already. A path with a
/// parameter must name it as [`Endpoint::parameter`] does.
///
/// ```
/// # use actix_web::web;
/// # fn configure(authority: jeton::Authority, config: &mut web::ServiceConfig) {
/// use jeton_actix::{Endpoint, endpoint};
///
/// let path = "/api/ApiToken/GenerateAccessTokenFromApiToken/";
/// config.service(web::resource(path).route(endpoint(authority, Endpoint::Exchange)));
/// # }
/// ```
pub fn endpoint(routes: impl Into<Routes>, endpoint: Endpoint) -> Route {
    let routes = routes.into();
    web::route().to(move |request: HttpRequest, payload: web::Payload| {
        let routes = routes.clone();
        async move { respond(&routes, endpoint, &request, payload).await }
    })
}

/// The documents by which clients find the issuer (RFC 8414) and the app (RFC 9728), to be mounted in the app itself and
/// in no scope: the RFCs put them at the root, wherever the routes are.
///
/// ```
/// # use actix_web::web;
/// # fn configure(authority: jeton::Authority, config: &mut web::ServiceConfig) {
/// config.service(jeton_actix::well_known(authority.clone())).service(jeton_actix::scope("/auth", authority));
/// # }
/// ```
pub fn well_known(routes: impl Into<Routes>) -> impl HttpServiceFactory + 'static {
    Documents(routes.into())
}

struct Documents(Routes);

impl HttpServiceFactory for Documents {
    fn register(self, config: &mut AppService) {
        for document in WellKnown::ALL {
            let path = self.0.well_known_path(document);
            let routes = self.0.clone();
            let respond = web::route().to(move |request: HttpRequest| {
                let answer = routes.respond_well_known(document, &convert::method(request.method()));
                std::future::ready(response_to(request.method(), answer))
            });
            web::resource(path).route(respond).register(config);
        }
    }
}

async fn respond(
    routes: &Routes,
    endpoint: Endpoint,
    request: &HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    // Copied out at once: the extensions must not stay borrowed while the body is awaited.
    let session = request.extensions().get::<HostSession>().cloned();
    let converted = Request {
        method: convert::method(request.method()),
        query: request.uri().query().map(str::to_owned),
        headers: convert::headers(request.headers()),
        parameter: endpoint.parameter().and_then(|wanted| {
            // The scope of the host may have parameters of the same name, before ours.
            let found = request.match_info().iter().filter(|(name, _)| *name == wanted).last();
            found.map(|(_, value)| value.to_owned())
        }),
        session,
        peer: convert::peer(request.head()),
        body: read(request, payload).await,
    };
    response_to(request.method(), routes.respond(endpoint, converted).await)
}

/// The body, of which no more is kept than the limit.
async fn read(request: &HttpRequest, mut payload: web::Payload) -> Body {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut chunks = BodyChunks::announced(announced);
    while chunks.wants_more() {
        match payload.next().await {
            None => break,
            Some(Err(_)) => return Body::Broken,
            Some(Ok(chunk)) => chunks.push(chunk),
        }
    }
    chunks.finish()
}
