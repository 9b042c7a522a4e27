//! `POST /auth/exchange`, the one place that takes an API token everywhere.

use std::time::Duration;

use jeton::{Account, Expiry, Generate, Rotate};

use crate::refusals::{
    App,
    expected::{DISABLED, EXPIRED, Expected, INVALID, ISSUER, NOT_YET_VALID, REVOKED, SUBJECT, SUPERSEDED},
    house::{Ask as _, House, Token, post, spoilt, system, token_of},
};

fn exchange() -> http::request::Builder {
    post("/auth/exchange")
}

pub async fn an_exchange_asks_for_an_api_token<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    let child = house.child(&token).await;
    house.refuses(exchange(), &Expected::no_credentials()).await;
    house.refuses(exchange().header("authorization", "Basic YTpi"), &Expected::no_credentials()).await;
    for header in ["Bearer", "Bearer a b", "Bearer ="] {
        house.refuses(exchange().header("authorization", header), &Expected::invalid_request()).await;
    }
    let text = &token.text;
    house.refuses(exchange().bearer(text).bearer(text), &Expected::invalid_request()).await;
    house.refuses(exchange().bearer(&"a".repeat(8 * 1024 + 1)), &Expected::invalid_request()).await;
    let query = format!("/auth/exchange?access_token={text}");
    house.refuses(post(&query), &Expected::no_credentials()).await;
    house.refuses(post(&query).bearer(text), &Expected::invalid_request()).await;
    for bad in ["abc", &child, &spoilt(text)] {
        house.refuses(exchange().bearer(bad), &Expected::invalid_token(INVALID)).await;
    }
    for start in ["Bearer ", "bearer ", "BEARER   "] {
        let request = exchange().header("authorization", format!("{start}{text}"));
        let answer = house.send(request).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["cache-control"]),
            (200, &"no-store".parse().unwrap())
        );
    }
}

pub async fn an_exchange_refuses_by_the_same_table<A: App>() {
    let house = House::<A>::new().await;
    let authority = &house.authority;
    let refuses = async |token: &Token, text: &str| {
        house.refuses(exchange().bearer(&token.text), &Expected::invalid_token(text)).await;
    };
    let accepts = async |token: &Token| {
        assert_eq!(house.send(exchange().bearer(&token.text)).await.status(), 200);
    };
    refuses(&token_of(&house.other_keys().await, Generate::new("theirs")).await, INVALID).await;
    refuses(&token_of(&house.other_issuer().await, Generate::new("theirs")).await, ISSUER).await;
    refuses(&token_of(&house.other_store().await, Generate::new("unknown")).await, REVOKED).await;

    let token = house.token(Generate::new("CI").with_subject("alice").with_expiry(Expiry::InDays(1))).await;
    accepts(&token).await;
    authority.disable(&system(), token.id).await.unwrap();
    refuses(&token, DISABLED).await;
    authority.enable(&system(), token.id).await.unwrap();
    accepts(&token).await;
    house.people.inner().set("alice", Account { active: false, ..Account::default() });
    refuses(&token, SUBJECT).await;
    house.people.inner().remove("alice");
    refuses(&token, SUBJECT).await;
    house.people.inner().set("alice", Account::active());
    accepts(&token).await;
    authority.suspend_subject("alice").await.unwrap();
    refuses(&token, DISABLED).await;
    authority.enable(&system(), token.id).await.unwrap();
    house.pass_seconds(86_400);
    refuses(&token, EXPIRED).await;
    authority.revoke(&system(), token.id).await.unwrap();
    refuses(&token, REVOKED).await;

    let rotated = house.token(Generate::new("rotated")).await;
    authority.rotate(&system(), rotated.id, Rotate::default()).await.unwrap();
    refuses(&rotated, SUPERSEDED).await;
    let deleted = house.token(Generate::new("deleted")).await;
    authority.delete(&system(), deleted.id).await.unwrap();
    refuses(&deleted, REVOKED).await;
    let mut later = Generate::new("later");
    later.not_before = Some(authority.now().saturating_add(Duration::from_secs(60)));
    refuses(&house.token(later).await, NOT_YET_VALID).await;
}

pub async fn an_exchange_from_other_networks_is_denied<A: App>() {
    let house = House::<A>::new().await;
    let (token, _) = house.bound_to_network().await;
    let request = |peer: &str| exchange().bearer(&token.text).from(peer);
    assert_eq!(house.send(request("10.1.1.1")).await.status(), 200);
    let proxied = request("192.0.2.1").header("x-forwarded-for", "10.1.1.1");
    assert_eq!(house.send(proxied).await.status(), 200);
    let denied = Expected::denied("network_denied");
    house.refuses(request("203.0.113.1").header("x-forwarded-for", "10.1.1.1"), &denied).await;
    house.refuses(exchange().bearer(&token.text), &denied).await;
}

pub async fn an_exchange_during_an_outage_is_no_refusal<A: App>() {
    let house = House::<A>::new().await;
    let (service, user) = (house.token(Generate::new("CI")).await, house.token_for("alice").await);
    house.store.is_down(true);
    for token in [&service, &user] {
        house.refuses(exchange().bearer(&token.text), &Expected::unavailable()).await;
    }
    house.refuses(exchange().bearer(&spoilt(&user.text)), &Expected::invalid_token(INVALID)).await;
    house.store.is_down(false);
    for fail in [|house: &House<A>| house.people.is_down(), |house: &House<A>| house.people.hangs()] {
        fail(&house);
        house.refuses(exchange().bearer(&user.text), &Expected::unavailable()).await;
        assert_eq!(house.send(exchange().bearer(&service.text)).await.status(), 200);
    }
    house.people.is_up();
    assert_eq!(house.send(exchange().bearer(&user.text)).await.status(), 200);
}
