//! New credentials, old ones that are shown again, many tokens at a time, and the token behind the caller.

use end_to_end::{Answer, App, Framework, Setup, on_both};
use serde_json::{Value, json};

on_both!(
    without_a_grace_the_old_token_dies_at_once,
    with_a_grace_both_work_and_the_rotation_can_be_taken_back,
    bad_rotations_change_nothing,
    a_token_rotates_itself,
    a_token_is_seen_and_ended_by_itself,
    a_token_is_shown_again_where_that_is_allowed,
    many_at_a_time,
    bad_bulk_changes_change_nothing,
    methods,
);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A record without its last use, which is written down some time after it.
fn apart_from_use(record: &Value) -> Value {
    let mut record = record.clone();
    record["last_used_at"].take();
    record["last_used_ip"].take();
    record["last_used_user_agent"].take();
    record["use_count"].take();
    record
}

/// The token in an answer that must not be kept.
#[track_caller]
fn new_token(answer: &Answer) -> String {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let body = answer.json();
    assert!(answer.header("etag").is_some(), "{answer:?}");
    text(&body["api_token"]).to_owned()
}

async fn exchanged(app: &App, api_token: &str) -> Answer {
    app.bearer(api_token).post_empty("/auth/exchange").await
}

const SUPERSEDED: &str = "the token was superseded by a newer one";

async fn without_a_grace_the_old_token_dies_at_once(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for body in [None, Some(json!({})), Some(json!({"grace_seconds": 0}))] {
        let made = app.generate(json!({"roles": ["reader"], "description": "stays"})).await;
        let child = app.exchange(&made.api_token).await;
        child.get("/reports").await.is(200);
        let answer = match body {
            None => admin.post_empty(&made.action("rotate")).await,
            Some(body) => admin.post(&made.action("rotate"), body).await,
        };
        let token = new_token(&answer.clone().is(200));
        let record = answer.json()["token"].clone();
        for (field, before) in made.record.as_object().unwrap() {
            if ![
                "generation",
                "fingerprint",
                "key_id",
                "last_used_at",
                "last_used_ip",
                "last_used_user_agent",
                "use_count",
            ]
            .contains(&field.as_str())
            {
                assert_eq!(record[field], *before, "{field}");
            }
        }
        assert_eq!((&record["generation"], &record["previous_generation_until"]), (&json!(2), &Value::Null));
        assert_ne!(record["fingerprint"], made.record["fingerprint"]);
        assert_eq!(apart_from_use(&admin.get(&made.path()).await.is(200).json()), apart_from_use(&record));
        exchanged(&app, &made.api_token).await.invalid_token(SUPERSEDED);
        app.bearer(&made.api_token).get("/direct").await.invalid_token(SUPERSEDED);
        assert_eq!(child.get("/reports").await.status, 401, "its child");
        app.exchange(&token).await.get("/reports").await.is(200);
        app.bearer(&token).get("/direct").await.is(200);
        admin.post_empty(&made.action("rotate/cancel")).await.problem(409, "rotation_not_cancellable");
    }
}

async fn with_a_grace_both_work_and_the_rotation_can_be_taken_back(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"roles": ["reader"]})).await;
    let child = app.exchange(&made.api_token).await;
    let cancel = async || admin.post_empty(&made.action("rotate/cancel")).await;
    cancel().await.problem(409, "rotation_not_cancellable");
    let grace = json!({"grace_seconds": 3600});
    let lost = new_token(&admin.post(&made.action("rotate"), grace.clone()).await.is(200));
    assert!(admin.get(&made.path()).await.is(200).json()["previous_generation_until"].is_string());
    admin.post(&made.action("rotate"), grace.clone()).await.problem(409, "rotation_in_progress");

    let back = cancel().await.is(200);
    let record = back.json();
    assert_eq!(apart_from_use(&record), apart_from_use(&made.record), "as it was");
    assert!(back.header("etag").is_some());
    exchanged(&app, &lost).await.invalid_token(SUPERSEDED);
    child.get("/reports").await.is(200);

    let answer = admin.post(&made.action("rotate"), grace.clone()).await.is(200);
    let new = new_token(&answer);
    assert_eq!(answer.json()["token"]["generation"], 3, "the second one never returns");
    exchanged(&app, &made.api_token).await.is(200);
    exchanged(&app, &lost).await.invalid_token(SUPERSEDED);
    app.exchange(&new).await.get("/reports").await.is(200);
    child.get("/reports").await.is(200);
    cancel().await.problem(409, "rotation_not_cancellable");
    admin.post(&made.action("rotate"), grace).await.problem(409, "rotation_in_progress");
    // An end at once ends both.
    let last = new_token(&admin.post_empty(&made.action("rotate")).await.is(200));
    for token in [&made.api_token, &lost, &new] {
        exchanged(&app, token).await.invalid_token(SUPERSEDED);
    }
    exchanged(&app, &last).await.is(200);
    assert_eq!(child.get("/reports").await.status, 401);

    // A grace that is over.
    let short = new_token(&admin.post(&made.action("rotate"), json!({"grace_seconds": 1})).await.is(200));
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    assert_eq!(admin.get(&made.path()).await.is(200).json()["previous_generation_until"], Value::Null);
    exchanged(&app, &last).await.invalid_token(SUPERSEDED);
    cancel().await.problem(409, "rotation_not_cancellable");
    exchanged(&app, &short).await.is(200);
    admin.post_empty(&made.action("revoke")).await.is(200);
    admin.post_empty(&made.action("rotate")).await.problem(409, "token_revoked");
    cancel().await.problem(409, "token_revoked");
}

async fn bad_rotations_change_nothing(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({})).await;
    let wrong =
        [json!("1"), json!(-1), json!(1.5), json!(true), json!([1]), json!({}), json!(366 * 86_400 + 1)];
    for grace in wrong {
        let problem = admin
            .post(&made.action("rotate"), json!({"grace_seconds": grace}))
            .await
            .problem(400, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], "/grace_seconds", "{problem}");
        let own = app.bearer(&made.api_token);
        let answer = own.post("/auth/tokens/self/rotate", json!({"grace_seconds": grace})).await;
        assert_eq!(answer.problem(400, "invalid_request")["errors"][0]["pointer"], "/grace_seconds");
    }
    for action in ["rotate", "rotate/cancel", "reveal"] {
        let problem = admin.post(&made.action(action), json!({"graces": 1})).await;
        assert_eq!(problem.problem(400, "invalid_request")["errors"][0]["pointer"], "/graces", "{action}");
    }
    // One that is not there, or not for this caller.
    let alice = app.user("alice").await;
    for action in ["rotate", "rotate/cancel"] {
        for id in ["x", "00000000-0000-7000-8000-000000000000"] {
            admin.post_empty(&format!("/auth/tokens/{id}/{action}")).await.problem(404, "not_found");
        }
        alice.post_empty(&made.action(action)).await.problem(403, "insufficient_scope");
        assert_eq!(app.anon().post_empty(&made.action(action)).await.status, 401);
    }
    let writer = app.exchange(&app.generate(json!({"scopes": ["tokens:write"]})).await.api_token).await;
    let rich = app.generate(json!({"subject": "root"})).await;
    for rich in [rich.action("rotate"), app.generate(json!({"never_expires": true})).await.action("rotate")] {
        writer.post_empty(&rich).await.problem(403, "insufficient_scope");
    }
    assert_eq!(apart_from_use(&admin.get(&made.path()).await.is(200).json()), apart_from_use(&made.record));
}

async fn a_token_rotates_itself(framework: Framework) {
    let app = App::start(framework).await;
    let path = "/auth/tokens/self/rotate";
    let made = app.generate(json!({"subject": "alice"})).await;
    let child = app.exchange(&made.api_token).await;
    let answer = child.post_empty(path).await;
    assert_eq!(answer.status, 401, "a stolen access token must not become a token that stays");
    assert_eq!(app.admin().await.post_empty(path).await.status, 401);
    assert_eq!(app.anon().post_empty(path).await.status, 401);

    let old = app.bearer(&made.api_token);
    let lost = old.post_empty(path).await.is(200);
    let until = lost.json()["token"]["previous_generation_until"].clone();
    assert!(text(&until) > text(&made.record["created_at"]), "an hour unless told otherwise");
    assert_eq!(lost.json()["token"]["id"], made.id.as_str());
    // Its answer may have been lost.
    let new = new_token(&old.post(path, json!({"grace_seconds": 7200})).await.is(200));
    exchanged(&app, &new_token(&lost)).await.invalid_token(SUPERSEDED);
    exchanged(&app, &made.api_token).await.is(200);
    child.get("/whoami").await.is(200);
    exchanged(&app, &new).await.is(200);
    for grace in [0, 1, 7200] {
        let answer = old.post(path, json!({"grace_seconds": grace})).await;
        answer.problem(409, "rotation_in_progress");
    }
    let last = new_token(&app.bearer(&new).post(path, json!({"grace_seconds": 0})).await.is(200));
    old.post_empty(path).await.invalid_token(SUPERSEDED);
    app.bearer(&new).post_empty(path).await.invalid_token(SUPERSEDED);
    exchanged(&app, &last).await.is(200);
}

async fn a_token_is_seen_and_ended_by_itself(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "alice"})).await;
    let other = app.user("alice").await;
    let child = app.exchange(&made.api_token).await;
    let found = child.get("/auth/tokens/self").await.is(200);
    assert_eq!(apart_from_use(&found.json()), apart_from_use(&made.record));
    assert!(found.header("etag").is_some());
    child.get(&made.path()).await.problem(403, "insufficient_scope");
    for path in ["/auth/tokens/self", "/auth/tokens/self/revoke"] {
        let method = if path.ends_with("self") { "GET" } else { "POST" };
        for actor in [app.anon(), app.bearer(&made.api_token), app.bearer("x")] {
            assert_eq!(actor.request(method, path).send().await.status, 401, "{method} {path}");
        }
    }
    let problem = child.post("/auth/tokens/self/revoke", json!({"reasons": 1})).await;
    problem.problem(400, "invalid_request");
    let ended = child.post("/auth/tokens/self/revoke", json!({"reason": "it was seen"})).await.is(200);
    assert_eq!((&ended.json()["id"], &ended.json()["state"]), (&json!(made.id), &json!("revoked")));
    for answer in [child.get("/whoami").await, child.get("/auth/tokens/self").await] {
        assert_eq!(answer.status, 401);
    }
    assert_eq!(exchanged(&app, &made.api_token).await.status, 401);
    other.get("/whoami").await.is(200);
}

async fn a_token_is_shown_again_where_that_is_allowed(framework: Framework) {
    let once = App::start(framework).await;
    let made = once.generate(json!({})).await;
    once.admin().await.post_empty(&made.action("reveal")).await.problem(403, "reveal_not_allowed");

    let setup = Setup::new(framework).env("JETON_REVEAL", "again");
    let app = setup.start().await;
    let admin = app.admin().await;
    let made = app.generate(json!({"roles": ["reader"]})).await;
    let reveal = async || admin.post_empty(&made.action("reveal")).await;
    let answer = reveal().await.is(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json(), json!({"api_token": made.api_token}));
    admin.patch(&made.path(), json!({"name": "renamed"})).await.is(200);
    assert_eq!(reveal().await.is(200).json(), json!({"api_token": made.api_token}));
    let new = new_token(&admin.post(&made.action("rotate"), json!({"grace_seconds": 60})).await.is(200));
    assert_eq!(reveal().await.is(200).json(), json!({"api_token": new}));
    let alice = app.user("alice").await;
    alice.post_empty(&made.action("reveal")).await.problem(403, "insufficient_scope");
    admin.post_empty("/auth/tokens/x/reveal").await.problem(404, "not_found");
    admin.post_empty(&made.action("revoke")).await.is(200);
    reveal().await.problem(409, "reveal_unavailable");
    admin.delete(&made.path()).await.is(204);
    reveal().await.problem(404, "not_found");
}

async fn many_at_a_time(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = [app.generate(json!({"subject": "bob"})).await, app.generate(json!({})).await];
    let children = [app.exchange(&made[0].api_token).await, app.exchange(&made[1].api_token).await];
    let unknown = "00000000-0000-7000-8000-000000000000";
    let ids = [&made[0].id, unknown, "no id", &made[1].id, &made[0].id];
    for (action, status, state) in [
        ("disable", 200, Some("disabled")),
        ("revoke", 200, Some("revoked")),
        ("disable", 409, Some("revoked")),
        ("delete", 204, None),
        ("revoke", 404, None),
    ] {
        let answer = admin.post("/auth/tokens/bulk", json!({"action": action, "ids": ids})).await.is(200);
        let twice = if action == "delete" { 404 } else { status };
        let statuses = [status, 404, 404, status, twice];
        let expected: Vec<_> =
            ids.iter().zip(statuses).map(|(id, status)| json!({"id": id, "status": status})).collect();
        assert_eq!(answer.json(), json!({"results": expected}), "{action}");
        for made in &made {
            let found = admin.get(&made.path()).await;
            match state {
                Some(state) => assert_eq!(found.is(200).json()["state"], state, "{action}"),
                None => drop(found.problem(404, "not_found")),
            }
            assert_eq!(exchanged(&app, &made.api_token).await.status, 401, "{action}");
        }
        for child in &children {
            assert_eq!(child.get("/whoami").await.status, 401, "{action}");
        }
    }
    let none = admin.post("/auth/tokens/bulk", json!({"action": "delete", "ids": []})).await.is(200);
    assert_eq!(none.json(), json!({"results": []}));
}

async fn bad_bulk_changes_change_nothing(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({})).await;
    let many = |count: usize| vec![made.id.clone(); count];
    for (body, pointer) in [
        (json!({"action": "enable", "ids": [made.id]}), "/action"),
        (json!({"action": 1, "ids": [made.id]}), "/action"),
        (json!({"ids": [made.id]}), "/action"),
        (json!({"action": "revoke"}), "/ids"),
        (json!({"action": "revoke", "ids": made.id}), "/ids"),
        (json!({"action": "revoke", "ids": [made.id, 1]}), "/ids/1"),
        (json!({"action": "revoke", "ids": many(201)}), "/ids"),
        (json!({"action": "revoke", "ids": [made.id], "force": true}), "/force"),
    ] {
        let problem = admin.post("/auth/tokens/bulk", body).await.problem(400, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    admin.post_empty("/auth/tokens/bulk").await.problem(415, "unsupported_media_type");
    let reader = app.exchange(&app.generate(json!({"scopes": ["tokens:read"]})).await.api_token).await;
    for ids in [json!([made.id]), json!(["no id"]), json!([])] {
        let body = json!({"action": "revoke", "ids": ids});
        reader.post("/auth/tokens/bulk", body.clone()).await.problem(403, "insufficient_scope");
        assert_eq!(app.anon().post("/auth/tokens/bulk", body).await.status, 401);
    }
    assert_eq!(apart_from_use(&admin.get(&made.path()).await.is(200).json()), apart_from_use(&made.record));
    let body = json!({"action": "disable", "ids": many(200)});
    let done = admin.post("/auth/tokens/bulk", body).await.is(200).json();
    assert_eq!(done["results"].as_array().map(Vec::len), Some(200));
}

async fn methods(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({})).await;
    let post = ["rotate", "rotate/cancel", "reveal"].map(|action| made.action(action)).into_iter();
    let fixed = ["bulk", "self/rotate", "self/revoke"].map(|path| format!("/auth/tokens/{path}"));
    for path in post.chain(fixed) {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let answer = admin.request(method, &path).send().await;
            answer.problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), Some("POST"), "{method} {path}");
        }
        let head = admin.request("HEAD", &path).send().await;
        assert_eq!((head.status, head.body.len()), (405, 0), "{path}");
    }
    for method in ["POST", "PATCH", "DELETE"] {
        let answer = admin.request(method, "/auth/tokens/self").send().await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
    }
    let (get, head) = (
        admin.get("/auth/tokens/self").await.is(200),
        admin.request("HEAD", "/auth/tokens/self").send().await.is(200),
    );
    assert_eq!((head.header("etag"), head.body.len()), (get.header("etag"), 0));
    assert_eq!(apart_from_use(&admin.get(&made.path()).await.is(200).json()), apart_from_use(&made.record));
}
