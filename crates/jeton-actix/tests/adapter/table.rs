//! The one table of refusals, through the middlewares and through the extractor alike.

use std::time::Duration;

use actix_web::{
    App, HttpResponse,
    http::header::AUTHORIZATION,
    test::{TestRequest, init_service},
    web,
};
use jeton::{
    Generate, Rejection,
    policy::{Denial, Policy, custom, group, role, scope, subject, tenant},
};
use jeton_actix::{Authenticate, Authenticated, Authorize, Refusal, Refused};

use crate::house::{Bearer as _, House, get, send};

/// One resource for each policy, once with the middleware and once with the handler asking.
fn app_of(house: &House) -> impl FnOnce(&mut web::ServiceConfig) {
    let (gate, counting) = (house.gate(), house.counting());
    let policies: [(&str, Policy); 6] = [
        ("role", role("writer")),
        ("scope", scope("reports:write")),
        ("subject", subject("ExternalApp")),
        ("group", group("staff")),
        ("tenant", tenant("acme")),
        ("rule", custom("never", |_, _| false)),
    ];
    move |config| {
        let mut api = web::scope("/api").wrap(Authenticate::from(gate));
        for (name, policy) in policies {
            let wrapped = web::resource(format!("/wrap/{name}"))
                .wrap(Authorize::new(policy.clone()))
                .route(web::route().to(counting.clone()));
            let asking = move |who: Authenticated| {
                let policy = policy.clone();
                async move {
                    who.authorized(&policy)?;
                    Ok::<_, Refused>(HttpResponse::Ok().finish())
                }
            };
            api = api.service(wrapped).service(web::resource(format!("/ask/{name}")).get(asking));
        }
        config.service(api.route("/any", web::route().to(counting)));
    }
}

#[actix_web::test]
async fn no_credentials_and_other_schemes() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    send(&app, get("/api/any").to_request()).await.is(&Refusal::NoCredentials);
    for header in ["Basic YTpi", "Token abc", ""] {
        let request = get("/api/any").insert_header((AUTHORIZATION, header));
        send(&app, request.to_request()).await.is(&Refusal::NoCredentials);
    }
    let reply = send(&app, get("/api/any").to_request()).await;
    assert_eq!(reply.header("WWW-Authenticate"), Some("Bearer realm=\"demo\""));
    assert_eq!(house.handled(), 0);
}

#[actix_web::test]
async fn malformed() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let (token, _) = house.access_token("alice").await;
    let good = format!("Bearer {token}");
    for header in ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer =", "Bearer \"a\""] {
        let request = get("/api/any").insert_header((AUTHORIZATION, header));
        send(&app, request.to_request()).await.is(&Refusal::Malformed);
    }
    let latin = actix_web::http::header::HeaderValue::from_bytes(b"Bearer \xe9").unwrap();
    send(&app, get("/api/any").insert_header((AUTHORIZATION, latin)).to_request())
        .await
        .is(&Refusal::Malformed);
    for (first, second) in [(&*good, &*good), ("Basic YTpi", &*good), (&*good, "Basic YTpi")] {
        let request =
            get("/api/any").append_header((AUTHORIZATION, first)).append_header((AUTHORIZATION, second));
        send(&app, request.to_request()).await.is(&Refusal::Malformed);
    }
    let long = get("/api/any").bearer(&"a".repeat(8 * 1024 + 1));
    send(&app, long.to_request()).await.is(&Refusal::Malformed);
    let both = get(&format!("/api/any?access_token={token}")).bearer(&token);
    send(&app, both.to_request()).await.is(&Refusal::Malformed);
    let in_query = get(&format!("/api/any?access_token={token}"));
    send(&app, in_query.to_request()).await.is(&Refusal::NoCredentials);
    assert_eq!(house.handled(), 0);
}

#[actix_web::test]
async fn scheme_in_any_case_and_several_spaces() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let (token, _) = house.access_token("alice").await;
    for start in ["Bearer ", "bearer ", "BEARER ", "bEaReR    "] {
        for method in ["GET", "POST", "HEAD", "OPTIONS", "QUERY"] {
            let request = TestRequest::with_uri("/api/any")
                .method(method.parse().unwrap())
                .insert_header((AUTHORIZATION, format!("{start}{token}")));
            assert_eq!(send(&app, request.to_request()).await.status, 200, "{method} {start}");
        }
    }
    assert_eq!(house.handled(), 20);
}

#[actix_web::test]
async fn tokens_that_are_not_accepted() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let refused = async |token: &str, rejection| {
        send(&app, get("/api/any").bearer(token).to_request()).await.is(&Refusal::Rejected(rejection));
    };
    refused("abc", Rejection::Invalid).await;
    refused("a.b.c", Rejection::Invalid).await;
    let (api_token, id) = house.api_token(Generate::new("CI").with_subject("alice")).await;
    refused(&api_token, Rejection::Invalid).await;
    let access = house.exchange(&api_token).await;
    let other = House::new().await;
    refused(&other.access_token("alice").await.0, Rejection::Invalid).await;
    let forged = format!("{}A", &access[..access.len() - 1]);
    if forged != access {
        refused(&forged, Rejection::Invalid).await;
    }
    house.authority.disable(&crate::house::setup(), id).await.unwrap();
    refused(&access, Rejection::CutOff).await;
    house.authority.enable(&crate::house::setup(), id).await.unwrap();
    refused(&access, Rejection::CutOff).await;
    let next = house.exchange(&api_token).await;
    assert_eq!(send(&app, get("/api/any").bearer(&next).to_request()).await.status, 200);
    house.clock.advance(Duration::from_secs(300));
    refused(&next, Rejection::Expired).await;
    assert_eq!(house.handled(), 1);
}

#[actix_web::test]
async fn denials_of_the_middleware_and_of_the_handler() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let (token, _) = house.access_token("alice").await;
    for (name, denial) in [
        ("role", Denial::Role),
        ("scope", Denial::scope("reports:write")),
        ("subject", Denial::Subject),
        ("group", Denial::Group),
        ("tenant", Denial::Tenant),
        ("rule", Denial::Rule),
    ] {
        for way in ["wrap", "ask"] {
            let request = get(&format!("/api/{way}/{name}")).bearer(&token);
            let reply = send(&app, request.to_request()).await;
            reply.is(&Refusal::Denied(denial.clone()));
            assert_eq!(reply.json()["code"], denial.code());
            assert_eq!(reply.headers.contains_key("WWW-Authenticate"), name == "scope");
        }
    }
    assert_eq!(house.handled(), 0);
}

#[actix_web::test]
async fn who_may_passes_both_ways() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let writer = Generate::new("a writer").with_role("writer").with_tenant("acme");
    let token = house.exchange(&house.api_token(writer).await.0).await;
    for name in ["role", "scope", "tenant"] {
        for way in ["wrap", "ask"] {
            let request = get(&format!("/api/{way}/{name}")).bearer(&token);
            assert_eq!(send(&app, request.to_request()).await.status, 200, "{way} {name}");
        }
    }
}

#[actix_web::test]
async fn head_is_refused_without_a_body() {
    let house = House::new().await;
    let app = init_service(App::new().configure(app_of(&house))).await;
    let request = TestRequest::with_uri("/api/any").method(actix_web::http::Method::HEAD);
    let reply = send(&app, request.to_request()).await;
    assert_eq!((reply.status, reply.body.len()), (401, 0));
    assert_eq!(reply.header("WWW-Authenticate"), Some("Bearer realm=\"demo\""));
}
