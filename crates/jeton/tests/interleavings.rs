//! Exchanges and changes that meet at every point where one of them waits.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Waker},
};

use crate::common::{
    Call, World, admin, child, generate, names, service,
    store::Side::{After, Before},
    world,
};
use jeton::{
    Account, Authority, Edit, Exchange, ExchangeError, Generated, ManageError, Rejection, Standing,
    Unavailable,
};

/// The answer of an exchange that was held while the token was revoked.
async fn held(
    world: &World,
    authority: &Authority,
    token: &Generated,
    call: Call,
    side: crate::common::store::Side,
    kill: impl AsyncFnOnce(),
) -> Result<String, ExchangeError> {
    let mut gate = world.store.hold(call, side);
    let (exchanging, api_token) = (authority.clone(), token.api_token.clone());
    let exchange =
        tokio::spawn(async move { exchanging.exchange(api_token.expose(), &Exchange::default()).await });
    gate.arrived().await;
    kill().await;
    gate.release();
    exchange.await.unwrap().map(|exchanged| exchanged.access_token.expose().to_owned())
}

#[tokio::test]
async fn a_child_of_a_read_before_the_revoke_is_never_accepted() {
    for side in [Before, After] {
        let (world, authority) = world().await;
        let token = service(&authority, "CI").await;
        let revoke = async || drop(authority.revoke(&admin(), token.record.id).await.unwrap());
        let answer = held(&world, &authority, &token, Call::Find, side, revoke).await;
        match answer {
            Ok(access_token) => assert!(authority.authenticate(&access_token).is_err(), "{side:?}"),
            Err(error) => {
                assert!(matches!(error, ExchangeError::Rejected(Rejection::Revoked)), "{side:?} {error}");
            }
        }
    }
}

#[tokio::test]
async fn an_exchange_held_over_a_disable_and_an_enable_reads_again() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let id = token.record.id;
    let bounce = async || {
        authority.disable(&admin(), id).await.unwrap();
        authority.enable(&admin(), id).await.unwrap();
    };
    let access_token = held(&world, &authority, &token, Call::Find, After, bounce).await.unwrap();
    let principal = authority.authenticate(&access_token).unwrap();
    assert_eq!(principal.epoch(), 1, "the child is of the new epoch, not of the one first read");
    assert_eq!(world.store.count(Call::Find), 4, "two changes, and two reads of the exchange");
}

#[tokio::test]
async fn an_exchange_held_over_a_narrowing_gives_the_narrower_rights() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let narrow = async || {
        let edit = Edit { roles: Some(names(&[])), ..Edit::default() };
        authority.update(&admin(), token.record.id, edit, None).await.unwrap();
    };
    let access_token = held(&world, &authority, &token, Call::Find, After, narrow).await.unwrap();
    assert_eq!(authority.authenticate(&access_token).unwrap().scopes(), &names(&["extra"]));
}

#[tokio::test]
async fn an_exchange_takes_the_time_before_it_reads() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let started = world.clock.at(0);
    let mut gate = world.store.hold(Call::Find, After);
    let (exchanging, api_token) = (authority.clone(), token.api_token.clone());
    let exchange =
        tokio::spawn(async move { exchanging.exchange(api_token.expose(), &Exchange::default()).await });
    gate.arrived().await;
    world.clock.pass(100);
    gate.release();
    let exchanged = exchange.await.unwrap().unwrap();
    assert_eq!(exchanged.expires_at, started.saturating_add(crate::common::seconds(crate::common::TTL)));
}

#[tokio::test]
async fn a_stale_read_behind_the_cut_off_is_repeated_and_never_served() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let old = token.record.clone();
    authority.disable(&admin(), old.id).await.unwrap();
    authority.enable(&admin(), old.id).await.unwrap();
    world.store.answer_stale(&old, 1);
    let access_token = child(&authority, &token).await;
    assert_eq!(authority.authenticate(&access_token).unwrap().epoch(), 1);

    world.store.answer_stale(&old, 100);
    let answer = authority.exchange(token.api_token.expose(), &Exchange::default()).await;
    assert!(matches!(answer, Err(ExchangeError::Unavailable(Unavailable::Internal(_)))));
    let answer =
        authority.authenticate_api_token(token.api_token.expose(), jeton::OriginRef::default()).await;
    assert!(matches!(answer, Err(jeton::AuthenticateError::Unavailable(_))));
}

#[tokio::test]
async fn the_directory_is_asked_after_the_record_is_read() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active().with_role("writer"));
    let token = generate(&authority, jeton::Generate::new("CI").with_subject("alice")).await;
    let demote = async || world.people.set("alice", Account::active().with_role("reader"));
    let access_token = held(&world, &authority, &token, Call::Find, After, demote).await.unwrap();
    assert_eq!(authority.authenticate(&access_token).unwrap().roles(), &names(&["reader"]));
}

/// Polls a revoke so many times, drops it, and lets everything come to rest.
async fn dropped_after(polls: usize, hold: Option<(Call, crate::common::store::Side)>) -> bool {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let access_token = child(&authority, &token).await;
    let gate = hold.map(|(call, side)| world.store.hold(call, side));
    let caller = admin();
    {
        let mut revoke = pin!(authority.revoke(&caller, token.record.id));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if revoke.as_mut().poll(&mut context).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    if let Some(gate) = gate {
        gate.release();
    }
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let record = authority.find(&admin(), token.record.id).await.unwrap();
    let alive = authority.authenticate(&access_token).is_ok();
    match record.standing {
        Standing::Revoked => assert!(!alive, "revoked, and its child lives: {polls} polls, {hold:?}"),
        _ => assert!(alive && record == token.record, "half done: {polls} polls, {hold:?}"),
    }
    record.standing == Standing::Revoked
}

#[tokio::test]
async fn a_change_whose_caller_goes_away_is_undone_or_done_here_too() {
    assert!(!dropped_after(0, None).await, "what was never polled is never done");
    for polls in 1..6 {
        assert!(dropped_after(polls, None).await, "what was begun runs to its end");
        for hold in [(Call::Find, Before), (Call::Find, After), (Call::Update, Before), (Call::Update, After)]
        {
            assert!(dropped_after(polls, Some(hold)).await);
        }
    }
}

#[tokio::test]
async fn a_change_that_fails_changes_nothing() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let access_token = child(&authority, &token).await;
    world.store.fail(Call::Update, true);
    let answer = authority.revoke(&admin(), token.record.id).await;
    assert!(matches!(answer, Err(ManageError::Unavailable(Unavailable::Store(_)))));
    world.store.fail(Call::Update, false);
    assert!(authority.authenticate(&access_token).is_ok());
    assert_eq!(authority.find(&admin(), token.record.id).await.unwrap(), token.record);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_takes_effect_with_the_feed() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let access_token = child(&authority, &token).await;
    // Another node commits, and dies before it answers.
    let other = world.node().await;
    let mut gate = world.store.hold(Call::Update, After);
    let id = token.record.id;
    let revoke = tokio::spawn(async move { other.revoke(&admin(), id).await });
    gate.arrived().await;
    revoke.abort();
    authority.sync().await.unwrap();
    assert_eq!(authority.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
    drop(gate);
}
