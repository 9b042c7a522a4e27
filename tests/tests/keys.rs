//! The keys: seen without their private parts, rotated, and retired when others have got hold of one.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use end_to_end::{Actor, App, Framework, Local, OauthClient, on_both};
use jeton::{Timestamp, policy::anybody};
use jeton_testkit::FakeClock;
use serde_json::{Value, json};

on_both!(
    they_are_listed_without_their_private_parts,
    who_may_not_is_refused,
    a_new_key_of_api_tokens_signs_at_once,
    a_new_key_of_access_tokens_is_published_before_it_signs,
    a_retired_key_of_access_tokens_opens_nothing,
    a_retired_key_of_api_tokens_takes_all_with_it,
    a_retired_key_of_secrets_takes_the_secrets_with_it,
    what_there_is_not_cannot_be_done,
    keys_of_the_host_are_seen_and_not_changed,
);

const INVALID: &str = "the token is invalid";

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn keys(admin: &Actor) -> Vec<Value> {
    let answer = admin.get("/auth/keys").await.is(200).json();
    assert_eq!(answer["next_cursor"], json!(null));
    answer["items"].as_array().unwrap().clone()
}

/// The state of each key of the ring, the youngest first.
async fn states(admin: &Actor, ring: &str) -> Vec<String> {
    let of_ring = |key: &Value| (key["ring"] == ring).then(|| key["state"].as_str().unwrap().to_owned());
    keys(admin).await.iter().filter_map(of_ring).collect()
}

async fn rotate(admin: &Actor, ring: &str) -> Value {
    admin.post("/auth/keys/rotate", json!({"ring": ring})).await.is(200).json()
}

async fn retire(admin: &Actor, kid: &str) -> Value {
    let answer = admin.post_empty(&format!("/auth/keys/{kid}/retire")).await.is(200).json();
    assert_eq!((&answer["kid"], &answer["state"]), (&json!(kid), &json!("retired")));
    assert!(answer["retired_at"].is_string(), "{answer}");
    answer
}

async fn published(anon: &Actor) -> Vec<String> {
    let set = anon.get("/auth/.well-known/jwks.json").await.is(200).json();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn they_are_listed_without_their_private_parts(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let found = keys(&admin).await;
    assert_eq!(found.len(), 3, "{found:?}");
    for key in &found {
        let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["algorithm", "created_at", "kid", "retired_at", "ring", "signs_from", "state"]);
        assert_eq!((&key["state"], &key["retired_at"]), (&json!("signing"), &json!(null)));
        assert!(key["created_at"].as_str().unwrap().ends_with('Z'));
    }
    let of = |ring: &str| found.iter().find(|key| key["ring"] == ring).unwrap();
    assert_eq!(of("api")["kid"], kid(app.admin_token.as_ref().unwrap()));
    assert_eq!(of("access")["kid"], kid(admin.token()));
    assert_eq!(of("secret")["algorithm"], "HS256");
    assert_eq!(published(&app.anon()).await, [kid(admin.token())]);
    let head = admin.request("HEAD", "/auth/keys").send().await.is(200);
    assert!(head.body.is_empty());
}

async fn who_may_not_is_refused(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let bob = app.user("bob").await;
    let key = kid(admin.token());
    let before = keys(&admin).await;
    let retire = format!("/auth/keys/{key}/retire");
    for (method, path) in [("GET", "/auth/keys"), ("POST", "/auth/keys/rotate"), ("POST", retire.as_str())] {
        app.anon().request(method, path).send().await.problem(401, "no_credentials");
        let refused = bob.request(method, path).send().await;
        refused.problem(403, "insufficient_scope");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.contains("scope=\"keys:write\""), "{challenge}");
        app.bearer(app.admin_token.as_ref().unwrap())
            .request(method, path)
            .send()
            .await
            .invalid_token(INVALID);
    }
    // The keys belong to all tenants, so nobody of one may touch them.
    let of_tenant =
        app.generate(json!({"tenant": "acme", "roles": ["token-admin"], "scopes": ["keys:write"]})).await;
    let of_tenant = app.exchange(&of_tenant.api_token).await;
    assert_eq!(of_tenant.get("/auth/keys").await.status, 403);
    assert_eq!(of_tenant.post_empty(&retire).await.status, 403);
    assert_eq!(keys(&admin).await, before);
    // The scope alone is enough.
    let writer = app.generate(json!({"scopes": ["keys:write"]})).await;
    let writer = app.exchange(&writer.api_token).await;
    assert_eq!(keys(&writer).await, before);
}

async fn a_new_key_of_api_tokens_signs_at_once(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let old = app.generate(json!({"subject": "alice"})).await;
    let child = app.exchange(&old.api_token).await;
    let made = rotate(&admin, "api").await;
    assert_eq!((&made["ring"], &made["state"]), (&json!("api"), &json!("signing")));
    let new = app.generate(json!({"subject": "alice"})).await;
    assert_eq!(made["kid"], kid(&new.api_token));
    assert_eq!(new.record["key_id"], made["kid"]);
    assert_ne!(kid(&old.api_token), kid(&new.api_token));
    child.get("/reports").await.is(200);
    for token in [&old, &new] {
        app.exchange(&token.api_token).await.get("/reports").await.is(200);
        app.bearer(&token.api_token).get("/direct").await.is(200);
    }
    assert_eq!(states(&admin, "api").await, ["signing", "verifying"]);
    assert_eq!(published(&app.anon()).await.len(), 1, "keys of API tokens are not published");
}

async fn a_new_key_of_access_tokens_is_published_before_it_signs(framework: Framework) {
    let clock = FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap());
    let app = Local::new(framework).clock(&clock).route("/who", anybody()).start().await;
    let admin = app.admin().await;
    let made = rotate(&admin, "access").await;
    let new = made["kid"].as_str().unwrap().to_owned();
    assert_eq!(made["state"], "next");
    assert!(made["signs_from"].as_str() > made["created_at"].as_str(), "{made}");
    assert_eq!(states(&admin, "access").await, ["next", "signing"]);
    let old = kid(admin.token());
    let mut both = published(&app.anon()).await;
    both.sort();
    let mut expected = [old.clone(), new.clone()];
    expected.sort();
    assert_eq!(both, expected);
    // Longer than anybody keeps the published keys (300 s).
    clock.advance(Duration::from_secs(301));
    assert_eq!(kid(app.admin().await.token()), old);
    let last_of_the_old = app.admin().await;
    clock.advance(Duration::from_secs(60));
    let admin = app.admin().await;
    assert_eq!(kid(admin.token()), new);
    last_of_the_old.get("/who").await.is(200);
    admin.get("/who").await.is(200);
    assert_eq!(states(&admin, "access").await, ["signing", "verifying"]);
}

async fn a_retired_key_of_access_tokens_opens_nothing(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "alice"})).await;
    let (admin, child) = (app.admin().await, app.exchange(&made.api_token).await);
    for _ in 0..3 {
        child.get("/reports").await.is(200);
    }
    let old = kid(child.token());
    retire(&admin, &old).await;
    for _ in 0..3 {
        child.get("/reports").await.invalid_token(INVALID);
        admin.get("/auth/keys").await.invalid_token(INVALID);
    }
    let (child, admin) = (app.exchange(&made.api_token).await, app.admin().await);
    assert_ne!(kid(child.token()), old);
    child.get("/reports").await.is(200);
    assert_eq!(states(&admin, "access").await, ["signing", "retired"]);
    assert_eq!(published(&app.anon()).await, [kid(child.token())]);
    // Once more is no error, and changes nothing.
    retire(&admin, &old).await;
    child.get("/reports").await.is(200);
    let log = admin.get("/auth/audit").await.is(200).json();
    let of_key = |entry: &&Value| entry["reason"] == old.as_str();
    assert_eq!(log["items"].as_array().unwrap().iter().filter(of_key).count(), 1, "{log}");
}

async fn a_retired_key_of_api_tokens_takes_all_with_it(framework: Framework) {
    let app = App::start(framework).await;
    let old = app.generate(json!({"subject": "alice"})).await;
    let child = app.exchange(&old.api_token).await;
    let admin = app.admin().await;
    rotate(&admin, "api").await;
    let new = app.generate(json!({"subject": "root"})).await;
    let survivor = app.exchange(&new.api_token).await;
    child.get("/reports").await.is(200);
    retire(&survivor, &kid(&old.api_token)).await;
    for dead in [&child, &admin] {
        dead.get("/whoami").await.problem(401, "invalid_token");
    }
    for token in [&old.api_token, app.admin_token.as_ref().unwrap()] {
        app.bearer(token).post_empty("/auth/exchange").await.invalid_token(INVALID);
        app.bearer(token).get("/direct").await.invalid_token(INVALID);
    }
    survivor.get("/whoami").await.is(200);
    app.exchange(&new.api_token).await.get("/whoami").await.is(200);
    assert_eq!(states(&survivor, "api").await, ["signing", "retired"]);
    // The record is not lost: another credential makes it good again.
    let rotated = survivor.post_empty(&old.action("rotate")).await.is(200).json();
    app.exchange(rotated["api_token"].as_str().unwrap()).await.get("/reports").await.is(200);
}

async fn a_retired_key_of_secrets_takes_the_secrets_with_it(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "alice"})).await;
    let header = app.anon().with_header("authorization", &client.basic());
    let grant = [("grant_type", "client_credentials")];
    let answer = header.post_form("/auth/oauth2/token", &grant).await.is(200).json();
    let child = app.bearer(answer["access_token"].as_str().unwrap());
    child.get("/reports").await.is(200);
    let admin = app.admin().await;
    let secret = keys(&admin).await.into_iter().find(|key| key["ring"] == "secret").unwrap();
    retire(&admin, secret["kid"].as_str().unwrap()).await;
    header.post_form("/auth/oauth2/token", &grant).await.oauth_error(401, "invalid_client");
    child.get("/reports").await.problem(401, "invalid_token");
    // The API token has a key of its own.
    app.exchange(&client.made.api_token).await.get("/reports").await.is(200);
    let other = OauthClient::new(&app, json!({"name": "other", "subject": "alice"})).await;
    let header = app.anon().with_header("authorization", &other.basic());
    header.post_form("/auth/oauth2/token", &grant).await.is(200);
}

async fn what_there_is_not_cannot_be_done(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let before = keys(&admin).await;
    for path in ["/auth/keys/nothing/retire", "/auth/keys/%20/retire", "/auth/keys/..%2f/retire"] {
        admin.post_empty(path).await.problem(404, "not_found");
    }
    for body in [json!({"ring": "none"}), json!({"ring": 1}), json!({"rings": "api"})] {
        admin.post("/auth/keys/rotate", body).await.problem(400, "invalid_request");
    }
    admin.post("/auth/keys/rotate", json!([])).await.problem(400, "invalid_json");
    let retire = format!("/auth/keys/{}/retire", kid(admin.token()));
    admin.post(&retire, json!({"why": "no"})).await.problem(400, "invalid_request");
    admin.post_empty("/auth/keys").await.problem(405, "method_not_allowed");
    admin.get("/auth/keys/rotate").await.problem(405, "method_not_allowed");
    admin.get(&retire).await.problem(405, "method_not_allowed");
    assert_eq!(keys(&admin).await, before);
}

/// The host gave the keys, and looks after them itself.
async fn keys_of_the_host_are_seen_and_not_changed(framework: Framework) {
    let app = Local::new(framework).with_given_keys().start().await;
    let admin = app.admin().await;
    let seen = keys(&admin).await;
    assert_eq!(seen.iter().map(|key| &key["state"]).collect::<Vec<_>>(), ["signing", "signing"]);
    for body in [json!({}), json!({"ring": "api"}), json!({"ring": "secret"})] {
        admin.post("/auth/keys/rotate", body).await.problem(409, "keys_not_managed");
    }
    for key in &seen {
        let path = format!("/auth/keys/{}/retire", key["kid"].as_str().unwrap());
        admin.post_empty(&path).await.problem(409, "keys_not_managed");
    }
    assert_eq!(keys(&admin).await, seen);
    admin.get("/auth/keys").await.is(200);
}
