//! Access tokens that are not accepted, each with its one text.

use jeton::{Edit, Exchange, Generate, Names};

use crate::refusals::{
    App,
    expected::{AUDIENCE, CUT_OFF, EXPIRED, Expected, INVALID, ISSUER, NOT_YET_VALID},
    house::{Ask as _, FOREIGN, House, child_of, get, spoilt, system, token_of},
};

pub async fn what_was_not_signed_here_is_invalid<A: App>() {
    let house = House::<A>::new().await;
    let token = house.child_for("alice").await;
    let other = house.other_keys().await;
    let stranger = token_of(&other, Generate::new("theirs").with_subject("alice")).await;
    let strange_child = child_of(&other, &stranger.text, Exchange::default()).await;
    let (header, rest) = token.split_once('.').unwrap();
    let unsigned = format!("{header}.{}.", rest.split_once('.').unwrap().0);
    for bad in
        ["abc", "a.b.c", "...", "a.b.c.d.e", &spoilt(&token), &unsigned, &stranger.text, &strange_child]
    {
        for path in ["/any", "/role", "/optional", "/direct"] {
            house.refuses(get(path).bearer(bad), &Expected::invalid_token(INVALID)).await;
        }
    }
    house.lets_pass(get("/any").bearer(&token), "alice").await;
}

pub async fn an_api_token_is_no_access_token<A: App>() {
    let house = House::<A>::new().await;
    let token = house.token_for("alice").await;
    for path in ["/any", "/role", "/optional", "/behind-proxies"] {
        house.refuses(get(path).bearer(&token.text), &Expected::invalid_token(INVALID)).await;
    }
}

pub async fn another_issuer_and_another_audience<A: App>() {
    let house = House::<A>::new().await;
    let other = house.other_issuer().await;
    let theirs = token_of(&other, Generate::new("theirs")).await;
    let child = child_of(&other, &theirs.text, Exchange::default()).await;
    house.refuses(get("/any").bearer(&child), &Expected::invalid_token(ISSUER)).await;
    let ours = house.token_for("alice").await;
    let wanted = Exchange { audience: Some(FOREIGN.to_owned()), ..Exchange::default() };
    let child = child_of(&house.authority, &ours.text, wanted).await;
    house.refuses(get("/any").bearer(&child), &Expected::invalid_token(AUDIENCE)).await;
}

/// RFC 7519 §4.1.4: on or after.
pub async fn a_token_ends_at_its_end<A: App>() {
    let house = House::<A>::new().await;
    let token = house.child_for("alice").await;
    house.pass_seconds(299);
    house.lets_pass(get("/any").bearer(&token), "alice").await;
    house.pass_seconds(1);
    for path in ["/any", "/role", "/optional", "/direct"] {
        house.refuses(get(path).bearer(&token), &Expected::invalid_token(EXPIRED)).await;
    }
}

pub async fn a_token_from_the_future_is_not_yet_valid<A: App>() {
    let house = House::<A>::new().await;
    let now = house.authority.now().unix_seconds();
    let token = house.child_for("alice").await;
    let at = |seconds| jeton::Timestamp::from_unix_seconds(seconds).unwrap();
    // The clocks of two nodes may differ by a minute.
    house.clock.set_wall(at(now - 60));
    house.lets_pass(get("/any").bearer(&token), "alice").await;
    house.clock.set_wall(at(now - 61));
    house.refuses(get("/any").bearer(&token), &Expected::invalid_token(NOT_YET_VALID)).await;
}

pub async fn whatever_ends_a_token_ends_its_children<A: App>() {
    let house = House::<A>::new().await;
    let expected = Expected::invalid_token(CUT_OFF);
    for way in ["disable", "enable", "revoke", "delete"] {
        let token = house.token(Generate::new(way).with_subject("alice")).await;
        let child = house.child(&token).await;
        house.lets_pass(get("/any").bearer(&child), "alice").await;
        let (authority, id) = (&house.authority, token.id);
        match way {
            "disable" => drop(authority.disable(&system(), id).await.unwrap()),
            "revoke" => drop(authority.revoke(&system(), id).await.unwrap()),
            "delete" => authority.delete(&system(), id).await.unwrap(),
            _ => {
                authority.disable(&system(), id).await.unwrap();
                authority.enable(&system(), id).await.unwrap();
            }
        }
        for path in ["/any", "/role", "/optional", "/direct"] {
            house.refuses(get(path).bearer(&child), &expected).await;
        }
        if way == "enable" {
            house.lets_pass(get("/any").bearer(&house.child(&token).await), "alice").await;
        }
    }
}

pub async fn fewer_rights_end_the_children<A: App>() {
    let house = House::<A>::new().await;
    let request = Generate::new("CI").with_role("writer").with_scope("extra");
    let token = house.token(request).await;
    let child = house.child(&token).await;
    house.lets_pass(get("/role").bearer(&child), "a service").await;
    let edit = Edit { roles: Some(Names::new()), ..Edit::default() };
    house.authority.update(&system(), token.id, edit, None).await.unwrap();
    house.refuses(get("/any").bearer(&child), &Expected::invalid_token(CUT_OFF)).await;
    let next = house.child(&token).await;
    house.lets_pass(get("/any").bearer(&next), "a service").await;
    house.refuses(get("/role").bearer(&next), &Expected::denied("role_denied")).await;
}

pub async fn the_children_of_a_suspended_subject_are_refused<A: App>() {
    let house = House::<A>::new().await;
    let (alice, bob) = (house.child_for("alice").await, house.child_for("bob").await);
    assert_eq!(house.authority.suspend_subject("alice").await.unwrap(), 1);
    house.refuses(get("/any").bearer(&alice), &Expected::invalid_token(CUT_OFF)).await;
    assert_eq!(house.authority.subject_changed("bob").await.unwrap(), 1);
    house.refuses(get("/any").bearer(&bob), &Expected::invalid_token(CUT_OFF)).await;
}
