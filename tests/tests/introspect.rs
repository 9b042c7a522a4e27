//! What OAuth clients ask about a token (RFC 7662), and its end (RFC 7009).

use std::time::Duration;

use end_to_end::{Actor, Answer, App, Framework, Local, OauthClient, on_both};
use jeton::{Generate, Timestamp, rights};
use jeton_testkit::FakeClock;
use serde_json::{Value, json};

on_both!(
    it_tells_what_the_token_says,
    it_tells_whom_it_concerns,
    an_admin_of_a_tenant_is_told_of_its_own,
    it_tells_nobody_who_does_not_say_who_it_is,
    whatever_is_over_is_not_active,
    an_access_token_is_revoked_alone,
    an_api_token_is_revoked_with_all_that_came_of_it,
    what_there_is_not_is_revoked_already,
    who_says_who_it_is_must_prove_it,
);

const INTROSPECT: &str = "/auth/oauth2/introspect";
const REVOKE: &str = "/auth/oauth2/revoke";
const REVOKED: &str = "the token was revoked";
const CUT_OFF: &str = "the token was revoked, or its rights were changed";
const BASIC: &str = "Basic realm=\"demo\", charset=\"UTF-8\"";

async fn introspect(caller: &Actor, token: &str) -> Value {
    let answer = caller.post_form(INTROSPECT, &[("token", token)]).await.is(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

async fn is_inactive(caller: &Actor, token: &str) {
    assert_eq!(introspect(caller, token).await, json!({"active": false}));
}

async fn revoke(caller: &Actor, token: &str) {
    let answer = caller.post_form(REVOKE, &[("token", token)]).await.is(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json(), json!({}));
}

async fn it_tells_what_the_token_says(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob", "tenant": "acme"})).await;
    let child = app.exchange(&made.api_token).await;
    let told = introspect(&child, child.token()).await;
    let claims = claims(child.token());
    assert_eq!(
        told,
        json!({
            "active": true, "iss": format!("{}/auth", app.url), "sub": "bob", "aud": [app.url],
            "client_id": made.id, "jti": claims["jti"], "iat": claims["iat"], "exp": claims["exp"],
            "scope": "reports:write tokens:self", "roles": ["reader", "writer"], "groups": [],
            "tenant": "acme", "token_type": "Bearer",
        })
    );
    // The API token is no bearer for a resource.
    let told = introspect(&child, &made.api_token).await;
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("N_A")));
    assert_eq!((&told["client_id"], &told["sub"]), (&json!(made.id), &json!("bob")));
    // One without a subject or an end.
    let service = app.generate(json!({"roles": ["writer"], "never_expires": true})).await;
    let told = introspect(&app.exchange(&service.api_token).await, &service.api_token).await;
    assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!(service.id)));
    assert!(told.get("exp").is_none() && told.get("tenant").is_none(), "{told}");
    // Asking is no use.
    let record = app.admin().await.get(&service.path()).await.json();
    assert_eq!(record["state"], "active");
}

/// What a token says; the test does not verify it.
fn claims(token: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn it_tells_whom_it_concerns(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let child = app.exchange(&client.made.api_token).await;
    let sibling = app.exchange(&client.made.api_token).await;
    let (alice, admin) = (app.user("alice").await, app.admin().await);
    let stranger = app.exchange(&app.generate(json!({"subject": "bob"})).await.api_token).await;
    let by_header = app.anon().with_header("authorization", &client.basic());
    for token in [child.token(), &client.made.api_token] {
        for caller in [&child, &sibling, &admin, &by_header] {
            assert_eq!(introspect(caller, token).await["active"], true);
        }
        let fields = [client.in_body().as_slice(), &[("token", token)]].concat();
        assert_eq!(app.anon().post_form(INTROSPECT, &fields).await.is(200).json()["active"], true);
        // Nor another token of the same user.
        for caller in [&alice, &stranger] {
            is_inactive(caller, token).await;
        }
        let hinted = [("token", token), ("token_type_hint", "refresh_token")];
        assert_eq!(child.post_form(INTROSPECT, &hinted).await.is(200).json()["active"], true);
    }
    is_inactive(&by_header, alice.token()).await;
}

async fn an_admin_of_a_tenant_is_told_of_its_own(framework: Framework) {
    let app = Local::new(framework).start().await;
    let of = |name: &str, tenant: &str| Generate::new(name).with_tenant(tenant);
    let admin = app.made(of("admin", "acme").with_role(rights::TOKEN_ADMIN)).await;
    let admin = app.exchange(&admin).await;
    let own = app.exchange(&app.made(of("own", "acme")).await).await;
    let other = app.exchange(&app.made(of("other", "umbrella")).await).await;
    let of_none = app.exchange(&app.made(Generate::new("of none")).await).await;
    assert_eq!(introspect(&admin, own.token()).await["active"], true);
    is_inactive(&admin, other.token()).await;
    is_inactive(&admin, of_none.token()).await;
    let root = app.admin().await;
    for token in [&own, &other, &of_none] {
        assert_eq!(introspect(&root, token.token()).await["active"], true);
    }
}

async fn it_tells_nobody_who_does_not_say_who_it_is(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let child = app.exchange(&client.made.api_token).await;
    let token = ("token", child.token());
    let nobody = app.anon().post_form(INTROSPECT, &[token]).await;
    nobody.oauth_error(401, "invalid_client");
    assert_eq!(nobody.header("www-authenticate"), Some(BASIC));
    let wrong = OauthClient { secret: "1.a".to_owned(), ..client.clone() };
    let header = app.anon().with_header("authorization", &wrong.basic());
    let refused = header.post_form(INTROSPECT, &[token]).await;
    refused.oauth_error(401, "invalid_client");
    assert_eq!(refused.header("www-authenticate"), Some(BASIC));
    let fields = [wrong.in_body().as_slice(), &[token]].concat();
    app.anon().post_form(INTROSPECT, &fields).await.oauth_error(401, "invalid_client");
    // An API token is no bearer here, and a bad one is refused as everywhere.
    for bearer in ["a.b.c", &client.made.api_token] {
        let refused = app.bearer(bearer).post_form(INTROSPECT, &[token]).await;
        refused.oauth_error(401, "invalid_token");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer realm=\"demo\", error=\"invalid_token\""), "{challenge}");
    }
    child.post_form(INTROSPECT, &[]).await.oauth_error(400, "invalid_request");
    child.post_form(INTROSPECT, &[token, token]).await.oauth_error(400, "invalid_request");
    child.post(INTROSPECT, json!({"token": child.token()})).await.oauth_error(400, "invalid_request");
    child.get(INTROSPECT).await.problem(405, "method_not_allowed");
}

async fn whatever_is_over_is_not_active(framework: Framework) {
    let clock = FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap());
    let app = Local::new(framework).clock(&clock).start().await;
    let (api, other) = (app.made(Generate::new("one")).await, app.made(Generate::new("other")).await);
    let child = app.exchange(&api).await;
    let admin = app.admin().await;
    assert_eq!(introspect(&admin, child.token()).await["active"], true);
    let (head, signature) = child.token().rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    for token in ["a", "a.b.c", &format!("{head}.{reversed}"), &format!("{}x", other)] {
        is_inactive(&admin, token).await;
    }
    for action in ["disable", "revoke"] {
        let made = app.admin().await.post("/auth/tokens", json!({"name": action})).await.is(201).json();
        let token = made["api_token"].as_str().unwrap();
        let child = app.exchange(token).await;
        assert_eq!(introspect(&admin, token).await["active"], true);
        let path = format!("/auth/tokens/{}/{action}", made["token"]["id"].as_str().unwrap());
        admin.post_empty(&path).await.is(200);
        is_inactive(&admin, token).await;
        is_inactive(&admin, child.token()).await;
    }
    clock.advance(Duration::from_secs(3600));
    let admin = app.admin().await;
    is_inactive(&admin, child.token()).await;
    assert_eq!(introspect(&admin, &api).await["active"], true);
}

async fn an_access_token_is_revoked_alone(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob"})).await;
    let (one, sibling) = (app.exchange(&made.api_token).await, app.exchange(&made.api_token).await);
    // It is remembered as verified by now.
    for _ in 0..3 {
        one.get("/whoami").await.is(200);
    }
    revoke(&app.anon(), one.token()).await;
    for _ in 0..3 {
        one.get("/whoami").await.is(401).problem(401, "invalid_token");
        one.get("/direct").await.problem(401, "invalid_token");
    }
    is_inactive(&sibling, one.token()).await;
    sibling.get("/whoami").await.is(200);
    app.exchange(&made.api_token).await.get("/whoami").await.is(200);
    // Again is no error, and it may do it with its own bearer too.
    revoke(&app.anon(), one.token()).await;
    revoke(&sibling, sibling.token()).await;
    sibling.get("/whoami").await.problem(401, "invalid_token");
    let log = app.admin().await.get(&format!("/auth/audit?token_id={}", made.id)).await.is(200).json();
    let entries = log["items"].as_array().unwrap();
    let revoked = entries.iter().filter(|entry| entry["action"].as_str().unwrap().contains("revoke"));
    assert_eq!(revoked.count(), 2, "{log}");
}

async fn an_api_token_is_revoked_with_all_that_came_of_it(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob"})).await;
    let (one, other) = (app.exchange(&made.api_token).await, app.exchange(&made.api_token).await);
    let bystander = app.user("bob").await;
    one.get("/whoami").await.is(200);
    // A wrong hint is no more than a hint (RFC 7009 §2.1).
    let fields = [("token", made.api_token.as_str()), ("token_type_hint", "access_token")];
    assert_eq!(app.anon().post_form(REVOKE, &fields).await.is(200).json(), json!({}));
    for child in [&one, &other] {
        child.get("/whoami").await.invalid_token(CUT_OFF);
    }
    app.bearer(&made.api_token).post_empty("/auth/exchange").await.invalid_token(REVOKED);
    bystander.get("/whoami").await.is(200);
    assert_eq!(app.admin().await.get(&made.path()).await.is(200).json()["state"], "revoked");
}

async fn what_there_is_not_is_revoked_already(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob"})).await;
    let child = app.exchange(&made.api_token).await;
    let (head, signature) = made.api_token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    for token in ["a", "a.b.c", &format!("{head}.{reversed}"), &made.id] {
        revoke(&app.anon(), token).await;
    }
    child.get("/whoami").await.is(200);
    // One that was replaced ends nothing that came after it.
    let rotated = app.admin().await.post_empty(&made.action("rotate")).await.is(200).json();
    revoke(&app.anon(), &made.api_token).await;
    app.exchange(rotated["api_token"].as_str().unwrap()).await.get("/whoami").await.is(200);
}

async fn who_says_who_it_is_must_prove_it(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let child = app.exchange(&client.made.api_token).await;
    let token = ("token", child.token());
    let wrong = OauthClient { secret: "1.a".to_owned(), ..client.clone() };
    let header = app.anon().with_header("authorization", &wrong.basic());
    let refused: Answer = header.post_form(REVOKE, &[token]).await;
    refused.oauth_error(401, "invalid_client");
    assert_eq!(refused.header("www-authenticate"), Some(BASIC));
    let fields = [wrong.in_body().as_slice(), &[token]].concat();
    app.anon().post_form(REVOKE, &fields).await.oauth_error(401, "invalid_client");
    app.bearer("a.b.c").post_form(REVOKE, &[token]).await.oauth_error(401, "invalid_token");
    app.anon().post_form(REVOKE, &[]).await.oauth_error(400, "invalid_request");
    app.anon().post_form(REVOKE, &[token, token]).await.oauth_error(400, "invalid_request");
    app.anon().post(REVOKE, json!({"token": child.token()})).await.oauth_error(400, "invalid_request");
    app.anon().get(REVOKE).await.problem(405, "method_not_allowed");
    child.get("/whoami").await.is(200);
    let header = app.anon().with_header("authorization", &client.basic());
    revoke(&header, child.token()).await;
    child.get("/whoami").await.problem(401, "invalid_token");
}
