use std::time::Duration;

use jeton::{Account, Caller, Expiry, Generate};

use crate::house::{COOKIE, Visitor, house};

#[tokio::test]
async fn an_api_token_is_exchanged_for_a_short_session() {
    let house = house().await;
    let made = house.generate(Generate::new("mine").with_subject("root")).await;
    let page = house.anybody().get("/sign-in").await.is(200);
    assert!(page.text().contains("type=\"password\""));
    let fields = [("api_token", made.api_token.expose()), ("next", "/auth/console/tokens?name=a%20b")];
    let shown = house.anybody().post("/sign-in", &fields).await.leads_to("/tokens?name=a%20b");
    let cookie = shown.cookie().to_owned();
    assert!(cookie.starts_with(&format!("{COOKIE}=")), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=300; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    assert!(!cookie.contains(made.api_token.expose()), "the API token is kept nowhere");

    let visitor = browser(&house, &cookie);
    visitor.get("/tokens").await.is(200).has("Signed in as <strong>root</strong>");
    house.clock.advance(Duration::from_secs(301));
    let ended = visitor.get("/tokens?name=x").await.is(401).has("Your session has ended");
    assert!(ended.cookie().starts_with(&format!("{COOKIE}=; Path=/; Max-Age=0")));
}

fn browser<'a>(house: &'a crate::house::House, cookie: &str) -> Visitor<'a> {
    house.anybody().header("cookie", cookie.split(';').next().unwrap())
}

#[tokio::test]
async fn revoking_the_token_ends_its_sessions_at_once() {
    let house = house().await;
    let made = house.generate(Generate::new("mine").with_subject("root")).await;
    let session = house.exchange(made.api_token.expose()).await;
    let visitor = browser(&house, &format!("{COOKIE}={session}"));
    visitor.get("/tokens").await.is(200);
    house.authority.revoke(&Caller::system("x"), made.record.id).await.unwrap();
    visitor.get("/tokens").await.is(401).has("Your session has ended");
    visitor.post("/tokens/new", &[("name", "no")]).await.is(401);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_the_token() {
    let house = house().await;
    let visitor = house.signed_in("root").await;
    visitor.get("/sign-out").await.leads_to("/");
    visitor.get("/tokens").await.is(200);
    let out = visitor.post("/sign-out", &[]).await.leads_to("/sign-in?done=signed-out");
    assert!(out.cookie().contains("Max-Age=0"));
    visitor.get("/tokens").await.is(401);
    house.anybody().get("/sign-in?done=signed-out").await.is(200).has("You have signed out.");
}

#[tokio::test]
async fn a_token_that_is_not_accepted_opens_nothing_and_is_not_repeated() {
    let house = house().await;
    let disabled = house.generate(Generate::new("disabled").with_subject("root")).await;
    house.authority.disable(&Caller::system("x"), disabled.record.id).await.unwrap();
    let access = house
        .exchange(house.generate(Generate::new("a").with_subject("root")).await.api_token.expose())
        .await;
    for (token, status, text) in [
        ("", 400, "Paste an API token."),
        ("nonsense", 403, "the token is invalid"),
        (access.as_str(), 403, "the token is invalid"),
        (disabled.api_token.expose(), 403, "the token is disabled"),
    ] {
        let shown = house.anybody().post("/sign-in", &[("api_token", token)]).await.is(status).has(text);
        assert_eq!(shown.cookie(), "");
        assert!(token.is_empty() || !shown.text().contains(token));
    }
    let made = house.generate(Generate::new("b").with_subject("root")).await;
    let bearer = format!(" Bearer {} ", made.api_token.expose());
    house.anybody().post("/sign-in", &[("api_token", &bearer)]).await.leads_to("/");
}

#[tokio::test]
async fn nobody_is_sent_away_after_signing_in() {
    let house = house().await;
    let made = house.generate(Generate::new("mine").with_subject("root")).await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/auth/consolex",
        "/auth",
        "javascript:alert(1)",
        "\\evil",
    ] {
        let fields = [("api_token", made.api_token.expose()), ("next", next)];
        house.anybody().post("/sign-in", &fields).await.leads_to("/");
    }
}

#[tokio::test]
async fn what_was_typed_before_the_session_ended_is_there_again() {
    let house = house().await;
    let visitor = house.signed_in("root").await;
    house.clock.advance(Duration::from_secs(301));
    let fields = [("name", "Nightly & co"), ("expires", "90"), ("roles", "reader")];
    let asked = visitor.post("/tokens/new", &fields).await.is(401).has("What you typed is kept");
    let next = asked.text();
    let next = next.split("name=\"next\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let next = next.replace("&#38;", "&").replace("&amp;", "&");
    assert_eq!(next, "/auth/console/tokens/new?name=Nightly+%26+co&expires=90&roles=reader");
    let again = house.signed_in("root").await;
    let form = again.get(next.strip_prefix("/auth/console").unwrap()).await.is(200);
    assert_eq!(form.value("name"), "Nightly &#38; co");
    form.has("value=\"90\" data-until=\"20 Dec 2026\" checked")
        .has("name=\"roles\" value=\"reader\" checked");
}

#[tokio::test]
async fn a_session_of_the_app_needs_no_token_and_a_bad_cookie_does_not_fall_back_to_it() {
    let house = house().await;
    let root = house.host("root", None);
    root.get("/").await.leads_to("/tokens");
    root.get("/tokens").await.is(200).has("<strong>root</strong>").lacks("Sign out");
    house.host("alice", None).get("/").await.leads_to("/me");
    // Its rights are those of now.
    house.people.set("root", Account::default());
    root.get("/tokens").await.is(403);
    house.people.set("root", Account::active().with_role("token-admin"));
    let both = house.anybody().header("cookie", &format!("{COOKIE}=bad")).with_session("root");
    let asked = both.get("/tokens").await.is(401).has("Continue as root");
    assert!(asked.cookie().contains("Max-Age=0"));
    // A good cookie wins.
    let token = house.signed_in("alice").await.with_session("root");
    token.get("/tokens").await.is(403).has("tokens:read");
}

#[tokio::test]
async fn a_token_too_large_for_a_cookie_is_told_so() {
    let house = house().await;
    let mut request = Generate::new("many").with_subject("root");
    let mut account = Account::active();
    for number in 0..60 {
        let scope = format!("scope-number-{number}-{}", "x".repeat(60));
        account = account.with_scope(scope.as_str());
        request = request.with_scope(scope);
    }
    house.people.set("root", account);
    let made = house.generate(request.with_expiry(Expiry::InDays(1))).await;
    let shown = house.anybody().post("/sign-in", &[("api_token", made.api_token.expose())]).await;
    shown.is(403).has("too many rights for a session in a cookie");
}
