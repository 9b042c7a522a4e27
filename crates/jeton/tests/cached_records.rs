//! Records that are kept in memory: an exchange reads none from the store, and no change goes unseen for longer than
//! the log does.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{
    Call, LEEWAY, SKEW, TTL, World, admin, child, generate,
    keys::payload,
    names, seconds, service,
    store::Side::{After, Before},
};
use jeton::{Account, Authority, Edit, Exchange, ExchangeError, Generate, Generated, Rejection, Rotate};

/// How old the log may be.
const BOUND: u64 = 5;

async fn caching(world: &World) -> Authority {
    world.start(world.builder().cached_records(100, seconds(BOUND))).await
}

async fn exchange(node: &Authority, token: &Generated) -> Result<String, ExchangeError> {
    let exchanged = node.exchange(token.api_token.expose(), &Exchange::default()).await;
    exchanged.map(|exchanged| exchanged.access_token.expose().to_owned())
}

fn is_rejected(answer: Result<String, ExchangeError>, with: Rejection) -> bool {
    matches!(answer, Err(ExchangeError::Rejected(rejection)) if rejection == with)
}

/// Two nodes that keep records, and a token that both have exchanged.
async fn two_nodes() -> (World, Authority, Authority, Generated) {
    let world = World::new();
    let (here, there) = (caching(&world).await, caching(&world).await);
    let token = service(&here, "CI").await;
    for node in [&here, &there] {
        child(node, &token).await;
    }
    (world, here, there, token)
}

#[tokio::test]
async fn an_exchange_reads_the_record_once() {
    let (world, here, _, token) = two_nodes().await;
    let before = world.store.count(Call::Find);
    for _ in 0..10 {
        child(&here, &token).await;
    }
    assert_eq!(world.store.count(Call::Find), before);
    world.clock.pass(BOUND + 1);
    child(&here, &token).await;
    child(&here, &token).await;
    assert_eq!(world.store.count(Call::Find), before + 2, "on an old log each one reads");
    here.sync().await.unwrap();
    child(&here, &token).await;
    child(&here, &token).await;
    assert_eq!(world.store.count(Call::Find), before + 3, "what was kept before the gap is gone");
}

#[tokio::test]
async fn a_change_here_holds_here_at_once() {
    let (_world, here, _, token) = two_nodes().await;
    here.disable(&admin(), token.record.id).await.unwrap();
    assert!(is_rejected(exchange(&here, &token).await, Rejection::Disabled));
    here.enable(&admin(), token.record.id).await.unwrap();
    assert!(here.authenticate(&child(&here, &token).await).is_ok());
    let narrow = Edit { roles: Some(names(&[])), ..Edit::default() };
    here.update(&admin(), token.record.id, narrow, None).await.unwrap();
    let principal = here.authenticate(&child(&here, &token).await).unwrap();
    assert!(!principal.roles().contains("writer"));
    here.delete(&admin(), token.record.id).await.unwrap();
    assert!(is_rejected(exchange(&here, &token).await, Rejection::Revoked));
}

#[tokio::test]
async fn a_child_of_a_record_that_was_revoked_elsewhere_dies_with_the_others() {
    let (_world, here, there, token) = two_nodes().await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    // The row was not read: the record is as it was.
    let late = exchange(&there, &token).await.unwrap();
    assert_eq!(here.authenticate(&late).unwrap_err().rejection(), Some(Rejection::CutOff));
    there.sync().await.unwrap();
    assert_eq!(there.authenticate(&late).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert!(is_rejected(exchange(&there, &token).await, Rejection::Revoked));
}

#[tokio::test]
async fn its_cut_off_is_kept_for_longer_on_nodes_that_keep_no_records_too() {
    let world = World::new();
    let (here, there) = (world.node().await, caching(&world).await);
    let token = service(&here, "CI").await;
    child(&there, &token).await;
    world.clock.pass(BOUND);
    here.revoke(&admin(), token.record.id).await.unwrap();
    let late = exchange(&there, &token).await.unwrap();
    here.sync().await.unwrap();
    for elapsed in 0..TTL + BOUND + SKEW + LEEWAY {
        assert_eq!(here.cut_off_count(), 1, "{elapsed} s later");
        assert!(here.authenticate(&late).is_err(), "{elapsed} s later");
        world.clock.pass(1);
        here.sync().await.unwrap();
    }
    assert_eq!(here.cut_off_count(), 0);
}

#[tokio::test]
async fn what_the_log_told_during_a_gap_is_not_missed() {
    let (world, here, there, token) = two_nodes().await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    here.sync().await.unwrap();
    // So long that the row is dropped before the other node has seen it.
    world.clock.pass(TTL + BOUND + SKEW + LEEWAY + 1);
    here.sync().await.unwrap();
    assert!(
        is_rejected(exchange(&there, &token).await, Rejection::Revoked),
        "the log is too old to be relied on"
    );
    there.sync().await.unwrap();
    assert!(is_rejected(exchange(&there, &token).await, Rejection::Revoked));
}

#[tokio::test]
async fn a_refusal_by_a_kept_record_is_none() {
    let (_world, here, there, token) = two_nodes().await;
    here.disable(&admin(), token.record.id).await.unwrap();
    there.sync().await.unwrap();
    assert!(is_rejected(exchange(&there, &token).await, Rejection::Disabled));
    here.enable(&admin(), token.record.id).await.unwrap();
    assert!(exchange(&there, &token).await.is_ok(), "without having read the row");
    let rotated = here.rotate(&admin(), token.record.id, Rotate::default()).await.unwrap();
    assert!(exchange(&there, &rotated).await.is_ok(), "a newer generation than the one that is kept");
    assert!(is_rejected(exchange(&there, &token).await, Rejection::Superseded));
}

#[tokio::test]
async fn a_read_that_a_row_overtakes_is_not_kept() {
    for side in [Before, After] {
        let (world, here, there, token) = two_nodes().await;
        let edit = |text: &str| Edit { description: Some(text.to_owned()), ..Edit::default() };
        here.update(&admin(), token.record.id, edit("one"), None).await.unwrap();
        there.sync().await.unwrap();
        let mut gate = world.store.hold(Call::Find, side);
        let reading = {
            let (there, api_token) = (there.clone(), token.api_token.clone());
            tokio::spawn(async move { there.exchange(api_token.expose(), &Exchange::default()).await })
        };
        gate.arrived().await;
        here.update(&admin(), token.record.id, edit("two"), None).await.unwrap();
        there.sync().await.unwrap();
        gate.release();
        reading.await.unwrap().unwrap();
        let before = world.store.count(Call::Find);
        child(&there, &token).await;
        assert_eq!(world.store.count(Call::Find), before + 1, "{side:?}");
    }
}

#[tokio::test]
async fn a_restoration_drops_what_was_kept() {
    let (world, here, there, token) = two_nodes().await;
    here.restored().await.unwrap();
    for node in [&here, &there] {
        node.sync().await.unwrap();
        let before = world.store.count(Call::Find);
        assert!(node.authenticate(&child(node, &token).await).is_ok());
        assert_eq!(world.store.count(Call::Find), before + 1);
    }
}

#[tokio::test]
async fn a_bound_of_more_than_a_minute_is_refused() {
    let world = World::new();
    assert!(world.builder().cached_records(1, seconds(61)).build().await.is_err());
    assert!(world.builder().cached_records(1, seconds(60)).build().await.is_ok());
}

#[tokio::test]
async fn what_was_written_of_an_account_is_written_anew_when_it_changes() {
    let world = World::new();
    let node = caching(&world).await;
    let may = |roles: &[&str], scopes: &[&str], groups: &[&str]| {
        let account = roles.iter().fold(Account::active(), |account, role| account.with_role(*role));
        let account = scopes.iter().fold(account, |account, scope| account.with_scope(*scope));
        groups.iter().fold(account, |account, group| account.with_group(*group))
    };
    world.people.set("alice", may(&["reader"], &["x"], &["sales"]));
    let token = generate(&node, Generate::new("CI").with_subject("alice")).await;
    for account in [
        may(&["reader"], &["x"], &["sales"]),
        may(&["reader", "writer"], &["x"], &["sales"]),
        may(&["writer"], &["x"], &["sales"]),
        may(&["writer"], &["x", "y"], &["sales"]),
        may(&["writer"], &["y"], &["sales", "staff"]),
        may(&[], &[], &[]),
        may(&["reader"], &["x"], &["sales"]),
    ] {
        // The directory alone says so: nobody told the authority.
        world.people.set("alice", account.clone());
        for _ in 0..2 {
            let principal = node.authenticate(&child(&node, &token).await).unwrap();
            assert_eq!(principal.roles(), &account.roles);
            assert_eq!(principal.groups(), &account.groups);
            assert!(principal.scopes().contains_all(&account.scopes), "{principal:?}");
            assert_eq!(principal.scopes().contains("x"), account.scopes.contains("x"));
        }
    }
}

#[tokio::test]
async fn what_one_exchange_asks_for_is_nothing_to_the_next() {
    let world = World::new();
    let node = caching(&world).await;
    world.people.set("alice", Account::active().with_scope("x").with_scope("y"));
    let token = generate(&node, Generate::new("CI").with_subject("alice")).await;
    let scopes = async |request: Exchange| {
        let exchanged = node.exchange(token.api_token.expose(), &request).await.unwrap();
        let principal = node.authenticate(exchanged.access_token.expose()).unwrap();
        assert_eq!(principal.scopes(), &*exchanged.scopes);
        principal.scopes().to_names()
    };
    for _ in 0..2 {
        assert_eq!(scopes(Exchange::default()).await, names(&["x", "y"]));
        let narrow = Exchange { scopes: Some(names(&["y"])), ..Exchange::default() };
        assert_eq!(scopes(narrow).await, names(&["y"]));
    }
    // Each has a name and a life of its own.
    let (one, other) = (child(&node, &token).await, child(&node, &token).await);
    world.clock.pass(1);
    let later = child(&node, &token).await;
    let said = [&one, &other, &later].map(|token| payload(token));
    assert!(said[0]["jti"] != said[1]["jti"] && said[1]["jti"] != said[2]["jti"]);
    assert_eq!(said[0]["exp"].as_i64().unwrap() + 1, said[2]["exp"].as_i64().unwrap());
    assert_eq!(said[0]["iat"].as_i64().unwrap() + 1, said[2]["iat"].as_i64().unwrap());
}

/// Texts that look like what stands around them.
#[tokio::test]
async fn no_subject_breaks_out_of_its_place() {
    let world = World::new();
    let node = caching(&world).await;
    for subject in [r#"","jti":"","iat":0,"exp":0,"#, r#""jti":"","iat":0,"exp":0,"#, r#"a\"#, "{}"] {
        world.people.set(subject, Account::active().with_role(subject));
        let token = generate(&node, Generate::new(subject).with_subject(subject)).await;
        for _ in 0..2 {
            let principal = node.authenticate(&child(&node, &token).await).unwrap();
            assert_eq!(principal.subject(), Some(subject));
            assert_eq!(principal.roles(), &names(&[subject]));
        }
    }
}
