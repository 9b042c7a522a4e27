//! A node that cannot read the change log: what it still accepts, and for how long.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{Call, World, admin, child, seconds, service, store::Side};
use jeton::{AuthenticateError, Authority, Exchange, OriginRef, Rejection, Staleness, Unavailable};

const BOUND: u64 = 5;

/// A node that refuses what it cannot know. It reads the log when the test lets it.
async fn strict(world: &World) -> Authority {
    let staleness = Staleness::RefuseAfter(seconds(BOUND));
    let node = world.start(world.builder().feed_interval(seconds(1)).staleness(staleness)).await;
    world.store.fail(Call::Changes, true);
    node
}

fn is_stale<T>(answer: Result<T, AuthenticateError>) -> bool {
    matches!(answer, Err(AuthenticateError::Unavailable(Unavailable::Stale)))
}

#[tokio::test]
async fn after_its_bound_nothing_is_accepted_until_the_log_is_read() {
    let world = World::new();
    let here = world.node().await;
    let there = strict(&world).await;
    let (token, victim) = (service(&here, "CI").await, service(&here, "victim").await);
    let (good, bad) = (child(&here, &token).await, child(&here, &victim).await);
    here.revoke(&admin(), victim.record.id).await.unwrap();
    world.clock.pass(BOUND);
    assert!(there.authenticate(&good).is_ok(), "the very bound");
    assert!(there.authenticate(&bad).is_ok(), "nobody could tell it yet");
    assert!(there.ready().await.is_ok());
    world.clock.pass(1);
    for _ in 0..2 {
        assert!(is_stale(there.authenticate(&good)));
        assert!(is_stale(there.authenticate(&bad)));
        assert!(is_stale(there.authenticate_from(&good, OriginRef::default())));
        assert!(matches!(there.ready().await, Err(Unavailable::Stale)));
        assert!(matches!(there.introspect(&admin(), &good).await, Err(Unavailable::Stale)));
        assert!(there.sync().await.is_err(), "the log still cannot be read");
    }
    assert_eq!(there.log_age(), seconds(BOUND + 1));
    // What is no token of ours is none at any time; and an API token is judged by the store.
    assert_eq!(there.authenticate("a.b.c").unwrap_err().rejection(), Some(Rejection::Invalid));
    let fresh = there.exchange(token.api_token.expose(), &Exchange::default()).await;
    assert!(fresh.is_ok());

    world.store.fail(Call::Changes, false);
    there.sync().await.unwrap();
    assert!(there.authenticate(&good).is_ok() && there.ready().await.is_ok());
    assert_eq!(there.authenticate(&bad).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert_eq!(there.log_age(), seconds(0));
}

#[tokio::test]
async fn what_is_known_is_refused_also_on_an_old_log() {
    let world = World::new();
    let node = strict(&world).await;
    let token = service(&node, "CI").await;
    let access_token = child(&node, &token).await;
    node.revoke(&admin(), token.record.id).await.unwrap();
    world.clock.pass(BOUND + 1);
    assert_eq!(node.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn a_reading_is_as_old_as_its_beginning() {
    let world = World::new();
    let node = strict(&world).await;
    let token = service(&node, "CI").await;
    let access_token = child(&node, &token).await;
    world.store.fail(Call::Changes, false);
    let mut gate = world.store.hold(Call::Changes, Side::After);
    let reading = {
        let node = node.clone();
        tokio::spawn(async move { node.sync().await })
    };
    gate.arrived().await;
    world.clock.pass(BOUND + 1);
    world.store.fail(Call::Changes, true);
    gate.release();
    reading.await.unwrap().ok();
    assert!(is_stale(node.authenticate(&access_token)), "what came while it was read may be missing");
}

#[tokio::test]
async fn unless_told_otherwise_they_are_accepted_until_they_end() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    world.store.fail(Call::Changes, true);
    world.clock.pass(crate::common::TTL + crate::common::LEEWAY - 1);
    assert!(there.authenticate(&access_token).is_ok());
    world.clock.pass(1);
    assert_eq!(there.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::Expired));
}

#[tokio::test]
async fn a_bound_within_which_the_log_is_not_read_again_is_refused() {
    let world = World::new();
    for bound in [0, 1, 2] {
        let builder =
            world.builder().feed_interval(seconds(2)).staleness(Staleness::RefuseAfter(seconds(bound)));
        assert!(builder.build().await.is_err(), "{bound}");
    }
}

#[tokio::test]
async fn a_node_that_hears_nothing_signs_no_cut_offs() {
    let world = World::new();
    let node = strict(&world).await;
    world.clock.pass(10);
    assert!(node.signed_cut_offs().await.is_ok(), "the very bound");
    world.clock.pass(1);
    assert!(matches!(node.signed_cut_offs().await, Err(Unavailable::Stale)), "not even an old document");
    world.store.fail(Call::Changes, false);
    node.sync().await.unwrap();
    assert!(node.signed_cut_offs().await.is_ok());
}
