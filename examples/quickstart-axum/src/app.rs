//! The routes of the demo app, and what each asks for.

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    handler::Handler,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use http::Method;
use jeton::{
    Authority,
    policy::{role, scope, subject},
};
use jeton_axum::{Authenticated, Gate, authenticate, authorize, router as jeton_router};

pub(crate) fn router(gate: Gate) -> Router {
    let authority = gate.authority().clone();
    let protected = authenticate(gate.clone());
    let direct = authenticate(gate.clone().accepting_api_tokens());
    let reports =
        get(reports.layer(authorize(role("reader")))).post(store.layer(authorize(scope("reports:write"))));
    let external = authorize(subject("ExternalApp"));
    Router::new()
        .route("/public", only(&["GET", "HEAD"], get(async || "public")))
        .route("/whoami", only(&["GET", "HEAD"], get(whoami)).layer(protected.clone()))
        .route("/reports", only(&["GET", "HEAD", "POST"], reports).layer(protected.clone()))
        .route("/external", only(&["GET", "HEAD"], get(whoami.layer(external))).layer(protected))
        .route("/direct", only(&["GET", "HEAD"], get(whoami)).layer(direct))
        .route("/health/live", only(&["GET", "HEAD"], get(live)))
        .route("/health/ready", only(&["GET", "HEAD"], get(ready)))
        .nest(demo::MOUNT, jeton_router(gate))
        .fallback(async || answer(demo::no_such_route()))
        .with_state(authority)
}

async fn whoami(who: Authenticated) -> Json<serde_json::Value> {
    Json(demo::whoami(&who))
}

async fn reports() -> Json<serde_json::Value> {
    Json(demo::reports())
}

async fn store() -> Json<serde_json::Value> {
    Json(demo::stored())
}

async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({"live": true}))
}

async fn ready(State(authority): State<Authority>) -> Response {
    demo::health(&authority).await.map_or_else(answer, |body| Json(body).into_response())
}

/// Every other method is answered as the routes of jeton answer it.
fn only(allowed: &'static [&'static str], route: MethodRouter<Authority>) -> MethodRouter<Authority> {
    route.fallback(async |method: Method| answer(demo::not_allowed(&method, allowed)))
}

fn answer(answer: jeton_axum::Answer) -> Response {
    answer.map(Body::from)
}
