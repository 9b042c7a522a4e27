//! Rotation: the record stays, its credential changes, and the old one goes at a moment that is known beforehand.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Waker},
};

use crate::common::{
    Call, LEEWAY, SKEW, TTL, World, admin, child, generate, principal, seconds, service,
    store::Side::{self, After, Before},
    world,
};
use jeton::{
    Account, ApiToken, AuthenticateError, Authority, Caller, Conflict, Exchange, ExchangeError, Expiry,
    Generate, Generated, ManageError, RecordId, Rejection, Rotate, Standing, Unavailable,
};

/// A grace so long that no child has to die at once.
const LONG: u64 = TTL + SKEW + LEEWAY;

fn with_grace(grace: u64) -> Rotate {
    Rotate { grace: seconds(grace), expiry: None }
}

async fn rotate(authority: &Authority, id: RecordId, grace: u64) -> Result<Generated, ManageError> {
    authority.rotate(&admin(), id, with_grace(grace)).await
}

async fn rotate_self(authority: &Authority, token: &Generated, grace: u64) -> Result<Generated, ManageError> {
    authority.rotate_self(token.api_token.expose(), seconds(grace), &jeton::Origin::default()).await
}

/// Whether the token can be exchanged, and if not, why it is refused.
async fn taken(authority: &Authority, token: &ApiToken) -> Result<(), Rejection> {
    match authority.exchange(token.expose(), &Exchange::default()).await {
        Ok(_) => Ok(()),
        Err(ExchangeError::Rejected(rejection)) => Err(rejection),
        Err(error) => unreachable!("{error}"),
    }
}

fn conflict<T>(answer: Result<T, ManageError>) -> Conflict {
    match answer {
        Err(ManageError::Conflict(conflict)) => conflict,
        Err(error) => unreachable!("{error}"),
        Ok(_) => unreachable!("it was to be refused"),
    }
}

fn rejection<T>(answer: Result<T, ManageError>) -> Rejection {
    match answer {
        Err(ManageError::Rejected(rejection)) => rejection,
        Err(error) => unreachable!("{error}"),
        Ok(_) => unreachable!("it was to be refused"),
    }
}

#[tokio::test]
async fn the_record_stays_and_the_old_credential_goes_with_its_grace() {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    world.clock.pass(10);
    let new = rotate(&authority, old.record.id, LONG).await.unwrap();
    let (before, after) = (&old.record, &new.record);
    assert_eq!(
        (after.id, &after.name, &after.grant, after.created_at, &after.created_by),
        (before.id, &before.name, &before.grant, before.created_at, &before.created_by),
    );
    assert_eq!((after.credential.generation, after.last_generation, after.version), (2, 2, 2));
    assert_eq!(after.epoch, before.epoch, "the children are left alive");
    assert_eq!(after.credential.issued_at, world.clock.at(0));
    let previous = after.previous.as_ref().unwrap();
    assert_eq!((&previous.credential, previous.until), (&before.credential, world.clock.at(370)));
    assert!(!previous.superseded);

    world.clock.pass(LONG - 1);
    let kept = authority.exchange(old.api_token.expose(), &Exchange::default()).await.unwrap();
    assert_eq!(kept.expires_in, seconds(1), "a child of the old credential ends with its grace");
    let direct =
        authority.authenticate_api_token(old.api_token.expose(), jeton::OriginRef::default()).await.unwrap();
    assert_eq!(direct.expires_at(), Some(world.clock.at(1)));
    assert_eq!(taken(&authority, &new.api_token).await, Ok(()));
    let found = authority.find(&admin(), before.id).await.unwrap();
    assert!(found.grace(world.clock.at(0)).is_some());

    world.clock.pass(1);
    assert_eq!(taken(&authority, &old.api_token).await, Err(Rejection::Superseded), "the end is outside");
    let direct = authority.authenticate_api_token(old.api_token.expose(), jeton::OriginRef::default()).await;
    assert!(matches!(direct, Err(AuthenticateError::Rejected(Rejection::Superseded))));
    assert_eq!(rejection(rotate_self(&authority, &old, LONG).await), Rejection::Superseded);
    assert_eq!(taken(&authority, &new.api_token).await, Ok(()));
    assert!(authority.find(&admin(), before.id).await.unwrap().grace(world.clock.at(0)).is_none());
    world.clock.pass(LEEWAY);
    assert_eq!(
        authority.authenticate(kept.access_token.expose()).unwrap_err().rejection(),
        Some(Rejection::Expired)
    );
}

#[tokio::test]
async fn without_a_grace_the_old_credential_and_every_child_die_at_once_everywhere() {
    let (world, authority) = world().await;
    let other = world.node().await;
    let old = service(&authority, "CI").await;
    let children = [child(&authority, &old).await, child(&other, &old).await];
    let new = rotate(&authority, old.record.id, 0).await.unwrap();
    assert_eq!(new.record.previous, None);
    for node in [&authority, &other] {
        assert_eq!(taken(node, &old.api_token).await, Err(Rejection::Superseded));
    }
    for child in &children {
        assert_eq!(authority.authenticate(child).unwrap_err().rejection(), Some(Rejection::CutOff));
    }
    other.sync().await.unwrap();
    for child in &children {
        assert_eq!(other.authenticate(child).unwrap_err().rejection(), Some(Rejection::CutOff));
    }
    assert!(other.authenticate(&child(&other, &new).await).is_ok());
    assert!(authority.authenticate(&child(&other, &new).await).is_ok());
}

#[tokio::test]
async fn a_grace_shorter_than_a_child_may_live_ends_the_children() {
    for (grace, alive) in [(0, false), (1, false), (LONG - 1, false), (LONG, true), (LONG + 1, true)] {
        let (_world, authority) = world().await;
        let old = service(&authority, "CI").await;
        let access_token = child(&authority, &old).await;
        let new = rotate(&authority, old.record.id, grace).await.unwrap();
        assert_eq!(new.record.epoch, u64::from(!alive), "{grace}");
        assert_eq!(authority.authenticate(&access_token).is_ok(), alive, "{grace}");
        // The old credential itself works on, and its new children live.
        let young = authority.exchange(old.api_token.expose(), &Exchange::default()).await;
        assert_eq!(young.is_ok(), grace > 0, "{grace}");
        if let Ok(young) = young {
            assert!(authority.authenticate(young.access_token.expose()).is_ok(), "{grace}");
        }
    }
}

#[tokio::test]
async fn no_child_of_the_old_credential_outlives_its_grace_whatever_node_made_it() {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    // Started after the first one, with a longer life for its children.
    let other = world.start(world.builder().access_ttl(seconds(3600))).await;
    let access_token = child(&other, &old).await;
    rotate(&authority, old.record.id, LONG).await.unwrap();
    world.clock.pass(LONG + LEEWAY);
    other.sync().await.unwrap();
    for node in [&authority, &other] {
        assert!(node.authenticate(&access_token).is_err());
    }
}

#[tokio::test]
async fn during_a_grace_only_a_rotation_that_ends_it_is_possible() {
    let (_world, authority) = world().await;
    let first = service(&authority, "CI").await;
    let id = first.record.id;
    let second = rotate(&authority, id, 3600).await.unwrap();
    let children = [child(&authority, &first).await, child(&authority, &second).await];
    for grace in [1, LONG, 7200] {
        assert_eq!(conflict(rotate(&authority, id, grace).await), Conflict::RotationInProgress);
    }
    // The new one itself does no more.
    assert_eq!(conflict(rotate_self(&authority, &second, 7200).await), Conflict::RotationInProgress);
    let third = rotate(&authority, id, 0).await.unwrap();
    for token in [&first, &second] {
        assert_eq!(taken(&authority, &token.api_token).await, Err(Rejection::Superseded));
    }
    for child in children {
        assert_eq!(authority.authenticate(&child).unwrap_err().rejection(), Some(Rejection::CutOff));
    }
    assert_eq!(taken(&authority, &third.api_token).await, Ok(()));
    assert_eq!((third.record.credential.generation, third.record.previous), (3, None));
}

#[tokio::test]
async fn a_rotation_is_cancelled_in_its_grace_and_before_the_new_token_was_used() {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    let id = old.record.id;
    let cancel = async || authority.cancel_rotation(&admin(), id).await;
    assert_eq!(conflict(cancel().await), Conflict::NotCancellable, "there was none");
    let access_token = child(&authority, &old).await;

    let new = rotate(&authority, id, LONG).await.unwrap();
    let back = cancel().await.unwrap();
    assert_eq!((&back.credential, &back.previous, back.last_generation), (&old.record.credential, &None, 2));
    assert_eq!(taken(&authority, &new.api_token).await, Err(Rejection::Superseded));
    assert_eq!(taken(&authority, &old.api_token).await, Ok(()));
    assert!(authority.authenticate(&access_token).is_ok());
    assert_eq!(conflict(cancel().await), Conflict::NotCancellable, "it was taken back already");

    // Its generation never returns, and it stays dead also in the grace of another rotation.
    let third = rotate(&authority, id, LONG).await.unwrap();
    assert_eq!(third.record.credential.generation, 3);
    assert_eq!(taken(&authority, &new.api_token).await, Err(Rejection::Superseded));
    assert_eq!(rejection(rotate_self(&authority, &new, LONG).await), Rejection::Superseded);
    world.clock.pass(LONG);
    assert_eq!(conflict(cancel().await), Conflict::NotCancellable, "the grace is over");
    assert_eq!(taken(&authority, &third.api_token).await, Ok(()));
    assert_eq!(taken(&authority, &new.api_token).await, Err(Rejection::Superseded));

    let fourth = rotate(&authority, id, 0).await.unwrap();
    assert_eq!(fourth.record.credential.generation, 4);
    assert_eq!(conflict(cancel().await), Conflict::NotCancellable, "there was no grace");

    // Any use of the new one: the exchange, directly, to rotate itself.
    for use_it in 0..3 {
        let token = rotate(&authority, id, LONG).await.unwrap();
        match use_it {
            0 => drop(child(&authority, &token).await),
            1 => drop(
                authority
                    .authenticate_api_token(token.api_token.expose(), jeton::OriginRef::default())
                    .await
                    .unwrap(),
            ),
            _ => drop(rotate_self(&authority, &token, 1).await.unwrap_err()),
        }
        assert_eq!(conflict(cancel().await), Conflict::NotCancellable);
        world.clock.pass(LONG);
    }
    authority.revoke(&admin(), id).await.unwrap();
    assert_eq!(conflict(cancel().await), Conflict::Revoked);
}

#[tokio::test]
async fn cancelling_needs_no_more_than_to_write_and_stays_in_the_tenant() {
    let (_world, authority) = world().await;
    let old = generate(&authority, Generate { tenant: Some("acme".into()), ..Generate::new("CI") }).await;
    rotate(&authority, old.record.id, LONG).await.unwrap();
    let stranger = principal(
        &authority,
        Generate { tenant: Some("other".into()), ..Generate::new("a").with_role("clerk") },
    )
    .await;
    let reader = principal(&authority, Generate::new("b").with_scope("tokens:read")).await;
    let answer = authority.cancel_rotation(&stranger.into(), old.record.id).await;
    assert!(matches!(answer, Err(ManageError::NotFound)));
    let answer = authority.cancel_rotation(&reader.into(), old.record.id).await;
    assert!(matches!(answer, Err(ManageError::Denied(_))));
}

/// Holds one at a call while the other is done; the child, and whether the rotation was taken back.
async fn use_against_cancel(use_is_held: bool, call: Call, side: Side, nth: usize) -> (bool, bool) {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    let id = old.record.id;
    let new = rotate(&authority, id, LONG).await.unwrap();
    let (first, second) = (authority.clone(), authority.clone());
    let token = new.api_token.clone();
    let use_it = async move { first.exchange(token.expose(), &Exchange::default()).await.ok() };
    let cancel = async move { second.cancel_rotation(&admin(), id).await.is_ok() };
    // The earlier ones go through; the last one is held until the other side is done.
    let mut gates: Vec<_> = (0..nth).map(|_| world.store.hold(call, side)).collect();
    let mut last = world.store.hold(call, side);
    let (child, cancelled) = if use_is_held {
        let held = tokio::spawn(use_it);
        for mut gate in gates.drain(..) {
            gate.arrived().await;
            gate.release();
        }
        last.arrived().await;
        let cancelled = cancel.await;
        last.release();
        (held.await.unwrap(), cancelled)
    } else {
        let held = tokio::spawn(cancel);
        for mut gate in gates.drain(..) {
            gate.arrived().await;
            gate.release();
        }
        last.arrived().await;
        let child = use_it.await;
        last.release();
        (child, held.await.unwrap())
    };
    let record = authority.find(&admin(), id).await.unwrap();
    assert_eq!(record.credential.generation, if cancelled { 1 } else { 2 });
    if let Some(child) = &child {
        assert!(authority.authenticate(child.access_token.expose()).is_ok());
    }
    assert_eq!(taken(&authority, &new.api_token).await.is_ok(), !cancelled);
    assert_eq!(taken(&authority, &old.api_token).await, Ok(()));
    (child.is_some(), cancelled)
}

#[tokio::test]
async fn the_first_use_and_the_cancel_never_both_succeed() {
    // The use reads, reads to confirm, confirms, and reads again; the cancel reads and writes.
    let uses = [(Call::Find, 0), (Call::Find, 1), (Call::Update, 0), (Call::Find, 2)];
    let cancels = [(Call::Find, 0), (Call::Update, 0)];
    let points = uses.map(|point| (true, point)).into_iter().chain(cancels.map(|point| (false, point)));
    for (use_is_held, (call, nth)) in points {
        for side in [Before, After] {
            let (used, cancelled) = use_against_cancel(use_is_held, call, side, nth).await;
            assert!(used != cancelled, "{use_is_held} {call:?} {side:?} {nth}: {used} {cancelled}");
        }
    }
}

#[tokio::test]
async fn a_node_whose_clock_is_behind_takes_back_nothing_that_was_used() {
    let (world, authority) = world().await;
    let behind = std::sync::Arc::new(world.clock.fork());
    let other = world.start(world.builder().clock(behind.clone())).await;
    let old = service(&authority, "CI").await;
    let new = rotate(&authority, old.record.id, LONG).await.unwrap();
    // For one the grace is over, for the other it is not.
    world.clock.pass(LONG + SKEW - 1);
    behind.pass(LONG - 1);
    assert_eq!(taken(&authority, &new.api_token).await, Ok(()));
    let answer = other.cancel_rotation(&admin(), old.record.id).await;
    assert_eq!(conflict(answer), Conflict::NotCancellable);
    assert_eq!(conflict(rotate_self(&other, &old, LONG).await), Conflict::RotationInProgress);
    assert_eq!(taken(&authority, &new.api_token).await, Ok(()));
}

#[tokio::test]
async fn the_first_use_is_written_before_there_is_a_child() {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    let new = rotate(&authority, old.record.id, LONG).await.unwrap();
    world.store.fail(Call::Update, true);
    let answer = authority.exchange(new.api_token.expose(), &Exchange::default()).await;
    assert!(matches!(answer, Err(ExchangeError::Unavailable(Unavailable::Store(_)))));
    let answer = authority.authenticate_api_token(new.api_token.expose(), jeton::OriginRef::default()).await;
    assert!(matches!(answer, Err(AuthenticateError::Unavailable(Unavailable::Store(_)))));
    assert_eq!(taken(&authority, &old.api_token).await, Ok(()), "the old one needs no writing");
    world.store.fail(Call::Update, false);
    authority.cancel_rotation(&admin(), old.record.id).await.unwrap();
    assert_eq!(taken(&authority, &new.api_token).await, Err(Rejection::Superseded));

    // It is written once.
    let new = rotate(&authority, old.record.id, LONG).await.unwrap();
    let before = world.store.count(Call::Update);
    for _ in 0..3 {
        assert_eq!(taken(&authority, &new.api_token).await, Ok(()));
    }
    assert_eq!(world.store.count(Call::Update), before + 1);
    let record = authority.find(&admin(), old.record.id).await.unwrap();
    assert!(record.previous.unwrap().superseded);
    assert_eq!(record.epoch, new.record.epoch, "it kills nothing");
}

#[tokio::test]
async fn a_lost_answer_locks_nobody_out() {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    let lost = rotate_self(&authority, &old, 3600).await.unwrap();
    world.clock.pass(100);
    let new = rotate_self(&authority, &old, 3600).await.unwrap();
    assert_eq!(new.record.credential.generation, 3);
    let previous = new.record.previous.as_ref().unwrap();
    assert_eq!(
        (previous.credential.generation, previous.until),
        (1, world.clock.at(3500)),
        "nobody prolongs its own grace"
    );
    assert_eq!(taken(&authority, &lost.api_token).await, Err(Rejection::Superseded));
    assert_eq!(taken(&authority, &old.api_token).await, Ok(()), "its use confirms nothing");
    let newest = rotate_self(&authority, &old, 3600).await.unwrap();
    assert_eq!(taken(&authority, &newest.api_token).await, Ok(()));
    // From now on it is too late, with a grace and without one.
    for grace in [3600, 1, 0] {
        assert_eq!(conflict(rotate_self(&authority, &old, grace).await), Conflict::RotationInProgress);
    }
    assert_eq!(taken(&authority, &newest.api_token).await, Ok(()));
    world.clock.pass(3600);
    assert_eq!(rejection(rotate_self(&authority, &old, 3600).await), Rejection::Superseded);
    assert_eq!(rotate_self(&authority, &newest, 0).await.unwrap().record.credential.generation, 5);
    assert_eq!(rejection(rotate_self(&authority, &newest, 0).await), Rejection::Superseded);
}

#[tokio::test]
async fn a_token_that_rotates_itself_gains_nothing_from_what_ended_it_meanwhile() {
    // What is done between the look at the token and the rotation.
    for case in 0..4 {
        for grace in [0, 3600] {
            let (world, authority) = world().await;
            let old = service(&authority, "CI").await;
            let id = old.record.id;
            let mut gate = world.store.hold(Call::LongestAccessTtl, After);
            let (rotating, token) = (authority.clone(), old.clone());
            let rotation = tokio::spawn(async move { rotate_self(&rotating, &token, grace).await });
            gate.arrived().await;
            let expected = match case {
                0 => {
                    rotate(&authority, id, 0).await.unwrap();
                    Rejection::Superseded
                }
                1 => {
                    authority.disable(&admin(), id).await.unwrap();
                    Rejection::Disabled
                }
                2 => {
                    authority.revoke(&admin(), id).await.unwrap();
                    Rejection::Revoked
                }
                _ => {
                    world.clock.pass(40 * 86_400);
                    Rejection::Expired
                }
            };
            let before = authority.find(&admin(), id).await.unwrap();
            gate.release();
            match rotation.await.unwrap() {
                Err(ManageError::Rejected(rejection)) => assert_eq!(rejection, expected, "{grace}"),
                Err(ManageError::Conflict(Conflict::Revoked)) => assert_eq!(expected, Rejection::Revoked),
                other => unreachable!("{case} {grace} {other:?}"),
            }
            assert_eq!(authority.find(&admin(), id).await.unwrap(), before);
        }
    }
}

#[tokio::test]
async fn a_token_rotates_itself_from_where_it_may_be_used_alone() {
    let (_world, authority) = world().await;
    let request = Generate { networks: vec!["10.0.0.0/8".parse().unwrap()], ..Generate::new("CI") };
    let token = generate(&authority, request).await;
    for address in [None, Some("192.0.2.1".parse().unwrap())] {
        let origin = jeton::Origin { address, user_agent: None };
        let answer = authority.rotate_self(token.api_token.expose(), seconds(1), &origin).await;
        assert!(matches!(answer, Err(ManageError::Denied(jeton::policy::Denial::Network))));
    }
    let origin = jeton::Origin { address: Some("10.1.2.3".parse().unwrap()), user_agent: None };
    let new = authority.rotate_self(token.api_token.expose(), seconds(1), &origin).await.unwrap();
    assert_eq!(new.record.grant, token.record.grant);
    let access_token = child(&authority, &service(&authority, "other").await).await;
    let answer = authority.rotate_self(&access_token, seconds(1), &origin).await;
    assert_eq!(rejection(answer), Rejection::Invalid, "an access token is no API token");
}

#[tokio::test]
async fn a_rotation_moves_the_end_beyond_the_signed_one() {
    let (world, authority) = world().await;
    let request = Generate { expiry: Expiry::InDays(1), ..Generate::new("CI") };
    let old = generate(&authority, request).await;
    let id = old.record.id;
    let later = Rotate { grace: seconds(LONG), expiry: Some(Expiry::InDays(60)) };
    let new = authority.rotate(&admin(), id, later).await.unwrap();
    let end = world.clock.at(60 * 86_400);
    assert_eq!((new.record.grant.expires_at, new.record.credential.expires_at), (Some(end), Some(end)));
    assert_eq!(new.record.epoch, 0);
    // Taken back, it ends when it was signed to.
    let back = authority.cancel_rotation(&admin(), id).await.unwrap();
    assert_eq!(back.grant.expires_at, old.record.grant.expires_at);

    // The old one ends with what was signed, though its grace goes on.
    let later = Rotate { grace: seconds(2 * 86_400), expiry: Some(Expiry::InDays(60)) };
    let new = authority.rotate(&admin(), id, later).await.unwrap();
    world.clock.pass(86_400);
    assert_eq!(taken(&authority, &old.api_token).await, Err(Rejection::Expired));
    assert_eq!(taken(&authority, &new.api_token).await, Ok(()));

    // An earlier end takes something away.
    world.clock.pass(86_400);
    let access_token = child(&authority, &new).await;
    let earlier = Rotate { grace: seconds(LONG), expiry: Some(Expiry::InDays(3)) };
    authority.rotate(&admin(), id, earlier).await.unwrap();
    assert_eq!(authority.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn an_ended_token_needs_a_new_end() {
    let (world, authority) = world().await;
    let old = generate(&authority, Generate { expiry: Expiry::InDays(1), ..Generate::new("CI") }).await;
    world.clock.pass(86_400);
    for grace in [0, 3600] {
        match rotate(&authority, old.record.id, grace).await {
            Err(ManageError::Invalid(errors)) => assert_eq!(errors.first().unwrap().pointer, "/expires_at"),
            other => unreachable!("{other:?}"),
        }
        assert_eq!(rejection(rotate_self(&authority, &old, grace).await), Rejection::Expired);
    }
    let later = Rotate { grace: seconds(3600), expiry: Some(Expiry::InDays(1)) };
    let new = authority.rotate(&admin(), old.record.id, later).await.unwrap();
    assert_eq!(taken(&authority, &new.api_token).await, Ok(()));
    assert_eq!(taken(&authority, &old.api_token).await, Err(Rejection::Expired), "the grace revives nothing");
}

#[tokio::test]
async fn the_grace_is_a_year_at_most() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    for grace in [366 * 86_400 + 1, u64::MAX] {
        match rotate(&authority, token.record.id, grace).await {
            Err(ManageError::Invalid(errors)) => {
                assert_eq!(errors.first().unwrap().pointer, "/grace_seconds")
            }
            other => unreachable!("{other:?}"),
        }
    }
    rotate(&authority, token.record.id, 366 * 86_400).await.unwrap();
}

#[tokio::test]
async fn the_standing_is_not_touched() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let id = token.record.id;
    authority.disable(&admin(), id).await.unwrap();
    let new = rotate(&authority, id, LONG).await.unwrap();
    assert_eq!(new.record.standing, Standing::Disabled);
    for token in [&token, &new] {
        assert_eq!(taken(&authority, &token.api_token).await, Err(Rejection::Disabled));
        assert_eq!(rejection(rotate_self(&authority, token, 0).await), Rejection::Disabled);
    }
    // To be refused is no use.
    authority.cancel_rotation(&admin(), id).await.unwrap();
    authority.enable(&admin(), id).await.unwrap();
    assert_eq!(taken(&authority, &token.api_token).await, Ok(()));

    authority.revoke(&admin(), id).await.unwrap();
    for grace in [0, LONG] {
        assert_eq!(conflict(rotate(&authority, id, grace).await), Conflict::Revoked);
        assert_eq!(rejection(rotate_self(&authority, &token, grace).await), Rejection::Revoked);
    }
    authority.delete(&admin(), id).await.unwrap();
    assert!(matches!(rotate(&authority, id, 0).await, Err(ManageError::NotFound)));
    assert!(matches!(authority.cancel_rotation(&admin(), id).await, Err(ManageError::NotFound)));
}

#[tokio::test]
async fn killing_kills_both_credentials() {
    for delete in [false, true] {
        let (_world, authority) = world().await;
        let old = service(&authority, "CI").await;
        let new = rotate(&authority, old.record.id, 3600).await.unwrap();
        let children = [child(&authority, &old).await, child(&authority, &new).await];
        if delete {
            authority.delete(&admin(), old.record.id).await.unwrap();
        } else {
            authority.revoke(&admin(), old.record.id).await.unwrap();
        }
        for token in [&old, &new] {
            assert_eq!(taken(&authority, &token.api_token).await, Err(Rejection::Revoked));
        }
        for child in children {
            assert_eq!(authority.authenticate(&child).unwrap_err().rejection(), Some(Rejection::CutOff));
        }
    }
}

#[tokio::test]
async fn nobody_rotates_and_so_sees_what_gives_more_than_it_holds() {
    let (world, authority) = world().await;
    world.people.set("bob", Account::active());
    let clerk = || Generate { expiry: Expiry::InDays(30), ..Generate::new("clerk").with_role("clerk") };
    let caller = Caller::from(principal(&authority, clerk()).await);
    let asked = |name: &str| Generate { expiry: Expiry::InDays(1), ..Generate::new(name) };
    let table = [
        (asked("less"), true),
        (asked("a role held").with_role("clerk"), true),
        (asked("a role not held").with_role("writer"), false),
        (asked("a scope not held").with_scope("tokens:grant"), false),
        (asked("another subject").with_subject("bob"), false),
        (Generate { tenant: Some("acme".into()), ..asked("another tenant") }, false),
        (Generate { groups: crate::common::names(&["g1"]), ..asked("a group not held") }, false),
        (Generate { expiry: Expiry::InDays(31), ..asked("a longer life") }, false),
        (Generate { expiry: Expiry::Never, ..asked("a life without end") }, false),
    ];
    for (request, allowed) in table {
        let name = request.name.clone();
        let token = generate(&authority, request).await;
        for grace in [3600, 0] {
            let answer = authority.rotate(&caller, token.record.id, with_grace(grace)).await;
            match answer {
                Ok(_) => assert!(allowed, "{name}"),
                Err(ManageError::Denied(_)) => {
                    assert!(!allowed, "{name}");
                    let now = authority.find(&admin(), token.record.id).await.unwrap();
                    assert_eq!(now, token.record, "{name}");
                }
                Err(error) => unreachable!("{name} {error}"),
            }
        }
    }
    // Nor one that it could rotate, for a longer life.
    let token = generate(&authority, asked("once more")).await;
    let longer = Rotate { grace: seconds(0), expiry: Some(Expiry::Never) };
    let answer = authority.rotate(&caller, token.record.id, longer).await;
    assert!(matches!(answer, Err(ManageError::Denied(_))));
    // With the right to grant it may.
    let granting = Generate::new("granting").with_role("clerk").with_scope("tokens:grant");
    let caller = Caller::from(principal(&authority, granting).await);
    assert!(authority.rotate(&caller, token.record.id, longer).await.is_ok());
    let reader = Caller::from(principal(&authority, Generate::new("r").with_scope("tokens:read")).await);
    let answer = authority.rotate(&reader, token.record.id, with_grace(0)).await;
    assert!(matches!(answer, Err(ManageError::Denied(_))));
}

/// Polls a rotation so many times, drops it, and lets everything come to rest; whether it was done.
async fn dropped_after(polls: usize, grace: u64, hold: Option<(Call, Side)>) -> bool {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    let access_token = child(&authority, &old).await;
    let gate = hold.map(|(call, side)| world.store.hold(call, side));
    {
        let mut rotation = pin!(rotate(&authority, old.record.id, grace));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if rotation.as_mut().poll(&mut context).is_ready() {
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
    let record = authority.find(&admin(), old.record.id).await.unwrap();
    let done = record.credential.generation == 2;
    assert_eq!(record == old.record, !done, "{polls} {hold:?}");
    assert_eq!(authority.authenticate(&access_token).is_ok(), !done || grace > 0, "{polls} {hold:?}");
    // Whoever asked for a grace has a token that works, and may ask again.
    assert_eq!(taken(&authority, &old.api_token).await.is_ok(), !done || grace > 0, "{polls} {hold:?}");
    assert_eq!(rotate_self(&authority, &old, LONG).await.is_ok(), !done || grace > 0, "{polls} {hold:?}");
    done
}

#[tokio::test]
async fn a_rotation_whose_caller_goes_away_is_undone_or_leaves_the_old_token_its_grace() {
    for grace in [0, LONG] {
        assert!(!dropped_after(0, grace, None).await, "what was never polled is never done");
        for polls in 1..6 {
            let points = [Call::LongestAccessTtl, Call::Find, Call::Update];
            for call in points {
                for side in [Before, After] {
                    let done = dropped_after(polls, grace, Some((call, side))).await;
                    assert_eq!(done, call != Call::LongestAccessTtl, "what was begun runs to its end");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_rotations_one_wins_and_no_generation_returns() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let id = token.record.id;
    for round in 0_u64..5 {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let authority = authority.clone();
                tokio::spawn(async move { rotate(&authority, id, LONG).await })
            })
            .collect();
        let mut won = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(new) => won.push(new),
                Err(ManageError::Conflict(Conflict::RotationInProgress)) => {}
                Err(error) => unreachable!("{error}"),
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(won[0].record.credential.generation, round + 2);
        authority.cancel_rotation(&admin(), id).await.unwrap();
    }

    // Without a grace each one ends the one before it: all are numbered apart, and the last one alone works.
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let authority = authority.clone();
            tokio::spawn(async move { rotate(&authority, id, 0).await.unwrap() })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.push(task.await.unwrap());
    }
    made.sort_by_key(|made| made.record.credential.generation);
    let generations: Vec<_> = made.iter().map(|made| made.record.credential.generation).collect();
    assert_eq!(generations, (7..15).collect::<Vec<_>>());
    for made in &made[..7] {
        assert_eq!(taken(&authority, &made.api_token).await, Err(Rejection::Superseded));
    }
    assert_eq!(taken(&authority, &made[7].api_token).await, Ok(()));
}

/// Many rotations of each kind, cancels and uses at a time, on two nodes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_at_a_time_generations_are_never_used_twice() {
    let world = World::new();
    let nodes = [world.node().await, world.node().await];
    let token = service(&nodes[0], "CI").await;
    let id = token.record.id;
    let tasks: Vec<_> = (0..24_usize)
        .map(|number| {
            let (node, token) = (nodes[number % 2].clone(), token.clone());
            tokio::spawn(async move {
                let made = match number % 4 {
                    0 => rotate(&node, id, LONG).await,
                    1 => rotate_self(&node, &token, LONG).await,
                    2 => rotate(&node, id, LONG).await,
                    _ => {
                        drop(node.cancel_rotation(&admin(), id).await);
                        return None;
                    }
                };
                let made = made.ok()?;
                if number % 4 == 2 {
                    drop(node.exchange(made.api_token.expose(), &Exchange::default()).await);
                }
                Some(made.record.credential.generation)
            })
        })
        .collect();
    let mut generations = Vec::new();
    for task in tasks {
        generations.extend(task.await.unwrap());
    }
    generations.sort_unstable();
    let all = generations.len();
    generations.dedup();
    assert_eq!(generations.len(), all);
    let record = nodes[0].find(&admin(), id).await.unwrap();
    assert_eq!(record.last_generation, 1 + u64::try_from(all).unwrap(), "each was given out once");
}

#[tokio::test]
async fn a_token_shows_and_ends_itself_alone() {
    let (_world, authority) = world().await;
    let (own, other) = (service(&authority, "own").await, service(&authority, "other").await);
    let (access_token, foreign) = (child(&authority, &own).await, child(&authority, &other).await);
    let principal = authority.authenticate(&access_token).unwrap();
    assert_eq!(authority.find_self(&principal).await.unwrap(), own.record);
    let ended = authority.revoke_self(&principal, jeton::Origin::default(), None).await.unwrap();
    assert_eq!((ended.id, ended.standing), (own.record.id, Standing::Revoked));
    assert_eq!(authority.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert_eq!(taken(&authority, &own.api_token).await, Err(Rejection::Revoked));
    assert!(authority.authenticate(&foreign).is_ok());
    authority.delete(&admin(), own.record.id).await.unwrap();
    assert!(matches!(authority.find_self(&principal).await, Err(ManageError::NotFound)));
    assert!(matches!(
        authority.revoke_self(&principal, jeton::Origin::default(), None).await,
        Err(ManageError::NotFound)
    ));
}

#[tokio::test]
async fn an_end_that_was_set_holds_for_the_old_credential_whatever_the_new_one_gets() {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await;
    let id = old.record.id;
    let shorter = jeton::Edit { expiry: Some(Expiry::At(world.clock.at(1000))), ..jeton::Edit::default() };
    authority.update(&admin(), id, shorter, None).await.unwrap();
    let longer = Rotate { grace: seconds(86_400), expiry: Some(Expiry::InDays(60)) };
    authority.rotate(&admin(), id, longer).await.unwrap();
    // The answer was lost: that it does it again gives the old one nothing either.
    let new = rotate_self(&authority, &old, 86_400).await.unwrap();
    world.clock.pass(999);
    let last = authority.exchange(old.api_token.expose(), &Exchange::default()).await.unwrap();
    assert_eq!(last.expires_in, seconds(1));
    world.clock.pass(1);
    assert_eq!(taken(&authority, &old.api_token).await, Err(Rejection::Expired));
    assert_eq!(taken(&authority, &new.api_token).await, Ok(()));
}
