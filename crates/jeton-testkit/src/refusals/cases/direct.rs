//! API tokens used directly, where a route accepts them, and what can fail then.

use std::time::Duration;

use jeton::{Account, Expiry, Generate, Names, Rotate};

use crate::refusals::{
    App,
    expected::{
        AUDIENCE, DISABLED, EXPIRED, Expected, INVALID, ISSUER, NOT_YET_VALID, REVOKED, SUBJECT, SUPERSEDED,
    },
    house::{Ask as _, FOREIGN, House, get, spoilt, system, token_of},
};

pub async fn a_direct_route_accepts_both_kinds<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    let child = house.child(&token).await;
    for _ in 0..2 {
        house.lets_pass(get("/direct").bearer(&token.text), "alice").await;
        // Having just been accepted there opens nothing here.
        house.refuses(get("/any").bearer(&token.text), &Expected::invalid_token(INVALID)).await;
        house.lets_pass(get("/direct").bearer(&child), "alice").await;
        house.lets_pass(get("/any").bearer(&child), "alice").await;
    }
    house.refuses(get("/direct/role").bearer(&token.text), &Expected::denied("role_denied")).await;
    house.refuses(get("/direct").bearer(&spoilt(&token.text)), &Expected::invalid_token(INVALID)).await;
}

pub async fn a_direct_token_is_refused_by_the_same_table<A: App>() {
    let house = House::<A>::new().await;
    let authority = &house.authority;
    let token = house.token(Generate::new("CI").with_expiry(Expiry::InDays(1))).await;
    let direct = || get("/direct").bearer(&token.text);
    house.lets_pass(direct(), "a service").await;
    authority.disable(&system(), token.id).await.unwrap();
    house.refuses(direct(), &Expected::invalid_token(DISABLED)).await;
    authority.enable(&system(), token.id).await.unwrap();
    house.pass_seconds(86_399);
    house.lets_pass(direct(), "a service").await;
    house.pass_seconds(1);
    house.refuses(direct(), &Expected::invalid_token(EXPIRED)).await;

    let revoked = house.token(Generate::new("revoked")).await;
    authority.revoke(&system(), revoked.id).await.unwrap();
    let deleted = house.token(Generate::new("deleted")).await;
    authority.delete(&system(), deleted.id).await.unwrap();
    let unknown = token_of(&house.other_store().await, Generate::new("unknown")).await;
    for ended in [revoked, deleted, unknown] {
        house.refuses(get("/direct").bearer(&ended.text), &Expected::invalid_token(REVOKED)).await;
    }

    let rotated = house.token(Generate::new("rotated")).await;
    let next = authority.rotate(&system(), rotated.id, Rotate::default()).await.unwrap();
    house.refuses(get("/direct").bearer(&rotated.text), &Expected::invalid_token(SUPERSEDED)).await;
    house.lets_pass(get("/direct").bearer(next.api_token.expose()), "a service").await;

    let mut later = Generate::new("later");
    later.not_before = Some(authority.now().saturating_add(Duration::from_secs(60)));
    let later = house.token(later).await;
    house.refuses(get("/direct").bearer(&later.text), &Expected::invalid_token(NOT_YET_VALID)).await;
    house.pass_seconds(60);
    house.lets_pass(get("/direct").bearer(&later.text), "a service").await;
}

pub async fn a_direct_token_of_a_subject_who_is_not_there<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    let direct = || get("/direct").bearer(&token.text);
    let people = house.people.inner();
    let refused = Expected::invalid_token(SUBJECT);
    people.set("alice", Account { active: false, ..Account::default() });
    house.refuses(direct(), &refused).await;
    people.remove("alice");
    house.refuses(direct(), &refused).await;
    people.set("alice", Account::active().with_incarnation("second"));
    house.refuses(direct(), &refused).await;
    people.set("alice", Account::active());
    house.lets_pass(direct(), "alice").await;
    house.authority.suspend_subject("alice").await.unwrap();
    house.refuses(direct(), &Expected::invalid_token(DISABLED)).await;
}

pub async fn a_direct_token_of_another_issuer_or_audience<A: App>() {
    let house = House::<A>::new().await;
    let theirs = token_of(&house.other_issuer().await, Generate::new("theirs")).await;
    house.refuses(get("/direct").bearer(&theirs.text), &Expected::invalid_token(ISSUER)).await;
    let mut elsewhere = Generate::new("elsewhere");
    elsewhere.audiences = Names::from([FOREIGN.to_owned()]);
    let elsewhere = house.token(elsewhere).await;
    house.refuses(get("/direct").bearer(&elsewhere.text), &Expected::invalid_token(AUDIENCE)).await;
}

pub async fn an_outage_is_no_refusal<A: App>() {
    let house = House::<A>::new().await;
    let (service, user) = (house.token(Generate::new("CI")).await, house.token_for("alice").await);
    let child = house.child(&user).await;
    house.store.is_down(true);
    for token in [&service, &user] {
        house.refuses(get("/direct").bearer(&token.text), &Expected::unavailable()).await;
    }
    // What needs no store goes on, and what is refused without asking it is refused.
    house.lets_pass(get("/any").bearer(&child), "alice").await;
    house.lets_pass(get("/direct").bearer(&child), "alice").await;
    house.refuses(get("/direct").bearer(&spoilt(&user.text)), &Expected::invalid_token(INVALID)).await;
    house.store.is_down(false);

    for fail in [|house: &House<A>| house.people.is_down(), |house: &House<A>| house.people.hangs()] {
        fail(&house);
        house.refuses(get("/direct").bearer(&user.text), &Expected::unavailable()).await;
        house.lets_pass(get("/direct").bearer(&service.text), "a service").await;
        house.lets_pass(get("/any").bearer(&child), "alice").await;
    }
    house.people.is_up();
    house.lets_pass(get("/direct").bearer(&user.text), "alice").await;
}
