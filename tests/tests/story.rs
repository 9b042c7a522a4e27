//! What the README tells: generate, exchange, call, revoke, refused.

use end_to_end::{App, Framework, on_both};
use serde_json::json;

on_both!(the_story);

async fn the_story(framework: Framework) {
    let app = App::start(framework).await;
    let anon = app.anon();
    assert_eq!(anon.get("/public").await.is(200).text(), "public");
    anon.get("/reports").await.problem(401, "no_credentials");

    let admin = app.admin().await;
    let fields = json!({"name": "reports", "subject": "alice", "expires_in_days": 7});
    let generated = admin.post("/auth/tokens", fields).await.is(201).json();
    let id = generated["token"]["id"].as_str().unwrap();
    assert_eq!(generated["token"]["state"], "active");
    assert_eq!(generated["token"]["created_by"], "root");

    let holder = app.bearer(generated["api_token"].as_str().unwrap());
    let exchanged = holder.post_empty("/auth/exchange").await.is(200).json();
    assert_eq!(exchanged["token_type"], "Bearer");
    assert_eq!(exchanged["expires_in"], 300);
    assert_eq!(exchanged["token_id"], id);

    let alice = app.bearer(exchanged["access_token"].as_str().unwrap());
    let who = alice.get("/whoami").await.is(200).json();
    let roles = json!(["reader"]);
    assert_eq!((&who["subject"], &who["roles"], &who["token_id"]), (&json!("alice"), &roles, &json!(id)));
    alice.get("/reports").await.is(200);
    alice.post_empty("/reports").await.problem(403, "insufficient_scope");

    let revoked = admin.post_empty(&format!("/auth/tokens/{id}/revoke")).await.is(200).json();
    assert_eq!(revoked["state"], "revoked");
    alice.get("/reports").await.invalid_token("the token was revoked, or its rights were changed");
    holder.post_empty("/auth/exchange").await.invalid_token("the token was revoked");
}
