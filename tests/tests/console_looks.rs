//! How the pages of the console look: to a screen reader, on a narrow screen, in the dark, and on pictures.

use end_to_end::{App, Browser, Framework, Setup, on_both};
use serde_json::json;

on_both!(every_page_is_for_everybody);

/// A page: its name, and how one gets there.
struct Stop {
    name: &'static str,
    path: String,
    /// Forms that are filled and sent there.
    fields: Vec<(&'static str, &'static str)>,
    press: Option<&'static str>,
}

fn stop(name: &'static str, path: impl Into<String>) -> Stop {
    Stop { name, path: path.into(), fields: Vec::new(), press: None }
}

async fn furnished(framework: Framework) -> (App, Vec<Stop>) {
    let app = Setup::new(framework).env("JETON_REVEAL", "again").start().await;
    let made = app
        .generate(json!({
            "name": "Nightly report", "description": "Sends the sales of the day to the head office.",
            "subject": "alice", "roles": ["reader"], "networks": ["192.0.2.0/24", "127.0.0.0/8"],
            "expires_in_days": 5,
        }))
        .await;
    app.exchange(&made.api_token).await.get("/whoami").await.is(200);
    let admin = app.admin().await;
    let long = format!("a-name-without-any-blank-{}", "x".repeat(70));
    let service = app.generate(json!({"name": long, "roles": ["writer", "reader"], "scopes": ["reports:write"], "expires_in_days": 90})).await;
    let disabled = app.generate(json!({"name": "Warehouse scanner", "never_expires": true})).await;
    admin.post(&disabled.action("disable"), json!({"reason": "lost device"})).await.is(200);
    let revoked = app.generate(json!({"name": "Old CI", "expires_in_days": 365})).await;
    admin.post_empty(&revoked.action("revoke")).await.is(200);
    let rotated = app.generate(json!({"name": "Data gateway", "expires_in_days": 60})).await;
    admin.post(&rotated.action("rotate"), json!({"grace_seconds": 86_400})).await.is(200);
    let personal = json!({"name": "Personal token of root", "expires_in_days": 30});
    let personal = admin.post("/auth/me/tokens", personal).await;
    let mine = personal.is(201).json()["token"]["id"].as_str().unwrap().to_owned();
    let keys = admin.get("/auth/keys").await.is(200).json();
    let kid = keys["items"][0]["kid"].as_str().unwrap().to_owned();
    let (id, other) = (&made.id, &service.id);
    let stops = vec![
        stop("tokens", "/tokens"),
        stop("tokens-filtered", "/tokens?kind=service&unused=never"),
        stop("tokens-no-match", "/tokens?name=nothing"),
        stop("details", format!("/tokens/{id}")),
        stop("details-rotated", format!("/tokens/{}", rotated.id)),
        stop("details-disabled", format!("/tokens/{}", disabled.id)),
        stop("details-revoked", format!("/tokens/{}", revoked.id)),
        stop("details-long-name", format!("/tokens/{other}")),
        stop("generate", "/tokens/new"),
        Stop {
            fields: vec![("name", "Old CI"), ("user", "ghost"), ("networks", "nonsense")],
            press: Some("Generate token"),
            ..stop("generate-errors", "/tokens/new")
        },
        Stop {
            fields: vec![("name", "Shown"), ("key_and_secret", "")],
            press: Some("Generate token"),
            ..stop("shown", "/tokens/new")
        },
        stop("edit", format!("/tokens/{id}/edit")),
        stop("rotate", format!("/tokens/{id}/rotate")),
        stop("revoke", format!("/tokens/{id}/revoke")),
        stop("delete", format!("/tokens/{}/delete", disabled.id)),
        stop("reveal", format!("/tokens/{id}/reveal")),
        stop("bulk", format!("/tokens/bulk?action=revoke&id={id}&id={other}")),
        stop("account", "/me"),
        stop("account-details", format!("/me/{mine}")),
        stop("account-generate", "/me/new"),
        stop("account-leaked", format!("/me/{mine}/leaked")),
        stop("audit", "/audit"),
        stop("audit-no-match", "/audit?actor=nobody"),
        stop("keys", "/keys"),
        stop("keys-retire", format!("/keys/retire?kid={kid}")),
        stop("not-found", "/tokens/nothing"),
    ];
    (app, stops)
}

async fn go(browser: &Browser, app: &App, stop: &Stop, attempt: usize) {
    browser.open(&format!("{}/auth/console{}", app.url, stop.path)).await;
    for (field, text) in &stop.fields {
        match (*field, stop.name) {
            ("key_and_secret", _) => browser.click("#key_and_secret").await,
            // Each name is taken once.
            ("name", "shown") => browser.fill("name", &format!("{text} {attempt}")).await,
            (field, _) => browser.fill(field, text).await,
        }
    }
    if let Some(button) = stop.press {
        browser.press(button).await;
        browser.element(if stop.name == "shown" { "[data-shown]" } else { ".summary" }).await;
    }
}

async fn sign_in(browser: &Browser, app: &App) {
    browser.open(&format!("{}/auth/console/", app.url)).await;
    browser.fill("api_token", app.admin_token.as_deref().unwrap()).await;
    browser.press("Sign in").await;
    browser.sees("Signed in as").await;
}

async fn check(browser: &Browser, name: &str, wrong: &mut Vec<String>) {
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 320)] {
        browser.prefers(scheme).await;
        browser.width(width).await;
        let over =
            browser.script("const d = document.documentElement; return d.scrollWidth - d.clientWidth").await;
        if over != json!(0) {
            wrong.push(format!("{name}: scrolls sideways by {over} at {width}"));
        }
        let found = browser.violations().await;
        wrong.extend(found.into_iter().map(|line| format!("{name} ({scheme}, {width}): {line}")));
    }
}

async fn every_page_is_for_everybody(framework: Framework) {
    let (app, stops) = furnished(framework).await;
    let browser = Browser::start().await;
    let mut wrong = Vec::new();
    browser.open(&format!("{}/auth/console/", app.url)).await;
    check(&browser, "sign-in", &mut wrong).await;
    sign_in(&browser, &app).await;
    for (attempt, stop) in stops.iter().enumerate() {
        go(&browser, &app, stop, attempt).await;
        check(&browser, stop.name, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Pictures for people to look at, made by `tests/screenshots`.
#[ignore = "makes pictures for people"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures() {
    let (app, stops) = furnished(Framework::Axum).await;
    let browser = Browser::start().await;
    for (number, (scheme, width)) in [("light", 1280), ("dark", 1280), ("light", 320)].into_iter().enumerate()
    {
        browser.prefers(scheme).await;
        let look = async |stop: &Stop, attempt| {
            browser.width(width).await;
            if stop.name != "sign-in" {
                go(&browser, &app, stop, attempt).await;
            }
            browser.picture(&format!("{}-{scheme}-{width}", stop.name)).await;
        };
        if number == 0 {
            browser.open(&format!("{}/auth/console/", app.url)).await;
            look(&stop("sign-in", ""), 0).await;
            sign_in(&browser, &app).await;
        }
        for (attempt, stop) in stops.iter().enumerate() {
            look(stop, number * 100 + attempt).await;
        }
    }
}
