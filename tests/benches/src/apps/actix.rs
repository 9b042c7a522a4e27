//! What runs in actix-web: the bare handler, actix-web-httpauth with `jsonwebtoken`, and jeton.

use std::sync::Arc;

use actix_web::{App, HttpMessage as _, error::ErrorUnauthorized, web};
use actix_web_httpauth::{extractors::bearer::BearerAuth, middleware::HttpAuthentication};
use jeton_actix::Authenticate;

use super::by_hand::Rules;
use crate::{
    Fallible,
    actix_app::actix_app,
    app::{App as AnyApp, Candidate, Framework, Role},
    issuer::Issuer,
};

fn candidate(name: &'static str, role: Role, app: Box<dyn AnyApp>) -> Candidate {
    Candidate { name, framework: Framework::Actix, role, app }
}

async fn handler() -> &'static str {
    "ok"
}

pub(super) async fn bare() -> Candidate {
    let app = actix_app(|| App::new().route("/", web::get().to(handler))).await;
    candidate("actix-web 4, bare", Role::Bare, app)
}

pub(super) async fn by_hand(issuer: &Issuer) -> Fallible<Candidate> {
    let rules = Arc::new(Rules::new(issuer)?);
    let app = actix_app(move || {
        let rules = rules.clone();
        let middleware = HttpAuthentication::bearer(move |request, bearer: BearerAuth| {
            let claims = rules.judge(bearer.token());
            async move {
                let Some(claims) = claims else { return Err((ErrorUnauthorized("refused"), request)) };
                request.extensions_mut().insert(claims);
                Ok(request)
            }
        });
        App::new().wrap(middleware).route("/", web::get().to(handler))
    });
    Ok(candidate("actix-web-httpauth 0.8 with jsonwebtoken 11", Role::Peer, app.await))
}

/// Around the app, as the peer; and around a scope, as the docs mount it beside what is open to everybody.
pub(super) async fn jeton(issuer: &Issuer) -> [Candidate; 2] {
    let authority = issuer.authority.clone();
    let around = actix_app(move || {
        App::new().wrap(Authenticate::new(authority.clone())).route("/", web::get().to(handler))
    });
    let authority = issuer.authority.clone();
    let scope = actix_app(move || {
        let scope = web::scope("").wrap(Authenticate::new(authority.clone()));
        App::new().service(scope.route("/", web::get().to(handler)))
    });
    [
        candidate("jeton, `App::wrap`", Role::Jeton, around.await),
        candidate("jeton, a scope with `wrap`", Role::Variant, scope.await),
    ]
}
