//! `kill -9` under load: what was acknowledged is there after the next start.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use end_to_end::{Actor, Framework, Setup, on_both};
use serde_json::json;
use tokio::sync::Mutex;

on_both!(nothing_acknowledged_is_lost, keys_and_settings_survive, files_are_private);

const ISSUER: &str = "http://demo.example/auth";

/// What the app has said before it was killed.
#[derive(Debug, Default)]
struct Acknowledged {
    tokens: Vec<(String, String)>,
    revoked: Vec<(String, String)>,
    deleted: Vec<(String, String)>,
}

async fn nothing_acknowledged_is_lost(framework: Framework) {
    let setup =
        Setup::new(framework).env("JETON_ISSUER", ISSUER).env("JETON_DATABASE_URL", "sqlite:tokens.db");
    let mut app = setup.start().await;
    let admin_token = app.admin_token.clone().unwrap();
    let said = Arc::new(Mutex::new(Acknowledged::default()));
    for round in 0..4 {
        let enough = said.lock().await.revoked.len() + 5;
        let load: Vec<_> = (0..4)
            .map(|task| tokio::spawn(load(app.bearer(&admin_token), said.clone(), format!("{round} {task}"))))
            .collect();
        while said.lock().await.revoked.len() < enough {
            assert!(!load.iter().all(|task| task.is_finished()), "{}", app.stderr());
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        app.kill();
        for task in load {
            task.await.unwrap();
        }
        app = setup.start().await;
        assert_eq!(app.admin_token, None, "the first token is printed once");
        let said = said.lock().await;
        for (id, token) in &said.tokens {
            let exchanged = app.bearer(token).post_empty("/auth/exchange").await;
            assert_eq!(exchanged.status, 200, "{id} was acknowledged: {exchanged:?}");
        }
        for (id, token) in said.revoked.iter().chain(&said.deleted) {
            let answer = app.bearer(token).post_empty("/auth/exchange").await;
            assert_eq!(answer.status, 401, "the end of {id} was acknowledged: {answer:?}");
        }
    }
    let said = said.lock().await;
    let admin = app.exchange(&admin_token).await;
    let listed = admin.list("limit=200").await.len();
    assert!(listed > said.tokens.len() + said.revoked.len(), "{listed}");
    for (id, _) in &said.deleted {
        admin.get(&format!("/auth/tokens/{id}")).await.problem(404, "not_found");
    }
}

/// Generates, revokes and deletes until the app is gone.
async fn load(root: Actor, said: Arc<Mutex<Acknowledged>>, name: String) {
    let exchanged = root.request("POST", "/auth/exchange").try_send().await;
    let Some(exchanged) = exchanged else { return };
    let admin = root.with_bearer(exchanged.is(200).json()["access_token"].as_str().unwrap());
    for number in 0.. {
        let fields = json!({"name": format!("{name} {number}"), "subject": "alice"});
        let Some(made) = admin.request("POST", "/auth/tokens").json(&fields).try_send().await else { return };
        let made = made.is(201).json();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let (id, token) = (text(&made["token"]["id"]), text(&made["api_token"]));
        let (method, path) = match number % 3 {
            0 => {
                said.lock().await.tokens.push((id, token));
                continue;
            }
            1 => ("POST", format!("/auth/tokens/{id}/revoke")),
            _ => ("DELETE", format!("/auth/tokens/{id}")),
        };
        let Some(answer) = admin.request(method, &path).try_send().await else { return };
        let mut said = said.lock().await;
        match answer.status {
            200 => said.revoked.push((id, token)),
            204 => said.deleted.push((id, token)),
            _ => panic!("{answer:?}"),
        }
    }
}

async fn keys_and_settings_survive(framework: Framework) {
    let setup = Setup::new(framework).env("JETON_ISSUER", ISSUER);
    let mut app = setup.start().await;
    let alice = app.user("alice").await;
    let revoked = app.generate(json!({"subject": "alice"})).await;
    let child = app.exchange(&revoked.api_token).await;
    app.admin().await.post_empty(&revoked.action("revoke")).await.is(200);
    let keys = app.anon().get("/auth/.well-known/jwks.json").await.is(200).json();
    app.kill();

    let mut app = setup.start().await;
    assert_eq!(app.anon().get("/auth/.well-known/jwks.json").await.is(200).json(), keys);
    app.bearer(alice.token()).get("/reports").await.is(200);
    let refused = app.bearer(child.token()).get("/reports").await;
    refused.invalid_token("the token was revoked, or its rights were changed");
    assert!(app.terminate().await.success());

    // Another master key opens nothing, and says so without naming either.
    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let ended = setup.clone().env("JETON_MASTER_KEY", other).run().await;
    assert!(!ended.status.success());
    assert!(ended.stderr.contains("error:") && !ended.stderr.contains(other), "{}", ended.stderr);
    let app = setup.start().await;
    app.bearer(alice.token()).get("/reports").await.is(200);
}

async fn files_are_private(framework: Framework) {
    let setup = Setup::new(framework);
    let mut app = setup.start().await;
    for _ in 0..2 {
        let entries = fs::read_dir(app.data()).unwrap().map(|entry| entry.unwrap());
        let modes = entries.map(|entry| {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), format!("{mode:o}"))
        });
        let modes: Vec<_> = modes.collect();
        assert!(modes.iter().all(|(_, mode)| mode == "600"), "{modes:?}");
        for file in ["jeton.sqlite3", "jeton.sqlite3.master-key"] {
            assert!(modes.iter().any(|(name, _)| name == file), "{modes:?}");
        }
        assert!(app.terminate().await.success());
        app = setup.start().await;
    }
}
