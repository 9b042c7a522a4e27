//! Users whom the host app knows by a session of its own.

use http::{Method, Request, request::Builder};
use jeton::{Account, Generate};

use crate::refusals::{
    App,
    expected::{Expected, INVALID},
    house::{Ask as _, House, get, post},
};

const GENERATE: &str = r#"{"name": "by a session"}"#;

/// A request of a page of the app itself.
fn from_the_app(request: Builder) -> Builder {
    request.header("sec-fetch-site", "same-origin")
}

pub async fn a_session_is_a_caller_of_the_management_routes<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    for path in ["/auth/tokens", &format!("/auth/tokens/{}", token.id), "/auth/audiences"] {
        assert_eq!(house.send(get(path).session("root")).await.status(), 200, "{path}");
        let head = Request::head(path).session("root");
        assert_eq!(house.send(head).await.status(), 200, "HEAD {path}");
    }
    house.refuses(get("/auth/tokens").session("alice"), &Expected::insufficient_scope("tokens:read")).await;
    let write = Expected::insufficient_scope("tokens:write");
    house.refuses(from_the_app(post("/auth/tokens").session("alice")).json(GENERATE), &write).await;
    // Its rights are those of now.
    house.people.inner().set("root", Account::active());
    house.refuses(get("/auth/tokens").session("root"), &Expected::insufficient_scope("tokens:read")).await;
}

pub async fn a_bearer_wins_over_a_session<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    let (alice, root) = (house.child(&token).await, house.child_for("root").await);
    let list = || get("/auth/tokens").session("root");
    house.refuses(list().bearer(&alice), &Expected::insufficient_scope("tokens:read")).await;
    for bad in ["abc", &token.text] {
        house.refuses(list().bearer(bad), &Expected::invalid_token(INVALID)).await;
    }
    house.refuses(list().header("authorization", "Bearer"), &Expected::invalid_request()).await;
    house.refuses(list().bearer(&root).bearer(&root), &Expected::invalid_request()).await;
    // A bearer is not sent by a browser on its own, so it may come from everywhere.
    assert_eq!(house.send(get("/auth/tokens").session("alice").bearer(&root)).await.status(), 200);
    let generate = post("/auth/tokens").session("alice").header("sec-fetch-site", "cross-site").bearer(&root);
    assert_eq!(house.send(generate.json(GENERATE)).await.status(), 201);
}

pub async fn a_session_changes_nothing_from_elsewhere<A: App>() {
    let house = House::<A>::new().await;
    let record = format!("/auth/tokens/{}", house.token_for("alice").await.id);
    let attempts = [
        (Method::POST, "/auth/tokens".to_owned(), GENERATE),
        (Method::PATCH, record.clone(), r#"{"name": "other"}"#),
        (Method::DELETE, record.clone(), ""),
        (Method::POST, format!("{record}/disable"), "{}"),
        (Method::POST, format!("{record}/revoke"), "{}"),
        (Method::PUT, "/auth/audiences/x".to_owned(), r#"{"subjects": ["mallory"]}"#),
    ];
    let headers: [&[(&str, &str)]; 10] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://app.example.evil.example")],
        &[("origin", "http://app.example")],
        &[("referer", "https://app.example/")],
    ];
    let cross_site = Expected::denied("cross_site");
    for (method, path, body) in attempts {
        for headers in headers {
            let request = Request::builder().method(method.clone()).uri(&path).session("root");
            let request =
                headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            house.refuses(request.json(body), &cross_site).await;
        }
    }
    let seen = house.send(get(&record).session("root")).await;
    let seen = String::from_utf8_lossy(seen.body()).into_owned();
    assert!(seen.contains("\"for alice\"") && seen.contains("\"active\""), "{seen}");
    assert_eq!(house.send(get("/auth/audiences/x").session("root")).await.status(), 404);
    house.token(Generate::new("by a session")).await;
}

pub async fn a_session_changes_things_from_the_app<A: App>() {
    let house = House::<A>::new().await;
    let proofs = [
        ("sec-fetch-site", "same-origin"),
        ("origin", "https://app.example"),
        ("origin", "https://admin.example"),
    ];
    for (number, (name, value)) in proofs.into_iter().enumerate() {
        let request = || post("/auth/tokens").session("root").header(name, value);
        let body = format!(r#"{{"name": "number {number}"}}"#);
        assert_eq!(house.send(request().json(&body)).await.status(), 201, "{name}: {value}");
    }
}

pub async fn a_session_of_nobody_is_denied<A: App>() {
    let house = House::<A>::new().await;
    let denied = Expected::denied("subject_denied");
    house.people.inner().set("root", Account { active: false, ..Account::active().with_role("token-admin") });
    for nobody in ["mallory", "Root", "root"] {
        house.refuses(get("/auth/tokens").session(nobody), &denied).await;
        let generate = from_the_app(post("/auth/tokens").session(nobody));
        house.refuses(generate.json(GENERATE), &denied).await;
    }
}

pub async fn a_session_during_an_outage_is_no_refusal<A: App>() {
    let house = House::<A>::new().await;
    let generate = || from_the_app(post("/auth/tokens").session("root")).json(GENERATE);
    for fail in [|house: &House<A>| house.people.is_down(), |house: &House<A>| house.people.hangs()] {
        fail(&house);
        house.refuses(get("/auth/tokens").session("root"), &Expected::unavailable()).await;
        house.refuses(generate(), &Expected::unavailable()).await;
    }
    house.people.is_up();
    house.store.is_down(true);
    house.refuses(get("/auth/tokens").session("root"), &Expected::unavailable()).await;
    house.refuses(generate(), &Expected::unavailable()).await;
    house.store.is_down(false);
    assert_eq!(house.send(generate()).await.status(), 201);
}

pub async fn a_session_sees_its_tenant_alone<A: App>() {
    let house = House::<A>::new().await;
    let acme = house.token(Generate::new("theirs").with_tenant("acme")).await;
    let path = format!("/auth/tokens/{}", acme.id);
    for session in ["root", "root;acme"] {
        assert_eq!(house.send(get(&path).session(session)).await.status(), 200, "{session}");
    }
    house.refuses(get(&path).session("root;globex"), &Expected::not_found()).await;
    let revoke = from_the_app(post(&format!("{path}/revoke")).session("root;globex"));
    house.refuses(revoke.json("{}"), &Expected::not_found()).await;
}

pub async fn a_session_opens_nothing_else<A: App>() {
    let house = House::<A>::new().await;
    let exchange = from_the_app(post("/auth/exchange").session("root"));
    house.refuses(exchange, &Expected::no_credentials()).await;
    // No token stands behind a session.
    house.refuses(get("/auth/tokens/self").session("root"), &Expected::no_credentials()).await;
    for action in ["revoke", "rotate"] {
        let request = from_the_app(post(&format!("/auth/tokens/self/{action}")).session("root"));
        house.refuses(request.json("{}"), &Expected::no_credentials()).await;
    }
    for path in ["/any", "/direct", "/role", "/optional/any"] {
        house.refuses(from_the_app(get(path).session("root")), &Expected::no_credentials()).await;
    }
    house.lets_pass(from_the_app(get("/optional").session("root")), "nobody").await;
}
