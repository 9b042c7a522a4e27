//! API tokens used directly, where a gate accepts them.

use actix_web::{App, test::init_service, web};
use jeton::{Expiry, Generate, Rejection, Unavailable};
use jeton_actix::{Authenticate, Authenticated, Refusal};

use crate::house::{Bearer as _, House, get, send, setup};

async fn kind(who: Authenticated) -> String {
    format!("{:?} {}", who.kind(), who.subject().unwrap_or("a service"))
}

fn app_of(house: &House) -> impl FnOnce(&mut web::ServiceConfig) {
    let (normal, direct) = (house.gate(), house.gate().accepting_api_tokens());
    move |config| {
        config
            .service(web::resource("/normal").get(kind).wrap(Authenticate::from(normal)))
            .service(web::resource("/direct").get(kind).wrap(Authenticate::from(direct)));
    }
}

#[actix_web::test]
async fn each_gate_accepts_its_own_kinds() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let (api_token, _) = house.api_token(Generate::new("CI").with_subject("alice")).await;
    let access_token = house.exchange(&api_token).await;
    for _ in 0..2 {
        assert_eq!(send(&app, get("/direct").bearer(&api_token).to_request()).await.body, "ApiToken alice");
        // Also right after it was accepted elsewhere.
        let reply = send(&app, get("/normal").bearer(&api_token).to_request()).await;
        reply.is(&Refusal::Rejected(Rejection::Invalid));
        assert!(reply.header("WWW-Authenticate").unwrap().contains("error=\"invalid_token\""));
        assert_eq!(
            send(&app, get("/direct").bearer(&access_token).to_request()).await.body,
            "AccessToken alice"
        );
        assert_eq!(
            send(&app, get("/normal").bearer(&access_token).to_request()).await.body,
            "AccessToken alice"
        );
    }
}

#[actix_web::test]
async fn a_direct_token_is_refused_by_the_same_table() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let request = Generate::new("CI").with_expiry(Expiry::InDays(1));
    let (token, id) = house.api_token(request).await;
    let direct = async || send(&app, get("/direct").bearer(&token).to_request()).await;
    assert_eq!(direct().await.status, 200);
    house.authority.disable(&setup(), id).await.unwrap();
    direct().await.is(&Refusal::Rejected(Rejection::Disabled));
    house.authority.enable(&setup(), id).await.unwrap();
    assert_eq!(direct().await.status, 200);
    house.clock.advance(std::time::Duration::from_secs(86_400));
    direct().await.is(&Refusal::Rejected(Rejection::Expired));
    house.authority.revoke(&setup(), id).await.unwrap();
    assert_eq!(direct().await.status, 401);
    send(&app, get("/direct").to_request()).await.is(&Refusal::NoCredentials);
}

#[actix_web::test]
async fn a_store_that_does_not_answer_is_no_refusal() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let (token, _) = house.api_token(Generate::new("CI")).await;
    let access_token = house.exchange(&token).await;
    house.store_is_down(true);
    let reply = send(&app, get("/direct").bearer(&token).to_request()).await;
    reply.is(&Refusal::Unavailable(Unavailable::Internal("any")));
    assert_eq!((reply.status, reply.header("Retry-After")), (503, Some("1")));
    assert!(!reply.headers.contains_key("WWW-Authenticate"));
    assert!(!String::from_utf8_lossy(&reply.body).contains("secret cause"));
    // What needs no store goes on.
    assert_eq!(send(&app, get("/normal").bearer(&access_token).to_request()).await.status, 200);
    house.store_is_down(false);
    assert_eq!(send(&app, get("/direct").bearer(&token).to_request()).await.status, 200);
}
