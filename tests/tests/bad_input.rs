//! Requests that make no sense: each is told what is wrong with it, and changes nothing.

use end_to_end::{Actor, App, Framework, on_both, raw, without_last_use};
use serde_json::{Value, json};

on_both!(
    bad_fields,
    bad_queries,
    bad_ids,
    bad_bodies,
    bodies_that_are_too_large,
    names_are_taken_once,
    of_two_at_once_one_wins,
);

/// What must stay as it is.
async fn everything(admin: &Actor) -> Vec<Value> {
    admin.list("sort=name").await.into_iter().map(without_last_use).collect()
}

/// The fields that a problem names. It may say several things of one.
fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    for error in errors {
        assert!(error["detail"].as_str().is_some_and(|detail| detail.len() > 5), "{problem}");
    }
    let mut pointers: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    pointers.dedup();
    pointers
}

async fn bad_fields(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({"name": "there", "subject": "bob"})).await;
    let before = everything(&admin).await;
    let long = "n".repeat(10_000);
    let many: Vec<_> = (0..65).map(|number| format!("r{number}")).collect();
    let fields = [
        (json!({"name": ""}), "/name"),
        (json!({"name": " "}), "/name"),
        (json!({"name": "a "}), "/name"),
        (json!({"name": "a\u{0}b"}), "/name"),
        (json!({"name": "a\nb"}), "/name"),
        (json!({"name": long}), "/name"),
        (json!({"name": "n".repeat(101)}), "/name"),
        (json!({"name": 1}), "/name"),
        (json!({"name": ["a"]}), "/name"),
        (json!({"description": 5}), "/description"),
        (json!({"description": "d".repeat(1001)}), "/description"),
        (json!({"roles": "reader"}), "/roles"),
        (json!({"roles": {"reader": true}}), "/roles"),
        (json!({"roles": [1]}), "/roles/0"),
        (json!({"roles": [""]}), "/roles/0"),
        (json!({"roles": ["reader", null]}), "/roles/1"),
        (json!({"roles": many}), "/roles"),
        (json!({"scopes": ["a b"]}), "/scopes/0"),
        (json!({"scopes": ["a\"b"]}), "/scopes/0"),
        (json!({"scopes": [long]}), "/scopes/0"),
        (json!({"groups": [long]}), "/groups/0"),
        (json!({"audiences": ["nowhere"]}), "/audiences/0"),
        (json!({"networks": ["10.0.0.1/8"]}), "/networks/0"),
        (json!({"networks": ["10.0.0.0/8", "somewhere"]}), "/networks/1"),
        (json!({"networks": "10.0.0.0/8"}), "/networks"),
        (json!({"subject": "nobody"}), "/subject"),
        (json!({"subject": ""}), "/subject"),
        (json!({"subject": 7}), "/subject"),
        (json!({"expires_at": "2001-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"expires_at": "tomorrow"}), "/expires_at"),
        (json!({"expires_at": 4_000_000_000_u64}), "/expires_at"),
        (json!({"expires_in_days": 0}), "/expires_in_days"),
        (json!({"expires_in_days": -1}), "/expires_in_days"),
        (json!({"expires_in_days": 1.5}), "/expires_in_days"),
        (json!({"expires_in_days": "7"}), "/expires_in_days"),
        (json!({"expires_in_days": 36_501}), "/expires_in_days"),
        (json!({"expires_in_days": u64::MAX}), "/expires_in_days"),
        (json!({"never_expires": "yes"}), "/never_expires"),
        (json!({"never_expires": false}), "/never_expires"),
        (json!({"expires_in_days": 7, "expires_at": "2999-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"expires_in_days": 7, "never_expires": true}), "/never_expires"),
        (json!({"expires_at": "2999-01-01T00:00:00Z", "never_expires": true}), "/never_expires"),
        (json!({"nmae": "typo"}), "/nmae"),
        (json!({"a/b~c": 1}), "/a~1b~0c"),
        (json!({"id": "01a2093e-5268-74ab-9412-96915a90a9fe"}), "/id"),
        (json!({"state": "revoked"}), "/state"),
    ];
    for (fields, pointer) in &fields {
        let problem = admin.patch(&made.path(), fields.clone()).await.problem(400, "invalid_request");
        assert_eq!(pointers(&problem), [*pointer], "{fields}: {problem}");
    }
    let of_generate = [
        (json!({"kind": "robot"}), "/kind"),
        (json!({"kind": "personal"}), "/subject"),
        (json!({"tenant": ""}), "/tenant"),
        (json!({"tenant": 1}), "/tenant"),
        (json!({"not_before": "now"}), "/not_before"),
        (json!({"not_before": "2999-01-01T00:00:00Z"}), "/not_before"),
        (json!({"name": null}), "/name"),
    ];
    for (bad, pointer) in fields.iter().chain(&of_generate) {
        let mut fields = json!({"name": "new"});
        fields.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        let problem = admin.post("/auth/tokens", fields).await.problem(400, "invalid_request");
        assert_eq!(pointers(&problem), [*pointer], "{bad}: {problem}");
    }
    // All that is wrong is told at once.
    let all = json!({"name": "", "roles": 1, "kind": "x", "what": 1});
    let problem = admin.post("/auth/tokens", all).await.problem(400, "invalid_request");
    for pointer in ["/roles", "/kind", "/what"] {
        assert!(pointers(&problem).contains(&pointer), "{problem}");
    }
    for action in ["disable", "enable", "revoke"] {
        for (body, pointer) in [
            (json!({"reason": 1}), "/reason"),
            (json!({"reason": "r".repeat(1001)}), "/reason"),
            (json!({"because": "x"}), "/because"),
        ] {
            let problem = admin.post(&made.action(action), body).await.problem(400, "invalid_request");
            assert_eq!(pointers(&problem), [pointer], "{action}: {problem}");
        }
    }
    assert_eq!(everything(&admin).await, before);
    app.exchange(&made.api_token).await.get("/whoami").await.is(200);
}

async fn bad_queries(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for number in 0..3 {
        app.generate(json!({"name": format!("t{number}")})).await;
    }
    let page = admin.get("/auth/tokens?limit=1").await.is(200).json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let tail = &cursor[1..];
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=x", "/limit"),
        ("limit=1.0", "/limit"),
        ("limit=99999999999999999999", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("cursor=made-up", "/cursor"),
        ("cursor=%00", "/cursor"),
        (&format!("cursor={tail}"), "/cursor"),
        (&format!("cursor={cursor}&sort=name"), "/cursor"),
        (&format!("cursor={cursor}&sort=created_at"), "/cursor"),
        (&format!("cursor={}", "A".repeat(4000)), "/cursor"),
        ("sort=id", "/sort"),
        ("sort=--name", "/sort"),
        ("sort=Name", "/sort"),
        ("state=gone", "/state"),
        ("state=deleted", "/state"),
        ("kind=robot", "/kind"),
        ("expires_before=soon", "/expires_before"),
        ("last_used_before=2020-01-01", "/last_used_before"),
        ("offset=5", "/offset"),
        ("Limit=5", "/Limit"),
        ("a=1&name=t", "/a"),
    ] {
        let problem = admin.get(&format!("/auth/tokens?{query}")).await.problem(400, "invalid_request");
        assert_eq!(pointers(&problem), [pointer], "{query}: {problem}");
    }
    let problem = admin.get("/auth/tokens?limit=0&sort=x&what=1").await.problem(400, "invalid_request");
    assert_eq!(pointers(&problem).len(), 3, "{problem}");
    for query in ["limit=1", "limit=200", "limit=", "name=", "sort=", "cursor="] {
        admin.get(&format!("/auth/tokens?{query}")).await.is(200);
    }
}

async fn bad_ids(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({})).await;
    let before = everything(&admin).await;
    let (upper, long) = (made.id.to_uppercase() + "0", "0".repeat(5000));
    let another = format!("{}{}", &made.id[..35], if made.id.ends_with('0') { '1' } else { '0' });
    for id in [
        "x",
        "0",
        "%00",
        "%2e%2e",
        "null",
        "a%2Fb",
        "-1",
        "'",
        "%F0%9F%92%A9",
        "%ff",
        &upper,
        &long,
        &another,
    ] {
        let path = format!("/auth/tokens/{id}");
        admin.get(&path).await.problem(404, "not_found");
        admin.patch(&path, json!({"name": "other"})).await.problem(404, "not_found");
        admin.delete(&path).await.problem(404, "not_found");
        for action in ["disable", "enable", "revoke"] {
            admin.post_empty(&format!("{path}/{action}")).await.problem(404, "not_found");
        }
    }
    assert_eq!(everything(&admin).await, before);
}

async fn bad_bodies(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({})).await;
    let before = everything(&admin).await;
    let actions = ["disable", "enable", "revoke"].map(|action| ("POST", made.action(action)));
    let json_only = [("POST", "/auth/tokens".to_owned()), ("PATCH", made.path())];
    let api = app.bearer(&made.api_token);
    let exchange = [("POST", "/auth/exchange".to_owned())];
    for (method, path) in json_only.iter().chain(&actions).chain(&exchange) {
        let actor = if path.ends_with("exchange") { &api } else { &admin };
        let request = || actor.request(method, path);
        let told = format!("{method} {path}");
        for kind in ["text/plain", "application/jsonp", "multipart/form-data; boundary=x", "json", ""] {
            let answer = request().header("content-type", kind).body("{}").send().await;
            assert_eq!(answer.status, 415, "{told} {kind}: {answer:?}");
            answer.problem(415, "unsupported_media_type");
        }
        request().body("{}").send().await.problem(415, "unsupported_media_type");
        let twice = request().header("content-type", "application/json").header("content-type", "text/plain");
        twice.body("{}").send().await.problem(415, "unsupported_media_type");
        let form = request().header("content-type", "application/x-www-form-urlencoded").body("name=a");
        let form = form.send().await;
        if path.ends_with("exchange") {
            assert_eq!(pointers(&form.problem(400, "invalid_request")), ["/name"], "{told}");
        } else {
            form.problem(415, "unsupported_media_type");
        }
        for broken in [
            "{",
            "{}}",
            "[]",
            "null",
            "\"name\"",
            "1",
            "{'name': 1}",
            "{\"name\":}",
            "{\"name\":\"a\",}",
            "name=a",
            "{\"name\":\"a\",\"name\":\"b\"}",
            "{\"name\":\"a\",\"n\\u0061me\":\"b\"}",
            "{\"name\":\"\\ud800\"}",
            "{} {}",
        ] {
            let request = request().header("content-type", "application/json").body(broken);
            let answer = request.send().await;
            assert_eq!(answer.status, 400, "{told} {broken}: {answer:?}");
            answer.problem(400, "invalid_json");
        }
        let deep = "[".repeat(60_000);
        request()
            .header("content-type", "application/json")
            .body(deep)
            .send()
            .await
            .problem(400, "invalid_json");
        let latin = request().header("content-type", "application/json").body(&b"{\"name\":\"\xff\"}"[..]);
        latin.send().await.problem(400, "invalid_json");
    }
    for (method, path) in json_only {
        admin.request(method, &path).send().await.problem(415, "unsupported_media_type");
        let empty = admin.request(method, &path).header("content-type", "application/json");
        empty.send().await.problem(400, "invalid_json");
    }
    assert_eq!(everything(&admin).await, before);

    // What is right, written otherwise.
    let patch = |kind| admin.request("PATCH", &made.path()).header("content-type", kind).body("{}").send();
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
        patch(kind).await.is(200);
    }
}

async fn bodies_that_are_too_large(framework: Framework) {
    const LIMIT: usize = 64 * 1024;
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let made = app.generate(json!({})).await;
    let before = everything(&admin).await;
    let body = |size: usize| {
        let start = "{\"description\":\"";
        format!("{start}{}\"}}", "d".repeat(size - start.len() - 2))
    };
    for (method, path, token) in [
        ("POST", "/auth/tokens".to_owned(), admin.token()),
        ("PATCH", made.path(), admin.token()),
        ("POST", made.action("revoke"), admin.token()),
        ("POST", "/auth/exchange".to_owned(), made.api_token.as_str()),
    ] {
        let actor = app.bearer(token);
        let send = |size| {
            actor.request(method, &path).header("content-type", "application/json").body(body(size)).send()
        };
        send(LIMIT).await.problem(400, "invalid_request");
        for size in [LIMIT + 1, 4 * LIMIT, 40 * LIMIT] {
            send(size).await.problem(413, "body_too_large");
        }
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nConnection: close\r\n",
            app.address(),
        );
        let chunked = |size: usize| {
            let body = body(size);
            let chunks = body.as_bytes().chunks(8192);
            let chunks =
                chunks.map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)));
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunks.collect::<String>())
        };
        raw(app.address(), chunked(LIMIT).as_bytes()).await.problem(400, "invalid_request");
        for size in [LIMIT + 1, 4 * LIMIT] {
            raw(app.address(), chunked(size).as_bytes()).await.problem(413, "body_too_large");
        }
        // Announced and never sent: nobody waits for it.
        let announced = format!("{head}Content-Length: 99999999999\r\n\r\n{{");
        raw(app.address(), announced.as_bytes()).await.problem(413, "body_too_large");
    }
    assert_eq!(everything(&admin).await, before);
    // A body where none belongs harms nobody.
    let request = app.anon().request("GET", "/public").body("x".repeat(2 * LIMIT));
    assert!([200, 413].contains(&request.send().await.status));
}

async fn names_are_taken_once(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for tenant in [json!(null), json!("one"), json!("two")] {
        let fields = json!({"name": "name", "tenant": tenant});
        admin.post("/auth/tokens", fields.clone()).await.is(201);
        let before = everything(&admin).await;
        for _ in 0..2 {
            admin.post("/auth/tokens", fields.clone()).await.problem(409, "name_taken");
        }
        let other =
            admin.post("/auth/tokens", json!({"name": "other", "tenant": tenant})).await.is(201).json();
        let path = format!("/auth/tokens/{}", other["token"]["id"].as_str().unwrap());
        admin.patch(&path, json!({"name": "name"})).await.problem(409, "name_taken");
        admin.patch(&path, json!({"name": "other"})).await.is(200);
        admin.delete(&path).await.is(204);
        assert_eq!(everything(&admin).await, before);
    }
    // A revoked token keeps its name, and one without tenant has it as well.
    let id = admin.list("name=name&tenant=one").await[0]["id"].as_str().unwrap().to_owned();
    admin.post_empty(&format!("/auth/tokens/{id}/revoke")).await.is(200);
    let fields = json!({"name": "name", "tenant": "one"});
    admin.post("/auth/tokens", fields.clone()).await.problem(409, "name_taken");
    admin.delete(&format!("/auth/tokens/{id}")).await.is(204);
    admin.post("/auth/tokens", fields).await.is(201);
    admin.post("/auth/tokens", json!({"name": "admin"})).await.problem(409, "name_taken");
}

async fn of_two_at_once_one_wins(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for round in 0..30 {
        let mut fields = json!({"name": format!("race {round}")});
        if round % 2 == 0 {
            fields["tenant"] = json!("one");
        }
        let (one, other) =
            tokio::join!(admin.post("/auth/tokens", fields.clone()), admin.post("/auth/tokens", fields));
        let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
        lost.problem(409, "name_taken");
        let made = won.is(201).json();
        app.exchange(made["api_token"].as_str().unwrap()).await.get("/whoami").await.is(200);
    }
    assert_eq!(admin.list("name=race&limit=200").await.len(), 30);
}
