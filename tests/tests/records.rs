//! A record on the wire: its fields, its version, its place.

use end_to_end::{App, Framework, on_both, without_last_use};
use serde_json::{Value, json};

on_both!(
    generate_says_where_the_record_is,
    a_stale_edit_is_refused,
    an_edit_that_takes_nothing_away_leaves_the_children_alive,
    an_edit_that_takes_something_away_ends_the_children,
    expiry_moves_within_what_was_signed,
);

const FIELDS: [&str; 25] = [
    "id",
    "kind",
    "name",
    "description",
    "subject",
    "tenant",
    "groups",
    "roles",
    "scopes",
    "audiences",
    "networks",
    "state",
    "created_at",
    "created_by",
    "not_before",
    "expires_at",
    "last_used_at",
    "last_used_ip",
    "last_used_user_agent",
    "use_count",
    "key_and_secret",
    "key_id",
    "generation",
    "previous_generation_until",
    "fingerprint",
];

async fn generate_says_where_the_record_is(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let fields = json!({
        "name": "Ünïcode ☃ name", "description": "two\nlines", "kind": "personal", "subject": "bob",
        "tenant": "acme", "roles": ["reader"], "scopes": ["reports:write"], "groups": [],
        "networks": ["127.0.0.0/8"], "never_expires": true,
    });
    let answer = admin.post("/auth/tokens", fields.clone()).await.is(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    let mut keys: Vec<_> = body["token"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = FIELDS;
    keys.sort_unstable();
    expected.sort_unstable();
    assert_eq!(keys, expected);
    for field in ["name", "description", "kind", "subject", "tenant", "roles", "scopes", "networks"] {
        assert_eq!(body["token"][field], fields[field], "{field}");
    }
    assert_eq!(body["token"]["expires_at"], Value::Null);

    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("/auth/tokens/{}", body["token"]["id"].as_str().unwrap()));
    let found = admin.get(location).await.is(200);
    assert_eq!(found.record(), without_last_use(body["token"].clone()));
    assert_eq!(found.header("etag"), answer.header("etag"));
    assert!(found.header("etag").unwrap().starts_with('"'));
    let head = admin.request("HEAD", location).send().await.is(200);
    assert_eq!((head.header("etag"), head.body.len()), (found.header("etag"), 0));

    // Thirty days, unless told otherwise.
    let plain = app.generate(json!({})).await;
    assert_eq!((&plain.record["kind"], &plain.record["subject"]), (&json!("service"), &Value::Null));
    assert!(plain.record["expires_at"].is_string());
}

async fn a_stale_edit_is_refused(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"name": "first"})).await;
    let edit = |tag: String, name: &'static str| {
        let request = admin.request("PATCH", &made.path());
        let body = json!({"name": name});
        async move { request.header("if-match", tag).json(&body).send().await }
    };
    let first = admin.get(&made.path()).await.is(200).header("etag").unwrap().to_owned();
    let second = edit(first.clone(), "second").await.is(200).header("etag").unwrap().to_owned();
    assert_ne!(first, second);
    for stale in [
        first.clone(),
        "\"0\"".into(),
        "\"x\"".into(),
        format!("W/{second}"),
        second.replace('"', ""),
        format!("{first}, \"99\""),
    ] {
        edit(stale, "stale").await.problem(412, "stale_version");
    }
    let unchanged = admin.get(&made.path()).await.is(200);
    assert_eq!(
        (unchanged.header("etag"), &unchanged.json()["name"]),
        (Some(second.as_str()), &json!("second"))
    );
    edit(format!("{first}, {second}"), "third").await.is(200);
    edit("*".into(), "fourth").await.is(200);
    let fifth = admin.patch(&made.path(), json!({"name": "fifth"})).await.is(200);
    assert_eq!(fifth.json()["name"], "fifth");
    // Nothing changed, no new version.
    let same = admin.patch(&made.path(), json!({"name": "fifth"})).await.is(200);
    assert_eq!(same.header("etag"), fifth.header("etag"));

    // Of many at once with one version, one wins.
    let tag = fifth.header("etag").unwrap().to_owned();
    let edits = ["a", "b", "c", "d"].map(|name| tokio::spawn(edit(tag.clone(), name)));
    let mut won = 0;
    for edit in edits {
        match edit.await.unwrap() {
            answer if answer.status == 200 => won += 1,
            answer => drop(answer.problem(412, "stale_version")),
        }
    }
    assert_eq!(won, 1);
}

async fn an_edit_that_takes_nothing_away_leaves_the_children_alive(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"subject": "bob", "roles": ["reader"], "scopes": ["tokens:self"]})).await;
    let child = app.exchange(&made.api_token).await;
    for fields in [
        json!({}),
        json!({"name": "another name"}),
        json!({"description": "why"}),
        json!({"roles": ["reader", "writer"]}),
        json!({"scopes": ["reports:write", "tokens:self"]}),
    ] {
        admin.patch(&made.path(), fields.clone()).await.is(200);
        let answer = child.get("/reports").await;
        assert_eq!(answer.status, 200, "{fields}: {answer:?}");
    }
    // What was given is in the next child, not in this one.
    child.post_empty("/reports").await.problem(403, "insufficient_scope");
    app.exchange(&made.api_token).await.post_empty("/reports").await.is(200);
}

async fn an_edit_that_takes_something_away_ends_the_children(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for fields in [
        json!({"roles": ["reader"]}),
        json!({"scopes": ["tokens:self"]}),
        json!({"subject": "alice"}),
        json!({"subject": null}),
        json!({"networks": ["127.0.0.0/8"]}),
        json!({"expires_in_days": 1}),
    ] {
        let made = app
            .generate(json!({
                "subject": "bob", "roles": ["reader", "writer"], "scopes": ["reports:write", "tokens:self"],
            }))
            .await;
        let child = app.exchange(&made.api_token).await;
        child.get("/whoami").await.is(200);
        admin.patch(&made.path(), fields.clone()).await.is(200);
        let answer = child.get("/whoami").await;
        assert_eq!(answer.status, 401, "{fields}: {answer:?}");
        answer.invalid_token("the token was revoked, or its rights were changed");
        app.exchange(&made.api_token).await.get("/whoami").await.is(200);
    }
}

async fn expiry_moves_within_what_was_signed(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"expires_in_days": 10})).await;
    for beyond in
        [json!({"expires_in_days": 11}), json!({"never_expires": true}), json!({"expires_at": null})]
    {
        admin.patch(&made.path(), beyond).await.problem(409, "rotate_to_extend");
    }
    let sooner = admin.patch(&made.path(), json!({"expires_in_days": 5})).await.is(200).json();
    assert!(sooner["expires_at"].as_str() < made.record["expires_at"].as_str());
    let back = json!({"expires_at": made.record["expires_at"]});
    let back = admin.patch(&made.path(), back).await.is(200).json();
    assert_eq!(back["expires_at"], made.record["expires_at"]);
}
