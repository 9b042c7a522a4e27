use axum::{Router, body::Body, response::Response};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

async fn send(app: &Router, request: http::request::Builder, body: &'static str) -> Response {
    app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
}

async fn code(response: Response) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

/// The app, and the cookie of a session of that user.
async fn logged_in(user: &'static str) -> (Router, String) {
    let app = crate::router(crate::authority().await.unwrap());
    let login = Request::post("/login").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let response = send(&app, login, user).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    (app.clone(), cookie.split(';').next().unwrap().to_owned())
}

fn generate(cookie: &str) -> http::request::Builder {
    let request = Request::post("/auth/tokens").header(header::CONTENT_TYPE, "application/json");
    request.header(header::COOKIE, cookie)
}

#[tokio::test]
async fn an_admin_manages_tokens_with_a_session() {
    let (app, cookie) = logged_in("user=root").await;
    let list = || Request::get("/auth/tokens").header(header::COOKIE, &cookie);
    assert_eq!(send(&app, list(), "").await.status(), StatusCode::OK);
    let same_origin = generate(&cookie).header("sec-fetch-site", "same-origin");
    let response = send(&app, same_origin, r#"{"name": "CI"}"#).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["token"]["created_by"], "root");
    let by_origin = generate(&cookie).header(header::ORIGIN, "http://127.0.0.1:3001");
    assert_eq!(send(&app, by_origin, r#"{"name": "CI 2"}"#).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let (app, cookie) = logged_in("user=root").await;
    let bare = generate(&cookie);
    let foreign = generate(&cookie)
        .header("sec-fetch-site", "cross-site")
        .header(header::ORIGIN, "http://evil.example");
    let sibling = generate(&cookie).header("sec-fetch-site", "same-site").header(header::ORIGIN, "null");
    for request in [bare, foreign, sibling] {
        let response = send(&app, request, r#"{"name": "CI"}"#).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(code(response).await, "cross_site");
    }
}

#[tokio::test]
async fn a_session_has_the_rights_of_its_user_and_no_bad_bearer_falls_back_to_it() {
    let (app, cookie) = logged_in("user=alice").await;
    let list = Request::get("/auth/tokens").header(header::COOKIE, &cookie);
    assert_eq!(code(send(&app, list, "").await).await, "insufficient_scope");
    let (app, cookie) = logged_in("user=root").await;
    let bad = Request::get("/auth/tokens")
        .header(header::COOKIE, &cookie)
        .header(header::AUTHORIZATION, "Bearer a.b.c");
    assert_eq!(send(&app, bad, "").await.status(), StatusCode::UNAUTHORIZED);
    let (app, cookie) = logged_in("user=nobody").await;
    let unknown = Request::get("/auth/tokens").header(header::COOKIE, &cookie);
    assert_eq!(code(send(&app, unknown, "").await).await, "subject_denied");
    let anonymous = Request::get("/auth/tokens");
    assert_eq!(send(&app, anonymous, "").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_exchanges_nothing() {
    let (app, cookie) = logged_in("user=root").await;
    let exchange = Request::post("/auth/exchange")
        .header(header::COOKIE, &cookie)
        .header("sec-fetch-site", "same-origin");
    assert_eq!(send(&app, exchange, "").await.status(), StatusCode::UNAUTHORIZED);
}
