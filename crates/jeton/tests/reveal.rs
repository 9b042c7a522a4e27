//! A token that is shown again, byte by byte, without its ever having been stored.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use crate::common::{Call, World, admin, generate, names, principal, seconds, service};
use jeton::{
    Account, Algorithm, Authority, Caller, Conflict, Edit, Exchange, Expiry, Generate, Generated,
    ManageError, MasterKey, MemoryStore, RecordId, Reveal, Rotate, SigningKey, SystemRandom, rights::scopes,
};

async fn again() -> (World, Authority) {
    let world = World::new();
    let authority = world.start(world.builder().reveal(Reveal::Again)).await;
    (world, authority)
}

/// The token, as it is shown now.
async fn shown(authority: &Authority, id: RecordId) -> String {
    authority.reveal(&admin(), id).await.unwrap().expose().to_owned()
}

fn unavailable<T>(answer: &Result<T, ManageError>) -> bool {
    matches!(answer, Err(ManageError::Conflict(Conflict::RevealUnavailable)))
}

async fn rotate(authority: &Authority, token: &Generated, grace: u64) -> Generated {
    let request = Rotate { grace: seconds(grace), expiry: None };
    authority.rotate(&admin(), token.record.id, request).await.unwrap()
}

#[tokio::test]
async fn unless_told_otherwise_a_token_is_shown_once() {
    let (world, authority) = crate::common::world().await;
    let token = service(&authority, "CI").await;
    for id in [token.record.id, crate::common::unknown_id()] {
        let before = world.store.calls();
        assert!(matches!(authority.reveal(&admin(), id).await, Err(ManageError::RevealNotAllowed)));
        assert_eq!(world.store.calls(), before, "nobody is asked");
    }
}

#[tokio::test]
async fn the_same_bytes_are_shown_whatever_becomes_of_the_record() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Hs256] {
        let world = World::new();
        let key = SigningKey::generate(algorithm, &SystemRandom).unwrap();
        let authority = world.start(world.builder().api_keys([key]).reveal(Reveal::Again)).await;
        let request = Generate { not_before: Some(world.clock.at(100)), ..Generate::new("CI") };
        let token = generate(&authority, request.with_role("writer")).await;
        let id = token.record.id;
        assert_eq!(shown(&authority, id).await, token.api_token.expose(), "{algorithm:?}, before it begins");
        world.clock.pass(1000);
        let edit = Edit {
            name: Some("renamed".into()),
            roles: Some(names(&["reader"])),
            expiry: Some(Expiry::InDays(3)),
            ..Edit::default()
        };
        authority.update(&admin(), id, edit, None).await.unwrap();
        assert_eq!(shown(&authority, id).await, token.api_token.expose(), "{algorithm:?}, edited");
        authority.disable(&admin(), id).await.unwrap();
        assert_eq!(shown(&authority, id).await, token.api_token.expose(), "{algorithm:?}, disabled");
        authority.enable(&admin(), id).await.unwrap();

        let new = rotate(&authority, &token, 3600).await;
        assert_eq!(shown(&authority, id).await, new.api_token.expose(), "{algorithm:?}, rotated");
        assert_ne!(new.api_token.expose(), token.api_token.expose());
        authority.cancel_rotation(&admin(), id).await.unwrap();
        assert_eq!(shown(&authority, id).await, token.api_token.expose(), "{algorithm:?}, taken back");
        let new = rotate(&authority, &token, 0).await;
        assert_eq!(shown(&authority, id).await, new.api_token.expose(), "{algorithm:?}, rotated at once");
        let shown = shown(&authority, id).await;
        assert!(authority.exchange(&shown, &Exchange::default()).await.is_ok());
    }
}

#[tokio::test]
async fn to_be_shown_changes_nothing_and_is_no_use() {
    let (world, authority) = again().await;
    let token = service(&authority, "CI").await;
    let new = rotate(&authority, &token, 3600).await;
    let before = world.store.count(Call::Update);
    shown(&authority, token.record.id).await;
    assert_eq!(world.store.count(Call::Update), before);
    assert_eq!(authority.find(&admin(), token.record.id).await.unwrap(), new.record);
    authority.cancel_rotation(&admin(), token.record.id).await.unwrap();
}

#[tokio::test]
async fn the_same_bytes_are_shown_after_a_restart_with_managed_keys() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Hs256] {
        let world = World::new();
        let store = Arc::new(MemoryStore::new());
        let start = async || {
            let master = MasterKey::from_base64url(&"A".repeat(43)).unwrap();
            Authority::builder(crate::common::ISSUER)
                .store(store.clone())
                .directory(world.people.clone())
                .managed_keys(store.clone(), master)
                .api_algorithm(algorithm)
                .reveal(Reveal::Again)
                .build()
                .await
                .unwrap()
        };
        let authority = start().await;
        let token = service(&authority, "CI").await;
        drop(authority);
        assert_eq!(shown(&start().await, token.record.id).await, token.api_token.expose(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn signatures_that_differ_each_time_are_refused_when_it_is_built() {
    let world = World::new();
    let key = || SigningKey::generate(Algorithm::Es256, &SystemRandom).unwrap();
    assert!(world.builder().api_keys([key()]).reveal(Reveal::Again).build().await.is_err());
    assert!(world.builder().api_keys([key()]).build().await.is_ok());
    // It counts for API tokens alone.
    assert!(world.builder().access_keys([key()]).reveal(Reveal::Again).build().await.is_ok());
    let store = Arc::new(MemoryStore::new());
    let builder = Authority::builder(crate::common::ISSUER)
        .store(store.clone())
        .directory(world.people.clone())
        .managed_keys(store, MasterKey::generate(&SystemRandom).unwrap())
        .api_algorithm(Algorithm::Es256);
    assert!(builder.reveal(Reveal::Again).build().await.is_err());
}

#[tokio::test]
async fn what_has_ended_and_what_cannot_be_made_again_is_not_shown() {
    let (world, authority) = again().await;
    let request = Generate { expiry: Expiry::InDays(1), ..Generate::new("short") };
    let (ended, revoked) = (generate(&authority, request).await, service(&authority, "CI").await);
    authority.revoke(&admin(), revoked.record.id).await.unwrap();
    assert!(unavailable(&authority.reveal(&admin(), revoked.record.id).await));
    world.clock.pass(86_399);
    shown(&authority, ended.record.id).await;
    world.clock.pass(1);
    assert!(unavailable(&authority.reveal(&admin(), ended.record.id).await), "the end is outside");
    authority.delete(&admin(), revoked.record.id).await.unwrap();
    for id in [revoked.record.id, crate::common::unknown_id()] {
        assert!(matches!(authority.reveal(&admin(), id).await, Err(ManageError::NotFound)));
    }

    // Its key is gone.
    let live = service(&authority, "live").await;
    let key = SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
    let other = world.start(world.builder().api_keys([key]).reveal(Reveal::Again)).await;
    assert!(unavailable(&other.reveal(&admin(), live.record.id).await));
}

#[tokio::test]
async fn what_is_shown_is_what_the_caller_could_have_generated() {
    let (world, authority) = again().await;
    world.people.set("bob", Account::active().with_role("reader"));
    let revealer = |name: &str| Generate {
        expiry: Expiry::InDays(30),
        ..Generate::new(name).with_scope(scopes::TOKENS_REVEAL).with_role("reader")
    };
    let caller = Caller::from(principal(&authority, revealer("revealer")).await);
    let asked = |name: &str| Generate { expiry: Expiry::InDays(1), ..Generate::new(name) };
    let table = [
        (asked("less"), true),
        (asked("a role held").with_role("reader"), true),
        (asked("a role not held").with_role("writer"), false),
        (asked("a scope not held").with_scope("tokens:grant"), false),
        (asked("another subject").with_subject("bob"), false),
        (Generate { tenant: Some("acme".into()), ..asked("another tenant") }, false),
        (Generate { groups: names(&["g1"]), ..asked("a group not held") }, false),
        (Generate { expiry: Expiry::Never, ..asked("a life without end") }, false),
    ];
    let granting = revealer("granting").with_scope(scopes::TOKENS_GRANT);
    let granting = Caller::from(principal(&authority, granting).await);
    for (request, allowed) in table {
        let name = request.name.clone();
        let token = generate(&authority, request).await;
        match authority.reveal(&caller, token.record.id).await {
            Ok(shown) => assert!(allowed && shown.expose() == token.api_token.expose(), "{name}"),
            Err(ManageError::Denied(_)) => assert!(!allowed, "{name}"),
            Err(error) => unreachable!("{name} {error}"),
        }
        assert!(authority.reveal(&granting, token.record.id).await.is_ok(), "{name}");
    }

    // Everything but the scope.
    let token = generate(&authority, asked("once more")).await;
    let all = ["tokens:read", "tokens:write", "tokens:grant", "tokens:audit", "tokens:self", "keys:write"];
    let request = all.iter().fold(Generate::new("all"), |request, scope| request.with_scope(*scope));
    let caller = Caller::from(principal(&authority, request).await);
    let before = world.store.calls();
    assert!(matches!(authority.reveal(&caller, token.record.id).await, Err(ManageError::Denied(_))));
    assert_eq!(world.store.calls(), before);

    // Another tenant's does not exist, whatever it may.
    let request =
        Generate { tenant: Some("other".into()), ..revealer("of a tenant").with_role("token-admin") };
    let caller = Caller::from(principal(&authority, request).await);
    let foreign = Generate { tenant: Some("acme".into()), ..asked("foreign") };
    let foreign = generate(&authority, foreign).await;
    for id in [foreign.record.id, token.record.id] {
        assert!(matches!(authority.reveal(&caller, id).await, Err(ManageError::NotFound)));
    }
}

#[tokio::test]
async fn a_caller_that_was_ended_sees_nothing_and_an_outage_is_none_of_its_fault() {
    let (world, authority) = again().await;
    let token = service(&authority, "CI").await;
    let own = Generate::new("own").with_scope(scopes::TOKENS_REVEAL).with_scope("extra").with_role("writer");
    let own = principal(&authority, own).await;
    assert!(authority.reveal(&own.clone().into(), token.record.id).await.is_ok());
    authority.revoke(&admin(), own.token_id()).await.unwrap();
    let answer = authority.reveal(&own.into(), token.record.id).await;
    assert!(matches!(answer, Err(ManageError::Denied(_))));
    world.store.fail(Call::Find, true);
    let answer = authority.reveal(&admin(), token.record.id).await;
    assert!(matches!(answer, Err(ManageError::Unavailable(_))));
}
