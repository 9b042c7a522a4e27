//! MindTouch, "Get a Server API Token": a key with its secret and a ten-year JWT, seen once; the key alone is worth
//! nothing; a request is signed for a user; the token can be restricted to one; to remove it ends all of them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use end_to_end::{Actor, Answer, Framework, Local, LocalApp, on_both};
use http::HeaderName;
use jeton::{
    Account, Clock as _, Directory, DirectoryError, Signatures, StaticDirectory, Timestamp,
    policy::{anybody, group, tenant},
};
use jeton_testkit::FakeClock;
use serde_json::{Value, json};

on_both!(
    key_secret_and_jwt_are_given_once,
    the_key_alone_is_worth_nothing,
    key_and_secret_are_a_client_of_oauth,
    a_request_is_signed_for_a_user,
    a_signature_that_was_touched_or_is_of_another_time_is_refused,
    a_signature_counts_once_where_that_is_set,
    a_token_is_restricted_to_a_user,
    a_token_belongs_to_a_group_and_a_tenant,
    to_remove_it_ends_all_that_came_of_it,
);

const PAGES: &str = "/@api/deki/pages";
const DIRECT: &str = "/@api/deki/users/current";
const INVALID: &str = "the token is invalid";

/// Users with numbers, and names beside them.
struct Site(StaticDirectory);

const NAMES: [(&str, &str); 3] = [("admin", "1"), ("jane_doe", "2"), ("Renée Müller", "3")];

#[async_trait]
impl Directory for Site {
    async fn account(&self, subject: &str) -> Result<Option<Account>, DirectoryError> {
        self.0.account(subject).await
    }

    async fn subject_of_name(&self, name: &str) -> Result<Option<String>, DirectoryError> {
        Ok(NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, id)| id.to_owned()))
    }
}

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap())
}

fn mindtouch(framework: Framework, clock: &FakeClock, signatures: Signatures) -> Local {
    Local::new(framework)
        .user("1", Account::active().with_group("authors"))
        .user("2", Account::active().with_group("authors").with_group("editors"))
        .user("3", Account::active())
        .directory(|users| Arc::new(Site(users)))
        .authority(move |builder| builder.signatures(signatures))
        .gate(|gate| gate.signature_header(HeaderName::from_static("x-deki-token")))
        .route(PAGES, anybody())
        .route("/@api/deki/drafts", group("authors"))
        .route("/@api/deki/acme", tenant("acme"))
        .route_behind(|gate| gate.accepting_api_tokens(), DIRECT, anybody())
        .clock(clock)
}

/// What the window "API token created" shows.
struct Server {
    id: String,
    record: Value,
    key: String,
    secret: String,
    jwt: String,
}

/// "Generate API token", with the radio button on "Server".
async fn server(admin: &Actor, mut fields: Value) -> Server {
    fields["key_and_secret"] = json!(true);
    fields["expires_in_days"] = json!(3650);
    let answer = admin.post("/auth/tokens", fields).await.is(201).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Server {
        id: text(&answer["token"]["id"]),
        record: answer["token"].clone(),
        key: text(&answer["key"]),
        secret: text(&answer["secret"]),
        jwt: text(&answer["api_token"]),
    }
}

impl Server {
    fn path(&self) -> String {
        format!("/auth/tokens/{}", self.id)
    }

    /// `tkn_{key}_{epoch}_{user}_{hash}`
    fn signed(&self, epoch: i64, user: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let mac = hmac::sign(&key, format!("{}{epoch}{user}", self.key).as_bytes());
        let hash: String = mac.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("tkn_{}_{epoch}_{user}_{hash}", self.key)
    }
}

async fn with_signature(app: &LocalApp, signature: &str) -> Answer {
    app.anon().request("POST", "/auth/exchange").header("x-deki-token", signature).send().await
}

async fn client_credentials(app: &LocalApp, basic: Option<&str>, rest: &str) -> Answer {
    let request = app.anon().request("POST", "/auth/oauth2/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(format!("grant_type=client_credentials{rest}"));
    match basic {
        Some(pair) => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
            request.header("authorization", format!("Basic {encoded}")).send().await
        }
        None => request.send().await,
    }
}

#[track_caller]
fn invalid_client(answer: &Answer, challenged: bool) {
    assert_eq!(answer.status, 401, "{answer:#?}");
    let body = answer.json();
    assert_eq!(body["error"], "invalid_client");
    assert!(body["error_description"].is_string() && body.get("access_token").is_none());
    let challenge = challenged.then_some("Basic realm=\"demo\", charset=\"UTF-8\"");
    assert_eq!(answer.header("www-authenticate"), challenge, "{answer:#?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

fn child(app: &LocalApp, answer: &Answer) -> Actor {
    app.bearer(answer.clone().is(200).json()["access_token"].as_str().unwrap())
}

async fn key_secret_and_jwt_are_given_once(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::Accepted).start().await;
    let admin = app.admin().await;
    let server = server(&admin, json!({"name": "Integration (with JWT)"})).await;
    assert_eq!(server.record["name"], "Integration (with JWT)");
    assert_eq!(server.record["key_and_secret"], true);
    let ten_years = clock.now().saturating_add(Duration::from_secs(3650 * 86_400));
    assert_eq!(server.record["expires_at"], ten_years.to_string());

    // Neither the secret nor the JWT is in any other answer, nor in the files.
    let signature = server.jwt.rsplit_once('.').unwrap().1;
    let mac = server.secret.split_once('.').unwrap().1;
    for path in ["/auth/tokens", "/auth/audit", &server.path()] {
        let answer = admin.get(path).await.is(200);
        assert!(answer.text().contains(&server.id), "{path} does not tell of it");
        assert!(!answer.text().contains(signature) && !answer.text().contains(mac), "{path}");
    }
    admin.post_empty(&format!("{}/reveal", server.path())).await.problem(403, "reveal_not_allowed");
    for (name, bytes) in app.files() {
        for needle in [signature.as_bytes(), mac.as_bytes()] {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{name}");
        }
    }

    // Ten years long it is accepted, as the bearer itself and at the exchange.
    for _ in 0..2 {
        let direct = app.bearer(&server.jwt).get(DIRECT).await.is(200).json();
        assert_eq!((&direct["subject"], &direct["token_id"]), (&Value::Null, &json!(server.id)));
        app.bearer(&server.jwt).get(PAGES).await.problem(401, "invalid_token");
        let exchanged = app.bearer(&server.jwt).post_empty("/auth/exchange").await;
        child(&app, &exchanged).get(PAGES).await.is(200);
        clock.advance(Duration::from_secs(3650 * 86_400 - 1));
    }
    app.bearer(&server.jwt).get(DIRECT).await.invalid_token("the token has expired");
    invalid_client(
        &client_credentials(&app, Some(&format!("{}:{}", server.key, server.secret)), "").await,
        true,
    );
}

async fn the_key_alone_is_worth_nothing(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::Accepted).start().await;
    let server = server(&app.admin().await, json!({"name": "Integration"})).await;
    let key = server.key.as_str();
    for (method, path) in
        [("GET", PAGES), ("GET", DIRECT), ("POST", "/auth/exchange"), ("GET", "/auth/tokens")]
    {
        let answer = app.bearer(key).request(method, path).send().await;
        answer.invalid_token(INVALID);
    }
    let epoch = clock.now().unix_seconds();
    for header in [
        key.to_owned(),
        format!("tkn_{key}"),
        format!("tkn_{key}_{epoch}_1_"),
        format!("tkn_{key}_{epoch}_1_{key}"),
    ] {
        with_signature(&app, &header).await.invalid_token(INVALID);
    }
    invalid_client(&client_credentials(&app, Some(&format!("{key}:")), "").await, true);
    invalid_client(&client_credentials(&app, Some(key), "").await, true);
    invalid_client(&client_credentials(&app, None, &format!("&client_id={key}")).await, false);
    invalid_client(
        &client_credentials(&app, None, &format!("&client_id={key}&client_secret={key}")).await,
        false,
    );
    invalid_client(&client_credentials(&app, None, &format!("&client_id={key}&client_secret=")).await, false);
}

async fn key_and_secret_are_a_client_of_oauth(framework: Framework) {
    let app = mindtouch(framework, &clock(), Signatures::Accepted).start().await;
    let admin = app.admin().await;
    let (one, other) = (
        server(&admin, json!({"name": "one", "scopes": ["pages:read", "pages:write"]})).await,
        server(&admin, json!({"name": "other"})).await,
    );
    let pair = format!("{}:{}", one.key, one.secret);
    for answer in [
        client_credentials(&app, Some(&pair), "").await,
        client_credentials(&app, Some(&pair), &format!("&client_id={}", one.key)).await,
        client_credentials(&app, None, &format!("&client_id={}&client_secret={}", one.key, one.secret)).await,
    ] {
        let answer = answer.is(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let body = answer.json();
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
        assert_eq!(body["scope"], "pages:read pages:write");
        assert_eq!(child(&app, &answer).get(PAGES).await.is(200).json()["token_id"], one.id.as_str());
    }
    let narrowed = client_credentials(&app, Some(&pair), "&scope=pages:read").await.is(200);
    assert_eq!(narrowed.json()["scope"], "pages:read");

    let (generation, mac) = one.secret.split_once('.').unwrap();
    for secret in [
        "wrong",
        &other.secret,
        mac,
        &one.secret[..one.secret.len() - 1],
        &format!("2.{mac}"),
        &format!("0{generation}.{mac}"),
    ] {
        invalid_client(&client_credentials(&app, Some(&format!("{}:{secret}", one.key)), "").await, true);
        let body = format!("&client_id={}&client_secret={secret}", one.key);
        invalid_client(&client_credentials(&app, None, &body).await, false);
    }
    let unknown = "00000000-0000-7000-8000-000000000000";
    invalid_client(&client_credentials(&app, Some(&format!("{unknown}:{}", one.secret)), "").await, true);
    invalid_client(&client_credentials(&app, None, "").await, false);
    let both = client_credentials(&app, Some(&pair), &format!("&client_secret={}", one.secret)).await;
    assert_eq!((both.status, &both.json()["error"]), (400, &json!("invalid_request")), "two ways at once");
}

async fn a_request_is_signed_for_a_user(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::Accepted).start().await;
    let server = server(&app.admin().await, json!({"name": "Integration"})).await;
    let now = clock.now().unix_seconds();
    for (user, subject) in [
        ("1", "1"),
        ("=admin", "1"),
        ("%3Dadmin", "1"),
        ("=jane_doe", "2"),
        ("%3Djane%5Fdoe", "2"),
        ("%3DRen%C3%A9e%20M%C3%BCller", "3"),
    ] {
        let answer = with_signature(&app, &server.signed(now, user)).await.is(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let who = child(&app, &answer).get(PAGES).await.is(200).json();
        assert_eq!((&who["subject"], &who["token_id"]), (&json!(subject), &json!(server.id)), "{user}");
    }
    // As often as one likes, while it lasts.
    let signed = server.signed(now, "1");
    for _ in 0..2 {
        with_signature(&app, &signed).await.is(200);
    }
    for unknown in ["=nobody", "4", "%3D1", "Admin"] {
        with_signature(&app, &server.signed(now, unknown))
            .await
            .invalid_token("the subject of the token is not active");
    }
    // It stands in its header alone, and beside nothing else.
    app.bearer(&signed).post_empty("/auth/exchange").await.problem(401, "invalid_token");
    let twice = app.bearer(&server.jwt).request("POST", "/auth/exchange").header("x-deki-token", &signed);
    twice.send().await.problem(400, "invalid_request");
    app.anon()
        .request("GET", PAGES)
        .header("x-deki-token", &signed)
        .send()
        .await
        .problem(401, "no_credentials");

    // The user of this moment: who is locked out is locked out.
    app.users.set("1", Account { active: false, ..Account::active() });
    with_signature(&app, &signed).await.invalid_token("the subject of the token is not active");

    let off = mindtouch(framework, &clock, Signatures::Refused).start().await;
    let server = self::server(&off.admin().await, json!({"name": "Integration"})).await;
    with_signature(&off, &server.signed(now, "1")).await.invalid_token(INVALID);
}

async fn a_signature_that_was_touched_or_is_of_another_time_is_refused(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::Accepted).start().await;
    let admin = app.admin().await;
    let one = server(&admin, json!({"name": "one"})).await;
    let other = server(&admin, json!({"name": "other"})).await;
    let now = clock.now().unix_seconds();
    let good = one.signed(now, "1");
    let hash = good.rsplit_once('_').unwrap().1;
    let flipped = |at: usize| {
        let mut bytes = hash.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).unwrap()
    };
    let key = &one.key;
    for touched in [
        format!("tkn_{}_{now}_1_{hash}", other.key),
        format!("tkn_00000000-0000-7000-8000-000000000000_{now}_1_{hash}"),
        format!("tkn_{key}_{}_1_{hash}", now - 1),
        format!("tkn_{key}_0{}_1_{hash}", now / 10),
        format!("tkn_{key}_0{now}_1_{hash}"),
        format!("tkn_{key}_{}_1_{hash}", &now.to_string()[1..]),
        format!("tkn_{key}_{now}_2_{hash}"),
        format!("tkn_{key}_{now}_=admin_{hash}"),
        format!("tkn_{key}_{now}_%31_{hash}"),
        format!("tkn_{key}_{now}__{hash}"),
        format!("tkn_{key}_{now}_1_{}", flipped(0)),
        format!("tkn_{key}_{now}_1_{}", flipped(63)),
        format!("tkn_{key}_{now}_1_{}", &hash[1..]),
        format!("tkn_{key}_{now}_1_{hash}0"),
        format!("key_{key}_{now}_1_{hash}"),
        format!("{key}_{now}_1_{hash}"),
        good.replace("tkn_", "tkn_tkn_"),
        one.signed(now, "%ZZ"),
        one.signed(now, "%C3"),
        // A touched one of another time says nothing of its time.
        format!("tkn_{key}_{}_1_{hash}", now - 1000),
        format!("tkn_{key}_{}_1_{hash}", now + 1000),
    ] {
        with_signature(&app, &touched).await.invalid_token(INVALID);
    }
    with_signature(&app, &good).await.is(200);

    // Five minutes, from the moment that it names; and clocks may differ by one.
    with_signature(&app, &one.signed(now - 299, "1")).await.is(200);
    with_signature(&app, &one.signed(now - 300, "1")).await.invalid_token("the token has expired");
    with_signature(&app, &one.signed(now + 60, "1")).await.is(200);
    with_signature(&app, &one.signed(now + 61, "1")).await.invalid_token("the token is not yet valid");
    clock.advance(Duration::from_secs(299));
    with_signature(&app, &good).await.is(200);
    clock.advance(Duration::from_secs(1));
    with_signature(&app, &good).await.invalid_token("the token has expired");
}

async fn a_signature_counts_once_where_that_is_set(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::AcceptedOnce).start().await;
    let server = server(&app.admin().await, json!({"name": "Integration"})).await;
    let signed = server.signed(clock.now().unix_seconds(), "1");
    with_signature(&app, &signed).await.is(200);
    for again in [
        signed.clone(),
        signed.replace(&signed[signed.len() - 64..], &signed[signed.len() - 64..].to_uppercase()),
    ] {
        with_signature(&app, &again).await.invalid_token("the signature was used already");
    }
    with_signature(&app, &server.signed(clock.now().unix_seconds(), "2")).await.is(200);
    clock.advance(Duration::from_secs(1));
    with_signature(&app, &server.signed(clock.now().unix_seconds(), "1")).await.is(200);
    with_signature(&app, &signed).await.invalid_token("the signature was used already");
}

async fn a_token_is_restricted_to_a_user(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::Accepted).start().await;
    let admin = app.admin().await;
    let now = clock.now().unix_seconds();

    // On create.
    let bound = server(&admin, json!({"name": "bound", "subject": "1"})).await;
    assert_eq!(bound.record["subject"], "1");
    for user in ["1", "=admin"] {
        let answer = with_signature(&app, &bound.signed(now, user)).await;
        assert_eq!(child(&app, &answer).get(PAGES).await.is(200).json()["subject"], "1");
    }
    for user in ["2", "=jane_doe"] {
        with_signature(&app, &bound.signed(now, user)).await.problem(403, "subject_denied");
    }
    let basic = client_credentials(&app, Some(&format!("{}:{}", bound.key, bound.secret)), "").await;
    assert_eq!(child(&app, &basic).get(PAGES).await.is(200).json()["subject"], "1");
    assert_eq!(app.bearer(&bound.jwt).get(DIRECT).await.is(200).json()["subject"], "1");

    // By a later edit; what was got for another user before ends with it.
    let free = server(&admin, json!({"name": "free"})).await;
    let before = child(&app, &with_signature(&app, &free.signed(now, "2")).await);
    before.get(PAGES).await.is(200);
    let edited = admin.patch(&free.path(), json!({"subject": "1"})).await.is(200).json();
    assert_eq!(edited["subject"], "1");
    before.get(PAGES).await.problem(401, "invalid_token");
    with_signature(&app, &free.signed(now, "2")).await.problem(403, "subject_denied");
    let answer = with_signature(&app, &free.signed(now, "1")).await;
    assert_eq!(child(&app, &answer).get(PAGES).await.is(200).json()["subject"], "1");
    assert_eq!(app.bearer(&free.jwt).get(DIRECT).await.is(200).json()["subject"], "1");
    // And it is lifted again.
    admin.patch(&free.path(), json!({"subject": null})).await.is(200);
    with_signature(&app, &free.signed(now, "2")).await.is(200);
}

async fn a_token_belongs_to_a_group_and_a_tenant(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::Accepted).start().await;
    let admin = app.admin().await;
    let now = clock.now().unix_seconds();
    let server = server(&admin, json!({"name": "acme", "tenant": "acme", "groups": ["authors"]})).await;
    let jwt = child(&app, &app.bearer(&server.jwt).post_empty("/auth/exchange").await);
    let who = jwt.get(PAGES).await.is(200).json();
    assert_eq!((&who["tenant"], &who["groups"]), (&json!("acme"), &json!(["authors"])));
    // Of the groups of a user, those that the token has.
    let answer = with_signature(&app, &server.signed(now, "2")).await;
    let signed = child(&app, &answer);
    let who = signed.get(PAGES).await.is(200).json();
    assert_eq!((&who["tenant"], &who["groups"]), (&json!("acme"), &json!(["authors"])));
    for actor in [&jwt, &signed] {
        actor.get("/@api/deki/drafts").await.is(200);
        actor.get("/@api/deki/acme").await.is(200);
    }
    let none = child(&app, &with_signature(&app, &server.signed(now, "3")).await);
    none.get("/@api/deki/drafts").await.problem(403, "group_denied");
    let plain = self::server(&admin, json!({"name": "plain", "tenant": "other"})).await;
    let plain = child(&app, &app.bearer(&plain.jwt).post_empty("/auth/exchange").await);
    plain.get("/@api/deki/drafts").await.problem(403, "group_denied");
    plain.get("/@api/deki/acme").await.problem(403, "tenant_denied");
}

async fn to_remove_it_ends_all_that_came_of_it(framework: Framework) {
    let clock = clock();
    let app = mindtouch(framework, &clock, Signatures::Accepted).start().await;
    let admin = app.admin().await;
    let server = server(&admin, json!({"name": "Integration"})).await;
    let pair = format!("{}:{}", server.key, server.secret);
    let signed = server.signed(clock.now().unix_seconds(), "1");
    let children = [
        child(&app, &app.bearer(&server.jwt).post_empty("/auth/exchange").await),
        child(&app, &client_credentials(&app, Some(&pair), "").await),
        child(&app, &with_signature(&app, &signed).await),
    ];
    for child in &children {
        child.get(PAGES).await.is(200);
    }
    app.bearer(&server.jwt).get(DIRECT).await.is(200);

    admin.delete(&server.path()).await.is(204);
    for child in &children {
        child.get(PAGES).await.invalid_token("the token was revoked, or its rights were changed");
    }
    app.bearer(&server.jwt).get(DIRECT).await.invalid_token("the token was revoked");
    app.bearer(&server.jwt).post_empty("/auth/exchange").await.invalid_token("the token was revoked");
    invalid_client(&client_credentials(&app, Some(&pair), "").await, true);
    assert_eq!(with_signature(&app, &signed).await.problem(401, "invalid_token")["status"], 401);
    // A new server token is obtained in its place, under the same name.
    let new = self::server(&admin, json!({"name": "Integration"})).await;
    assert_ne!((&new.key, &new.secret), (&server.key, &server.secret));
    app.bearer(&new.jwt).get(DIRECT).await.is(200);
}
