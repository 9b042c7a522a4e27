//! SoftExpert, "API key on the user account": each user has one token, generates it anew or copies the existing one on
//! the account page, and every request made with it is that user's.

use std::time::Duration;

use end_to_end::{Actor, Answer, Framework, Local, LocalApp, Made, on_both};
use jeton::{Account, Reveal, Timestamp, policy::anybody};
use jeton_testkit::FakeClock;
use serde_json::json;

on_both!(
    a_user_generates_copies_and_generates_anew,
    with_a_grace_the_old_one_works_until_it_is_over,
    requests_are_tied_to_the_user,
    no_other_user_reaches_it,
    a_bare_token_is_accepted_where_that_is_switched_on,
);

const MINE: &str = "/auth/me/tokens";
/// Takes `Authorization: <JWT>`, as the product does.
const GATEWAY: &str = "/apigateway/v1/user";
/// Asks for `Authorization: Bearer <JWT>`.
const STRICT: &str = "/strict";
const SUPERSEDED: &str = "the token was superseded by a newer one";

fn softexpert(framework: Framework, clock: &FakeClock) -> Local {
    Local::new(framework)
        .user("alice", Account::active().with_role("reader"))
        .user("bob", Account::active())
        .authority(|builder| builder.personal_limit(1).reveal(Reveal::Again))
        .route_behind(|gate| gate.accepting_api_tokens().accepting_bare_tokens(), GATEWAY, anybody())
        .route_behind(|gate| gate.accepting_api_tokens(), STRICT, anybody())
        .clock(clock)
}

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap())
}

/// The icon beside "Your personal API Gateway JWT". Names are told apart within a tenant, so the page puts the user's
/// into it.
async fn generate(user: &Actor, name: &str) -> Made {
    let fields = json!({"name": format!("API gateway of {name}"), "never_expires": true});
    Made::of(&user.post(MINE, fields).await.is(201).json())
}

fn mine(id: &str, action: &str) -> String {
    format!("{MINE}/{id}{action}")
}

async fn bare(app: &LocalApp, path: &str, token: &str) -> Answer {
    app.anon().request("GET", path).header("authorization", token).send().await
}

async fn a_user_generates_copies_and_generates_anew(framework: Framework) {
    let app = softexpert(framework, &clock()).start().await;
    let alice = app.login("alice").await;
    assert_eq!(alice.get(MINE).await.is(200).json()["items"], json!([]));

    let first = generate(&alice, "alice").await;
    assert_eq!((&first.record["kind"], &first.record["subject"]), (&json!("personal"), &json!("alice")));
    let copy = async |id: &str| alice.post_empty(&mine(id, "/reveal")).await.is(200);
    let copied = copy(&first.id).await;
    assert_eq!(copied.json(), json!({"api_token": first.api_token}));
    assert_eq!(copied.header("cache-control"), Some("no-store"));
    bare(&app, GATEWAY, &first.api_token).await.is(200);
    let child = app.exchange(&first.api_token).await;
    child.get(STRICT).await.is(200);

    // Anew: the old one stops at once, wherever it was pasted, and the user still has one.
    let second = generate(&alice, "alice").await;
    assert_ne!(second.api_token, first.api_token);
    assert_eq!((&second.id, &second.record["generation"]), (&first.id, &json!(2)));
    bare(&app, GATEWAY, &first.api_token).await.invalid_token(SUPERSEDED);
    app.bearer(&first.api_token).get(STRICT).await.invalid_token(SUPERSEDED);
    app.bearer(&first.api_token).post_empty("/auth/exchange").await.invalid_token(SUPERSEDED);
    child.get(STRICT).await.invalid_token("the token was revoked, or its rights were changed");
    bare(&app, GATEWAY, &second.api_token).await.is(200);
    assert_eq!(copy(&second.id).await.json(), json!({"api_token": second.api_token}));
    let list = alice.get(MINE).await.is(200).json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    // Bob's is another one, and touches nothing of hers.
    let bob = generate(&app.login("bob").await, "bob").await;
    assert_ne!(bob.id, second.id);
    bare(&app, GATEWAY, &second.api_token).await.is(200);

    // Compromised: she, or the support team, ends it; the next one is a new record.
    alice.post(&mine(&second.id, "/revoke"), json!({"reason": "I lost it"})).await.is(200);
    bare(&app, GATEWAY, &second.api_token).await.invalid_token("the token was revoked");
    alice.post_empty(&mine(&second.id, "/reveal")).await.problem(409, "reveal_unavailable");
    alice.delete(&mine(&second.id, "")).await.is(204);
    let third = generate(&alice, "alice").await;
    assert_ne!(third.id, second.id);
    let support = app.admin().await;
    support.post(&third.action("disable"), json!({"reason": "a call of the user"})).await.is(200);
    bare(&app, GATEWAY, &third.api_token).await.invalid_token("the token is disabled");
}

async fn with_a_grace_the_old_one_works_until_it_is_over(framework: Framework) {
    let clock = clock();
    let grace = Duration::from_secs(3600);
    let app =
        softexpert(framework, &clock).authority(move |builder| builder.personal_grace(grace)).start().await;
    let alice = app.login("alice").await;
    let first = generate(&alice, "alice").await;
    let second = generate(&alice, "alice").await;
    assert_eq!(second.id, first.id);
    clock.advance(Duration::from_secs(3599));
    for token in [&first.api_token, &second.api_token] {
        bare(&app, GATEWAY, token).await.is(200);
        app.bearer(token).post_empty("/auth/exchange").await.is(200);
    }
    let child = app.exchange(&first.api_token).await;
    clock.advance(Duration::from_secs(1));
    bare(&app, GATEWAY, &first.api_token).await.invalid_token(SUPERSEDED);
    child.get(STRICT).await.invalid_token("the token has expired");
    bare(&app, GATEWAY, &second.api_token).await.is(200);
    // Twice within a grace: the eldest goes, and the user is never without.
    let third = generate(&alice, "alice").await;
    let fourth = generate(&alice, "alice").await;
    bare(&app, GATEWAY, &second.api_token).await.invalid_token(SUPERSEDED);
    for token in [&third.api_token, &fourth.api_token] {
        bare(&app, GATEWAY, token).await.is(200);
    }
}

async fn requests_are_tied_to_the_user(framework: Framework) {
    let app = softexpert(framework, &clock()).start().await;
    let made = generate(&app.login("alice").await, "alice").await;
    let who = bare(&app, GATEWAY, &made.api_token).await.is(200).json();
    assert_eq!((&who["subject"], &who["roles"]), (&json!("alice"), &json!(["reader"])));
    let child = app.exchange(&made.api_token).await;
    assert_eq!(child.get(STRICT).await.is(200).json()["subject"], "alice");
    let log = app.admin().await.get(&format!("/auth/audit?token_id={}", made.id)).await.is(200).json();
    let items = log["items"].as_array().unwrap();
    let actions: Vec<_> =
        items.iter().map(|entry| (entry["action"].as_str().unwrap(), &entry["actor"])).collect();
    assert_eq!(actions, [("exchange", &json!("alice")), ("generate", &json!("alice"))]);

    // It is she as she is now.
    app.users.set("alice", Account::active());
    assert_eq!(bare(&app, GATEWAY, &made.api_token).await.is(200).json()["roles"], json!([]));
    app.users.set("alice", Account { active: false, ..Account::active() });
    bare(&app, GATEWAY, &made.api_token).await.invalid_token("the subject of the token is not active");
}

async fn no_other_user_reaches_it(framework: Framework) {
    let app = softexpert(framework, &clock()).start().await;
    let alice = app.login("alice").await;
    let made = generate(&alice, "alice").await;
    let [bob, root] = [app.login("bob").await, app.login("root").await];
    for other in [&bob, &root] {
        assert_eq!(other.get(MINE).await.is(200).json()["items"], json!([]));
        assert_eq!(other.get(&format!("{MINE}?subject=alice")).await.is(200).json()["items"], json!([]));
        other.get(&mine(&made.id, "")).await.problem(404, "not_found");
        other.patch(&mine(&made.id, ""), json!({"name": "mine now"})).await.problem(404, "not_found");
        other.delete(&mine(&made.id, "")).await.problem(404, "not_found");
        for action in ["/disable", "/enable", "/revoke", "/rotate", "/rotate/cancel", "/reveal"] {
            other.post_empty(&mine(&made.id, action)).await.problem(404, "not_found");
        }
        other.post(MINE, json!({"name": "hers", "subject": "alice"})).await.problem(403, "subject_denied");
    }
    for action in ["", "/reveal", "/revoke"] {
        let method = if action.is_empty() { "GET" } else { "POST" };
        let path = format!("/auth/tokens/{}{action}", made.id);
        bob.request(method, &path).send().await.problem(403, "insufficient_scope");
        app.anon().request(method, &mine(&made.id, action)).send().await.problem(401, "no_credentials");
    }
    // Nor does a page of another site, in her own browser.
    let elsewhere = app.anon().with_header("cookie", alice.header("cookie").unwrap());
    for path in [MINE.to_owned(), mine(&made.id, "/reveal"), mine(&made.id, "/revoke")] {
        let foreign = elsewhere.request("POST", &path).header("sec-fetch-site", "cross-site");
        foreign.json(&json!({})).send().await.problem(403, "cross_site");
    }
    assert_eq!(alice.get(&mine(&made.id, "")).await.is(200).json()["generation"], 1);
    bare(&app, GATEWAY, &made.api_token).await.is(200);
}

async fn a_bare_token_is_accepted_where_that_is_switched_on(framework: Framework) {
    let clock = clock();
    let app = softexpert(framework, &clock).start().await;
    let made = generate(&app.login("alice").await, "alice").await;
    let child = app.exchange(&made.api_token).await.token().to_owned();
    for token in [&made.api_token, &child] {
        bare(&app, GATEWAY, token).await.is(200);
        app.bearer(token).get(GATEWAY).await.is(200);
        app.bearer(token).get(STRICT).await.is(200);
        bare(&app, STRICT, token).await.problem(401, "no_credentials");
        let exchange = app.anon().request("POST", "/auth/exchange").header("authorization", token);
        exchange.send().await.problem(401, "no_credentials");
    }
    let broken = format!("{}x", made.api_token);
    bare(&app, GATEWAY, &broken).await.invalid_token("the token is invalid");
    bare(&app, GATEWAY, "Basic YTpi").await.problem(401, "no_credentials");
    let twice = app.anon().request("GET", GATEWAY).header("authorization", &child);
    twice.header("authorization", &child).send().await.problem(400, "invalid_request");

    // The routes of jeton follow the gate that they are given.
    let app = softexpert(framework, &clock).gate(|gate| gate.accepting_bare_tokens()).start().await;
    let made = generate(&app.login("alice").await, "alice").await;
    let exchange = app.anon().request("POST", "/auth/exchange").header("authorization", &made.api_token);
    let answer = exchange.send().await.is(200).json();
    bare(&app, STRICT, answer["access_token"].as_str().unwrap()).await.is(200);
}
