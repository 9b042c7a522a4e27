//! When a user changes: every child of every token of that user, at once, and nobody else's.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Waker},
};

use crate::common::{
    Call, World, admin, child, generate, names,
    people::Mood,
    service,
    store::Side::{After, Before},
    world,
};
use jeton::{
    Account, Authority, Exchange, ExchangeError, Generate, Generated, Kind, ManageError, Rejection, Standing,
    State, Store as _,
};

async fn token(authority: &Authority, name: &str, subject: &str) -> Generated {
    generate(authority, Generate::new(name).with_subject(subject)).await
}

fn writer() -> Account {
    Account::active().with_incarnation("first").with_role("writer")
}

/// The scopes of a new child.
async fn scopes(authority: &Authority, token: &Generated) -> jeton::Names {
    authority.authenticate(&child(authority, token).await).unwrap().scopes().to_names()
}

#[tokio::test]
async fn every_child_of_every_token_dies_and_nobody_elses() {
    let world = World::new();
    let node = async || world.start(world.builder().personal_limit(1000)).await;
    let (here, there) = (node().await, node().await);
    for user in ["alice", "alice2", "Alice", "bob"] {
        world.people.set(user, writer());
    }
    // More than one page of a list, in several tenants and of both kinds.
    let mut tokens = Vec::new();
    for number in 0..205 {
        let mut request = Generate::new(number.to_string()).with_subject("alice");
        request.tenant = [None, Some("t".to_owned())][number % 2].clone();
        request.kind = [Kind::Service, Kind::Personal][number % 2];
        tokens.push(generate(&here, request).await);
    }
    let mut children = Vec::new();
    for token in &tokens {
        children.extend([child(&here, token).await, child(&there, token).await]);
    }
    let mut others = vec![service(&here, "alice").await];
    for user in ["alice2", "Alice", "bob"] {
        others.push(token(&here, user, user).await);
    }
    let mut alive = Vec::new();
    for other in &others {
        alive.push(child(&here, other).await);
    }
    world.people.set("alice", writer().with_role("reader"));
    assert_eq!(here.subject_changed("alice").await.unwrap(), 205);
    for (node, synced) in [(&here, false), (&there, true)] {
        if synced {
            node.sync().await.unwrap();
        }
        for child in &children {
            assert_eq!(node.authenticate(child).unwrap_err().rejection(), Some(Rejection::CutOff));
        }
        assert!(alive.iter().all(|child| node.authenticate(child).is_ok()), "nobody else's");
    }
    for token in [&tokens[0], &tokens[204]] {
        assert!(here.authenticate(&child(&here, token).await).is_ok(), "the tokens themselves live");
    }
    assert_eq!(here.subject_changed("nobody").await.unwrap(), 0);
}

#[tokio::test]
async fn a_role_that_was_taken_is_in_no_later_child() {
    let (world, authority) = world().await;
    world.people.set("alice", writer());
    let token = token(&authority, "CI", "alice").await;
    let old = child(&authority, &token).await;
    world.people.set("alice", Account { roles: names(&["reader"]), ..writer() });
    assert!(authority.authenticate(&old).is_ok(), "nobody has told yet");
    assert_eq!(
        scopes(&authority, &token).await,
        names(&["reports:read"]),
        "the next exchange has it no more"
    );
    authority.subject_changed("alice").await.unwrap();
    assert_eq!(authority.authenticate(&old).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert_eq!(scopes(&authority, &token).await, names(&["reports:read"]));
}

#[tokio::test]
async fn an_exchange_that_meets_the_change_gives_the_new_rights_or_nothing() {
    for side in [Before, After] {
        for synced in [true, false] {
            let world = World::new();
            let (here, there) = (world.node().await, world.node().await);
            world.people.set("alice", writer());
            let token = token(&here, "CI", "alice").await;
            let mut gate = world.store.hold(Call::Find, side);
            let (node, api_token) = (there.clone(), token.api_token.clone());
            let exchange = tokio::spawn(async move {
                node.exchange(api_token.expose(), &Exchange::default()).await.unwrap().access_token
            });
            gate.arrived().await;
            world.people.set("alice", Account { roles: names(&["reader"]), ..writer() });
            here.subject_changed("alice").await.unwrap();
            if synced {
                there.sync().await.unwrap();
            }
            gate.release();
            let access_token = exchange.await.unwrap();
            there.sync().await.unwrap();
            for node in [&here, &there] {
                if let Ok(principal) = node.authenticate(access_token.expose()) {
                    assert_eq!(principal.roles(), &names(&["reader"]), "{side:?} {synced}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_the_answer_no_child_has_the_old_rights() {
    for round in 0..30 {
        let (world, authority) = world().await;
        world.people.set("alice", writer());
        let token = token(&authority, "CI", "alice").await;
        let exchanges: Vec<_> = (0..8)
            .map(|_| {
                let (authority, token) = (authority.clone(), token.clone());
                tokio::spawn(async move { child(&authority, &token).await })
            })
            .collect();
        world.people.set("alice", Account { roles: names(&["reader"]), ..writer() });
        authority.subject_changed("alice").await.unwrap();
        for exchange in exchanges {
            if let Ok(principal) = authority.authenticate(&exchange.await.unwrap()) {
                assert_eq!(principal.roles(), &names(&["reader"]), "round {round}");
            }
        }
    }
}

#[tokio::test]
async fn a_suspended_subject_is_dead_at_once_whatever_the_directory_says() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    world.people.set("alice", writer());
    world.people.set("bob", writer());
    let tokens = [token(&here, "one", "alice").await, token(&here, "two", "alice").await];
    let bob = token(&here, "bob", "bob").await;
    let children = [child(&here, &tokens[0]).await, child(&here, &tokens[1]).await];
    here.disable(&admin(), tokens[1].record.id).await.unwrap();
    world.people.is(Mood::Hanging);
    assert_eq!(here.suspend_subject("alice").await.unwrap(), 2, "the directory is not asked");
    world.people.is(Mood::Well);
    there.sync().await.unwrap();
    for node in [&here, &there] {
        for (token, child) in tokens.iter().zip(&children) {
            assert_eq!(node.authenticate(child).unwrap_err().rejection(), Some(Rejection::CutOff));
            let answer = node.exchange(token.api_token.expose(), &Exchange::default()).await;
            assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Disabled))), "{answer:?}");
        }
        assert!(node.authenticate(&child(node, &bob).await).is_ok());
    }
    // Each comes back by itself, and its old children do not.
    here.enable(&admin(), tokens[0].record.id).await.unwrap();
    assert!(here.authenticate(&child(&here, &tokens[0]).await).is_ok());
    assert_eq!(here.authenticate(&children[0]).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert_eq!(here.find(&admin(), tokens[1].record.id).await.unwrap().standing, Standing::Disabled);
}

#[tokio::test]
async fn a_user_made_anew_under_the_old_name_revives_nothing() {
    let (world, authority) = world().await;
    world.people.set("alice", writer());
    let first = token(&authority, "first", "alice").await;
    let old = child(&authority, &first).await;
    world.people.remove("alice");
    authority.suspend_subject("alice").await.unwrap();
    world.people.set("alice", writer().with_incarnation("second"));
    authority.subject_changed("alice").await.unwrap();
    authority.enable(&admin(), first.record.id).await.unwrap();
    assert_eq!(authority.authenticate(&old).unwrap_err().rejection(), Some(Rejection::CutOff));
    for _ in 0..2 {
        let answer = authority.exchange(first.api_token.expose(), &Exchange::default()).await;
        assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Subject))), "{answer:?}");
        // An edit that names the same subject again does not move the token to the new life.
        let edit = jeton::Edit { subject: Some(Some("alice".into())), ..jeton::Edit::default() };
        authority.update(&admin(), first.record.id, edit, None).await.unwrap();
    }
    let second = token(&authority, "second", "alice").await;
    assert!(authority.authenticate(&child(&authority, &second).await).is_ok());
}

#[tokio::test]
async fn one_that_cannot_be_changed_spares_no_other_and_is_told() {
    let (world, authority) = world().await;
    world.people.set("alice", writer());
    let tokens = [token(&authority, "one", "alice").await, token(&authority, "two", "alice").await];
    let children = [child(&authority, &tokens[0]).await, child(&authority, &tokens[1]).await];
    // The newest comes first, and its first read fails.
    let mut gate = world.store.hold(Call::Find, Before);
    world.store.fail(Call::Find, true);
    let node = authority.clone();
    let change = tokio::spawn(async move { node.subject_changed("alice").await });
    gate.arrived().await;
    let mut next = world.store.hold(Call::Find, Before);
    gate.release();
    next.arrived().await;
    world.store.fail(Call::Find, false);
    next.release();
    assert!(matches!(change.await.unwrap(), Err(ManageError::Unavailable(_))));
    let dead = children.iter().filter(|child| authority.authenticate(child).is_err()).count();
    assert_eq!(dead, 1, "the other one");
    assert_eq!(authority.subject_changed("alice").await.unwrap(), 2);
    assert!(children.iter().all(|child| authority.authenticate(child).is_err()));

    world.store.fail(Call::List, true);
    assert!(matches!(authority.suspend_subject("alice").await, Err(ManageError::Unavailable(_))));
}

#[tokio::test]
async fn revoked_deleted_and_expired_tokens_are_no_obstacle() {
    let (world, authority) = world().await;
    world.people.set("alice", writer());
    let ids = [
        token(&authority, "revoked", "alice").await.record.id,
        token(&authority, "deleted", "alice").await.record.id,
        token(&authority, "active", "alice").await.record.id,
    ];
    let short =
        Generate::new("expired").with_subject("alice").with_expiry(jeton::Expiry::At(world.clock.at(10)));
    let expired = generate(&authority, short).await.record.id;
    authority.revoke(&admin(), ids[0]).await.unwrap();
    authority.delete(&admin(), ids[1]).await.unwrap();
    world.clock.pass(10);
    assert_eq!(authority.subject_changed("alice").await.unwrap(), 2);
    assert_eq!(authority.find(&admin(), expired).await.unwrap().state(world.clock.at(0)), State::Expired);
    // One that is revoked between the list and its turn is dead already.
    let mut gate = world.store.hold(Call::List, After);
    let node = authority.clone();
    let change = tokio::spawn(async move { node.suspend_subject("alice").await });
    gate.arrived().await;
    authority.revoke(&admin(), ids[2]).await.unwrap();
    gate.release();
    assert_eq!(change.await.unwrap().unwrap(), 1);
    assert_eq!(authority.find(&admin(), ids[2]).await.unwrap().standing, Standing::Revoked);
}

#[tokio::test]
async fn a_change_whose_caller_goes_away_reaches_every_token() {
    for hold in [(Call::List, Before), (Call::List, After), (Call::Update, Before), (Call::Update, After)] {
        let (world, authority) = world().await;
        world.people.set("alice", writer());
        let mut children = Vec::new();
        for number in 0..5 {
            let token = token(&authority, &number.to_string(), "alice").await;
            children.push(child(&authority, &token).await);
        }
        let mut gate = world.store.hold(hold.0, hold.1);
        {
            let mut change = pin!(authority.subject_changed("alice"));
            assert!(change.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            gate.arrived().await;
        }
        gate.release();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert!(children.iter().all(|child| authority.authenticate(child).is_err()), "{hold:?}");
        assert_eq!(world.store.changes(None).await.unwrap().rows.len(), 5);
    }
}

#[tokio::test]
async fn a_scope_that_is_none_is_an_outage_and_no_several_scopes() {
    let (world, authority) = world().await;
    world.people.set("alice", writer());
    let token = token(&authority, "CI", "alice").await;
    for bad in ["a tokens:grant", "", " ", "a\"", "é"] {
        world.people.set("alice", writer().with_scope(bad));
        let answer = authority.exchange(token.api_token.expose(), &Exchange::default()).await;
        assert!(matches!(answer, Err(ExchangeError::Unavailable(_))), "{bad:?}: {answer:?}");
        let answer =
            authority.authenticate_api_token(token.api_token.expose(), jeton::OriginRef::default()).await;
        assert!(matches!(answer, Err(jeton::AuthenticateError::Unavailable(_))), "{bad:?}");
        assert!(authority.caller_of_session("alice", None).await.is_err());
    }
}
