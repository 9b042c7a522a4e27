//! A user's own tokens, and nobody else's.

use end_to_end::{App, Framework, on_both};
use serde_json::json;

on_both!(a_user_manages_its_own_tokens_alone);

async fn a_user_manages_its_own_tokens_alone(framework: Framework) {
    let app = App::start(framework).await;
    let (alice, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin().await);

    let answer =
        alice.post("/auth/me/tokens", json!({"name": "my laptop", "expires_in_days": 7})).await.is(201);
    let path = answer.header("location").unwrap().to_owned();
    let made = answer.json();
    let id = made["token"]["id"].as_str().unwrap();
    assert_eq!(path, format!("/auth/me/tokens/{id}"));
    assert_eq!((&made["token"]["kind"], &made["token"]["subject"]), (&json!("personal"), &json!("alice")));
    let laptop = app.exchange(made["api_token"].as_str().unwrap()).await;
    laptop.get("/reports").await.is(200);

    // What the admin made for her is not hers to manage; what is hers the admin sees.
    let listed = alice.get("/auth/me/tokens").await.is(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(admin.list("kind=personal").await.len(), 1);

    for (method, action) in
        [("GET", ""), ("DELETE", ""), ("POST", "/revoke"), ("POST", "/rotate"), ("POST", "/reveal")]
    {
        bob.request(method, &format!("{path}{action}")).send().await.is(if action == "/reveal" {
            403
        } else {
            404
        });
    }
    assert_eq!(bob.get("/auth/me/tokens?subject=alice").await.is(200).json()["items"], json!([]));
    bob.post("/auth/me/tokens", json!({"name": "hers", "subject": "alice"}))
        .await
        .problem(403, "subject_denied");
    alice.get(&format!("/auth/tokens/{id}")).await.problem(403, "insufficient_scope");
    let service = app.generate(json!({"scopes": ["tokens:self"]})).await;
    let service = app.exchange(&service.api_token).await;
    service.get("/auth/me/tokens").await.problem(403, "subject_denied");
    let narrowed = app.generate(json!({"subject": "alice", "roles": ["reader"]})).await;
    app.exchange(&narrowed.api_token).await.get("/auth/me/tokens").await.problem(403, "insufficient_scope");

    // It is never more than her account, nor somebody else's, and never outlives what it was made with.
    alice.patch(&path, json!({"subject": "root"})).await.problem(403, "insufficient_scope");
    alice
        .post("/auth/me/tokens", json!({"name": "more", "roles": ["token-admin"]}))
        .await
        .problem(403, "insufficient_scope");
    alice
        .post("/auth/me/tokens", json!({"name": "ever", "never_expires": true}))
        .await
        .problem(403, "insufficient_scope");

    let rotated = alice.post_empty(&format!("{path}/rotate")).await.is(200).json();
    laptop.get("/reports").await.is(401);
    let laptop = app.exchange(rotated["api_token"].as_str().unwrap()).await;
    laptop.get("/reports").await.is(200);

    for number in 1..10 {
        let days = json!({"name": format!("laptop {number}"), "expires_in_days": 1});
        alice.post("/auth/me/tokens", days).await.is(201);
    }
    let one_more = json!({"name": "one more", "expires_in_days": 1});
    alice.post("/auth/me/tokens", one_more.clone()).await.problem(409, "too_many_tokens");
    alice.delete(&path).await.is(204);
    laptop.get("/reports").await.is(401);
    alice.post("/auth/me/tokens", one_more).await.is(201);
}
