//! An API token is not an access token, and the other way round.

use end_to_end::{App, Framework, on_both};
use serde_json::json;

on_both!(neither_passes_for_the_other);

const INVALID: &str = "the token is invalid";

async fn neither_passes_for_the_other(framework: Framework) {
    let app = App::start(framework).await;
    // All rights, so that nothing but the kind can refuse.
    let made = app.generate(json!({"subject": "root", "roles": ["token-admin"]})).await;
    let (api, access) = (app.bearer(&made.api_token), app.exchange(&made.api_token).await);
    let other = app.generate(json!({})).await;

    access.get("/auth/tokens").await.is(200);
    let routes = [
        ("GET", "/whoami".to_owned()),
        ("GET", "/reports".to_owned()),
        ("POST", "/reports".to_owned()),
        ("GET", "/external".to_owned()),
        ("GET", "/auth/tokens".to_owned()),
        ("POST", "/auth/tokens".to_owned()),
        ("GET", other.path()),
        ("PATCH", other.path()),
        ("DELETE", other.path()),
        ("POST", other.action("disable")),
        ("POST", other.action("enable")),
        ("POST", other.action("revoke")),
    ];
    for (method, path) in &routes {
        api.request(method, path)
            .json(&json!({"name": "by the wrong token"}))
            .send()
            .await
            .invalid_token(INVALID);
        // Just accepted elsewhere: a cache must not make it pass here.
        for _ in 0..3 {
            api.get("/direct").await.is(200);
            api.request(method, path).send().await.invalid_token(INVALID);
        }
    }
    for _ in 0..3 {
        access.get("/whoami").await.is(200);
        access.get("/direct").await.is(200);
        access.post_empty("/auth/exchange").await.invalid_token(INVALID);
        let body = json!({"scope": "tokens:read"});
        access.post("/auth/exchange", body).await.invalid_token(INVALID);
    }
    assert_eq!(access.get(&other.path()).await.is(200).json()["state"], "active");
    assert_eq!(access.list("").await.len(), 3, "nothing was made by the wrong token");

    // Without a token the route says so, and is not confused by the one before.
    app.anon().get("/direct").await.problem(401, "no_credentials");
}
