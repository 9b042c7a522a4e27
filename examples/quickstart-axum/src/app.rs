//! The routes of the demo app, and what each asks for.

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use http::Method;
use jeton::{
    Authority,
    policy::{anybody, audience, role, scope},
};
use jeton_axum::{Answer, Authenticated, Gate, Protected};
use serde_json::{Value, json};

pub(crate) fn router(gate: Gate, authority: Authority) -> Router {
    let protected = Protected::new(gate.clone())
        .get("/whoami", anybody(), whoami)
        .get("/reports", role("reader"), async || Json(demo::reports()))
        .post("/reports", scope("reports:write"), async || Json(demo::stored()))
        .get("/external", audience("external"), whoami);
    let direct = Protected::new(gate.clone().accepting_api_tokens()).get("/direct", anybody(), whoami);
    demo::log_rules(protected.rules().iter().chain(direct.rules()));
    Router::new()
        .merge(protected)
        .merge(direct)
        .route("/public", readable(get(async || "public")))
        .route("/health/live", readable(get(async || Json(json!({"live": true})))))
        .route("/health/ready", readable(get(ready)))
        .with_state(authority)
        .merge(jeton_axum::well_known(gate.clone()))
        .nest(demo::MOUNT, jeton_axum::router(gate))
        .fallback(async || answer(demo::no_such_route()))
}

async fn whoami(who: Authenticated) -> Json<Value> {
    Json(demo::whoami(&who))
}

async fn ready(State(authority): State<Authority>) -> Response {
    demo::health(&authority).await.map_or_else(answer, |body| Json(body).into_response())
}

/// Every other method is answered as the routes of jeton answer it.
fn readable(route: MethodRouter<Authority>) -> MethodRouter<Authority> {
    route.fallback(async |method: Method| answer(demo::not_allowed(&method, &["GET", "HEAD"])))
}

fn answer(answer: Answer) -> Response {
    answer.map(Body::from)
}
