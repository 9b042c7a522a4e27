//! Several nodes on one store: what one answers, the others obey once they have read the log.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use crate::common::{
    Call, LEEWAY, SKEW, TTL, World, admin, child, names, seconds, service,
    store::Side::{After, Before},
};
use jeton::{Edit, Exchange, ExchangeError, Rejection, Standing};

#[tokio::test]
async fn a_child_dies_on_every_node_that_has_read_on() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    assert!(there.authenticate(&access_token).is_ok(), "a token of one node is good on another");
    here.disable(&admin(), token.record.id).await.unwrap();
    there.sync().await.unwrap();
    assert_eq!(there.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
    here.enable(&admin(), token.record.id).await.unwrap();
    there.sync().await.unwrap();
    assert_eq!(there.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert!(there.authenticate(&child(&there, &token).await).is_ok());
}

#[tokio::test]
async fn a_node_that_starts_later_knows_what_happened_before() {
    let world = World::new();
    let here = world.node().await;
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    // Not even its first answer is given before it has read the log.
    let later = world.builder().build().await.unwrap();
    assert_eq!(later.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn a_node_that_cannot_read_the_log_does_not_start() {
    let world = World::new();
    world.store.fail(Call::Changes, true);
    assert!(world.builder().build().await.is_err());
    world.store.fail(Call::Changes, false);
    world.store.fail(Call::LongestAccessTtl, true);
    assert!(world.builder().build().await.is_err());
}

#[tokio::test]
async fn more_rows_than_one_read_gives_are_all_read() {
    let world = World::new();
    let here = world.node().await;
    let token = service(&here, "CI").await;
    let victim = service(&here, "victim").await;
    let access_token = child(&here, &victim).await;
    for round in 0..1_050_u32 {
        let edit = Edit { description: Some(round.to_string()), ..Edit::default() };
        here.update(&admin(), token.record.id, edit, None).await.unwrap();
    }
    here.revoke(&admin(), victim.record.id).await.unwrap();
    let later = world.builder().build().await.unwrap();
    assert_eq!(later.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn a_record_read_behind_the_cut_off_is_read_again_there_too() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let mut gate = world.store.hold(Call::Find, After);
    let (exchanging, api_token) = (there.clone(), token.api_token.clone());
    let exchange =
        tokio::spawn(async move { exchanging.exchange(api_token.expose(), &Exchange::default()).await });
    gate.arrived().await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    there.sync().await.unwrap();
    gate.release();
    let answer = exchange.await.unwrap();
    assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Revoked))));
}

#[tokio::test]
async fn a_child_signed_from_a_late_read_is_dead_once_the_feed_is_read() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let mut gate = world.store.hold(Call::Find, After);
    let (exchanging, api_token) = (there.clone(), token.api_token.clone());
    let exchange =
        tokio::spawn(async move { exchanging.exchange(api_token.expose(), &Exchange::default()).await });
    gate.arrived().await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    gate.release();
    let access_token = exchange.await.unwrap().unwrap().access_token;
    assert_eq!(here.authenticate(access_token.expose()).unwrap_err().rejection(), Some(Rejection::CutOff));
    there.sync().await.unwrap();
    assert_eq!(there.authenticate(access_token.expose()).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn a_cut_off_is_kept_until_its_children_have_ended_on_every_clock() {
    let world = World::new();
    let here = world.node().await;
    // The clock of the other node is behind by as much as is allowed.
    let behind = Arc::new(world.clock.fork());
    behind.set_wall_by(-i64::try_from(SKEW).unwrap());
    let there = world.start(world.builder().clock(behind.clone())).await;
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    there.sync().await.unwrap();
    let pass = |count| {
        world.clock.pass(count);
        behind.pass(count);
    };
    let span = TTL + SKEW + LEEWAY;
    for elapsed in 0..=span + 10 {
        here.sync().await.unwrap();
        there.sync().await.unwrap();
        assert!(here.authenticate(&access_token).is_err(), "{elapsed} s later, here");
        assert!(there.authenticate(&access_token).is_err(), "{elapsed} s later, there");
        let kept = usize::from(elapsed < span);
        assert_eq!((here.cut_off_count(), there.cut_off_count()), (kept, kept), "{elapsed} s later");
        pass(1);
    }
    assert_eq!(there.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::Expired));
}

#[tokio::test]
async fn setting_the_wall_clock_moves_no_cut_off() {
    let world = World::new();
    let here = world.node().await;
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    for jump in [100_000, -100_000, -100_000, 100_000] {
        world.clock.set_wall_by(jump);
        here.sync().await.unwrap();
        assert!(here.authenticate(&access_token).is_err(), "{jump}");
        assert_eq!(here.cut_off_count(), 1);
    }
    // Back by the allowed skew, at the last moment of the cut-off and after it.
    world.clock.set_wall_by(-i64::try_from(SKEW).unwrap());
    for _ in 0..TTL + SKEW + LEEWAY + 2 {
        here.sync().await.unwrap();
        assert!(here.authenticate(&access_token).is_err());
        world.clock.pass(1);
    }
    assert_eq!(here.cut_off_count(), 0);
}

#[tokio::test]
async fn a_longer_lifetime_on_another_node_lengthens_the_span_here() {
    let world = World::new();
    let here = world.node().await;
    let token = service(&here, "CI").await;
    let long = world.start(world.builder().access_ttl(seconds(3_600))).await;
    let access_token = child(&long, &token).await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    for _ in 0..(3_600 + SKEW + LEEWAY) / 10 {
        here.sync().await.unwrap();
        assert!(here.authenticate(&access_token).is_err());
        assert_eq!(here.cut_off_count(), 1, "the span is that of the longest lifetime ever stored");
        world.clock.pass(10);
    }
    world.clock.pass(10);
    here.sync().await.unwrap();
    assert_eq!(here.cut_off_count(), 0);
    assert_eq!(here.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::Expired));
}

#[tokio::test]
async fn a_shorter_lifetime_later_does_not_shorten_the_span() {
    let world = World::new();
    let long = world.start(world.builder().access_ttl(seconds(3_600))).await;
    let token = service(&long, "CI").await;
    let access_token = child(&long, &token).await;
    let short = world.node().await;
    short.revoke(&admin(), token.record.id).await.unwrap();
    world.clock.pass(TTL + SKEW + LEEWAY + 1);
    short.sync().await.unwrap();
    assert_eq!(short.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn the_lifetime_is_stored_before_the_first_child_is_signed() {
    let world = World::new();
    let mut gate = world.store.hold(Call::LongestAccessTtl, crate::common::store::Side::Before);
    let building = tokio::spawn(world.builder().build());
    gate.arrived().await;
    assert!(!building.is_finished(), "no authority before the lifetime is stored");
    gate.release();
    building.await.unwrap().unwrap();
}

#[tokio::test]
async fn rows_are_dropped_a_span_after_they_were_read_and_not_before() {
    let world = World::new();
    let here = world.node().await;
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    // Nobody reads for long: the span begins with the reading.
    world.clock.pass(10 * TTL);
    here.sync().await.unwrap();
    let span = TTL + SKEW + LEEWAY;
    world.clock.pass(span - 1);
    here.sync().await.unwrap();
    assert_eq!(world.store.count(Call::Trim), 0);
    let before_the_trim = world.node().await;
    assert_eq!(before_the_trim.cut_off_count(), 1);
    world.clock.pass(1);
    here.sync().await.unwrap();
    assert_eq!(world.store.count(Call::Trim), 1);
    let after_the_trim = world.node().await;
    assert_eq!(after_the_trim.cut_off_count(), 0);
    for node in [&here, &before_the_trim, &after_the_trim] {
        assert!(node.authenticate(&access_token).is_err());
    }
}

#[tokio::test]
async fn a_row_younger_than_the_trimmed_ones_stays() {
    let world = World::new();
    let here = world.node().await;
    let (one, two) = (service(&here, "one").await, service(&here, "two").await);
    here.revoke(&admin(), one.record.id).await.unwrap();
    here.sync().await.unwrap();
    world.clock.pass(TTL);
    let access_token = child(&here, &two).await;
    here.revoke(&admin(), two.record.id).await.unwrap();
    here.sync().await.unwrap();
    world.clock.pass(SKEW + LEEWAY);
    here.sync().await.unwrap();
    assert_eq!(world.store.count(Call::Trim), 1);
    let later = world.node().await;
    assert_eq!(later.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn under_steady_change_the_log_stays_bounded_and_no_row_goes_early() {
    let world = World::new();
    let here = world.node().await;
    let busy = service(&here, "busy").await;
    let span = TTL + SKEW + LEEWAY;
    for second in 0..3 * span {
        let edit = Edit { description: Some(second.to_string()), ..Edit::default() };
        here.update(&admin(), busy.record.id, edit, None).await.unwrap();
        here.sync().await.unwrap();
        world.clock.pass(1);
        if second % 50 == 0 {
            let kept = jeton::Store::changes(&*world.store, None).await.unwrap().rows.len() as u64;
            let least = (second + 1).min(span);
            assert!((least..=2 * span + 2).contains(&kept), "{kept} rows after {second} s");
        }
    }
}

#[tokio::test]
async fn a_trim_that_failed_is_made_up_for() {
    let world = World::new();
    let here = world.node().await;
    let token = service(&here, "CI").await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    here.sync().await.unwrap();
    world.clock.pass(TTL + SKEW + LEEWAY);
    world.store.fail(Call::Trim, true);
    assert!(here.sync().await.is_err());
    world.store.fail(Call::Trim, false);
    here.sync().await.unwrap();
    assert_eq!(jeton::Store::changes(&*world.store, None).await.unwrap().rows, []);
}

#[tokio::test]
async fn an_outage_of_the_log_delays_and_loses_nothing() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    world.store.fail(Call::Changes, true);
    here.revoke(&admin(), token.record.id).await.unwrap();
    assert!(there.sync().await.is_err());
    assert!(here.authenticate(&access_token).is_err(), "the node that changed it needs no log");
    world.store.fail(Call::Changes, false);
    there.sync().await.unwrap();
    assert_eq!(there.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn a_node_cut_off_from_the_log_for_long_accepts_no_dead_child() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    here.delete(&admin(), token.record.id).await.unwrap();
    here.sync().await.unwrap();
    world.clock.pass(TTL + SKEW + LEEWAY);
    here.sync().await.unwrap();
    // The row is gone before the other node has seen it.
    there.sync().await.unwrap();
    assert!(there.authenticate(&access_token).is_err());
    assert!(there.exchange(token.api_token.expose(), &Exchange::default()).await.is_err());
}

#[tokio::test]
async fn two_nodes_that_change_one_record_come_to_the_same() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let id = token.record.id;
    let mut dead = Vec::new();
    for node in [&here, &there, &here, &there] {
        dead.push(child(node, &token).await);
        let edit = Edit { scopes: Some(names(&[])), ..Edit::default() };
        node.update(&admin(), id, edit, None).await.unwrap();
        let edit = Edit { scopes: Some(names(&["extra"])), ..Edit::default() };
        node.update(&admin(), id, edit, None).await.unwrap();
    }
    for node in [&here, &there] {
        node.sync().await.unwrap();
        for access_token in &dead {
            assert_eq!(node.authenticate(access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
        }
        assert!(node.authenticate(&child(node, &token).await).is_ok());
    }
    let record = here.find(&admin(), id).await.unwrap();
    assert_eq!((record.epoch, record.version, record.standing), (4, 9, Standing::Active));
}

/// A connection that hangs: the log is read over another one.
#[tokio::test]
async fn a_read_of_the_log_that_hangs_delays_no_revocation() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let access_token = child(&here, &token).await;
    for side in [Before, After] {
        let mut hangs = world.store.hold(Call::Changes, side);
        let reading = tokio::spawn({
            let there = there.clone();
            async move { there.sync().await }
        });
        hangs.arrived().await;
        here.disable(&admin(), token.record.id).await.unwrap();
        reading.await.unwrap().unwrap();
        assert_eq!(there.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
        here.enable(&admin(), token.record.id).await.unwrap();
        hangs.release();
    }
    // A slow one is waited for, whatever becomes of the other one.
    let mut slow = world.store.hold(Call::Changes, After);
    let reads = world.store.count(Call::Changes);
    let reading = tokio::spawn({
        let there = there.clone();
        async move { there.sync().await }
    });
    slow.arrived().await;
    world.store.fail(Call::Changes, true);
    while world.store.count(Call::Changes) < reads + 2 {
        tokio::task::yield_now().await;
    }
    slow.release();
    reading.await.unwrap().unwrap();
}
