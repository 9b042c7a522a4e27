//! An authority with a few users, and requests to an app.

use std::sync::Arc;

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory,
    rights::{RoleMap, TOKEN_ADMIN},
};
use tower::ServiceExt as _;

pub(crate) async fn authority() -> Authority {
    let key = |kid: &str, byte| SigningKey::from_secret(Algorithm::Hs256, &[byte; 32], kid).unwrap();
    let directory = StaticDirectory::new()
        .with("alice", Account::active().with_role("reader"))
        .with("root", Account::active().with_role(TOKEN_ADMIN));
    Authority::builder("https://app.example/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(directory))
        .role_map(RoleMap::default().with("writer", ["reports:write"]))
        .api_keys([key("api", 1)])
        .access_keys([key("access", 2)])
        .build()
        .await
        .unwrap()
}

/// An access token of that user.
pub(crate) async fn access_token(authority: &Authority, subject: &str) -> String {
    let request = Generate::new(format!("for {subject}")).with_subject(subject);
    let generated = authority.generate(&Caller::system("test"), request).await.unwrap();
    let exchanged = authority.exchange(generated.api_token.expose(), &Exchange::default()).await.unwrap();
    exchanged.access_token.expose().to_owned()
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Response<Bytes> {
    let Ok(response) = app.clone().oneshot(request).await;
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// A request without a body, with a bearer unless that is empty.
pub(crate) async fn ask(app: &Router, method: Method, path: &str, bearer: &str) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(path);
    let request =
        if bearer.is_empty() { request } else { request.header("authorization", format!("Bearer {bearer}")) };
    send(app, request.body(Body::empty()).unwrap()).await
}

pub(crate) fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

pub(crate) fn code(response: &Response<Bytes>) -> String {
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    body["code"].as_str().unwrap().to_owned()
}
