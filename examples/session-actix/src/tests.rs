#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use actix_web::{
    App, Error,
    cookie::Key,
    dev::{Service, ServiceResponse},
    http::{Method, StatusCode, header},
    test::{TestRequest, init_service, read_body_json},
};
use serde_json::{Value, json};

macro_rules! app {
    () => {{
        let authority = crate::authority().await.unwrap();
        let app = App::new().wrap(crate::sessions(&Key::generate()));
        init_service(app.configure(|config| crate::routes(config, authority))).await
    }};
}

macro_rules! login {
    ($app:expr, $user:expr) => {{
        let login = TestRequest::post().uri("/login").set_form([("user", $user)]).to_request();
        let response = $app.call(login).await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let cookie = response.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }};
}

fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::default().method(method).uri(path);
    headers.iter().fold(request, |request, (name, value)| request.insert_header((*name, *value)))
}

fn generate(headers: &[(&str, &str)]) -> TestRequest {
    request(Method::POST, "/auth/tokens", headers).set_json(json!({"name": "CI"}))
}

async fn code(response: Result<ServiceResponse<impl actix_web::body::MessageBody>, Error>) -> String {
    let body: Value = read_body_json(response.unwrap()).await;
    body["code"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn an_admin_manages_tokens_with_a_session() {
    let app = app!();
    let cookie = login!(app, "root");
    let list = request(Method::GET, "/auth/tokens", &[("cookie", &cookie)]).to_request();
    assert_eq!(app.call(list).await.unwrap().status(), StatusCode::OK);
    let same_origin = generate(&[("cookie", &cookie), ("sec-fetch-site", "same-origin")]).to_request();
    let response = app.call(same_origin).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let body: Value = read_body_json(response).await;
    assert_eq!(body["token"]["created_by"], "root");
}

#[actix_web::test]
async fn another_site_changes_nothing() {
    let app = app!();
    let cookie = login!(app, "root");
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")],
        &[("sec-fetch-site", "same-site"), ("origin", "null")],
    ] {
        let request = generate(&[&[("cookie", cookie.as_str())], headers].concat()).to_request();
        assert_eq!(code(app.call(request).await).await, "cross_site");
    }
}

#[actix_web::test]
async fn a_session_has_the_rights_of_its_user_and_no_bad_bearer_falls_back_to_it() {
    let app = app!();
    let alice = login!(app, "alice");
    let list = request(Method::GET, "/auth/tokens", &[("cookie", &alice)]).to_request();
    assert_eq!(code(app.call(list).await).await, "insufficient_scope");
    let root = login!(app, "root");
    let bad = [("cookie", root.as_str()), ("authorization", "Bearer a.b.c")];
    let bad = request(Method::GET, "/auth/tokens", &bad).to_request();
    assert_eq!(code(app.call(bad).await).await, "invalid_token");
    let exchange = [("cookie", root.as_str()), ("sec-fetch-site", "same-origin")];
    let exchange = request(Method::POST, "/auth/exchange", &exchange).to_request();
    assert_eq!(code(app.call(exchange).await).await, "no_credentials");
    let nobody = login!(app, "nobody");
    let list = request(Method::GET, "/auth/tokens", &[("cookie", &nobody)]).to_request();
    assert_eq!(code(app.call(list).await).await, "subject_denied");
}
