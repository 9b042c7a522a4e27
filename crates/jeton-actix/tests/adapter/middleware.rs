//! What the middleware is to those around it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix_web::{
    App,
    dev::Service as _,
    http::Method,
    middleware::{DefaultHeaders, Logger},
    test::{TestRequest, init_service},
    web,
};
use jeton_actix::{Authenticate, Refusal};

use crate::house::{Bearer as _, House, get, send};

#[actix_web::test]
async fn a_refusal_is_a_response_to_the_middlewares_outside() {
    let house = House::new().await;
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = seen.clone();
    let app = init_service(
        App::new()
            .wrap(Authenticate::from(house.gate()))
            .wrap(DefaultHeaders::new().add(("X-Host", "1")))
            .wrap(Logger::default())
            .wrap_fn(move |request, service| {
                let (answer, counter) = (service.call(request), counter.clone());
                async move {
                    let response = answer.await?;
                    counter.fetch_add(usize::from(response.status().as_u16()), Ordering::SeqCst);
                    Ok(response)
                }
            })
            .route("/", web::get().to(house.counting())),
    )
    .await;
    let reply = send(&app, get("/").to_request()).await;
    assert_eq!((reply.status, reply.header("X-Host")), (401, Some("1")));
    // Paths that lead nowhere are behind it too: who may not in learns nothing.
    assert_eq!(send(&app, get("/nowhere").to_request()).await.status, 401);
    assert_eq!(seen.load(Ordering::SeqCst), 802);
    let (token, _) = house.access_token("alice").await;
    assert_eq!(send(&app, get("/nowhere").bearer(&token).to_request()).await.status, 404);
    assert_eq!(house.handled(), 0);
}

fn preflight() -> TestRequest {
    TestRequest::with_uri("/")
        .method(Method::OPTIONS)
        .insert_header(("Origin", "https://other.example"))
        .insert_header(("Access-Control-Request-Method", "GET"))
}

#[actix_web::test]
async fn preflights_pass_only_if_told() {
    let house = House::new().await;
    let route = || web::resource("/").route(web::route().to(house.counting()));
    let closed = init_service(App::new().service(route().wrap(Authenticate::from(house.gate())))).await;
    send(&closed, preflight().to_request()).await.is(&Refusal::NoCredentials);
    assert_eq!(house.handled(), 0);

    let gate = house.gate().with_preflight();
    let open = init_service(App::new().service(route().wrap(Authenticate::from(gate)))).await;
    assert_eq!(send(&open, preflight().to_request()).await.status, 200);
    let plain = TestRequest::with_uri("/").method(Method::OPTIONS);
    send(&open, plain.to_request()).await.is(&Refusal::NoCredentials);
    send(&open, preflight().method(Method::GET).to_request()).await.is(&Refusal::NoCredentials);
    assert_eq!(house.handled(), 1);
}

#[actix_web::test]
async fn nobody_is_authorized_by_a_preflight() {
    let house = House::new().await;
    let app = init_service(
        App::new().service(
            web::resource("/")
                .route(web::route().to(house.counting()))
                .wrap(jeton_actix::Authorize::new(jeton::policy::anybody()))
                .wrap(Authenticate::from(house.gate().with_preflight())),
        ),
    )
    .await;
    assert_eq!(send(&app, preflight().to_request()).await.status, 500);
    assert_eq!(house.handled(), 0);
}
