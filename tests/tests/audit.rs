//! `GET /audit`: who did what to which token, when, from where and why.

use std::time::Duration;

use end_to_end::{Actor, Framework, Local, Made, on_both};
use jeton::{Account, Generate, Timestamp, policy::role};
use jeton_testkit::FakeClock;
use serde_json::{Value, json};

on_both!(
    all_that_is_done_is_written_down,
    it_is_filtered_and_paged,
    only_who_may_reads_it_and_a_tenant_reads_its_own,
    refusals_are_written_down,
);

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap())
}

fn app(framework: Framework, clock: &FakeClock) -> Local {
    Local::new(framework).user("alice", Account::active()).route("/reports", role("reader")).clock(clock)
}

async fn entries(actor: &Actor, query: &str) -> Vec<Value> {
    let page = actor.get(&format!("/auth/audit?limit=200&{query}")).await.is(200).json();
    assert_eq!(page["next_cursor"], Value::Null);
    page["items"].as_array().unwrap().clone()
}

async fn made(actor: &Actor, fields: Value) -> Made {
    Made::of(&actor.post("/auth/tokens", fields).await.is(201).json())
}

fn column<'a>(entries: &'a [Value], name: &str) -> Vec<&'a str> {
    entries.iter().map(|entry| entry[name].as_str().unwrap()).collect()
}

async fn all_that_is_done_is_written_down(framework: Framework) {
    let clock = clock();
    let app = app(framework, &clock).start().await;
    let admin = app.admin().await;
    let made = made(&admin, json!({"name": "CI", "subject": "alice"})).await;
    admin.patch(&made.path(), json!({"description": "x"})).await.is(200);
    admin.post(&made.action("disable"), json!({"reason": "on holiday"})).await.is(200);
    admin.post(&made.action("enable"), json!({"reason": "back"})).await.is(200);
    app.bearer(&made.api_token).post_empty("/auth/exchange").await.is(200);
    let new = admin.post(&made.action("rotate"), json!({"grace_seconds": 60})).await.is(200).json();
    app.bearer(new["api_token"].as_str().unwrap()).post_empty("/auth/exchange").await.is(200);
    admin.post(&made.action("revoke"), json!({"reason": "it leaked"})).await.is(200);
    admin.delete(&made.path()).await.is(204);

    let entries = entries(&admin, &format!("token_id={}", made.id)).await;
    let mut told: Vec<_> = entries
        .iter()
        .map(|entry| ["action", "actor", "reason"].map(|name| entry[name].as_str().unwrap_or_default()))
        .collect();
    told.reverse();
    // Exchanges are written in the background, so their place among the others is not theirs.
    let (exchanges, changes): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|[action, ..]| *action == "exchange");
    assert_eq!(exchanges, [["exchange", "alice", ""]; 2]);
    assert_eq!(
        changes,
        [
            ["generate", "root", ""],
            ["edit", "root", ""],
            ["disable", "root", "on holiday"],
            ["enable", "root", "back"],
            ["rotate", "root", ""],
            ["confirm_rotation", made.id.as_str(), ""],
            ["revoke", "root", "it leaked"],
            ["delete", "root", ""],
        ]
    );
    for entry in &entries {
        assert_eq!((&entry["token_id"], &entry["time"]), (&json!(made.id), &json!("2026-09-21T14:13:20Z")));
        if entry["action"] != "confirm_rotation" {
            assert_eq!(
                (&entry["address"], &entry["user_agent"]),
                (&json!("127.0.0.1"), &json!("end-to-end"))
            );
        }
    }
    for [action, ..] in exchanges.iter().chain(&changes) {
        let log = self::entries(&admin, &format!("action={action}&token_id={}", made.id)).await;
        assert!(!log.is_empty() && column(&log, "action").iter().all(|found| found == action), "{action}");
    }
}

async fn it_is_filtered_and_paged(framework: Framework) {
    let clock = clock();
    let app = app(framework, &clock).start().await;
    let (root, clerk) =
        (app.admin().await, app.made(Generate::new("clerk").with_scope("tokens:write")).await);
    let clerk = app.exchange(&clerk).await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let actor = if number % 2 == 0 { &root } else { &clerk };
        ids.push(made(actor, json!({"name": format!("token {number}"), "expires_in_days": 1})).await.id);
        clock.advance(Duration::from_secs(10));
    }
    let generated = |of: &[usize]| of.iter().map(|number| ids[*number].clone()).collect::<Vec<_>>();
    let found = async |query: &str| {
        let log = entries(&root, &format!("action=generate&{query}")).await;
        column(&log, "token_id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let clerk_id = clerk.get("/auth/tokens/self").await.is(200).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(found("actor=root").await, generated(&[6, 4, 2, 0]), "the newest first");
    assert_eq!(found(&format!("actor={clerk_id}")).await, generated(&[5, 3, 1]));
    assert_eq!(found(&format!("token_id={}", ids[3])).await, generated(&[3]));
    assert_eq!(found("since=2026-09-21T14:14:10Z").await, generated(&[6, 5]), "that moment included");
    assert_eq!(found("since=2026-09-21T14:14:10Z&actor=root").await, generated(&[6]));
    assert!(found("actor=roo").await.is_empty());
    let revoked = entries(&root, "action=revoke").await;
    assert!(revoked.is_empty());

    // Page by page, while more is written.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/auth/audit?actor=root&action=generate&limit=2&cursor={cursor}");
        let page = root.get(&path).await.is(200).json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["token_id"].clone()));
        made(&root, json!({"name": format!("meanwhile, at {}", seen.len())})).await;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!(generated(&[6, 4, 2, 0])));

    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("cursor=x", "/cursor"),
        ("action=steal", "/action"),
        ("since=yesterday", "/since"),
        ("token_id=x", "/token_id"),
        ("tenant=acme", "/tenant"),
        ("actor=a&actor=b", "/actor"),
    ] {
        let problem = root.get(&format!("/auth/audit?{query}")).await.problem(400, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        root.request(method, "/auth/audit").send().await.problem(405, "method_not_allowed");
    }
}

async fn only_who_may_reads_it_and_a_tenant_reads_its_own(framework: Framework) {
    let app = app(framework, &clock()).start().await;
    let root = app.admin().await;
    let all = json!(["tokens:read", "tokens:write", "tokens:grant", "tokens:reveal", "tokens:self"]);
    let blind = made(&root, json!({"name": "blind", "scopes": all})).await;
    app.anon().get("/auth/audit").await.problem(401, "no_credentials");
    let denied = app.exchange(&blind.api_token).await.get("/auth/audit").await;
    denied.problem(403, "insufficient_scope");
    let challenge = "Bearer realm=\"demo\", error=\"insufficient_scope\", scope=\"tokens:audit\"";
    assert_eq!(denied.header("www-authenticate"), Some(challenge));
    app.login("alice").await.get("/auth/audit").await.problem(403, "insufficient_scope");
    app.login("root").await.get("/auth/audit").await.is(200);

    let scopes = json!(["tokens:audit", "tokens:write"]);
    let mut admins = Vec::new();
    for tenant in ["acme", "other"] {
        let admin = made(&root, json!({"name": "admin", "tenant": tenant, "scopes": scopes})).await;
        let actor = app.exchange(&admin.api_token).await;
        let own = made(&actor, json!({"name": "CI", "expires_in_days": 1})).await;
        app.bearer(&own.api_token).post_empty("/auth/exchange").await.is(200);
        actor.post_empty(&own.action("revoke")).await.is(200);
        admins.push((tenant, actor, admin.id, own.id));
    }
    made(&root, json!({"name": "of no tenant"})).await;
    for (tenant, actor, admin, own) in &admins {
        let log = entries(actor, "").await;
        assert!(column(&log, "tenant").iter().all(|found| found == tenant), "{log:?}");
        let mut ids = column(&log, "token_id");
        ids.sort_unstable();
        ids.dedup();
        let mut expected = [admin.as_str(), own.as_str()];
        expected.sort_unstable();
        assert_eq!(ids, expected);
        let of_own = entries(actor, &format!("token_id={own}")).await;
        let mut actions = column(&of_own, "action");
        actions.sort_unstable();
        assert_eq!(actions, ["exchange", "generate", "revoke"]);
    }
    assert!(entries(&admins[0].1, &format!("token_id={}", admins[1].3)).await.is_empty());
    assert_eq!(entries(&root, &format!("token_id={}", admins[1].3)).await.len(), 3);
}

async fn refusals_are_written_down(framework: Framework) {
    let app = app(framework, &clock()).start().await;
    let admin = app.admin().await;
    let made = made(&admin, json!({"name": "CI", "subject": "alice"})).await;
    let child = app.exchange(&made.api_token).await;
    let refused = async |query: &str| {
        let mut log = entries(&admin, &format!("action=refuse&{query}")).await;
        log.reverse();
        log
    };
    app.bearer("a.b.c").get("/reports").await.problem(401, "invalid_token");
    let log = refused("").await;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (&log[0]["reason"], &log[0]["token_id"], &log[0]["actor"]),
        (&json!("invalid"), &Value::Null, &json!(""))
    );
    assert_eq!((&log[0]["address"], &log[0]["user_agent"]), (&json!("127.0.0.1"), &json!("end-to-end")));

    child.get("/auth/tokens").await.problem(403, "insufficient_scope");
    child.post("/auth/tokens", json!({"name": "more"})).await.problem(403, "insufficient_scope");
    app.bearer(&made.api_token)
        .post("/auth/exchange", json!({"scope": "more"}))
        .await
        .problem(400, "invalid_scope");
    admin.post_empty(&made.action("disable")).await.is(200);
    app.bearer(&made.api_token).post_empty("/auth/exchange").await.problem(401, "invalid_token");
    child.get("/reports").await.problem(401, "invalid_token");
    let log = refused("").await;
    let reasons = column(&log, "reason");
    for (reason, actor) in [
        ("insufficient_scope", "alice"),
        ("disabled", made.id.as_str()),
        ("cut_off", made.id.as_str()),
        ("invalid_scope", made.id.as_str()),
    ] {
        let found = log.iter().find(|entry| entry["reason"] == reason);
        let found = found.unwrap_or_else(|| panic!("{reason} is not among {reasons:?}"));
        assert_eq!(found["actor"], actor, "{found}");
    }
    let of_it = refused(&format!("token_id={}", made.id)).await;
    let mut reasons = column(&of_it, "reason");
    reasons.sort_unstable();
    assert_eq!(reasons, ["cut_off", "disabled", "invalid_scope"]);
    // No answer, and no entry, holds what was shown as a credential.
    assert!(!admin.get("/auth/audit").await.is(200).text().contains("a.b.c"));
}
