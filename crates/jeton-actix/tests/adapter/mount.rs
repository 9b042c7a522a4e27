//! The token routes, end to end in process.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpMessage as _,
    dev::Service as _,
    http::Method,
    test::{TestRequest, init_service},
    web,
};
use jeton::{Generate, Rejection};
use jeton_actix::{Answer, HostSession, Pages, Refusal};
use serde_json::{Value, json};

use crate::house::{Bearer as _, House, Reply, get, send};

fn post(path: &str) -> TestRequest {
    TestRequest::post().uri(path)
}

fn with(method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method)
}

macro_rules! app {
    ($house:expr) => {
        init_service(App::new().service(jeton_actix::scope("/auth", $house.gate()))).await
    };
}

/// A problem in the form of RFC 9457.
#[track_caller]
fn is_problem(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.header("Content-Type")), (status, Some("application/problem+json")));
    assert_eq!((&reply.json()["code"], &reply.json()["status"]), (&json!(code), &json!(status)));
}

#[actix_web::test]
async fn a_token_from_its_first_day_to_its_last() {
    let house = House::new().await;
    let app = app!(house);
    let (admin, _) = house.access_token("root").await;

    let wanted = json!({"name": "CI", "subject": "alice", "expires_in_days": 7});
    let made = send(&app, post("/auth/tokens").bearer(&admin).set_json(&wanted).to_request()).await;
    assert_eq!((made.status, made.header("Cache-Control")), (201, Some("no-store")));
    let (record, api_token) = (&made.json()["token"], made.json()["api_token"].as_str().unwrap().to_owned());
    let path = made.header("Location").unwrap().to_owned();
    assert_eq!(path, format!("/auth/tokens/{}", record["id"].as_str().unwrap()));
    let again = send(&app, post("/auth/tokens").bearer(&admin).set_json(&wanted).to_request()).await;
    is_problem(&again, 409, "name_taken");

    let seen = send(&app, get(&path).bearer(&admin).to_request()).await;
    assert_eq!((seen.status, &seen.json()), (200, record));
    let listed = send(&app, get("/auth/tokens?name=ci&limit=1").bearer(&admin).to_request()).await;
    assert_eq!((listed.status, listed.json()), (200, json!({"items": [record], "next_cursor": null})));

    let exchange = async || send(&app, post("/auth/exchange").bearer(&api_token).to_request()).await;
    assert_eq!(exchange().await.status, 200);

    let tag = seen.header("ETag").unwrap();
    let patch = |tag: &str, name: &str| {
        let request = with(Method::PATCH, &path).bearer(&admin).insert_header(("If-Match", tag));
        request.set_json(json!({"name": name})).to_request()
    };
    let patched = send(&app, patch(tag, "CI 2")).await;
    assert_eq!((patched.status, &patched.json()["name"]), (200, &json!("CI 2")));
    assert_ne!(patched.header("ETag"), Some(tag));
    is_problem(&send(&app, patch(tag, "CI 3")).await, 412, "stale_version");
    is_problem(&send(&app, patch("W/\"2\"", "CI 3")).await, 412, "stale_version");
    assert_eq!(send(&app, patch("\"99\", *", "CI 4")).await.status, 200);

    let act = async |action: &str| {
        let request = post(&format!("{path}/{action}")).bearer(&admin).set_json(json!({"reason": "a test"}));
        send(&app, request.to_request()).await
    };
    let refused = async |rejection| exchange().await.is(&Refusal::Rejected(rejection));
    assert_eq!(act("disable").await.json()["state"], "disabled");
    refused(Rejection::Disabled).await;
    assert_eq!(act("enable").await.json()["state"], "active");
    assert_eq!(exchange().await.status, 200);
    assert_eq!(act("revoke").await.json()["state"], "revoked");
    assert_eq!(act("revoke").await.status, 200);
    refused(Rejection::Revoked).await;
    is_problem(&act("enable").await, 409, "token_revoked");

    let gone = send(&app, with(Method::DELETE, &path).bearer(&admin).to_request()).await;
    assert_eq!((gone.status, gone.body.len(), gone.header("Content-Type")), (204, 0, None));
    is_problem(&send(&app, get(&path).bearer(&admin).to_request()).await, 404, "not_found");
    is_problem(&act("disable").await, 404, "not_found");
    is_problem(&send(&app, get("/auth/tokens/no-id").bearer(&admin).to_request()).await, 404, "not_found");
}

#[actix_web::test]
async fn an_exchange_takes_json_a_form_or_nothing() {
    let house = House::new().await;
    let app = app!(house);
    let wanted =
        Generate::new("CI").with_role("writer").with_scope("reports:read").with_scope("reports:write");
    let (token, id) = house.api_token(wanted).await;
    let exchange = || post("/auth/exchange").bearer(&token);

    let all = send(&app, exchange().to_request()).await;
    assert_eq!((all.status, all.header("Cache-Control")), (200, Some("no-store")));
    assert_eq!(all.json()["token_type"], "Bearer");
    assert_eq!((&all.json()["token_id"], &all.json()["expires_in"]), (&json!(id), &json!(300)));
    for request in [
        exchange().set_json(json!({"scope": "reports:read"})),
        exchange().set_form([("scope", "reports:read")]),
        exchange()
            .insert_header(("Content-Type", "application/json; charset=utf-8"))
            .set_payload(r#"{"scope": "reports:read"}"#),
    ] {
        let reply = send(&app, request.to_request()).await;
        assert_eq!((reply.status, &reply.json()["scope"]), (200, &json!("reports:read")), "{reply:?}");
    }
    let more = send(&app, exchange().set_form([("scope", "tokens:write")]).to_request()).await;
    is_problem(&more, 400, "invalid_scope");
    let unknown = send(&app, exchange().set_json(json!({"colour": "red"})).to_request()).await;
    assert_eq!(unknown.json()["errors"][0]["pointer"], "/colour");
    send(&app, post("/auth/exchange").to_request()).await.is(&Refusal::NoCredentials);
    let child = all.json()["access_token"].as_str().unwrap().to_owned();
    send(&app, post("/auth/exchange").bearer(&child).to_request())
        .await
        .is(&Refusal::Rejected(Rejection::Invalid));
}

#[actix_web::test]
async fn bodies_too_long_of_another_type_or_broken() {
    let house = House::new().await;
    // The app's own limits are for its own extractors.
    let limits = (web::PayloadConfig::new(10), web::JsonConfig::default().limit(10));
    let scope = web::scope("/auth").app_data(limits.0).app_data(limits.1);
    let app = init_service(App::new().service(scope.service(jeton_actix::routes(house.gate())))).await;
    let (admin, _) = house.access_token("root").await;
    let generate = || post("/auth/tokens").bearer(&admin).insert_header(("Content-Type", "application/json"));

    let body = |length: usize| {
        let start = r#"{"name": "x", "description": ""#;
        format!("{start}{}\"}}", "d".repeat(length - start.len() - 2))
    };
    let fits = send(&app, generate().set_payload(body(64 * 1024)).to_request()).await;
    is_problem(&fits, 400, "invalid_request");
    assert_eq!(fits.json()["errors"][0]["pointer"], "/description");
    let over = generate().set_payload(body(64 * 1024 + 1));
    is_problem(&send(&app, over.to_request()).await, 413, "body_too_large");
    let announced = generate().set_payload("{}").insert_header(("Content-Length", "4194305"));
    is_problem(&send(&app, announced.to_request()).await, 413, "body_too_large");
    let small = send(&app, generate().set_payload(r#"{"name": "more than ten bytes"}"#).to_request()).await;
    assert_eq!(small.status, 201);

    let text =
        post("/auth/tokens").bearer(&admin).insert_header(("Content-Type", "text/plain")).set_payload("{}");
    is_problem(&send(&app, text.to_request()).await, 415, "unsupported_media_type");
    is_problem(
        &send(&app, post("/auth/tokens").bearer(&admin).to_request()).await,
        415,
        "unsupported_media_type",
    );
    let form = post("/auth/tokens").bearer(&admin).set_form([("name", "x")]);
    is_problem(&send(&app, form.to_request()).await, 415, "unsupported_media_type");
    is_problem(&send(&app, generate().set_payload("{").to_request()).await, 400, "invalid_json");
    let late = post("/auth/tokens").set_payload("x".repeat(100_000));
    send(&app, late.to_request()).await.is(&Refusal::NoCredentials);
}

#[actix_web::test]
async fn matched_patterns_reach_the_host() {
    let house = House::new().await;
    let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let patterns = seen.clone();
    let app = init_service(
        App::new()
            .wrap_fn(move |request, service| {
                let (answer, patterns) = (service.call(request), patterns.clone());
                async move {
                    let response = answer.await?;
                    assert!(response.request().extensions().get::<jeton_actix::Context>().is_none());
                    patterns.lock().unwrap().push(response.request().match_pattern());
                    Ok(response)
                }
            })
            .service(jeton_actix::scope("/auth", house.authority.clone()))
            .service(web::scope("/v2").service(jeton_actix::routes(house.authority.clone())))
            .service(jeton_actix::routes(jeton_http::Routes::new(house.gate()))),
    )
    .await;
    for path in ["/auth/tokens/1/revoke", "/v2/tokens/1", "/exchange", "/v2/.well-known/jwks.json"] {
        assert_ne!(send(&app, get(path).to_request()).await.status, 404, "{path}");
    }
    let expected = ["/auth/tokens/{id}/revoke", "/v2/tokens/{id}", "/exchange", "/v2/.well-known/jwks.json"];
    assert_eq!(*seen.lock().unwrap(), expected.map(|pattern| Some(pattern.to_owned())));
}

#[actix_web::test]
async fn the_keys_are_public() {
    let house = House::new().await;
    let app = app!(house);
    let reply = send(&app, get("/auth/.well-known/jwks.json").to_request()).await;
    assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("application/jwk-set+json")));
    assert_eq!(reply.header("Cache-Control"), Some("public, max-age=300"));
    let keys: Value = reply.json()["keys"].clone();
    assert_eq!((keys.as_array().unwrap().len(), keys[0].get("d")), (1, None));
}

/// The parameter is the one of the route, decoded, whatever the host's own path has.
#[actix_web::test]
async fn parameters_of_the_host_are_not_taken() {
    let house = House::new().await;
    let scope = web::scope("/{id}/{name}").service(jeton_actix::routes(house.gate()));
    let app = init_service(App::new().service(scope)).await;
    let (admin, _) = house.access_token("root").await;
    let put = with(Method::PUT, "/a/b/audiences/reports%2Eexport").bearer(&admin);
    let reply = send(&app, put.set_json(json!({"subjects": ["alice"]})).to_request()).await;
    assert_eq!((reply.status, &reply.json()["name"]), (200, &json!("reports.export")));
}

/// Pages that tell what they were asked for.
#[derive(Clone)]
struct Echo;

impl Pages for Echo {
    fn respond<'a>(
        &'a self,
        path: &'a str,
        request: jeton_http::Request,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            let user = request.session.map(|session| session.subject);
            Answer::new(format!("{} {path} {:?} {user:?}", request.method, request.query).into())
        })
    }
}

#[actix_web::test]
async fn pages_get_every_path_below_their_own() {
    let house = House::new().await;
    let app = App::new().service(jeton_actix::pages("/auth/console", Echo));
    let app = init_service(app.service(jeton_actix::scope("/auth", house.gate()))).await;
    for (method, path, expected) in [
        (Method::GET, "/auth/console", "GET  None None"),
        (Method::GET, "/auth/console/", "GET / None None"),
        (Method::POST, "/auth/console/a/b%20c?d=e", "POST /a/b c Some(\"d=e\") None"),
        (Method::DELETE, "/auth/console/a/", "DELETE /a/ None None"),
    ] {
        let reply = send(&app, with(method, path).to_request()).await;
        assert_eq!((reply.status, reply.body.as_ref()), (200, expected.as_bytes()), "{path}");
    }
    let head = send(&app, with(Method::HEAD, "/auth/console/a").to_request()).await;
    assert_eq!((head.body.len(), head.header("content-length")), (0, Some("17")));
    assert_eq!(send(&app, get("/auth/consoles").to_request()).await.status, 404);
    let request = get("/auth/console/me").to_request();
    request.extensions_mut().insert(HostSession { subject: "alice".to_owned(), tenant: None });
    assert_eq!(send(&app, request).await.body.as_ref(), b"GET /me None Some(\"alice\")");
}
