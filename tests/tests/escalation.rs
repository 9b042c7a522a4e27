//! Nobody gives away what it does not hold, and nobody leaves its tenant.

use end_to_end::{Actor, App, Framework, on_both};
use serde_json::{Value, json};

on_both!(with_tokens_write_alone_nobody_gives_more_than_it_holds, a_tenant_is_a_world_of_its_own);

/// Who holds an access token of a new service token with these fields.
async fn service(app: &App, fields: Value) -> Actor {
    app.exchange(&app.generate(fields).await.api_token).await
}

fn needs_grant(answer: &end_to_end::Answer) {
    answer.problem(403, "insufficient_scope");
    let challenge = r#"Bearer realm="demo", error="insufficient_scope", scope="tokens:grant""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
}

async fn with_tokens_write_alone_nobody_gives_more_than_it_holds(framework: Framework) {
    let app = App::start(framework).await;
    let fields =
        json!({"roles": ["reader"], "scopes": ["tokens:read", "tokens:write"], "expires_in_days": 10});
    let clerk = service(&app, fields).await;
    for more in [
        json!({"subject": "root"}),
        json!({"subject": "nobody at all"}),
        json!({"tenant": "acme"}),
        json!({"roles": ["token-admin"]}),
        json!({"roles": ["writer"]}),
        json!({"scopes": ["tokens:grant"]}),
        json!({"groups": ["staff"]}),
        json!({"expires_in_days": 11}),
        json!({"never_expires": true}),
        json!({}),
    ] {
        let mut fields = more;
        fields["name"] = json!("more");
        // Without a word about its end a token would live for 30 days.
        needs_grant(&clerk.post("/auth/tokens", fields).await);
    }
    let within = json!({"name": "within", "roles": ["reader"], "expires_in_days": 9});
    let made = clerk.post("/auth/tokens", within).await.is(201).json();
    let path = format!("/auth/tokens/{}", made["token"]["id"].as_str().unwrap());
    for more in
        [json!({"subject": "root"}), json!({"roles": ["token-admin"]}), json!({"scopes": ["keys:write"]})]
    {
        needs_grant(&clerk.patch(&path, more).await);
    }
    // Enabling and rotating give too: what the admin made is not the clerk's to switch on, nor to see anew.
    let strong = app.generate(json!({"subject": "root"})).await;
    clerk.post_empty(&strong.action("disable")).await.is(200);
    needs_grant(&clerk.post_empty(&strong.action("enable")).await);
    needs_grant(&clerk.post_empty(&strong.action("rotate")).await);
    clerk.post_empty(&strong.action("revoke")).await.is(200);
    let names = app.admin().await.list("name=more").await;
    assert!(names.is_empty(), "{names:?}");
}

async fn a_tenant_is_a_world_of_its_own(framework: Framework) {
    let app = App::start(framework).await;
    let scopes = json!(["tokens:read", "tokens:write", "tokens:grant", "audiences:write"]);
    let acme = service(&app, json!({"tenant": "acme", "scopes": scopes, "never_expires": true})).await;
    let foreign = app.generate(json!({"name": "same name", "tenant": "globex"})).await;
    let without = app.generate(json!({"name": "same name"})).await;

    let made = acme.post("/auth/tokens", json!({"name": "same name"})).await.is(201).json();
    assert_eq!(made["token"]["tenant"], "acme", "the tenant is that of the caller");
    acme.post("/auth/tokens", json!({"name": "same name"})).await.problem(409, "name_taken");
    acme.post("/auth/tokens", json!({"name": "x", "tenant": "globex"})).await.problem(403, "tenant_denied");
    assert!(acme.list("").await.iter().all(|record| record["tenant"] == "acme"));
    assert!(acme.list("tenant=globex").await.is_empty());
    for other in [&foreign, &without] {
        acme.get(&other.path()).await.problem(404, "not_found");
        acme.patch(&other.path(), json!({"name": "mine"})).await.problem(404, "not_found");
        acme.delete(&other.path()).await.problem(404, "not_found");
        for action in ["disable", "enable", "revoke", "rotate"] {
            acme.post_empty(&other.action(action)).await.problem(404, "not_found");
        }
        let bulk = json!({"action": "revoke", "ids": [other.id]});
        let results = acme.post("/auth/tokens/bulk", bulk).await.is(200).json();
        assert_eq!(results["results"][0]["status"], 404);
        app.exchange(&other.api_token).await.get("/whoami").await.is(200);
    }
    acme.get("/auth/audiences").await.problem(403, "tenant_denied");
}
