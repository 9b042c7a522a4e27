//! Too many bad credentials, too many exchanges, and the switch of the operator.

use std::time::Duration;

use end_to_end::{Actor, Answer, Framework, Local, LocalApp, Made, on_both};
use jeton::{Account, PerMinute, Timestamp, policy::anybody};
use jeton_testkit::FakeClock;
use serde_json::json;

on_both!(
    who_shows_bad_credentials_too_often_is_not_heard_for_a_while,
    a_token_is_exchanged_so_often_and_no_more,
    nothing_is_limited_unless_told,
    the_operator_stops_generating_and_nothing_else,
    an_exchange_tells_when_the_token_ends,
);

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap())
}

fn app(framework: Framework, clock: &FakeClock) -> Local {
    Local::new(framework)
        .user("alice", Account::active())
        .route("/whoami", anybody())
        .route_behind(|gate| gate.accepting_api_tokens(), "/direct", anybody())
        .clock(clock)
}

/// A 429, and the seconds after which it may be tried again.
#[track_caller]
fn too_many(answer: &Answer) -> u64 {
    answer.problem(429, "too_many_requests");
    assert_eq!(answer.header("www-authenticate"), None);
    let seconds = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{answer:?}");
    seconds
}

async fn token_endpoint(actor: &Actor, body: &str) -> Answer {
    let request = actor.request("POST", "/auth/oauth2/token");
    request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned()).send().await
}

/// A 429 in the shape of RFC 6749 §5.2.
#[track_caller]
fn too_many_oauth(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:#?}");
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn who_shows_bad_credentials_too_often_is_not_heard_for_a_while(framework: Framework) {
    let clock = clock();
    let limited = app(framework, &clock).authority(|b| b.limit_bad_credentials(PerMinute::new(6)));
    let app = limited.start().await;
    let (known, unknown) = (app.as_user("alice").await, app.as_user("alice").await);
    let api_token = app.made(jeton::Generate::new("machine")).await;
    known.get("/whoami").await.is(200);

    // All doors count together, also such as look at no signature.
    let bad = app.bearer("a.b.c");
    let oauth = "grant_type=client_credentials&client_id=x&client_secret=y";
    for _ in 0..2 {
        bad.get("/whoami").await.problem(401, "invalid_token");
        bad.post_empty("/auth/exchange").await.problem(401, "invalid_token");
    }
    token_endpoint(&app.anon(), oauth).await.is(401);
    // What is no credential does not count.
    for _ in 0..3 {
        app.anon().get("/whoami").await.problem(401, "no_credentials");
    }
    unknown_but_good(&app).await;
    // The sixth, and the last one of this minute.
    bad.get("/direct").await.problem(401, "invalid_token");

    let seconds = too_many(&bad.get("/whoami").await);
    for actor in [&bad, &unknown] {
        too_many(&actor.get("/whoami").await);
        too_many(&actor.get("/auth/tokens").await);
        let exchange = actor.post_empty("/auth/exchange").await;
        too_many(&exchange);
        assert_eq!(exchange.header("cache-control"), Some("no-store"));
        too_many(&actor.post_empty("/auth/tokens/self/rotate").await);
    }
    too_many(&app.bearer(&api_token).get("/direct").await);
    too_many_oauth(&token_endpoint(&app.anon(), oauth).await);
    // Whoever was let in before goes on, and so does what asks for nothing.
    known.get("/whoami").await.is(200);
    known.get("/auth/tokens/self").await.is(200);
    app.anon().get("/whoami").await.problem(401, "no_credentials");
    app.anon().get("/auth/.well-known/jwks.json").await.is(200);

    clock.advance(Duration::from_secs(seconds));
    unknown.get("/whoami").await.is(200);
    app.bearer(&api_token).get("/direct").await.is(200);
    bad.get("/whoami").await.problem(401, "invalid_token");
}

/// Who holds a good token is heard, for as long as the address has not used up what it may.
async fn unknown_but_good(app: &LocalApp) {
    let young = app.as_user("alice").await;
    young.get("/whoami").await.is(200);
}

async fn a_token_is_exchanged_so_often_and_no_more(framework: Framework) {
    let clock = clock();
    let app = app(framework, &clock).authority(|b| b.limit_exchanges(PerMinute::new(2))).start().await;
    let (one, other) =
        (app.made(jeton::Generate::new("one")).await, app.made(jeton::Generate::new("other")).await);
    let (one, other) = (app.bearer(&one), app.bearer(&other));
    let child = one.post_empty("/auth/exchange").await.is(200).json();
    let child = app.bearer(child["access_token"].as_str().unwrap());
    one.post_empty("/auth/exchange").await.is(200);
    let answer = one.post_empty("/auth/exchange").await;
    let seconds = too_many(&answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    let form = format!("grant_type={grant}&subject_token_type={jwt}&subject_token={}", one.token());
    too_many_oauth(&token_endpoint(&app.anon(), &form).await);

    // That token alone, and the exchange alone.
    other.post_empty("/auth/exchange").await.is(200);
    for _ in 0..5 {
        child.get("/whoami").await.is(200);
        one.get("/direct").await.is(200);
    }
    clock.advance(Duration::from_secs(seconds));
    one.post_empty("/auth/exchange").await.is(200);
    too_many(&one.post_empty("/auth/exchange").await);
}

async fn nothing_is_limited_unless_told(framework: Framework) {
    let app = app(framework, &clock()).start().await;
    let token = app.made(jeton::Generate::new("machine")).await;
    for _ in 0..100 {
        app.bearer("a.b.c").get("/whoami").await.problem(401, "invalid_token");
        app.bearer(&token).post_empty("/auth/exchange").await.is(200);
    }
}

async fn the_operator_stops_generating_and_nothing_else(framework: Framework) {
    let app = app(framework, &clock()).start().await;
    let admin = app.admin().await;
    let made = Made::of(&admin.post("/auth/tokens", json!({"name": "before"})).await.is(201).json());
    let alice = app.login("alice").await;
    let own = alice.post("/auth/me/tokens", json!({"name": "mine"})).await.is(201).json();
    let own = own["token"]["id"].as_str().unwrap();

    app.authority.stop_generating("We are moving: no new tokens until Monday.");
    for answer in [
        admin.post("/auth/tokens", json!({"name": "after"})).await,
        alice.post("/auth/me/tokens", json!({"name": "after"})).await,
    ] {
        let problem = answer.problem(503, "generating_stopped");
        assert_eq!(problem["detail"], "We are moving: no new tokens until Monday.");
        assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    }
    assert!(admin.list("name=after").await.is_empty());
    // Who may not learns that first.
    let nobody = app.exchange(&made.api_token).await;
    nobody.post("/auth/tokens", json!({"name": "after"})).await.problem(403, "insufficient_scope");

    nobody.get("/whoami").await.is(200);
    app.bearer(&made.api_token).post_empty("/auth/exchange").await.is(200);
    app.bearer(&made.api_token).get("/direct").await.is(200);
    app.bearer(&made.api_token).post_empty("/auth/tokens/self/rotate").await.is(200);
    admin.patch(&made.path(), json!({"description": "x"})).await.is(200);
    for action in ["disable", "enable", "rotate", "revoke"] {
        admin.post_empty(&made.action(action)).await.is(200);
    }
    admin.delete(&made.path()).await.is(204);
    alice.get(&format!("/auth/me/tokens/{own}")).await.is(200);
    alice.delete(&format!("/auth/me/tokens/{own}")).await.is(204);

    app.authority.go_on_generating();
    admin.post("/auth/tokens", json!({"name": "after"})).await.is(201);
}

async fn an_exchange_tells_when_the_token_ends(framework: Framework) {
    let clock = clock();
    let app = app(framework, &clock).start().await;
    let admin = app.admin().await;
    let made = async |fields| Made::of(&admin.post("/auth/tokens", fields).await.is(201).json());
    let ends = made(json!({"name": "ends", "expires_in_days": 30})).await;
    let never = made(json!({"name": "never", "never_expires": true})).await;
    let exchange = async |token: &str| app.bearer(token).post_empty("/auth/exchange").await.is(200);

    let end = ends.record["expires_at"].as_str();
    assert_eq!(exchange(&ends.api_token).await.header("api-token-expiration"), end);
    assert_eq!(exchange(&never.api_token).await.header("api-token-expiration"), None);
    let pair = made(json!({"name": "pair", "expires_in_days": 7, "key_and_secret": true})).await;
    let answer = admin.post(&pair.action("rotate"), json!({})).await.is(200).json();
    let (key, secret) = (answer["key"].as_str().unwrap(), answer["secret"].as_str().unwrap());
    let form = format!("grant_type=client_credentials&client_id={key}&client_secret={secret}");
    let answer = token_endpoint(&app.anon(), &form).await.is(200);
    assert_eq!(answer.header("api-token-expiration"), pair.record["expires_at"].as_str());

    // The end of a grace is the end of the old token, and an earlier end is told at once.
    let grace = admin.post(&ends.action("rotate"), json!({"grace_seconds": 3600})).await.is(200).json();
    let until = grace["token"]["previous_generation_until"].as_str();
    assert_eq!(exchange(&ends.api_token).await.header("api-token-expiration"), until);
    assert_eq!(exchange(grace["api_token"].as_str().unwrap()).await.header("api-token-expiration"), end);
    let tomorrow = admin.patch(&never.path(), json!({"expires_in_days": 1})).await.is(200).json();
    let told = exchange(&never.api_token).await;
    assert_eq!(told.header("api-token-expiration"), tomorrow["expires_at"].as_str());
}
