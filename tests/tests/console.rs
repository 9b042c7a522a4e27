//! The console in a browser, as people go through it: the four manuals, by hand.

use end_to_end::{App, Browser, Framework, Setup, on_both};
use serde_json::json;

on_both!(
    an_admin_generates_copies_and_closes,
    an_admin_filters_selects_shows_and_revokes,
    a_user_looks_after_its_own_token,
    everything_is_done_without_script,
    copying_says_what_happened,
);

const CONSOLE: &str = "/auth/console";

async fn sign_in(browser: &Browser, app: &App, token: &str) {
    browser.open(&format!("{}{CONSOLE}/", app.url)).await;
    browser.fill("api_token", token).await;
    browser.press("Sign in").await;
    browser.sees("Signed in as").await;
}

async fn shown_again(framework: Framework) -> App {
    Setup::new(framework).env("JETON_REVEAL", "again").start().await
}

/// Whether an API token is accepted.
async fn is_accepted(app: &App, token: &str) -> bool {
    app.bearer(token).post_empty("/auth/exchange").await.status == 200
}

/// Types the name of a token that was used, once the page asks for it: the use is written down a moment later.
async fn confirm(browser: &Browser, name: &str) {
    while !browser.has("#confirm").await {
        browser.open(&browser.url().await).await;
    }
    browser.fill("confirm", name).await;
}

/// Matrix42: "Generate New Token", name, days, user; the token is on the result page and must be copied before it is
/// closed. MindTouch: key and secret beside it.
async fn an_admin_generates_copies_and_closes(framework: Framework) {
    let app = App::start(framework).await;
    let browser = Browser::start().await;
    sign_in(&browser, &app, app.admin_token.as_deref().unwrap()).await;
    assert!(browser.url().await.ends_with("/auth/console/tokens"));
    browser.press("Generate new token").await;
    browser.fill("name", "ExternalApp integration").await;
    browser.fill("user", "ExternalApp").await;
    browser.click("input[name=expires][value='30']").await;
    browser.sees("Will expire on").await;
    browser.click("input[name=expires][value=never]").await;
    browser.sees("Will never expire.").await;
    browser.click("input[name=expires][value='90']").await;
    browser.click("#key_and_secret").await;
    browser.press("Generate token").await;
    browser.sees("Your new token").await;
    let token = browser.value("api-token").await;
    assert!(token.starts_with("eyJ") && is_accepted(&app, &token).await);

    // Whoever closes it without a copy is asked.
    browser.press("Done").await;
    browser.sees("You have not copied it").await;
    browser.press("Stay here").await;
    for field in ["api-token", "key", "secret"] {
        browser.click(&format!("[data-copy={field}]")).await;
        let said = format!("[data-said={field}]");
        let said = browser.element(&said).await;
        while said.text().await.unwrap().is_empty() {}
        assert_eq!(said.text().await.unwrap(), "Copied");
        assert_eq!(browser.clipboard().await, browser.value(field).await);
    }
    let (key, secret) = (browser.value("key").await, browser.value("secret").await);
    let form = format!("grant_type=client_credentials&client_id={key}&client_secret={secret}");
    let request = app.anon().request("POST", "/auth/oauth2/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(form).send().await.is(200);
    browser.press("Done").await;
    browser.sees("API access information").await;
    // It is on no page, in no address and in no store of the browser.
    assert!(!browser.source().await.contains(&token));
    assert_eq!(browser.script("return localStorage.length + sessionStorage.length").await, json!(0));
    browser.script("setTimeout(() => history.back())").await;
    browser.sees("Confirm Form Resubmission").await;
    assert!(!browser.source().await.contains(&token));
}

/// Txture: the list is filtered by name, a token is selected, its details appear beside, "Show token", "Revoke".
async fn an_admin_filters_selects_shows_and_revokes(framework: Framework) {
    let app = shown_again(framework).await;
    let made = app.generate(json!({"name": "Jenkins", "subject": "alice"})).await;
    app.generate(json!({"name": "Cloud sync"})).await;
    let browser = Browser::start().await;
    sign_in(&browser, &app, app.admin_token.as_deref().unwrap()).await;
    browser.fill("name", "jENK").await;
    browser.press("Apply").await;
    browser.sees("1 on this page").await;
    assert!(!browser.text().await.contains("Cloud sync"));
    browser.press("Jenkins").await;
    browser.sees("API access information").await;
    assert!(browser.has(".panel [aria-current=true]").await);
    browser.press("Show token").await;
    browser.sees("written into the audit log").await;
    browser.press("Show token").await;
    browser.sees("The token of “Jenkins”").await;
    assert_eq!(browser.value("api-token").await, made.api_token);
    let child = app.exchange(&made.api_token).await;
    child.get("/whoami").await.is(200);
    browser.press("Done").await;
    browser.press("Edit").await;
    browser.fill("description", "builds").await;
    browser.press("Save changes").await;
    browser.sees("The changes are saved.").await;
    browser.press("Revoke").await;
    browser.sees("Every program that shares this token stops working at once").await;
    confirm(&browser, "Jenkins").await;
    browser.press("Revoke").await;
    browser.sees("The token is revoked.").await;
    child.get("/whoami").await.is(401);
    assert!(!is_accepted(&app, &made.api_token).await);
    // The rest at once.
    browser.press("All tokens").await;
    browser.sees("Cloud sync").await;
    browser.click("input[aria-label='Select Cloud sync']").await;
    browser.press("Disable selected").await;
    browser.sees("Disable the selected tokens (1)?").await;
    browser.press("Disable them").await;
    browser.sees("1 done.").await;
}

/// SoftExpert: on the account page a user generates its token, copies the existing one, and generates it anew.
async fn a_user_looks_after_its_own_token(framework: Framework) {
    let app = shown_again(framework).await;
    let door = app.generate(json!({"subject": "alice", "never_expires": true})).await;
    let browser = Browser::start().await;
    sign_in(&browser, &app, &door.api_token).await;
    browser.sees("You have no personal token").await;
    browser.sees("Our support never asks for it").await;
    browser.press("Generate a token").await;
    browser.press("Generate token").await;
    browser.sees("Your new token").await;
    let first = browser.value("api-token").await;
    browser.click("[data-copy]").await;
    browser.sees("Copied").await;
    browser.press("Done").await;
    browser.press("Show and copy").await;
    browser.press("Show token").await;
    browser.sees("The token of").await;
    assert_eq!(browser.value("api-token").await, first);
    browser.press("Done").await;
    let who = app.exchange(&first).await.get("/whoami").await.is(200).json();
    assert_eq!(who["subject"], "alice");
    browser.press("Replace").await;
    confirm(&browser, "Personal token of alice").await;
    browser.click("input[name=grace][value='0']").await;
    browser.press("Make the new token").await;
    browser.sees("Your new token").await;
    let second = browser.value("api-token").await;
    assert!(is_accepted(&app, &second).await && !is_accepted(&app, &first).await);
    browser.click("[data-copy]").await;
    browser.sees("Copied").await;
    browser.press("Done").await;
    browser.press("I think it leaked").await;
    browser.press("It leaked: revoke it").await;
    browser.sees("those who look after the system are told").await;
    assert!(!is_accepted(&app, &second).await);
    // Nobody else's.
    browser.open(&format!("{}{CONSOLE}/tokens", app.url)).await;
    browser.sees("You may not do this").await;
    browser.press("Sign out").await;
    browser.sees("You have signed out.").await;
    browser.open(&format!("{}{CONSOLE}/me", app.url)).await;
    browser.sees("API token").await;
    assert!(browser.has("#api_token").await);
}

async fn everything_is_done_without_script(framework: Framework) {
    let app = shown_again(framework).await;
    let browser = Browser::start().await.without_script().await;
    sign_in(&browser, &app, app.admin_token.as_deref().unwrap()).await;
    browser.press("Generate new token").await;
    browser.press("Generate token").await;
    browser.sees("Nothing was saved yet").await;
    browser.fill("name", "by hand").await;
    browser.click("input[name=roles][value=writer]").await;
    browser.click("input[name=expires][value='7']").await;
    browser.press("Generate token").await;
    browser.sees("Your new token").await;
    let token = browser.value("api-token").await;
    assert!(is_accepted(&app, &token).await);
    // There is no button that could do nothing.
    assert!(!browser.element("[data-copy]").await.is_displayed().await.unwrap());
    browser.press("Done").await;
    browser.sees("writer").await;
    browser.press("Rotate").await;
    browser.press("Make the new token").await;
    browser.sees("The old token is accepted until").await;
    browser.press("Done").await;
    browser.press("Cancel rotation").await;
    browser.press("Refuse the new token").await;
    browser.sees("The rotation is cancelled.").await;
    assert!(is_accepted(&app, &token).await);
    browser.press("Disable").await;
    browser.press("Disable").await;
    browser.sees("The token is disabled.").await;
    assert!(!is_accepted(&app, &token).await);
    browser.press("Enable").await;
    browser.press("Enable").await;
    browser.sees("The token is enabled.").await;
    browser.press("Keys").await;
    browser.press("Rotate now API tokens").await;
    browser.press("Rotate now").await;
    browser.sees("There is a new key.").await;
    browser.press("Audit").await;
    browser.sees("rotate_keys").await;
    browser.press("Tokens").await;
    browser.press("by hand").await;
    browser.press("Delete").await;
    confirm(&browser, "by hand").await;
    browser.press("Delete").await;
    browser.sees("The token is deleted.").await;
    assert!(!is_accepted(&app, &token).await);
}

/// Over plain HTTP there is no clipboard, and somebody may forbid the old way as well.
async fn copying_says_what_happened(framework: Framework) {
    let app = App::start(framework).await;
    let browser = Browser::start().await;
    sign_in(&browser, &app, app.admin_token.as_deref().unwrap()).await;
    browser.press("Generate new token").await;
    browser.fill("name", "copied").await;
    browser.press("Generate token").await;
    browser.sees("Your new token").await;
    browser
        .script("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
        .await;
    browser.script("window.kept = document.execCommand; document.execCommand = () => false").await;
    browser.click("[data-copy]").await;
    browser.sees("Not copied. It is selected").await;
    browser.press("Done").await;
    browser.sees("You have not copied it").await;
    browser.press("Stay here").await;
    browser.script("document.execCommand = window.kept").await;
    browser.click("[data-copy]").await;
    browser.sees("Copied").await;
    browser.script("delete navigator.clipboard").await;
    assert_eq!(browser.clipboard().await, browser.value("api-token").await);
    browser.press("Done").await;
    browser.sees("API access information").await;
}
