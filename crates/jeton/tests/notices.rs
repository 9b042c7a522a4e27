//! What the host app is told: each thing once, whichever node finds out, and at its moment.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use crate::common::{Call, Ears, World, admin, generate, seconds, service, store::Side::After};
use async_trait::async_trait;
use jeton::{
    Authority, Edit, Event, Exchange, Expiry, Generate, Generated, Notice, Origin, RecordId, Rotate, Sink,
    SinkError,
};

const DAY: u64 = 86_400;

async fn node(world: &World, ears: &Arc<Ears>) -> Authority {
    world.start_house(world.builder().sink(ears.clone())).await
}

async fn token(authority: &Authority, days: u32) -> Generated {
    generate(authority, Generate::new(format!("{days} days")).with_expiry(Expiry::InDays(days))).await
}

fn soon(days: u32) -> Event {
    Event::ExpiresSoon { days }
}

/// Lets the time pass up to a moment, and looks after the house there and a second before.
async fn at(world: &World, nodes: &[&Authority], seconds: u64, ears: &Ears) -> (Vec<Event>, Vec<Event>) {
    world.clock.pass(seconds - 1);
    let mut heard = Vec::new();
    for moment in 0..2 {
        world.clock.pass(moment);
        for node in nodes.iter().chain(nodes) {
            node.keep_house().await.unwrap();
        }
        heard.push(ears.events().await);
    }
    let then = heard.pop().unwrap();
    (heard.pop().unwrap(), then)
}

#[tokio::test]
async fn of_each_end_each_span_is_told_once_at_its_very_second() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let (here, there) = (node(&world, &ears).await, node(&world, &ears).await);
    let nodes = [&here, &there];
    token(&here, 60).await;
    generate(&here, Generate::new("never").with_expiry(Expiry::Never)).await;
    assert_eq!(at(&world, &nodes, 30 * DAY, &ears).await, (vec![], vec![soon(30)]));
    // One that starts later tells nothing twice.
    let late = node(&world, &ears).await;
    let nodes = [&here, &there, &late];
    assert_eq!(at(&world, &nodes, 23 * DAY, &ears).await, (vec![], vec![soon(7)]));
    assert_eq!(at(&world, &nodes, 6 * DAY, &ears).await, (vec![], vec![soon(1)]));
    assert_eq!(at(&world, &nodes, DAY, &ears).await, (vec![], vec![Event::Expired]));
    assert_eq!(at(&world, &nodes, 100 * DAY, &ears).await, (vec![], vec![]));
    node(&world, &ears).await;
    assert_eq!(ears.events().await, []);
}

#[tokio::test]
async fn two_nodes_that_look_at_the_same_moment_tell_once() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let (here, there) = (node(&world, &ears).await, node(&world, &ears).await);
    token(&here, 40).await;
    world.clock.pass(10 * DAY);
    let mut held = world.store.hold(Call::List, After);
    let first = tokio::spawn(async move { here.keep_house().await });
    held.arrived().await;
    there.keep_house().await.unwrap();
    held.release();
    first.await.unwrap().unwrap();
    assert_eq!(ears.events().await, [soon(30)]);
}

#[tokio::test]
async fn what_was_made_within_a_span_is_not_told_of_it() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let authority = node(&world, &ears).await;
    let nodes = [&authority];
    token(&authority, 30).await;
    token(&authority, 7).await;
    assert_eq!(at(&world, &nodes, 1, &ears).await, (vec![], vec![]));
    assert_eq!(at(&world, &nodes, 6 * DAY - 1, &ears).await, (vec![], vec![soon(1)]));
    assert_eq!(at(&world, &nodes, DAY, &ears).await, (vec![], vec![Event::Expired]));
    assert_eq!(at(&world, &nodes, 16 * DAY, &ears).await, (vec![], vec![soon(7)]));
    // A rotation is a new beginning, with an end of its own.
    let again = service(&authority, "again").await;
    let longer = Rotate { grace: seconds(0), expiry: Some(Expiry::InDays(40)) };
    authority.rotate(&admin(), again.record.id, longer).await.unwrap();
    ears.heard().await;
    assert_eq!(at(&world, &nodes, 10 * DAY, &ears).await.1, [soon(30)]);
}

#[tokio::test]
async fn another_end_is_told_of_anew_and_a_dead_token_not() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let authority = node(&world, &ears).await;
    let nodes = [&authority];
    let kept = token(&authority, 60).await;
    let revoked = token(&authority, 61).await;
    let disabled = token(&authority, 62).await;
    authority.disable(&admin(), disabled.record.id).await.unwrap();
    authority.revoke(&admin(), revoked.record.id).await.unwrap();
    assert_eq!(ears.events().await, [Event::Revoked]);
    assert_eq!(at(&world, &nodes, 30 * DAY, &ears).await, (vec![], vec![soon(30)]));
    let earlier = Edit { expiry: Some(Expiry::InDays(20)), ..Edit::default() };
    authority.update(&admin(), kept.record.id, earlier, None).await.unwrap();
    assert_eq!(at(&world, &nodes, 2 * DAY, &ears).await, (vec![], vec![soon(30)]), "the disabled one");
    assert_eq!(at(&world, &nodes, 11 * DAY, &ears).await, (vec![], vec![soon(7)]));
}

#[tokio::test]
async fn what_nobody_took_is_told_again_and_not_twice() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let (here, there) = (node(&world, &ears).await, node(&world, &ears).await);
    let tokens = [token(&here, 40).await, token(&here, 41).await];
    world.clock.pass(11 * DAY);
    ears.are_deaf(true);
    for node in [&here, &there, &here] {
        node.keep_house().await.unwrap();
    }
    ears.are_deaf(false);
    world.clock.pass(60);
    for node in [&there, &here, &there, &here] {
        node.keep_house().await.unwrap();
    }
    let mut heard: Vec<RecordId> = ears.heard().await.into_iter().map(|(id, _)| id).collect();
    heard.sort();
    let mut wanted = tokens.map(|token| token.record.id);
    wanted.sort();
    assert_eq!(heard, wanted);
    // Deaf over several spans: the nearest, once.
    ears.are_deaf(true);
    for _ in 0..29 {
        world.clock.pass(DAY);
        here.keep_house().await.unwrap();
    }
    ears.are_deaf(false);
    here.keep_house().await.unwrap();
    there.keep_house().await.unwrap();
    let mut heard = ears.events().await;
    heard.sort_by_key(|event| *event == Event::Expired);
    assert_eq!(heard, [soon(1), Event::Expired]);
    // A store that is down loses nothing either.
    let third = token(&here, 42).await;
    world.clock.pass(12 * DAY);
    for call in [Call::List, Call::TakeName] {
        world.store.fail(call, true);
        assert!(here.keep_house().await.is_err());
        world.store.fail(call, false);
    }
    here.keep_house().await.unwrap();
    let mut heard = ears.heard().await;
    heard.retain(|(id, _)| *id == third.record.id);
    assert_eq!(heard, [(third.record.id, soon(30))]);
}

#[tokio::test]
async fn after_a_pause_it_is_told_what_is_true_then() {
    for running in [true, false] {
        for (days, wanted) in [
            (29, None),
            (31, Some(soon(30))),
            (52, Some(soon(30))),
            (54, Some(soon(7))),
            (59, Some(soon(1))),
            (60, Some(Event::Expired)),
            (89, Some(Event::Expired)),
        ] {
            let (world, ears) = (World::new(), Arc::new(Ears::default()));
            let before = node(&world, &ears).await;
            token(&before, 60).await;
            before.keep_house().await.unwrap();
            world.clock.pass(days * DAY);
            let after = if running { before.clone() } else { node(&world, &ears).await };
            for _ in 0..3 {
                after.keep_house().await.unwrap();
            }
            let wanted: Vec<Event> = wanted.into_iter().collect();
            assert_eq!(ears.events().await, wanted, "{days} {running}");
            node(&world, &ears).await;
            assert_eq!(ears.events().await, [], "and not by the next one");
        }
    }
}

#[tokio::test]
async fn many_ends_on_many_pages_are_told_each() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let authority = node(&world, &ears).await;
    for number in 0..450 {
        let request = Generate::new(number.to_string()).with_expiry(Expiry::InDays(40));
        generate(&authority, request).await;
    }
    world.clock.pass(10 * DAY);
    authority.keep_house().await.unwrap();
    let heard: std::collections::HashSet<_> = ears.heard().await.into_iter().collect();
    assert_eq!(heard.len(), 450);
}

/// Takes nothing and never says so.
struct Stuck;

#[async_trait]
impl Sink for Stuck {
    async fn take(&self, _: &Notice) -> Result<(), SinkError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_holds_nothing_else_up() {
    let world = World::new();
    let stuck = world.start_house(world.builder().sink(Arc::new(Stuck))).await;
    let token = token(&stuck, 40).await;
    world.clock.pass(10 * DAY);
    let pruned = world.store.count(Call::PruneNames);
    stuck.keep_house().await.unwrap();
    assert_eq!(world.store.count(Call::PruneNames), pruned + 1);
    let ears = Arc::new(Ears::default());
    node(&world, &ears).await;
    assert_eq!(ears.heard().await, [(token.record.id, soon(30))], "somebody else tells of it");
}

#[tokio::test]
async fn a_superseded_credential_is_told_of_once() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let (here, there) = (node(&world, &ears).await, node(&world, &ears).await);
    let first = service(&here, "CI").await;
    let id = first.record.id;
    let grace = Rotate { grace: seconds(100), expiry: None };
    let second = here.rotate(&admin(), id, grace).await.unwrap();
    let use_it = async |token: &Generated| {
        for node in [&here, &there, &here] {
            let _ = node.exchange(token.api_token.expose(), &Exchange::default()).await;
            let _ = node.authenticate_api_token(token.api_token.expose(), jeton::OriginRef::default()).await;
        }
        ears.heard().await
    };
    assert_eq!(use_it(&first).await, [], "it is in its grace");
    assert_eq!(use_it(&second).await, []);
    world.clock.pass(100);
    assert_eq!(use_it(&first).await, [(id, Event::SupersededUsed { generation: 1 })]);
    world.clock.pass(DAY);
    assert_eq!(use_it(&first).await, []);
    here.rotate(&admin(), id, Rotate::default()).await.unwrap();
    assert_eq!(use_it(&second).await, [(id, Event::SupersededUsed { generation: 2 })]);
    assert_eq!(use_it(&first).await, []);
    // A forged one is nobody's.
    assert!(here.exchange("x.y.z", &Exchange::default()).await.is_err());
    assert_eq!(ears.heard().await, []);
}

#[tokio::test]
async fn a_leak_is_told_of_once_for_each_credential() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let (here, there) = (node(&world, &ears).await, node(&world, &ears).await);
    let first = service(&here, "CI").await;
    let id = first.record.id;
    let report = async |token: &str| {
        for node in [&here, &there, &here] {
            let known = node.report_leak(token, &Origin::default()).await.unwrap();
            assert!(known.is_none_or(|known| known == id));
        }
        ears.heard().await
    };
    assert_eq!(report(first.api_token.expose()).await, [(id, Event::Leaked)]);
    assert!(here.exchange(first.api_token.expose(), &Exchange::default()).await.is_ok(), "it works on");
    let second = here.rotate(&admin(), id, Rotate::default()).await.unwrap();
    assert_eq!(report(second.api_token.expose()).await, [(id, Event::Leaked)]);
    assert_eq!(report(first.api_token.expose()).await, []);
    assert_eq!(report("x.y.z").await, []);
    world.store.fail(Call::Find, true);
    assert!(here.report_leak(first.api_token.expose(), &Origin::default()).await.is_err());
}

#[tokio::test]
async fn an_end_by_somebody_is_told_of_once() {
    let (world, ears) = (World::new(), Arc::new(Ears::default()));
    let authority = node(&world, &ears).await;
    for (number, way) in ["revoke", "delete", "revoke twice and delete", "give up"].into_iter().enumerate() {
        let token = service(&authority, &number.to_string()).await;
        let id = token.record.id;
        authority.disable(&admin(), id).await.unwrap();
        authority.enable(&admin(), id).await.unwrap();
        assert_eq!(ears.heard().await, []);
        match way {
            "revoke" => drop(authority.revoke(&admin(), id).await.unwrap()),
            "delete" => authority.delete(&admin(), id).await.unwrap(),
            "give up" => {
                let child = crate::common::child(&authority, &token).await;
                let principal = authority.authenticate(&child).unwrap();
                authority.revoke_self(&principal, Origin::default(), None).await.unwrap();
            }
            _ => {
                authority.revoke(&admin(), id).await.unwrap();
                authority.revoke(&admin(), id).await.unwrap();
                authority.delete(&admin(), id).await.unwrap();
            }
        }
        assert_eq!(ears.heard().await, [(id, Event::Revoked)], "{way}");
    }
    let token = service(&authority, "not").await;
    world.store.fail(Call::Update, true);
    assert!(authority.revoke(&admin(), token.record.id).await.is_err());
    assert_eq!(ears.heard().await, [], "what was not done");
}
