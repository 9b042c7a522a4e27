//! The routes of `jeton-http`, mounted path by path.

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, rejection::RawPathParamsRejection},
    response::Response,
    routing::{MethodRouter, any},
};
use http::Method;
use jeton_http::{Endpoint, HostSession, Routes, WellKnown, read_body};

use crate::peer_of;

/// All routes of the contract, to be nested where the issuer says, as `.nest("/auth", router(authority))`. They
/// authenticate by themselves: no layer of ours belongs around them.
pub fn router<S: Clone + Send + Sync + 'static>(routes: impl Into<Routes>) -> Router<S> {
    let routes = routes.into();
    Endpoint::ALL.into_iter().fold(Router::new(), |router, endpoint| {
        router.route(endpoint.path(), self::endpoint(routes.clone(), endpoint))
    })
}

/// One of the routes, to be mounted under another name as well: whatever a client calls already. A path with a
/// parameter must name it as [`Endpoint::parameter`] does.
///
/// ```
/// # use axum::Router;
/// # fn app(authority: jeton::Authority) -> Router {
/// use jeton_axum::{Endpoint, endpoint};
///
/// let path = "/api/ApiToken/GenerateAccessTokenFromApiToken/";
/// Router::new().route(path, endpoint(authority, Endpoint::Exchange))
/// # }
/// ```
pub fn endpoint<S: Clone + Send + Sync + 'static>(
    routes: impl Into<Routes>,
    endpoint: Endpoint,
) -> MethodRouter<S> {
    let routes = routes.into();
    any(move |params: Result<RawPathParams, RawPathParamsRejection>, request: Request| async move {
        // What is no text names nothing, like every malformed id.
        respond(&routes, endpoint, params.ok(), request).await
    })
}

/// The documents by which clients find the issuer (RFC 8414) and the app (RFC 9728), to be merged at the root: the RFCs
/// put them there, wherever the routes are.
///
/// ```
/// # use axum::Router;
/// # fn app(authority: jeton::Authority) -> Router {
/// use jeton_axum::{router, well_known};
///
/// Router::new().merge(well_known(authority.clone())).nest("/auth", router(authority))
/// # }
/// ```
pub fn well_known<S: Clone + Send + Sync + 'static>(routes: impl Into<Routes>) -> Router<S> {
    let routes = routes.into();
    WellKnown::ALL.into_iter().fold(Router::new(), |router, document| {
        let path = routes.well_known_path(document);
        let routes = routes.clone();
        let respond = any(move |method: Method| async move {
            let answer = routes.respond_well_known(document, &method);
            if method == Method::HEAD { headers_only(answer) } else { answer.map(Body::from) }
        });
        router.route(&path, respond)
    })
}

async fn respond(
    routes: &Routes,
    endpoint: Endpoint,
    params: Option<RawPathParams>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let request = jeton_http::Request {
        method: parts.method,
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        parameter: endpoint.parameter().and_then(|wanted| {
            // The path under which the host nests the routes may have parameters of the same name, before ours.
            let found = params.as_ref()?.iter().filter(|(name, _)| *name == wanted).last();
            found.map(|(_, value)| value.to_owned())
        }),
        session: parts.extensions.get::<HostSession>().cloned(),
        peer: peer_of(&parts.extensions),
        body: read_body(body).await,
    };
    let answer = routes.respond(endpoint, request).await;
    if is_head { headers_only(answer) } else { answer.map(Body::from) }
}

/// The answer to `HEAD`: the headers of `GET` (RFC 9110 §9.3.2).
fn headers_only(answer: jeton_http::Answer) -> Response {
    let length = answer.body().len();
    let mut response = answer.map(|_| Body::empty());
    response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    response
}
