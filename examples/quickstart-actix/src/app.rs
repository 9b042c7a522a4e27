//! The routes of the demo app, and what each asks for.

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route, guard, web,
    web::{Data, Json},
};
use jeton::{
    Authority,
    policy::{anybody, audience, role, scope},
};
use jeton_actix::{Authenticated, Gate, Protected, response};
use serde_json::{Value, json};

pub(crate) fn routes(config: &mut web::ServiceConfig, gate: &Gate, authority: &Authority) {
    let protected = Protected::new(gate.clone())
        .get("/whoami", anybody(), whoami)
        .get("/reports", role("reader"), async || Json(demo::reports()))
        .post("/reports", scope("reports:write"), async || Json(demo::stored()))
        .get("/external", audience("external"), whoami);
    let direct = Protected::new(gate.clone().accepting_api_tokens()).get("/direct", anybody(), whoami);
    demo::log_rules(protected.rules().iter().chain(direct.rules()));
    config
        .app_data(Data::new(authority.clone()))
        .service(protected)
        .service(direct)
        .service(readable("/public", read().to(async || "public")))
        .service(readable("/health/live", read().to(async || Json(json!({"live": true})))))
        .service(readable("/health/ready", read().to(ready)))
        .service(jeton_actix::well_known(gate.clone()))
        .service(jeton_actix::scope(demo::MOUNT, gate.clone()));
}

async fn whoami(who: Authenticated) -> Json<Value> {
    Json(demo::whoami(&who))
}

async fn ready(authority: Data<Authority>) -> HttpResponse {
    demo::health(&authority).await.map_or_else(response, |body| HttpResponse::Ok().json(body))
}

pub(crate) async fn nowhere() -> HttpResponse {
    response(demo::no_such_route())
}

/// `GET`, and `HEAD` as well, which actix-web leaves to the app.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Every other method is answered as the routes of jeton answer it.
fn readable(path: &str, route: Route) -> Resource {
    let refuse = async |request: HttpRequest| {
        let method = http::Method::from_bytes(request.method().as_str().as_bytes());
        response(demo::not_allowed(&method.unwrap_or(http::Method::TRACE), &["GET", "HEAD"]))
    };
    web::resource(path).route(route).default_service(web::to(refuse))
}
