//! The routes of the demo app, and what each asks for.

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route, guard, web,
    web::{Data, Json},
};
use jeton::{
    Authority,
    policy::{role, scope, subject},
};
use jeton_actix::{Authenticate, Authenticated, Authorize, Gate, response};
use serde_json::{Value, json};

pub(crate) fn routes(config: &mut web::ServiceConfig, gate: &Gate) {
    let protected = Authenticate::from(gate.clone());
    let direct = Authenticate::from(gate.clone().accepting_api_tokens());
    let external = Authorize::new(subject("ExternalApp"));
    let reading = read().to(async || Json(demo::reports())).wrap(Authorize::new(role("reader")));
    let writing = web::post().to(async || Json(demo::stored())).wrap(Authorize::new(scope("reports:write")));
    let reports = only("/reports", &["GET", "HEAD", "POST"]).route(reading).route(writing);
    config
        .app_data(Data::new(gate.authority().clone()))
        .service(readable("/public", read().to(async || "public")))
        .service(readable("/whoami", read().to(whoami)).wrap(protected.clone()))
        .service(reports.wrap(protected.clone()))
        .service(readable("/external", read().to(whoami).wrap(external)).wrap(protected))
        .service(readable("/direct", read().to(whoami)).wrap(direct))
        .service(readable("/health/live", read().to(async || Json(json!({"live": true})))))
        .service(readable("/health/ready", read().to(ready)))
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

fn readable(path: &str, route: Route) -> Resource {
    only(path, &["GET", "HEAD"]).route(route)
}

/// Every other method is answered as the routes of jeton answer it.
fn only(path: &str, allowed: &'static [&'static str]) -> Resource {
    web::resource(path).default_service(web::to(move |request: HttpRequest| async move {
        let method = http::Method::from_bytes(request.method().as_str().as_bytes());
        response(demo::not_allowed(&method.unwrap_or(http::Method::TRACE), allowed))
    }))
}
