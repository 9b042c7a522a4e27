//! Matrix42, "Web Services tokens": a token is generated for a person, its text is seen once, a program exchanges it in
//! the background, and when it leaks it is enough to disable or delete it.

use base64::Engine as _;
use end_to_end::{Actor, Framework, Local, LocalApp, Made, on_both};
use jeton::{Account, Algorithm, Clock as _, Timestamp, policy::audience};
use jeton_axum::Endpoint;
use jeton_testkit::FakeClock;
use serde_json::{Value, json};

use crate::secrecy::parts;

on_both!(
    a_token_is_generated_with_a_name_and_an_end_or_none,
    its_text_is_kept_nowhere_and_seen_once,
    an_external_app_may_call_one_method_and_nobody_else_may,
    disabled_or_deleted_it_is_worth_nothing,
);

const DAY: u64 = 86_400;
const EXCHANGE: &str = "/m42Services/api/ApiToken/GenerateAccessTokenFromApiToken/";
const METHOD: &str = "/m42Services/api/data/incidents";

fn matrix42(framework: Framework, clock: &FakeClock) -> Local {
    Local::new(framework)
        .user("ExternalApp", Account::active())
        .user("OtherApp", Account::active().with_role("agent"))
        .authority(|builder| builder.api_algorithm(Algorithm::Rs256).access_algorithm(Algorithm::Rs256))
        .route(METHOD, audience("incidents"))
        .also(EXCHANGE, Endpoint::Exchange)
        .clock(clock)
}

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap())
}

/// "Generate New Token" in the administration.
async fn generate(admin: &Actor, fields: Value) -> Made {
    Made::of(&admin.post("/auth/tokens", fields).await.is(201).json())
}

/// The call of the manual: `POST …/GenerateAccessTokenFromApiToken/?` with the API token as the bearer.
async fn access(app: &LocalApp, api_token: &str) -> end_to_end::Answer {
    app.bearer(api_token).post_empty(&format!("{EXCHANGE}?")).await
}

fn decoded(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn a_token_is_generated_with_a_name_and_an_end_or_none(framework: Framework) {
    // The build enables both of its providers, so one has to be named; the second time it is there already.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let clock = clock();
    let app = matrix42(framework, &clock).start().await;
    let admin = app.admin().await;
    let fields = json!({"name": "Data Gateway", "subject": "ExternalApp", "expires_in_days": 30});
    let month = generate(&admin, fields.clone()).await;
    admin.post("/auth/tokens", fields).await.problem(409, "name_taken");
    let fields = json!({"name": "Worker", "subject": "ExternalApp", "never_expires": true});
    let ever = generate(&admin, fields).await;

    assert_eq!(
        (&month.record["name"], &month.record["subject"]),
        (&json!("Data Gateway"), &json!("ExternalApp"))
    );
    let end = clock.now().saturating_add(std::time::Duration::from_secs(30 * DAY));
    assert_eq!(month.record["expires_at"], end.to_string());
    assert_eq!(ever.record["expires_at"], Value::Null);
    for token in [&month.api_token, &ever.api_token] {
        assert_eq!(decoded(token, 0)["alg"], "RS256");
    }
    assert_eq!(decoded(&month.api_token, 1)["exp"], end.unix_seconds());
    assert_eq!(decoded(&ever.api_token, 1).get("exp"), None);
    // The access token too, and anybody can check it by the published key.
    let answer = access(&app, &month.api_token).await.is(200).json();
    let token = answer["access_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    let jwks: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(app.anon().get("/auth/.well-known/jwks.json").await.is(200).json()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&[&app.url]);
    // Its times are those of the clock of the test.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], "ExternalApp");

    clock.advance(std::time::Duration::from_secs(30 * DAY - 1));
    access(&app, &month.api_token).await.is(200);
    clock.advance(std::time::Duration::from_secs(1));
    access(&app, &month.api_token).await.invalid_token("the token has expired");
    clock.advance(std::time::Duration::from_secs(20 * 365 * DAY));
    access(&app, &ever.api_token).await.is(200);
}

async fn its_text_is_kept_nowhere_and_seen_once(framework: Framework) {
    let app = matrix42(framework, &clock()).start().await;
    let admin = app.admin().await;
    let fields = json!({"name": "Data Gateway", "subject": "ExternalApp", "never_expires": true});
    let answer = admin.post("/auth/tokens", fields).await.is(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = Made::of(&answer.json());
    let child = access(&app, &made.api_token).await.is(200).json();
    let child = child["access_token"].as_str().unwrap();

    let mut seen = Vec::new();
    for path in ["/auth/tokens", "/auth/tokens?name=gateway", "/auth/audit", &made.path()] {
        seen.push(admin.get(path).await.is(200));
    }
    seen.push(app.bearer(child).get("/auth/tokens/self").await.is(200));
    seen.push(admin.patch(&made.path(), json!({"description": "for the gateway"})).await.is(200));
    for action in ["disable", "enable"] {
        seen.push(admin.post_empty(&made.action(action)).await.is(200));
    }
    let reveal = admin.post_empty(&made.action("reveal")).await;
    reveal.problem(403, "reveal_not_allowed");
    seen.push(reveal);

    app.authority.flush().await.unwrap();
    let files = app.files();
    let holds = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(
        files.iter().any(|(_, bytes)| holds(bytes, b"Data Gateway")),
        "the record is in none of the files"
    );
    for token in [made.api_token.as_str(), child] {
        for (part, needle) in parts(token) {
            for (name, bytes) in &files {
                assert!(!holds(bytes, &needle), "{name} holds the {part} of a token");
            }
            for answer in &seen {
                assert!(!holds(&answer.body, &needle), "an answer holds the {part} of a token: {answer:?}");
            }
        }
    }
}

async fn an_external_app_may_call_one_method_and_nobody_else_may(framework: Framework) {
    let app = matrix42(framework, &clock()).start().await;
    let admin = app.admin().await;
    let generate = async |name: &str, subject: &str| {
        generate(&admin, json!({"name": name, "subject": subject, "expires_in_days": 30})).await.api_token
    };
    let (external, other) = (generate("External", "ExternalApp").await, generate("Other", "OtherApp").await);

    // The exchange, as the manual writes it.
    let answer = access(&app, &external).await.is(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
    let child = app.bearer(body["access_token"].as_str().unwrap());
    app.anon().post_empty(&format!("{EXCHANGE}?")).await.problem(401, "no_credentials");
    child.post_empty(&format!("{EXCHANGE}?")).await.problem(401, "invalid_token");
    let get = child.get(EXCHANGE).await;
    get.problem(405, "method_not_allowed");
    assert_eq!(get.header("allow"), Some("POST"));

    // Until somebody changes the audience of the method, nobody may call it.
    child.get(METHOD).await.problem(403, "audience_denied");
    let audience = json!({"subjects": ["ExternalApp"]});
    child.request("PUT", "/auth/audiences/incidents").json(&audience).send().await.is(403);
    admin.request("PUT", "/auth/audiences/incidents").json(&audience).send().await.is(200);

    assert_eq!(child.get(METHOD).await.is(200).json()["subject"], "ExternalApp");
    let other = access(&app, &other).await.is(200).json();
    let other = app.bearer(other["access_token"].as_str().unwrap());
    other.get(METHOD).await.problem(403, "audience_denied");
    admin.get(METHOD).await.problem(403, "audience_denied");
    app.anon().get(METHOD).await.problem(401, "no_credentials");
    app.bearer(&external).get(METHOD).await.problem(401, "invalid_token");
    // And nothing beside it.
    child.get("/auth/tokens").await.problem(403, "insufficient_scope");
    child.post("/auth/tokens", json!({"name": "more"})).await.problem(403, "insufficient_scope");
}

async fn disabled_or_deleted_it_is_worth_nothing(framework: Framework) {
    let app = matrix42(framework, &clock()).start().await;
    let admin = app.admin().await;
    let audience = json!({"subjects": ["ExternalApp"]});
    admin.request("PUT", "/auth/audiences/incidents").json(&audience).send().await.is(200);
    let child = async |token: &str| {
        let answer = access(&app, token).await.is(200).json();
        let child = app.bearer(answer["access_token"].as_str().unwrap());
        child.get(METHOD).await.is(200);
        child
    };
    let made = generate(&admin, json!({"name": "leaked", "subject": "ExternalApp"})).await;

    let old = child(&made.api_token).await;
    let disabled = admin.post(&made.action("disable"), json!({"reason": "it leaked"})).await.is(200);
    assert_eq!(disabled.json()["state"], "disabled");
    const CUT: &str = "the token was revoked, or its rights were changed";
    old.get(METHOD).await.invalid_token(CUT);
    access(&app, &made.api_token).await.invalid_token("the token is disabled");

    admin.post_empty(&made.action("enable")).await.is(200);
    old.get(METHOD).await.invalid_token(CUT);
    let young = child(&made.api_token).await;
    admin.delete(&made.path()).await.is(204);
    young.get(METHOD).await.invalid_token(CUT);
    access(&app, &made.api_token).await.invalid_token("the token was revoked");
    admin.get(&made.path()).await.problem(404, "not_found");
    assert!(admin.list("").await.iter().all(|record| record["id"] != made.id.as_str()));
    // Its name is free again.
    generate(&admin, json!({"name": "leaked", "subject": "ExternalApp"})).await;
}
