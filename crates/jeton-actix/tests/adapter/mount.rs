//! The token routes, end to end in process.

use std::sync::{Arc, Mutex};

use actix_web::{
    App, HttpMessage as _,
    dev::Service as _,
    http::Method,
    test::{TestRequest, init_service},
    web,
};
use jeton::{Generate, Rejection, Unavailable};
use jeton_actix::Refusal;
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
    let announced = generate().set_payload("{}").insert_header(("Content-Length", "65537"));
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
async fn methods_that_are_not_served() {
    let house = House::new().await;
    let app = app!(house);
    for (path, allow) in [
        ("/auth/exchange", "POST"),
        ("/auth/tokens", "GET, HEAD, POST"),
        ("/auth/tokens/x", "GET, HEAD, PATCH, DELETE"),
        ("/auth/tokens/x/disable", "POST"),
        ("/auth/tokens/x/enable", "POST"),
        ("/auth/tokens/x/revoke", "POST"),
        ("/auth/.well-known/jwks.json", "GET, HEAD"),
    ] {
        for method in ["PUT", "TRACE", "BREW", "GET", "POST", "DELETE", "get"] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let reply = send(&app, with(method.parse().unwrap(), path).to_request()).await;
            is_problem(&reply, 405, "method_not_allowed");
            assert_eq!(reply.header("Allow"), Some(allow), "{method} {path}");
        }
        let options = send(&app, with(Method::OPTIONS, path).to_request()).await;
        assert_eq!((options.status, options.header("Allow"), options.body.len()), (204, Some(allow), 0));
    }
    assert_eq!(send(&app, get("/auth/nothing").to_request()).await.status, 404);
}

#[actix_web::test]
async fn head_is_get_without_the_body() {
    let house = House::new().await;
    let app = app!(house);
    let (admin, id) = house.access_token("root").await;
    for path in
        ["/auth/tokens".to_owned(), format!("/auth/tokens/{id}"), "/auth/.well-known/jwks.json".to_owned()]
    {
        let full = send(&app, get(&path).bearer(&admin).to_request()).await;
        let head = send(&app, with(Method::HEAD, &path).bearer(&admin).to_request()).await;
        assert_eq!((full.status, head.status, head.body.len()), (200, 200, 0));
        assert_eq!(head.header("Content-Length"), Some(&*full.body.len().to_string()));
        let sorted = |reply: &Reply| {
            let mut headers: Vec<_> = reply.headers.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
            // In process nobody writes the length of a whole body.
            headers.retain(|(name, _)| name != "content-length");
            headers.sort_by(|a, b| a.0.cmp(&b.0));
            headers
        };
        assert_eq!(sorted(&full), sorted(&head));
    }
}

#[actix_web::test]
async fn who_may_not_manage() {
    let house = House::new().await;
    let app = app!(house);
    let (alice, id) = house.access_token("alice").await;
    for request in [get("/auth/tokens"), get(&format!("/auth/tokens/{id}"))] {
        let denied = jeton::policy::Denial::scope("tokens:read");
        send(&app, request.bearer(&alice).to_request()).await.is(&Refusal::Denied(denied));
    }
    send(&app, get("/auth/tokens").to_request()).await.is(&Refusal::NoCredentials);
    let (api_token, _) = house.api_token(Generate::new("direct").with_subject("root")).await;
    let direct = get("/auth/tokens").bearer(&api_token);
    send(&app, direct.to_request()).await.is(&Refusal::Rejected(Rejection::Invalid));
    let twice = get("/auth/tokens").bearer(&alice).append_header(("Authorization", "Bearer x"));
    send(&app, twice.to_request()).await.is(&Refusal::Malformed);
}

#[actix_web::test]
async fn a_store_that_does_not_answer() {
    let house = House::new().await;
    let app = app!(house);
    let (admin, id) = house.access_token("root").await;
    let (api_token, _) = house.api_token(Generate::new("CI")).await;
    house.store_is_down(true);
    for request in [
        get("/auth/tokens").bearer(&admin),
        get(&format!("/auth/tokens/{id}")).bearer(&admin),
        post("/auth/tokens").bearer(&admin).set_json(json!({"name": "x"})),
        post(&format!("/auth/tokens/{id}/revoke")).bearer(&admin),
        post("/auth/exchange").bearer(&api_token),
    ] {
        let reply = send(&app, request.to_request()).await;
        reply.is(&Refusal::Unavailable(Unavailable::Internal("any")));
        assert_eq!((reply.status, reply.header("Retry-After")), (503, Some("1")));
    }
    house.store_is_down(false);
    let listed = send(&app, get("/auth/tokens").bearer(&admin).to_request()).await;
    assert_eq!(listed.json()["items"].as_array().map(Vec::len), Some(2), "nothing was made");
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
