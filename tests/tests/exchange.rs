//! `POST /exchange`: its bodies, and that it only narrows.

use end_to_end::{App, Framework, on_both};
use serde_json::json;

on_both!(bodies, it_only_narrows, rights_follow_the_subject);

async fn bodies(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob"})).await;
    let holder = app.bearer(&made.api_token);
    let form = |body: &'static str| {
        let request = holder.request("POST", "/auth/exchange");
        request.header("content-type", "application/x-www-form-urlencoded").body(body).send()
    };
    for answer in [
        holder.post_empty("/auth/exchange").await,
        holder.post("/auth/exchange", json!({})).await,
        holder.post("/auth/exchange", json!({"scope": "", "audience": null})).await,
        form("").await,
        form("scope=&audience=").await,
        holder.request("POST", "/auth/exchange").header("content-type", "text/plain").send().await,
    ] {
        let answer = answer.is(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body = answer.json();
        let mut keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let mut expected =
            ["access_token", "token_type", "expires_in", "expires_at", "scope", "token_id"].to_vec();
        expected.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(body["scope"], "reports:write tokens:self");
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
        assert!(body["expires_at"].as_str().unwrap().ends_with('Z'));
    }
    for answer in [
        form("scope=reports:write").await,
        holder.post("/auth/exchange", json!({"scope": "reports:write"})).await,
    ] {
        assert_eq!(answer.is(200).json()["scope"], "reports:write");
    }
    for answer in [
        holder.post("/auth/exchange", json!({"scopes": "a"})).await,
        form("scopes=a").await,
        form("scope=a&scope=b").await,
        holder.post("/auth/exchange", json!({"scope": ["reports:write"]})).await,
        holder.post("/auth/exchange", json!({"audience": 1})).await,
        holder.post("/auth/exchange", json!({"scope": "a\"b"})).await,
    ] {
        let problem = answer.problem(400, "invalid_request");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
    }
}

async fn it_only_narrows(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob"})).await;
    let holder = app.bearer(&made.api_token);
    for scope in ["tokens:read", "reports:write tokens:read", "reports", "Reports:write"] {
        holder.post("/auth/exchange", json!({"scope": scope})).await.problem(400, "invalid_scope");
    }
    for audience in ["nowhere", "http://example.org", &format!("{}/auth", app.url)] {
        holder.post("/auth/exchange", json!({"audience": audience})).await.problem(400, "invalid_target");
    }
    let own = holder.post("/auth/exchange", json!({"audience": app.url})).await.is(200).json();
    let child = app.bearer(own["access_token"].as_str().unwrap());
    child.post_empty("/reports").await.is(200);

    let narrowed = holder.post("/auth/exchange", json!({"scope": "reports:write"})).await.is(200).json();
    let narrowed = app.bearer(narrowed["access_token"].as_str().unwrap());
    narrowed.post_empty("/reports").await.is(200);
    // The role went with what was not asked for.
    narrowed.get("/reports").await.problem(403, "role_denied");
    let who = narrowed.get("/whoami").await.is(200).json();
    assert_eq!((&who["roles"], &who["scopes"]), (&json!([]), &json!(["reports:write"])));
}

async fn rights_follow_the_subject(framework: Framework) {
    let app = App::start(framework).await;
    // Narrowed by the token, and never widened.
    let narrow = app.generate(json!({"subject": "bob", "roles": ["reader"]})).await;
    let narrow = app.exchange(&narrow.api_token).await;
    narrow.get("/reports").await.is(200);
    narrow.post_empty("/reports").await.problem(403, "insufficient_scope");

    // Bound to nobody: its own roles, and the one of external applications.
    let service = app.generate(json!({"roles": ["writer"]})).await;
    assert_eq!(service.record["roles"], json!(["external-application", "writer"]));
    let service = app.exchange(&service.api_token).await;
    service.post_empty("/reports").await.is(200);
    service.get("/reports").await.problem(403, "role_denied");
    service.get("/external").await.problem(403, "audience_denied");
    let who = service.get("/whoami").await.is(200).json();
    assert_eq!(who["subject"], json!(null));

    // An API token itself, where it is accepted, has the same rights.
    let made = app.generate(json!({"subject": "alice"})).await;
    let (direct, child) = (app.bearer(&made.api_token), app.exchange(&made.api_token).await);
    assert_eq!(direct.get("/direct").await.is(200).json(), child.get("/whoami").await.is(200).json());

    // From elsewhere, neither the token nor a child is accepted.
    let elsewhere = app.generate(json!({"subject": "alice", "networks": ["10.0.0.0/8"]})).await;
    let elsewhere = app.bearer(&elsewhere.api_token);
    elsewhere.post_empty("/auth/exchange").await.problem(403, "network_denied");
    elsewhere.get("/direct").await.problem(403, "network_denied");
    let here = app.generate(json!({"subject": "alice", "networks": ["127.0.0.0/8", "::1/128"]})).await;
    app.exchange(&here.api_token).await.get("/reports").await.is(200);
    // A header says nothing about where somebody is, unless a proxy is trusted.
    let forged = elsewhere.request("POST", "/auth/exchange").header("x-forwarded-for", "10.0.0.1");
    forged.send().await.problem(403, "network_denied");
}
