//! The extractors, with and without the middleware.

use actix_web::{App, HttpResponse, test::init_service, web};
use jeton::{
    Rejection,
    policy::{anybody, role},
};
use jeton_actix::{Authenticate, Authenticated, Authorize, Context, MaybeAuthenticated, Refusal, Refused};

use crate::house::{Bearer as _, House, get, send};

async fn strict(who: Authenticated) -> String {
    assert_eq!(who.context().principal(), Some(who.principal()));
    who.subject().unwrap_or("a service").to_owned()
}

async fn maybe(who: MaybeAuthenticated) -> String {
    who.principal().and_then(|principal| principal.subject()).unwrap_or("nobody").to_owned()
}

async fn readers(who: MaybeAuthenticated) -> Result<String, Refused> {
    Ok(who.authorized(&role("reader"))?.token_id().to_string())
}

/// With the context itself, as code of a host without our extractors would.
async fn by_context(context: web::ReqData<Context>) -> Result<HttpResponse, Refused> {
    context.authorized(&role("writer")).map_err(|refusal| Refused::new(refusal, &context))?;
    Ok(HttpResponse::Ok().finish())
}

fn everything(config: &mut web::ServiceConfig) {
    config
        .route("/strict", web::get().to(strict))
        .route("/maybe", web::get().to(maybe))
        .route("/readers", web::get().to(readers))
        .route("/context", web::get().to(by_context))
        .service(web::resource("/wrap").wrap(Authorize::new(anybody())).get(|| async { "wrapped" }));
}

#[actix_web::test]
async fn an_optional_gate_lets_nobody_in_by_mistake() {
    let house = House::new().await;
    let gate = house.gate().optional();
    let app = init_service(App::new().wrap(Authenticate::from(gate)).configure(everything)).await;
    let (token, _) = house.access_token("alice").await;

    assert_eq!(send(&app, get("/maybe").to_request()).await.body, "nobody");
    assert_eq!(send(&app, get("/maybe").bearer(&token).to_request()).await.body, "alice");
    assert_eq!(send(&app, get("/strict").bearer(&token).to_request()).await.body, "alice");
    assert_eq!(send(&app, get("/readers").bearer(&token).to_request()).await.status, 200);
    for path in ["/strict", "/readers", "/context", "/wrap"] {
        send(&app, get(path).to_request()).await.is(&Refusal::NoCredentials);
    }
    for path in ["/maybe", "/strict", "/readers", "/wrap"] {
        let reply = send(&app, get(path).bearer("bad").to_request()).await;
        reply.is(&Refusal::Rejected(Rejection::Invalid));
        let malformed = get(path).insert_header(("Authorization", "Bearer"));
        send(&app, malformed.to_request()).await.is(&Refusal::Malformed);
    }
    send(&app, get("/context").bearer(&token).to_request())
        .await
        .is(&Refusal::Denied(jeton::policy::Denial::Role));
}

#[actix_web::test]
async fn a_missing_middleware_is_named() {
    let house = House::new().await;
    let app = init_service(App::new().configure(everything)).await;
    let (token, _) = house.access_token("alice").await;
    for path in ["/strict", "/maybe", "/readers", "/wrap"] {
        for request in [get(path), get(path).bearer(&token)] {
            let reply = send(&app, request.to_request()).await;
            reply.is(&Refusal::MissingLayer("Authenticate"));
            assert_eq!((reply.status, reply.json()["code"].as_str()), (500, Some("layer_missing")));
            assert!(reply.json()["detail"].as_str().unwrap().contains("Authenticate"));
        }
    }
}

#[actix_web::test]
async fn the_wrong_order_is_a_missing_middleware() {
    let house = House::new().await;
    let wrong = web::resource("/")
        .get(|| async { "never" })
        .wrap(Authenticate::from(house.gate()))
        .wrap(Authorize::new(anybody()));
    let app = init_service(App::new().service(wrong)).await;
    let (token, _) = house.access_token("alice").await;
    send(&app, get("/").bearer(&token).to_request()).await.is(&Refusal::MissingLayer("Authenticate"));
}

#[actix_web::test]
async fn errors_say_no_more_than_their_status() {
    let house = House::new().await;
    let app = init_service(App::new().wrap(Authenticate::from(house.gate().optional())).route(
        "/",
        web::get().to(|who: Option<Authenticated>, maybe: MaybeAuthenticated| async move {
            let refused = maybe.authorized(&anybody()).unwrap_err();
            assert!(who.is_none());
            format!("{refused}; {refused:?}")
        }),
    ))
    .await;
    let reply = send(&app, get("/").to_request()).await;
    assert_eq!(reply.body, "the request was refused with 401 Unauthorized; Refused(NoCredentials)");
}
