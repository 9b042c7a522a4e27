//! The page says what was done, and names nobody.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use jeton::{
    Account, Authority, Caller, Exchange, Generate, MasterKey, MemoryStore, StaticDirectory, SystemRandom,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::ServiceExt as _;

async fn get(app: &Router, path: &str, token: &str) -> (u16, String) {
    let request = Request::get(path).header("authorization", format!("Bearer {token}")).body(Body::empty());
    let answer = app.clone().oneshot(request.unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn what_was_done_is_on_the_page() {
    let metrics = PrometheusBuilder::new().install_recorder().unwrap();
    let store = Arc::new(MemoryStore::new());
    let authority = Authority::builder("https://app.example/auth")
        .store(store.clone())
        .managed_keys(store, MasterKey::generate(&SystemRandom).unwrap())
        .directory(Arc::new(StaticDirectory::new().with("alice", Account::active())))
        .build()
        .await
        .unwrap();
    let token = Generate::new("metrics").with_subject("alice");
    let token = authority.generate(&Caller::system("setup"), token).await.unwrap();
    let child = authority.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
    let app = metrics_axum::router(authority.clone(), metrics);
    assert_eq!(get(&app, "/hello", child.access_token.expose()).await.0, 200);
    authority.revoke(&Caller::system("setup"), token.record.id).await.unwrap();
    assert_eq!(get(&app, "/hello", child.access_token.expose()).await.0, 401);

    let (status, page) = get(&app, "/metrics", "").await;
    assert_eq!(status, 200);
    for line in [
        "jeton_exchanges_total{outcome=\"accepted\"} 1",
        "jeton_requests_total{outcome=\"accepted\"} 1",
        "jeton_requests_total{outcome=\"rejected\"} 1",
        "jeton_refusals_total{reason=\"cut_off\"} 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}: {page}");
    }
    assert!(page.contains("jeton_store_seconds_count{call=\"find\",outcome=\"answered\"}"), "{page}");
    assert!(!page.contains("alice") && !page.contains(&token.record.id.to_string()), "{page}");
}
