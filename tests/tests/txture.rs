//! Txture, "API Tokens": a list with a filter and details, roles on the token, the token's text again at "Show token", and
//! an end by revoking, deleting or its expiry date, for every application that shares it.

use std::time::Duration;

use end_to_end::{Actor, Framework, Local, LocalApp, Made, on_both};
use jeton::{
    Account, Reveal, Timestamp,
    policy::{anybody, role},
    rights::RoleMap,
};
use jeton_testkit::FakeClock;
use serde_json::{Value, json};

on_both!(
    tokens_are_listed_filtered_and_shown_in_detail,
    a_token_has_roles_and_that_of_all_applications,
    show_token_gives_the_same_text_again,
    revoked_deleted_or_expired_it_refuses_every_application,
);

const DEFAULT_ROLE: &str = "All external applications";

fn txture(framework: Framework, clock: &FakeClock) -> Local {
    Local::new(framework)
        .user("alice", Account::active().with_role("modeller"))
        .authority(|builder| {
            builder
                .reveal(Reveal::Again)
                .default_role(DEFAULT_ROLE)
                .role_map(RoleMap::default().with("modeller", ["assets:write"]))
        })
        .route_behind(|gate| gate.accepting_api_tokens(), "/api/status", anybody())
        .route_behind(|gate| gate.accepting_api_tokens(), "/api/assets", role("modeller"))
        .route_behind(|gate| gate.accepting_api_tokens(), "/api/public", role(DEFAULT_ROLE))
        .clock(clock)
}

fn clock() -> FakeClock {
    FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap())
}

async fn create(admin: &Actor, fields: Value) -> Made {
    Made::of(&admin.post("/auth/tokens", fields).await.is(201).json())
}

fn names(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["name"].as_str().unwrap()).collect()
}

async fn tokens_are_listed_filtered_and_shown_in_detail(framework: Framework) {
    let app = txture(framework, &clock()).start().await;
    let admin = app.admin().await;
    for (name, description) in [("Jenkins", "builds"), ("Jenkins (test)", ""), ("Cloud sync", "nightly")] {
        create(&admin, json!({"name": name, "description": description})).await;
    }
    let all = admin.list("sort=name").await;
    // One more is that of the admin.
    assert_eq!(names(&all), ["Cloud sync", "Jenkins", "Jenkins (test)", all[3]["name"].as_str().unwrap()]);
    assert_eq!(names(&admin.list("name=jENK&sort=name").await), ["Jenkins", "Jenkins (test)"]);
    assert_eq!(names(&admin.list("name=(").await), ["Jenkins (test)"]);
    assert!(admin.list("name=nothing").await.is_empty());

    let id = all[1]["id"].as_str().unwrap();
    let details = admin.get(&format!("/auth/tokens/{id}")).await.is(200).json();
    assert_eq!(details, all[1]);
    assert_eq!((&details["description"], &details["state"]), (&json!("builds"), &json!("active")));
    assert!(details["created_at"].is_string() && details["created_by"] == "root");
    let edited = json!({"name": "Jenkins 2", "description": "builds, and more"});
    let edited = admin.patch(&format!("/auth/tokens/{id}"), edited).await.is(200).json();
    assert_eq!(edited["description"], "builds, and more");
    assert_eq!(names(&admin.list("name=jenkins&sort=name").await), ["Jenkins (test)", "Jenkins 2"]);
}

async fn a_token_has_roles_and_that_of_all_applications(framework: Framework) {
    let app = txture(framework, &clock()).start().await;
    let admin = app.admin().await;
    let plain = create(&admin, json!({"name": "plain"})).await;
    let modeller = create(&admin, json!({"name": "modeller", "roles": ["modeller"]})).await;
    assert_eq!(plain.record["roles"], json!([DEFAULT_ROLE]));
    assert_eq!(modeller.record["roles"], json!([DEFAULT_ROLE, "modeller"]));

    // The token itself is the bearer.
    let (plain_app, modeller_app) = (app.bearer(&plain.api_token), app.bearer(&modeller.api_token));
    for holder in [&plain_app, &modeller_app] {
        holder.get("/api/status").await.is(200);
        holder.get("/api/public").await.is(200);
    }
    let who = modeller_app.get("/api/assets").await.is(200).json();
    assert_eq!(who["roles"], json!([DEFAULT_ROLE, "modeller"]));
    assert_eq!(who["scopes"], json!(["assets:write"]));
    let denied = plain_app.get("/api/assets").await;
    denied.problem(403, "role_denied");
    assert_eq!(denied.header("www-authenticate"), None);
    app.anon().get("/api/assets").await.problem(401, "no_credentials");
    // One space, and the word, are needed.
    let glued = app
        .anon()
        .request("GET", "/api/status")
        .header("authorization", format!("Bearer{}", plain.api_token));
    glued.send().await.problem(401, "no_credentials");

    // A role is added and taken away; the very next request is told.
    admin.patch(&plain.path(), json!({"roles": ["modeller"]})).await.is(200);
    plain_app.get("/api/assets").await.is(200);
    admin.patch(&plain.path(), json!({"roles": []})).await.is(200);
    plain_app.get("/api/assets").await.problem(403, "role_denied");
    assert_eq!(admin.get(&plain.path()).await.is(200).json()["roles"], json!([DEFAULT_ROLE]));
    assert_eq!(names(&admin.list("role=modeller").await), ["modeller"]);
}

async fn show_token_gives_the_same_text_again(framework: Framework) {
    let app = txture(framework, &clock()).start().await;
    let admin = app.admin().await;
    let made = create(&admin, json!({"name": "CI", "roles": ["modeller"]})).await;
    let reveal = async || admin.post_empty(&made.action("reveal")).await;
    for _ in 0..2 {
        let shown = reveal().await.is(200);
        assert_eq!(shown.json(), json!({"api_token": made.api_token}));
        assert_eq!(shown.header("cache-control"), Some("no-store"));
    }
    admin.patch(&made.path(), json!({"name": "CI 2", "roles": []})).await.is(200);
    assert_eq!(reveal().await.is(200).json()["api_token"], made.api_token.as_str());
    let entries = admin.get(&format!("/auth/audit?action=reveal&token_id={}", made.id)).await.is(200).json();
    assert_eq!(entries["items"].as_array().unwrap().len(), 3, "each time is written down");
    // Not for everybody.
    app.as_user("alice").await.post_empty(&made.action("reveal")).await.problem(403, "insufficient_scope");
    app.bearer(&made.api_token).post_empty(&made.action("reveal")).await.problem(401, "invalid_token");
}

/// Two applications that share a token, and what each has in hand.
struct Sharing {
    made: Made,
    holders: [Actor; 2],
    children: [Actor; 2],
}

async fn share(app: &LocalApp, admin: &Actor, fields: Value) -> Sharing {
    let made = create(admin, fields).await;
    let holder = |name: &str| app.bearer(&made.api_token).with_header("x-application", name);
    let holders = [holder("Jenkins"), holder("Cloud sync")];
    let children = [app.exchange(&made.api_token).await, app.exchange(&made.api_token).await];
    for holder in holders.iter().chain(&children) {
        holder.get("/api/status").await.is(200);
    }
    Sharing { made, holders, children }
}

impl Sharing {
    async fn is_refused(&self, reason: &str, of_children: &str) {
        for holder in &self.holders {
            holder.get("/api/status").await.invalid_token(reason);
            holder.post_empty("/auth/exchange").await.invalid_token(reason);
        }
        for child in &self.children {
            child.get("/api/status").await.invalid_token(of_children);
        }
    }
}

async fn revoked_deleted_or_expired_it_refuses_every_application(framework: Framework) {
    let clock = clock();
    let app = txture(framework, &clock).start().await;
    let admin = app.admin().await;
    const CUT: &str = "the token was revoked, or its rights were changed";

    let revoked = share(&app, &admin, json!({"name": "revoked"})).await;
    let answer = admin.post_empty(&revoked.made.action("revoke")).await.is(200).json();
    assert_eq!(answer["state"], "revoked");
    revoked.is_refused("the token was revoked", CUT).await;
    // This cannot be undone.
    admin.post_empty(&revoked.made.action("enable")).await.problem(409, "token_revoked");
    admin.post_empty(&revoked.made.action("reveal")).await.problem(409, "reveal_unavailable");
    assert_eq!(names(&admin.list("state=revoked").await), ["revoked"]);
    // Deleted, whether it was revoked before or not, it is in no list.
    let deleted = share(&app, &admin, json!({"name": "deleted"})).await;
    for sharing in [&revoked, &deleted] {
        admin.delete(&sharing.made.path()).await.is(204);
        sharing.is_refused("the token was revoked", CUT).await;
        admin.get(&sharing.made.path()).await.problem(404, "not_found");
        admin.post_empty(&sharing.made.action("reveal")).await.problem(404, "not_found");
    }
    assert!(admin.list("name=revoked").await.is_empty() && admin.list("name=deleted").await.is_empty());

    let dated = share(&app, &admin, json!({"name": "dated", "expires_in_days": 1})).await;
    clock.advance(Duration::from_secs(86_400));
    dated.is_refused("the token has expired", "the token has expired").await;
    // The admin's own access token has ended as well.
    let admin = app.admin().await;
    assert_eq!(names(&admin.list("state=expired").await), ["dated"]);
    admin.post_empty(&dated.made.action("reveal")).await.problem(409, "reveal_unavailable");
}
