//! The candidates, each as its own docs mount it. All check signature, `exp`, `iss` and `aud`, and hand the claims to
//! the request where they can.

mod actix;
mod axum_jwt_auth;
mod by_hand;
mod jeton;
mod jwt_authorizer;
mod oauth_resource_server;
mod tower_oauth2_resource_server;

use std::convert::Infallible;

use axum::{Router, body::Body, extract::Request, response::Response, routing::get};
pub(crate) use by_hand::Rules;
use tower::Service;

use crate::{
    Fallible,
    app::{App, Candidate, Framework, Role},
    issuer::Issuer,
    tower_app::TowerApp,
};

/// All that can do the algorithm of that issuer, the bare handlers first.
pub(crate) async fn candidates(issuer: &Issuer) -> Fallible<Vec<Candidate>> {
    let mut all = vec![
        axum("axum 0.8, bare", Role::Bare, bare()),
        jwt_authorizer::bare(),
        actix::bare().await,
        axum("a layer that inserts a value", Role::Scale, bare().layer(axum::Extension(0_u64))),
        axum("jsonwebtoken 11 in `from_fn`", Role::Peer, by_hand::app(issuer)?),
        jwt_authorizer::app(issuer).await?,
        axum("axum-jwt-auth 0.7", Role::Peer, axum_jwt_auth::app(issuer)?),
        axum(
            "tower-oauth2-resource-server 0.12",
            Role::Peer,
            tower_oauth2_resource_server::app(issuer).await?,
        ),
    ];
    // A secret is no key to it: it refuses HMAC by design.
    if !issuer.algorithm.is_symmetric() {
        all.push(axum("oauth-resource-server 0.4", Role::Peer, oauth_resource_server::app(issuer)?));
    }
    all.extend([
        axum("jeton, `.layer()`", Role::Jeton, jeton::layer(&issuer.authority)),
        axum("jeton, around the whole `Router`", Role::Variant, jeton::around(&issuer.authority)),
        axum("jeton, `.layer()`, nothing remembered", Role::Variant, jeton::layer(&issuer.cold)),
    ]);
    all.push(actix::by_hand(issuer).await?);
    all.extend(actix::jeton(issuer).await);
    Ok(all)
}

/// The handler of all axum candidates that need no argument.
fn bare() -> Router {
    Router::new().route("/", get(async || "ok"))
}

/// An app of axum, with that part in the comparison.
pub(crate) fn axum<S>(name: &'static str, role: Role, service: S) -> Candidate
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    let app: Box<dyn App> = Box::new(TowerApp::new(service, Body::new));
    Candidate { name, framework: Framework::Axum, role, app }
}
