//! The golden matrix of the demo app: who reaches what.

use end_to_end::{Actor, App, Framework, on_both};
use serde_json::{Value, json};

on_both!(everybody_everywhere, one_method_is_opened_to_one_user);

const ROUTES: [(&str, &str); 7] = [
    ("GET", "/public"),
    ("GET", "/whoami"),
    ("GET", "/reports"),
    ("POST", "/reports"),
    ("GET", "/external"),
    ("GET", "/direct"),
    ("GET", "/auth/tokens"),
];

/// One line per actor, one status per route, in the order of [`ROUTES`].
const MATRIX: [(&str, [u16; 7]); 8] = [
    ("nobody", [200, 401, 401, 401, 401, 401, 401]),
    ("ExternalApp", [200, 200, 403, 403, 200, 200, 403]),
    ("alice", [200, 200, 200, 403, 403, 200, 403]),
    ("bob", [200, 200, 200, 200, 403, 200, 403]),
    ("root", [200, 200, 403, 403, 403, 200, 200]),
    ("a service without roles", [200, 200, 403, 403, 403, 200, 403]),
    ("a service that may read", [200, 200, 200, 403, 403, 200, 403]),
    ("bob narrowed to a scope", [200, 200, 403, 200, 403, 200, 403]),
];

async fn everybody_everywhere(framework: Framework) {
    let app = App::start(framework).await;
    for (name, statuses) in MATRIX {
        let actor = actor(&app, name).await;
        for ((method, path), status) in ROUTES.into_iter().zip(statuses) {
            let answer = actor.request(method, path).send().await;
            assert_eq!(answer.status, status, "{name}: {method} {path}");
        }
    }
}

async fn actor(app: &App, name: &str) -> Actor {
    let (fields, exchange) = match name {
        "nobody" => return app.anon(),
        "a service without roles" => (json!({"name": name}), json!({})),
        "a service that may read" => (json!({"name": name, "roles": ["reader"]}), json!({})),
        "bob narrowed to a scope" => {
            (json!({"name": name, "subject": "bob"}), json!({"scope": "reports:write"}))
        }
        subject => (json!({"name": name, "subject": subject}), json!({})),
    };
    child(app, fields, exchange).await
}

/// Who holds an access token got with a new API token.
async fn child(app: &App, fields: Value, exchange: Value) -> Actor {
    let holder = app.bearer(&app.generate(fields).await.api_token);
    let exchanged = holder.post("/auth/exchange", exchange).await.is(200).json();
    app.bearer(exchanged["access_token"].as_str().unwrap())
}

async fn one_method_is_opened_to_one_user(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let (external, alice) = (app.user("ExternalApp").await, app.user("alice").await);
    let put = async |subjects: Value| {
        let body = json!({"subjects": subjects});
        admin.request("PUT", "/auth/audiences/external").json(&body).send().await.is(200).json()
    };

    put(json!([])).await;
    external.get("/external").await.problem(403, "audience_denied");
    assert_eq!(put(json!(["ExternalApp"])).await["subjects"], json!(["ExternalApp"]));
    external.get("/external").await.is(200);
    alice.get("/external").await.problem(403, "audience_denied");
    app.anon().get("/external").await.problem(401, "no_credentials");
    external.get("/reports").await.problem(403, "role_denied");
    external.post_empty("/reports").await.problem(403, "insufficient_scope");
    external.get("/auth/audiences").await.problem(403, "insufficient_scope");
    let body = json!({"subjects": ["alice"]});
    external
        .request("PUT", "/auth/audiences/external")
        .json(&body)
        .send()
        .await
        .problem(403, "insufficient_scope");

    let listed = admin.get("/auth/audiences").await.is(200).json();
    assert_eq!(listed["items"][0]["name"], "external");
    let tag = admin.get("/auth/audiences/external").await.is(200).header("etag").unwrap().to_owned();
    let tagged =
        |tag: &str| admin.request("PUT", "/auth/audiences/external").header("if-match", tag).json(&body);
    tagged(&tag).send().await.is(200);
    tagged(&tag).send().await.problem(412, "stale_version");
    alice.get("/external").await.is(200);
    external.get("/external").await.problem(403, "audience_denied");
}
