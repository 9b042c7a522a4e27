//! How often something may be tried, by the clock of the authority.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use crate::common::{Call, World, admin, child, generate, people::Mood, seconds, service};
use jeton::{
    Account, AuthenticateError, Authority, Conflict, Edit, Exchange, ExchangeError, Generate, ManageError,
    Origin, OriginRef, PerMinute, Signatures,
};

fn from(address: &str) -> Exchange {
    Exchange { origin: Origin::new(address.parse().ok(), None), ..Exchange::default() }
}

/// How long that address is not heard; nothing if it is. To ask is one more bad try.
async fn shut_out(authority: &Authority, address: &str) -> Option<Duration> {
    let origin = OriginRef { address: address.parse().ok(), user_agent: None };
    match authority.authenticate_from(DENIED, origin) {
        Err(AuthenticateError::TooMany(wait)) => Some(wait),
        _ => None,
    }
}

/// A bad credential.
const DENIED: &str = "x";

async fn bad(authority: &Authority, address: &str) -> Option<Duration> {
    match authority.exchange(DENIED, &from(address)).await {
        Err(ExchangeError::TooMany(wait)) => Some(wait),
        Err(ExchangeError::Rejected(_)) => None,
        other => unreachable!("{other:?}"),
    }
}

async fn strict(world: &World) -> Authority {
    let builder = world.with_secrets(Signatures::Accepted).limit_bad_credentials(PerMinute::new(3));
    world.start(builder).await
}

#[tokio::test]
async fn whoever_tries_too_often_is_not_heard_for_a_while() {
    let world = World::new();
    let authority = strict(&world).await;
    // Three a minute, and no more.
    for _ in 0..3 {
        assert_eq!(bad(&authority, "192.0.2.1").await, None);
    }
    let reads = world.store.calls();
    for _ in 0..5 {
        assert_eq!(bad(&authority, "192.0.2.1").await, Some(seconds(20)));
    }
    assert_eq!(world.store.calls(), reads);
    assert_eq!(bad(&authority, "192.0.2.2").await, None, "somebody else");
    world.clock.pass(19);
    authority.sync().await.unwrap();
    assert_eq!(bad(&authority, "192.0.2.1").await, Some(seconds(1)));
    world.clock.pass(1);
    assert_eq!(bad(&authority, "192.0.2.1").await, None, "the end is outside, and one more try is free");
    assert_eq!(bad(&authority, "192.0.2.1").await, Some(seconds(20)));
    world.clock.pass(3600);
    authority.sync().await.unwrap();
    for _ in 0..3 {
        assert_eq!(bad(&authority, "192.0.2.1").await, None, "all is forgotten");
    }
    // Somebody sets the wall clock: no time has passed.
    world.clock.set_wall_by(1_000_000);
    assert_eq!(bad(&authority, "192.0.2.1").await, Some(seconds(20)));
}

#[tokio::test]
async fn it_holds_at_every_door_and_spares_whom_it_knows() {
    let world = World::new();
    let authority = strict(&world).await;
    let token = generate(&authority, Generate::new("CI").with_key_and_secret()).await;
    let (api_token, secret) = (token.api_token.expose(), token.secret.as_ref().unwrap());
    let [known, unknown] = [child(&authority, &token).await, child(&authority, &token).await];
    let origin = OriginRef { address: "192.0.2.1".parse().ok(), user_agent: None };
    assert!(authority.authenticate_from(&known, origin).is_ok());
    for _ in 0..3 {
        bad(&authority, "192.0.2.1").await;
    }
    let here = from("192.0.2.1");
    let doors = [
        matches!(authority.exchange(api_token, &here).await, Err(ExchangeError::TooMany(_))),
        matches!(
            authority.exchange_secret(&secret.key, secret.secret.expose(), &here).await,
            Err(ExchangeError::TooMany(_))
        ),
        matches!(authority.exchange_signature("tkn_", &here).await, Err(ExchangeError::TooMany(_))),
        matches!(
            authority.authenticate_api_token(api_token, origin).await,
            Err(AuthenticateError::TooMany(_))
        ),
        matches!(
            authority.authenticate_secret(&secret.key, secret.secret.expose(), origin).await,
            Err(AuthenticateError::TooMany(_))
        ),
        matches!(authority.authenticate_from(&unknown, origin), Err(AuthenticateError::TooMany(_))),
        matches!(
            authority.rotate_self(api_token, seconds(0), &here.origin).await,
            Err(ManageError::TooMany(_))
        ),
    ];
    assert_eq!(doors, [true; 7]);
    assert!(authority.authenticate_from(&known, origin).is_ok(), "who was let in shares the address");
    assert!(authority.exchange(api_token, &from("192.0.2.9")).await.is_ok());
    assert!(
        authority.exchange(api_token, &Exchange::default()).await.is_ok(),
        "without an address there is no limit"
    );
}

#[tokio::test]
async fn what_counts_is_a_bad_credential() {
    let world = World::new();
    let authority = strict(&world).await;
    world.people.set("alice", Account::active());
    let token = generate(&authority, Generate::new("CI").with_subject("alice")).await;
    let api_token = token.api_token.expose();
    let here = || from("192.0.2.1");
    for _ in 0..10 {
        // Wrong requests with a good credential, and outages.
        let scope = Exchange { scopes: Some(crate::common::names(&["x"])), ..here() };
        assert!(matches!(authority.exchange(api_token, &scope).await, Err(ExchangeError::InvalidScope)));
        let target = Exchange { audience: Some("x".into()), ..here() };
        assert!(matches!(authority.exchange(api_token, &target).await, Err(ExchangeError::InvalidTarget)));
        world.people.is(Mood::Failing);
        assert!(matches!(authority.exchange(api_token, &here()).await, Err(ExchangeError::Unavailable(_))));
        world.people.is(Mood::Well);
        world.store.fail(Call::Find, true);
        assert!(matches!(authority.exchange(api_token, &here()).await, Err(ExchangeError::Unavailable(_))));
        world.store.fail(Call::Find, false);
        assert!(authority.exchange(api_token, &here()).await.is_ok());
    }
    assert_eq!(shut_out(&authority, "192.0.2.1").await, None);
    let origin = OriginRef { address: "192.0.2.3".parse().ok(), user_agent: None };
    authority.disable(&admin(), token.record.id).await.unwrap();
    for _ in 0..3 {
        assert!(authority.authenticate_api_token(api_token, origin).await.is_err());
    }
    assert!(shut_out(&authority, "192.0.2.3").await.is_some(), "a dead one is bad");
}

#[tokio::test]
async fn who_has_one_address_has_its_network() {
    let world = World::new();
    let authority = strict(&world).await;
    for number in 0..3 {
        assert_eq!(bad(&authority, &format!("2001:db8:0:1::{number}")).await, None);
    }
    assert!(bad(&authority, "2001:db8:0:1:ffff::1").await.is_some(), "the same 64 bits");
    assert!(bad(&authority, "2001:db8:0:2::1").await.is_none());
    for number in 0..4 {
        assert_eq!(bad(&authority, &format!("192.0.2.{number}")).await, None, "each by itself");
    }
    for _ in 0..2 {
        bad(&authority, "::ffff:192.0.2.1").await;
    }
    assert!(bad(&authority, "192.0.2.1").await.is_some(), "two ways to write one address");
    assert!(bad(&authority, "192.0.2.2").await.is_none());
}

#[tokio::test]
async fn a_token_is_exchanged_so_often_and_no_other_with_it() {
    let world = World::new();
    let authority = world.start(world.builder().limit_exchanges(PerMinute::new(2))).await;
    let (one, two) = (service(&authority, "one").await, service(&authority, "two").await);
    let exchange = async |token: &jeton::Generated, address: &str| match authority
        .exchange(token.api_token.expose(), &from(address))
        .await
    {
        Ok(_) => None,
        Err(ExchangeError::TooMany(wait)) => Some(wait),
        Err(error) => unreachable!("{error}"),
    };
    assert_eq!(exchange(&one, "192.0.2.1").await, None);
    assert_eq!(exchange(&one, "192.0.2.2").await, None);
    assert_eq!(exchange(&one, "192.0.2.3").await, Some(seconds(30)));
    assert_eq!(exchange(&two, "192.0.2.1").await, None);
    world.clock.pass(29);
    authority.sync().await.unwrap();
    assert_eq!(exchange(&one, "192.0.2.1").await, Some(seconds(1)));
    world.clock.pass(1);
    assert_eq!(exchange(&one, "192.0.2.1").await, None);
    assert!(exchange(&one, "192.0.2.1").await.is_some());
    assert_eq!(PerMinute::new(0), PerMinute::new(1), "one at least");
    // Without a limit there is none.
    let free = world.node().await;
    for _ in 0..100 {
        assert!(free.exchange(one.api_token.expose(), &from("192.0.2.1")).await.is_ok());
        assert!(free.exchange("x", &from("192.0.2.1")).await.is_err());
    }
    assert!(free.exchange(one.api_token.expose(), &from("192.0.2.1")).await.is_ok());
}

#[tokio::test]
async fn a_user_has_so_many_live_tokens() {
    let world = World::new();
    let authority = world.start(world.builder().subject_limit(3).personal_limit(2)).await;
    for user in ["alice", "bob"] {
        world.people.set(user, Account::active());
    }
    let alice = authority.caller_of_session("alice", None).await.unwrap().personal().unwrap();
    let service =
        async |name: &str| authority.generate(&admin(), Generate::new(name).with_subject("alice")).await;
    let personal = async |name: &str| authority.generate(&alice, Generate::new(name)).await;
    let full = |answer: &Result<jeton::Generated, ManageError>| {
        matches!(answer, Err(ManageError::Conflict(Conflict::TooManyTokens)))
    };
    let first = service("1").await.unwrap().record.id;
    personal("2").await.unwrap();
    personal("3").await.unwrap();
    assert!(full(&personal("4").await) && full(&service("4").await));
    authority.generate(&admin(), Generate::new("4").with_subject("bob")).await.unwrap();
    crate::common::service(&authority, "of nobody").await;
    // A disabled one counts, a dead one does not.
    authority.disable(&admin(), first).await.unwrap();
    assert!(full(&service("5").await));
    authority.revoke(&admin(), first).await.unwrap();
    assert!(full(&personal("5").await), "of that kind there are two");
    let short =
        Generate::new("short").with_subject("alice").with_expiry(jeton::Expiry::At(world.clock.at(10)));
    authority.generate(&admin(), short).await.unwrap();
    assert!(full(&service("6").await));
    world.clock.pass(10);
    let sixth = service("6").await.unwrap().record;
    // Whatever gives the user one more counts alike.
    let other = crate::common::service(&authority, "other").await.record;
    let to_alice = Edit { subject: Some(Some("alice".into())), ..Edit::default() };
    let moved = async |id| authority.update(&admin(), id, to_alice.clone(), None).await;
    assert!(matches!(moved(other.id).await, Err(ManageError::Conflict(Conflict::TooManyTokens))));
    let rename = Edit { name: Some("renamed".into()), ..Edit::default() };
    authority.update(&admin(), sixth.id, rename, None).await.unwrap();
    authority.rotate(&admin(), sixth.id, jeton::Rotate::default()).await.unwrap();
    authority.delete(&admin(), sixth.id).await.unwrap();
    moved(other.id).await.unwrap();
    // Under concurrency too.
    authority.delete(&admin(), other.id).await.unwrap();
    let all = (0..10).map(|number| {
        let authority = authority.clone();
        let request = Generate::new(format!("at once {number}")).with_subject("alice");
        tokio::spawn(async move { authority.generate(&admin(), request).await.is_ok() })
    });
    let mut made = 0;
    for one in all.collect::<Vec<_>>() {
        made += usize::from(one.await.unwrap());
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn the_switch_stops_generating_and_nothing_else() {
    let world = World::new();
    let (here, there) = (world.start(world.builder().personal_limit(1)).await, world.node().await);
    world.people.set("alice", Account::active());
    let token = service(&here, "CI").await;
    let alice = here.caller_of_session("alice", None).await.unwrap().personal().unwrap();
    here.generate(&alice, Generate::new("mine")).await.unwrap();
    here.stop_generating("back at noon");
    for answer in
        [here.generate(&admin(), Generate::new("x")).await, here.generate(&alice, Generate::new("x")).await]
    {
        assert!(matches!(answer, Err(ManageError::Stopped(text)) if text == "back at noon"));
    }
    assert!(there.generate(&admin(), Generate::new("x")).await.is_ok(), "a node knows its own switch");
    assert!(here.authenticate(&child(&here, &token).await).is_ok());
    assert!(here.rotate(&admin(), token.record.id, jeton::Rotate::default()).await.is_ok());
    here.go_on_generating();
    assert!(here.generate(&alice, Generate::new("y")).await.is_ok());
}
