//! `POST /oauth2/token`: the grants, who may use them, and every refusal in the shape that OAuth clients expect.

use end_to_end::{Actor, Answer, App, Framework, OauthClient, encoded, on_both};
use serde_json::{Value, json};

on_both!(
    a_client_authenticates_in_three_ways,
    a_token_is_exchanged,
    rights_are_only_narrowed,
    a_client_that_does_not_prove_itself,
    a_request_that_is_wrong,
    what_is_not_accepted_is_an_invalid_request,
    who_says_beside_a_token_which_client_it_is_proves_it,
    an_assertion_counts_once,
    an_assertion_that_is_not_as_it_should_be,
);

const TOKEN: &str = "/auth/oauth2/token";
const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");
const TOKEN_EXCHANGE: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const JWT: (&str, &str) = ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt");
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ASSERTION: (&str, &str) =
    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
const BASIC: &str = "Basic realm=\"demo\", charset=\"UTF-8\"";

/// The access token of a good answer, which holds that beside and nothing else.
#[track_caller]
fn issued(app: &App, answer: Answer, beside: &[&str]) -> Actor {
    let answer = answer.is(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let body = answer.json();
    let mut expected = ["access_token", "token_type", "expires_in", "scope"].to_vec();
    expected.extend(beside);
    expected.sort_unstable();
    let mut members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
    app.bearer(body["access_token"].as_str().unwrap())
}

async fn by_header(app: &App, basic: &str, rest: &[(&str, &str)]) -> Answer {
    let fields = [&[CLIENT_CREDENTIALS], rest].concat();
    app.anon().request("POST", TOKEN).header("authorization", basic).form(&fields).send().await
}

async fn a_client_authenticates_in_three_ways(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let body = [&[CLIENT_CREDENTIALS], client.in_body().as_slice()].concat();
    let assertion = client.sign(&json!({"alg": "HS256"}), &claims(&app, &client).await);
    let asserted = [CLIENT_CREDENTIALS, ASSERTION, ("client_assertion", &assertion)];
    for answer in [
        by_header(&app, &client.basic(), &[]).await,
        // Its own id beside is no second way.
        by_header(&app, &client.basic(), &[("client_id", &client.key)]).await,
        by_header(&app, &client.basic().replace("Basic", "bAsIc"), &[]).await,
        app.anon().post_form(TOKEN, &body).await,
        app.anon().post_form(TOKEN, &asserted).await,
        // Whatever is empty is left out, and what nobody knows is passed over.
        by_header(&app, &client.basic(), &[("scope", ""), ("client_secret", ""), ("resource", "")]).await,
        by_header(&app, &client.basic(), &[("tune", "a"), ("tune", "b")]).await,
    ] {
        let child = issued(&app, answer, &[]);
        let who = child.get("/whoami").await.is(200).json();
        assert_eq!((&who["subject"], &who["token_id"]), (&json!("bob"), &json!(client.made.id)));
    }
    app.admin().await.post_empty(&client.made.action("disable")).await.is(200);
    by_header(&app, &client.basic(), &[]).await.oauth_error(401, "invalid_client");
}

async fn a_token_is_exchanged(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "bob"})).await;
    let token = ("subject_token", made.api_token.as_str());
    let beside = ["issued_token_type"];
    for rest in [
        vec![JWT],
        vec![("subject_token_type", ACCESS_TOKEN)],
        vec![JWT, ("requested_token_type", ACCESS_TOKEN)],
        vec![JWT, ("requested_token_type", JWT.1)],
        vec![JWT, ("actor_token", ""), ("actor_token_type", ""), ("scope", ""), ("audience", "")],
    ] {
        let answer = app.anon().post_form(TOKEN, &[&[TOKEN_EXCHANGE, token], rest.as_slice()].concat()).await;
        assert_eq!(answer.json()["issued_token_type"], ACCESS_TOKEN);
        let end = made.record["expires_at"].as_str();
        assert_eq!(answer.header("api-token-expiration"), end);
        issued(&app, answer, &beside).get("/reports").await.is(200);
    }
}

async fn rights_are_only_narrowed(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let url = app.url.as_str();
    for (rest, scope) in [
        (vec![], "reports:write tokens:self"),
        (vec![("scope", "reports:write")], "reports:write"),
        (vec![("audience", url)], "reports:write tokens:self"),
        (vec![("resource", url)], "reports:write tokens:self"),
        (vec![("resource", url), ("audience", url), ("audience", url)], "reports:write tokens:self"),
    ] {
        let answer = by_header(&app, &client.basic(), &rest).await;
        assert_eq!(answer.json()["scope"], scope, "{rest:?}");
        issued(&app, answer, &[]).post_empty("/reports").await.is(200);
    }
    let narrowed = by_header(&app, &client.basic(), &[("scope", "tokens:self")]).await;
    issued(&app, narrowed, &[]).post_empty("/reports").await.problem(403, "insufficient_scope");
    let elsewhere = "https://elsewhere.example";
    for (rest, error) in [
        (vec![("scope", "tokens:read")], "invalid_scope"),
        (vec![("scope", "reports:write tokens:read")], "invalid_scope"),
        (vec![("scope", "a\"b")], "invalid_scope"),
        (vec![("audience", elsewhere)], "invalid_target"),
        (vec![("resource", elsewhere)], "invalid_target"),
        (vec![("resource", url), ("resource", elsewhere)], "invalid_target"),
        (vec![("resource", url), ("audience", elsewhere)], "invalid_target"),
    ] {
        by_header(&app, &client.basic(), &rest).await.oauth_error(400, error);
        let exchange = [TOKEN_EXCHANGE, JWT, ("subject_token", &client.made.api_token)];
        let exchange = [exchange.as_slice(), &rest].concat();
        app.anon().post_form(TOKEN, &exchange).await.oauth_error(400, error);
    }
}

async fn a_client_that_does_not_prove_itself(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let other = OauthClient::new(&app, json!({"name": "other", "subject": "bob"})).await;
    let (id, secret) = (("client_id", client.key.as_str()), ("client_secret", other.secret.as_str()));
    for rest in [
        vec![],
        vec![id],
        vec![id, secret],
        vec![id, ("client_secret", "1.a")],
        vec![id, ("client_secret", "")],
        vec![secret],
        vec![("client_id", "nobody"), secret],
        vec![("client_assertion", "a.b.c")],
        vec![ASSERTION],
        vec![("client_assertion_type", "saml2-bearer"), ("client_assertion", "a.b.c")],
    ] {
        let answer = app.anon().post_form(TOKEN, &[&[CLIENT_CREDENTIALS], rest.as_slice()].concat()).await;
        answer.oauth_error(401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), None, "{rest:?}");
    }
    // Who used the header is told how (RFC 6749 §5.2).
    let mixed = OauthClient { secret: other.secret.clone(), ..client.clone() };
    for header in [
        mixed.basic(),
        "Basic".to_owned(),
        "Basic !".to_owned(),
        "Basic Og==".to_owned(),
        format!("Bearer {}", client.made.api_token),
    ] {
        let answer = by_header(&app, &header, &[]).await;
        answer.oauth_error(401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), Some(BASIC), "{header}");
    }
    // One way, and no more (RFC 6749 §2.3).
    let own = [CLIENT_CREDENTIALS, id, ("client_secret", &client.secret)];
    let assertion = client.sign(&json!({"alg": "HS256"}), &claims(&app, &client).await);
    let assertion = [ASSERTION, ("client_assertion", assertion.as_str())];
    by_header(&app, &client.basic(), &own[1..]).await.oauth_error(400, "invalid_request");
    by_header(&app, &client.basic(), &assertion).await.oauth_error(400, "invalid_request");
    by_header(&app, &client.basic(), &[("client_id", &other.key)]).await.oauth_error(400, "invalid_request");
    let both = [own.as_slice(), &assertion].concat();
    app.anon().post_form(TOKEN, &both).await.oauth_error(400, "invalid_request");
    // The refusals have used nothing up.
    issued(&app, app.anon().post_form(TOKEN, &[&own[..1], &assertion].concat()).await, &[]);
}

async fn a_request_that_is_wrong(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let own = client.in_body();
    let token = ("subject_token", client.made.api_token.as_str());
    let scope = ("scope", "reports:write");
    for (fields, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", ""), own[0], own[1]], "invalid_request"),
        (vec![("grant_type", "password"), own[0], own[1]], "unsupported_grant_type"),
        (vec![("grant_type", "authorization_code")], "unsupported_grant_type"),
        (vec![CLIENT_CREDENTIALS, CLIENT_CREDENTIALS, own[0], own[1]], "invalid_request"),
        (vec![CLIENT_CREDENTIALS, own[0], own[0], own[1]], "invalid_request"),
        (vec![CLIENT_CREDENTIALS, own[0], own[1], own[1]], "invalid_request"),
        (vec![CLIENT_CREDENTIALS, own[0], own[1], scope, scope], "invalid_request"),
        (vec![TOKEN_EXCHANGE], "invalid_request"),
        (vec![TOKEN_EXCHANGE, token], "invalid_request"),
        (vec![TOKEN_EXCHANGE, JWT], "invalid_request"),
        (vec![TOKEN_EXCHANGE, JWT, token, token], "invalid_request"),
        (vec![TOKEN_EXCHANGE, JWT, JWT, token], "invalid_request"),
        (vec![TOKEN_EXCHANGE, token, ("subject_token_type", "jwt")], "invalid_request"),
        (vec![TOKEN_EXCHANGE, JWT, token, ("actor_token_type", JWT.1)], "invalid_request"),
        (vec![TOKEN_EXCHANGE, JWT, token, ("actor_token", token.1)], "invalid_request"),
        (
            vec![TOKEN_EXCHANGE, JWT, token, ("actor_token", token.1), ("actor_token_type", JWT.1)],
            "invalid_request",
        ),
        (
            vec![
                TOKEN_EXCHANGE,
                JWT,
                token,
                ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
            ],
            "invalid_request",
        ),
    ] {
        app.anon().post_form(TOKEN, &fields).await.oauth_error(400, error);
    }
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", own[0].1, own[1].1);
    for media_type in ["application/json", "text/plain", "multipart/form-data", "application/x-www-form"] {
        let request = app.anon().request("POST", TOKEN).header("content-type", media_type);
        request.body(form.clone()).send().await.oauth_error(400, "invalid_request");
    }
    app.anon().request("POST", TOKEN).body(form.clone()).send().await.oauth_error(400, "invalid_request");
    for media_type in
        ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLencoded"]
    {
        let request = app.anon().request("POST", TOKEN).header("content-type", media_type);
        issued(&app, request.body(form.clone()).send().await, &[]);
    }
    let long = "a".repeat(70_000);
    app.anon()
        .post_form(TOKEN, &[CLIENT_CREDENTIALS, ("tune", &long)])
        .await
        .oauth_error(400, "invalid_request");
    // Secrets do not belong into a URL.
    let query = format!("{TOKEN}?{form}");
    app.anon().post_form(&query, &[CLIENT_CREDENTIALS]).await.oauth_error(401, "invalid_client");
    for method in ["GET", "PUT", "DELETE"] {
        let answer = app.anon().request(method, TOKEN).send().await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

/// RFC 8693 §2.2.2: not `invalid_grant`, and one text for all.
async fn what_is_not_accepted_is_an_invalid_request(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"subject": "bob"})).await;
    let child = app.exchange(&made.api_token).await;
    let revoked = app.generate(json!({"subject": "bob"})).await;
    admin.post_empty(&revoked.action("revoke")).await.is(200);
    let disabled = app.generate(json!({"subject": "bob"})).await;
    admin.post_empty(&disabled.action("disable")).await.is(200);
    let nobody = app.generate(json!({"networks": ["10.0.0.0/8"]})).await;
    let broken = format!("{}A", made.api_token);
    for token in
        ["a", "a.b.c", child.token(), &revoked.api_token, &disabled.api_token, &nobody.api_token, &broken]
    {
        let answer = app.anon().post_form(TOKEN, &[TOKEN_EXCHANGE, JWT, ("subject_token", token)]).await;
        answer.oauth_error(400, "invalid_request");
        assert_eq!(answer.json()["error_description"], "the subject token is not accepted");
    }
}

/// Good ones, of a moment that the app itself has told.
async fn claims(app: &App, client: &OauthClient) -> Value {
    let now = introspected(app, &app.admin().await).await["iat"].as_i64().unwrap();
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let jti = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
    json!({
        "iss": client.key, "sub": client.key, "aud": format!("{}/auth", app.url),
        "iat": now, "exp": now + 60, "jti": jti,
    })
}

async fn introspected(app: &App, holder: &Actor) -> Value {
    let form = format!("token={}", encoded(holder.token()));
    let request = app.bearer(holder.token()).request("POST", "/auth/oauth2/introspect");
    request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.is(200).json()
}

async fn assert_with(app: &App, assertion: &str) -> Answer {
    app.anon().post_form(TOKEN, &[CLIENT_CREDENTIALS, ASSERTION, ("client_assertion", assertion)]).await
}

async fn an_assertion_counts_once(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    for (header, alter) in [
        (json!({"alg": "HS256"}), json!({})),
        (json!({"alg": "HS256", "typ": "JWT"}), json!({"jti": "a".repeat(1000)})),
        (json!({"alg": "HS256", "typ": "client-authentication+jwt"}), json!({"tune": [1]})),
        (json!({"alg": "HS256", "kid": "any"}), json!({"aud": [format!("{}/auth", app.url)]})),
    ] {
        let claims = altered(claims(&app, &client).await, alter);
        let assertion = client.sign(&header, &claims);
        issued(&app, assert_with(&app, &assertion).await, &[]).get("/reports").await.is(200);
        let replayed = assert_with(&app, &assertion).await;
        replayed.oauth_error(401, "invalid_client");
        assert_eq!(replayed.header("www-authenticate"), None);
        // Another text with the same `jti` is no other.
        let later = altered(claims.clone(), json!({"exp": claims["exp"].as_i64().unwrap() + 1}));
        assert_with(&app, &client.sign(&header, &later)).await.oauth_error(401, "invalid_client");
    }
    // Used elsewhere, it is used as well.
    let assertion = client.sign(&json!({"alg": "HS256"}), &claims(&app, &client).await);
    let fields = [ASSERTION, ("client_assertion", &assertion), ("token", "a")];
    app.anon().post_form("/auth/oauth2/introspect", &fields).await.is(200);
    app.anon().post_form("/auth/oauth2/introspect", &fields).await.oauth_error(401, "invalid_client");
    assert_with(&app, &assertion).await.oauth_error(401, "invalid_client");
}

/// The claims with these in their place, and without those that are null.
fn altered(mut claims: Value, with: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    for (name, value) in with.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

async fn an_assertion_that_is_not_as_it_should_be(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let other = OauthClient::new(&app, json!({"name": "other", "subject": "bob"})).await;
    let now = claims(&app, &client).await["iat"].as_i64().unwrap();
    let issuer = format!("{}/auth", app.url);
    for alter in [
        json!({"aud": format!("{issuer}/oauth2/token")}),
        json!({"aud": app.url}),
        json!({"aud": [issuer, app.url]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"exp": now - 1}),
        json!({"exp": now - 30}),
        json!({"exp": now + 86_400}),
        json!({"exp": null}),
        json!({"exp": (now + 60).to_string()}),
        json!({"nbf": now + 3000}),
        json!({"iat": now + 3000}),
        json!({"jti": null}),
        json!({"jti": ""}),
        json!({"jti": 1}),
        json!({"iss": other.key}),
        json!({"sub": other.key}),
        json!({"iss": other.key, "sub": other.key}),
        json!({"iss": null}),
        json!({"sub": null}),
        json!({"iss": "nobody", "sub": "nobody"}),
    ] {
        let claims = altered(claims(&app, &client).await, alter.clone());
        let assertion = client.sign(&json!({"alg": "HS256"}), &claims);
        let answer = assert_with(&app, &assertion).await;
        assert_eq!(answer.status, 401, "{alter}: {answer:?}");
        answer.oauth_error(401, "invalid_client");
    }
    let good = claims(&app, &client).await;
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None"}),
        json!({"alg": "HS512"}),
        json!({"alg": "hs256"}),
        json!({"alg": "EdDSA"}),
        json!({"typ": "JWT"}),
        json!({"alg": "HS256", "typ": "at+jwt"}),
        json!({"alg": "HS256", "crit": ["exp"]}),
        json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "AA"}}),
    ] {
        let assertion = client.sign(&header, &good);
        assert_with(&app, &assertion).await.oauth_error(401, "invalid_client");
        let unsigned = &assertion[..=assertion.rfind('.').unwrap()];
        assert_with(&app, unsigned).await.oauth_error(401, "invalid_client");
    }
    let wrong_key = OauthClient { secret: other.secret.clone(), ..client.clone() };
    let empty_key = OauthClient { secret: String::new(), ..client.clone() };
    for client in [wrong_key, empty_key] {
        let assertion = client.sign(&json!({"alg": "HS256"}), &good);
        assert_with(&app, &assertion).await.oauth_error(401, "invalid_client");
    }
    for text in ["a", "a.b", "a.b.c", "..", &client.made.api_token, &client.secret] {
        assert_with(&app, text).await.oauth_error(401, "invalid_client");
    }
    // None of them has used it up.
    let assertion = client.sign(&json!({"alg": "HS256"}), &good);
    issued(&app, assert_with(&app, &assertion).await, &[]);
}

/// RFC 6749 §3.2.1: a token exchange needs no client; one that says who it is must prove it.
async fn who_says_beside_a_token_which_client_it_is_proves_it(framework: Framework) {
    let app = App::start(framework).await;
    let client = OauthClient::new(&app, json!({"name": "CI", "subject": "bob"})).await;
    let made = app.generate(json!({"subject": "alice"})).await;
    let token = ("subject_token", made.api_token.as_str());
    let fields = |rest: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let all = [&[TOKEN_EXCHANGE, token, JWT], rest].concat();
        all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let send = async |basic: Option<&str>, rest: &[(&'static str, &str)]| {
        let owned = fields(rest);
        let fields: Vec<_> = owned.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = app.anon().request("POST", TOKEN);
        let request = if let Some(basic) = basic { request.header("authorization", basic) } else { request };
        request.form(&fields).send().await
    };
    let assertion = client.sign(&json!({"alg": "HS256"}), &claims(&app, &client).await);
    let asserted = [ASSERTION, ("client_assertion", assertion.as_str())];
    let in_body = [("client_id", client.key.as_str()), ("client_secret", client.secret.as_str())];
    for (basic, rest) in [
        (None, &[][..]),
        (Some(client.basic()), &[]),
        (None, &in_body),
        (None, &asserted),
        (None, &in_body[..1]),
    ] {
        let answer = send(basic.as_deref(), rest).await;
        let child = issued(&app, answer, &["issued_token_type"]);
        // The client does not matter for whom the token acts.
        assert_eq!(child.get("/whoami").await.is(200).json()["subject"], "alice");
    }
    let wrong = OauthClient { secret: "1.wrong".to_owned(), ..client.clone() };
    let answer = send(Some(&wrong.basic()), &[]).await;
    assert_eq!(answer.header("www-authenticate"), Some(BASIC));
    answer.oauth_error(401, "invalid_client");
    let wrong_in_body = [("client_id", client.key.as_str()), ("client_secret", "1.wrong")];
    // An assertion counts once, here too.
    for rest in [&wrong_in_body[..], &asserted, &wrong_in_body[1..]] {
        let answer = send(None, rest).await;
        assert_eq!(answer.header("www-authenticate"), None);
        answer.oauth_error(401, "invalid_client");
    }
    send(Some(&client.basic()), &in_body).await.oauth_error(400, "invalid_request");
    send(Some(&format!("Bearer {}", made.api_token)), &[]).await.oauth_error(401, "invalid_client");
    app.admin().await.post_empty(&client.made.action("disable")).await.is(200);
    send(Some(&client.basic()), &[]).await.oauth_error(401, "invalid_client");
    issued(&app, send(None, &[]).await, &["issued_token_type"]);
}
