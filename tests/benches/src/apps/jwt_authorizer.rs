//! jwt-authorizer. Its layer answers in the types of axum 0.7, so it is compared with a bare handler in that version.

use axum07::{Router, body::Body, routing::get};
use jwt_authorizer::{Authorizer, IntoLayer as _, JwtAuthorizer, Validation};

use crate::{
    Fallible,
    app::{Candidate, Framework, Role},
    claims::Claims,
    issuer::{ISSUER, Issuer},
    tower_app::TowerApp,
};

pub(super) fn bare() -> Candidate {
    candidate("axum 0.7, bare", Role::Bare, router())
}

pub(super) async fn app(issuer: &Issuer) -> Fallible<Candidate> {
    let builder = match issuer.key.secret() {
        Some(secret) => JwtAuthorizer::<Claims>::from_secret(secret),
        None => JwtAuthorizer::<Claims>::from_jwks_text(&issuer.key.jwks()?),
    };
    let validation = Validation::new().iss(&[ISSUER]).aud(&[ISSUER]).leeway(0);
    let authorizer: Authorizer<Claims> = builder.validation(validation).build().await?;
    let router = router().layer(authorizer.into_layer());
    Ok(candidate("jwt-authorizer 0.15 (axum 0.7)", Role::Peer, router))
}

fn router() -> Router {
    Router::new().route("/", get(|| async { "ok" }))
}

fn candidate(name: &'static str, role: Role, router: Router) -> Candidate {
    Candidate { name, framework: Framework::Axum07, role, app: Box::new(TowerApp::new(router, Body::new)) }
}
