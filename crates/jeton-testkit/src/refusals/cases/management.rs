//! The management routes, called with a bearer.

use jeton::Generate;

use crate::refusals::{
    App,
    expected::{CUT_OFF, EXPIRED, Expected, INVALID},
    house::{Ask as _, House, get, post, spoilt, system},
};

pub async fn management_asks_for_an_access_token<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("root").await;
    let child = house.child(&token).await;
    let record = format!("/auth/tokens/{}", token.id);
    for path in ["/auth/tokens", &record, "/auth/tokens/no-id", "/auth/audiences", "/auth/audiences/x"] {
        house.refuses(get(path), &Expected::no_credentials()).await;
        house.refuses(get(path).header("authorization", "Basic YTpi"), &Expected::no_credentials()).await;
        house.refuses(get(path).header("authorization", "Bearer"), &Expected::invalid_request()).await;
        house.refuses(get(path).bearer(&child).bearer(&child), &Expected::invalid_request()).await;
        house.refuses(get(path).bearer(&"a".repeat(8 * 1024 + 1)), &Expected::invalid_request()).await;
        let query = format!("{path}?access_token={child}");
        house.refuses(get(&query), &Expected::no_credentials()).await;
        house.refuses(get(&query).bearer(&child), &Expected::invalid_request()).await;
        for bad in ["abc", &token.text, &spoilt(&child)] {
            house.refuses(get(path).bearer(bad), &Expected::invalid_token(INVALID)).await;
        }
    }
    assert_eq!(house.send(get("/auth/tokens").bearer(&child)).await.status(), 200);
    house.pass_seconds(300);
    house.refuses(get("/auth/tokens").bearer(&child), &Expected::invalid_token(EXPIRED)).await;
    let child = house.child(&token).await;
    house.authority.revoke(&system(), token.id).await.unwrap();
    house.refuses(get("/auth/tokens").bearer(&child), &Expected::invalid_token(CUT_OFF)).await;
}

pub async fn a_token_rotates_itself_with_itself_alone<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    let child = house.child(&token).await;
    let rotate = || post("/auth/tokens/self/rotate");
    house.refuses(rotate(), &Expected::no_credentials()).await;
    house.refuses(rotate().header("authorization", "Bearer"), &Expected::invalid_request()).await;
    for bad in ["abc", &child, &spoilt(&token.text)] {
        house.refuses(rotate().bearer(bad), &Expected::invalid_token(INVALID)).await;
    }
    house.store.is_down(true);
    house.refuses(rotate().bearer(&token.text), &Expected::unavailable()).await;
    house.store.is_down(false);
    assert_eq!(house.send(rotate().bearer(&token.text)).await.status(), 200);
    // Nor does it open what an access token opens.
    house.refuses(get("/auth/tokens/self").bearer(&token.text), &Expected::invalid_token(INVALID)).await;
}

pub async fn management_asks_for_scopes<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    let alice = house.child(&token).await;
    let record = format!("/auth/tokens/{}", token.id);
    for path in ["/auth/tokens", &record] {
        house.refuses(get(path).bearer(&alice), &Expected::insufficient_scope("tokens:read")).await;
    }
    let write = Expected::insufficient_scope("tokens:write");
    house.refuses(post("/auth/tokens").bearer(&alice).json(r#"{"name": "x"}"#), &write).await;
    for action in ["disable", "enable", "revoke"] {
        house.refuses(post(&format!("{record}/{action}")).bearer(&alice), &write).await;
    }
    house.lets_pass(get("/any").bearer(&alice), "alice").await;
}

pub async fn management_from_other_networks_is_denied<A: App>() {
    let house = House::<A>::new().await;
    let (_, child) = house.bound_to_network().await;
    let request = |peer: &str| get("/auth/tokens").bearer(&child).from(peer);
    assert_eq!(house.send(request("10.1.1.1")).await.status(), 200);
    let proxied = request("192.0.2.1").header("x-forwarded-for", "10.1.1.1");
    assert_eq!(house.send(proxied).await.status(), 200);
    let denied = Expected::denied("network_denied");
    house.refuses(request("203.0.113.1"), &denied).await;
    house.refuses(request("203.0.113.1").header("x-forwarded-for", "10.1.1.1"), &denied).await;
    house.refuses(get("/auth/tokens").bearer(&child), &denied).await;
}

pub async fn management_during_an_outage_is_no_refusal<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("root").await;
    let child = house.child(&token).await;
    let record = format!("/auth/tokens/{}", token.id);
    house.store.is_down(true);
    for request in [
        get("/auth/tokens").bearer(&child).json(""),
        get(&record).bearer(&child).json(""),
        post("/auth/tokens").bearer(&child).json(r#"{"name": "x"}"#),
        post(&format!("{record}/revoke")).bearer(&child).json("{}"),
        get("/auth/audiences").bearer(&child).json(""),
    ] {
        house.refuses(request, &Expected::unavailable()).await;
    }
    house.refuses(get("/auth/tokens").bearer("abc"), &Expected::invalid_token(INVALID)).await;
    house.store.is_down(false);
    for fail in [|house: &House<A>| house.people.is_down(), |house: &House<A>| house.people.hangs()] {
        fail(&house);
        let request = post("/auth/tokens").bearer(&child).json(r#"{"name": "x", "subject": "alice"}"#);
        house.refuses(request, &Expected::unavailable()).await;
        assert_eq!(house.send(get("/auth/tokens").bearer(&child)).await.status(), 200);
    }
    house.people.is_up();
    // Nothing was made: the name is free.
    house.token(Generate::new("x")).await;
}
