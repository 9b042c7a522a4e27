//! After a backup was put back: nothing of what was given out since, or before, is taken for something else.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{Call, LEEWAY, SKEW, TTL, World, admin, child, generate, seconds, service};
use jeton::{
    Action, AuditEntry, AuditFilter, Authority, Edit, Exchange, ExchangeError, Generate, Generated, Insert,
    MemoryStore, NamedAudience, Origin, Query, Record, RecordId, Rejection, Rotate, Signatures, Standing,
    Store, policy::audience,
};

fn entry(world: &World) -> AuditEntry {
    let at = world.clock.at(0);
    let (origin, actor) = (Origin::default(), "backup".to_owned());
    AuditEntry { at, action: Action::Generate, actor, token_id: None, tenant: None, origin, reason: None }
}

/// A copy of all records and audiences, tombstones of these ids included.
struct Backup {
    records: Vec<Record>,
    audiences: Vec<NamedAudience>,
    longest: std::time::Duration,
}

async fn back_up(world: &World, tombstones: &[RecordId]) -> Backup {
    let store = world.store.memory();
    let now = world.clock.at(0);
    let query = Query { filter: Default::default(), sort: Default::default(), after: None, limit: 1000, now };
    let mut records = store.list(&query).await.unwrap().records;
    for id in tombstones {
        records.extend(store.find(*id).await.unwrap());
    }
    let longest = store.longest_access_ttl(seconds(0)).await.unwrap();
    Backup { records, audiences: store.audiences().await.unwrap(), longest }
}

async fn put_back(world: &World, backup: &Backup) {
    let store = MemoryStore::new();
    for record in &backup.records {
        let insert = Insert { record: record.clone(), limits: Vec::new(), audit: entry(world) };
        store.insert(&insert).await.unwrap();
    }
    for audience in &backup.audiences {
        for version in 1..=audience.version {
            let change = jeton::Change::Audience { name: audience.name.clone() };
            let audience = NamedAudience { version, ..audience.clone() };
            store.put_audience(&audience, &change, &entry(world)).await.unwrap();
        }
    }
    store.longest_access_ttl(backup.longest).await.unwrap();
    world.store.put_back(store);
}

fn grace() -> Rotate {
    Rotate { grace: seconds(86_400), expiry: None }
}

async fn refused(authority: &Authority, token: &Generated) -> Rejection {
    match authority.exchange(token.api_token.expose(), &Exchange::default()).await {
        Err(ExchangeError::Rejected(rejection)) => rejection,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn no_epoch_and_no_generation_returns() {
    let world = World::new();
    let node = async || world.start(world.with_secrets(Signatures::Refused)).await;
    let (here, there) = (node().await, node().await);
    let keyed = |name: &str| Generate::new(name).with_role("writer").with_key_and_secret();
    let [plain, changed, revoked_later] = [
        generate(&here, keyed("plain")).await,
        generate(&here, keyed("changed")).await,
        generate(&here, keyed("revoked later")).await,
    ];
    let deleted = service(&here, "deleted").await.record.id;
    here.delete(&admin(), deleted).await.unwrap();
    let id = changed.record.id;
    for _ in 0..3 {
        here.disable(&admin(), id).await.unwrap();
        here.enable(&admin(), id).await.unwrap();
    }
    let mut children = vec![child(&here, &plain).await, child(&there, &changed).await];
    let backup = back_up(&world, &[deleted]).await;

    // What happens after it, and is lost.
    world.clock.pass(10);
    let second = here.rotate(&admin(), id, grace()).await.unwrap();
    children.push(child(&here, &second).await);
    let third = here.rotate(&admin(), id, Rotate::default()).await.unwrap();
    for _ in 0..5 {
        here.disable(&admin(), id).await.unwrap();
        here.enable(&admin(), id).await.unwrap();
        children.push(child(&here, &third).await);
    }
    here.revoke(&admin(), revoked_later.record.id).await.unwrap();
    let lost = service(&here, "lost").await;
    children.push(child(&here, &lost).await);

    world.clock.pass(10);
    put_back(&world, &backup).await;
    here.restored().await.unwrap();
    there.sync().await.unwrap();
    let late = node().await;
    for node in [&here, &there, &late] {
        for child in &children {
            assert_eq!(node.authenticate(child).unwrap_err().rejection(), Some(Rejection::CutOff));
        }
        for token in [&plain, &changed, &revoked_later] {
            assert!(node.authenticate(&child(node, token).await).is_ok(), "what the backup holds works");
        }
        assert_eq!(refused(node, &second).await, Rejection::Superseded);
        assert_eq!(refused(node, &third).await, Rejection::Superseded);
        assert_eq!(refused(node, &lost).await, Rejection::Revoked);
    }
    // Neither now nor after any further change.
    let next = here.rotate(&admin(), id, grace()).await.unwrap();
    let last = here.rotate(&admin(), id, Rotate::default()).await.unwrap();
    assert!(last.record.credential.generation > next.record.credential.generation);
    for token in [&changed, &second, &third, &next] {
        assert_eq!(refused(&here, token).await, Rejection::Superseded);
        let pair = token.secret.as_ref().unwrap();
        let answer = here.exchange_secret(&pair.key, pair.secret.expose(), &Exchange::default()).await;
        assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Superseded))), "{answer:?}");
    }
    assert!(here.authenticate(&child(&here, &last).await).is_ok());
    for child in &children {
        assert_eq!(here.authenticate(child).unwrap_err().rejection(), Some(Rejection::CutOff));
    }
    let tombstone = world.store.memory().find(deleted).await.unwrap().unwrap();
    assert_eq!(tombstone.standing, Standing::Deleted);
    assert!(tombstone.epoch > 1_000_000, "also of what is dead");
}

#[tokio::test]
async fn a_node_that_runs_meanwhile_begins_anew() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let named = |user: &str| NamedAudience::new("a").with_subject(user);
    here.put_audience(&admin(), named("alice"), None).await.unwrap();
    let backup = back_up(&world, &[]).await;
    for _ in 0..5 {
        here.put_audience(&admin(), named("bob"), None).await.unwrap();
    }
    here.put_audience(&admin(), NamedAudience::new("lost").with_subject("bob"), None).await.unwrap();
    there.sync().await.unwrap();
    put_back(&world, &backup).await;
    here.restored().await.unwrap();
    there.sync().await.unwrap();
    for user in ["alice", "bob"] {
        world.people.set(user, jeton::Account::active());
    }
    let bob = generate(&here, Generate::new("bob").with_subject("bob")).await;
    let alice = generate(&here, Generate::new("alice").with_subject("alice")).await;
    for node in [&here, &there] {
        let admits = async |token: &Generated, name: &str| {
            let principal = node.authenticate(&child(node, token).await).unwrap();
            audience(name).check(&principal, &node.facts(None)).is_ok()
        };
        assert!(
            admits(&alice, "a").await && !admits(&bob, "a").await,
            "who was in it by the backup is in it"
        );
        assert!(!admits(&bob, "lost").await);
    }
    // A new version counts though a higher one was known.
    here.put_audience(&admin(), named("bob"), None).await.unwrap();
    there.sync().await.unwrap();
    for node in [&here, &there] {
        let principal = node.authenticate(&child(node, &bob).await).unwrap();
        assert!(audience("a").check(&principal, &node.facts(None)).is_ok());
    }
    // And so does every later change.
    let old = child(&there, &token).await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    there.sync().await.unwrap();
    assert_eq!(there.authenticate(&old).unwrap_err().rejection(), Some(Rejection::CutOff));
}

#[tokio::test]
async fn what_is_refused_stays_refused_until_it_has_ended() {
    let world = World::new();
    let here = world.node().await;
    let token = service(&here, "CI").await;
    let backup = back_up(&world, &[]).await;
    // Of this node the backup knows nothing: its access tokens live an hour.
    let slow = world.start(world.builder().access_ttl(seconds(3600))).await;
    let old = child(&slow, &token).await;
    put_back(&world, &backup).await;
    here.restored().await.unwrap();
    slow.sync().await.unwrap();
    let new = child(&slow, &token).await;
    let late = world.node().await;
    let end = 3600 + LEEWAY + SKEW;
    let mut passed = 0;
    while passed < end {
        for node in [&here, &slow, &late] {
            assert!(node.authenticate(&old).is_err(), "after {passed}");
            node.sync().await.unwrap();
        }
        world.clock.pass(TTL);
        passed += TTL;
    }
    assert!(here.authenticate(&new).is_err(), "it has ended");
    // A change after it is kept for as long as that node's access tokens live, too.
    let new = child(&slow, &token).await;
    here.disable(&admin(), token.record.id).await.unwrap();
    late.sync().await.unwrap();
    world.clock.pass(3599);
    for node in [&here, &late] {
        node.sync().await.unwrap();
        assert_eq!(node.authenticate(&new).unwrap_err().rejection(), Some(Rejection::CutOff));
    }
    // In the end nothing of it is left.
    world.clock.pass(2 * 86_400);
    for node in [&here, &slow, &late] {
        node.sync().await.unwrap();
        assert_eq!(node.cut_off_count(), 0);
    }
}

#[tokio::test]
async fn doing_it_again_and_an_outage_in_between_come_to_the_same() {
    let (world, authority) = crate::common::world().await;
    let token = service(&authority, "CI").await;
    let id = token.record.id;
    for call in [Call::LongestAccessTtl, Call::Restore] {
        world.store.fail(call, true);
        assert!(authority.restored().await.is_err());
        world.store.fail(call, false);
    }
    assert_eq!(authority.find(&admin(), id).await.unwrap().epoch, 0);
    world.store.fail(Call::Changes, true);
    let old = child(&authority, &token).await;
    assert!(authority.restored().await.is_err(), "it was done, and this node has not heard of it");
    world.store.fail(Call::Changes, false);
    authority.restored().await.unwrap();
    assert_eq!(authority.authenticate(&old).unwrap_err().rejection(), Some(Rejection::CutOff));
    let first = authority.find(&admin(), id).await.unwrap();
    assert!(authority.authenticate(&child(&authority, &token).await).is_ok());
    world.clock.pass(1);
    for _ in 0..20 {
        let edit = Edit { description: Some("x".into()), ..Edit::default() };
        authority.update(&admin(), id, edit, None).await.unwrap();
        authority.disable(&admin(), id).await.unwrap();
        authority.enable(&admin(), id).await.unwrap();
    }
    let young = child(&authority, &token).await;
    authority.restored().await.unwrap();
    let second = authority.find(&admin(), id).await.unwrap();
    assert!(second.epoch > first.epoch && second.last_generation > first.last_generation);
    assert_eq!(authority.authenticate(&young).unwrap_err().rejection(), Some(Rejection::CutOff));
    let filter = AuditFilter { action: Some(Action::Restore), ..AuditFilter::default() };
    assert_eq!(authority.audit(&admin(), filter, None, 10).await.unwrap().rows.len(), 3);
}

#[tokio::test]
async fn what_is_made_after_it_is_not_taken_for_what_was_before() {
    for restorer in 0..2 {
        let world = World::new();
        let here = world.node().await;
        let ahead_clock = std::sync::Arc::new(world.clock.fork());
        ahead_clock.set_wall_by(i64::try_from(SKEW).unwrap());
        let ahead = world.start(world.builder().clock(ahead_clock.clone())).await;
        let nodes = [&here, &ahead];
        let backup = back_up(&world, &[]).await;
        let lost = service(&ahead, "lost").await;
        let dead = child(&ahead, &lost).await;
        put_back(&world, &backup).await;
        nodes[restorer].restored().await.unwrap();
        for node in nodes {
            node.sync().await.unwrap();
        }
        for (round, pause) in [1, SKEW - 1, SKEW, SKEW, 1].into_iter().enumerate() {
            for (number, maker) in nodes.into_iter().enumerate() {
                let token = service(maker, &format!("{round} {number}")).await;
                let access_token = child(maker, &token).await;
                for node in nodes {
                    assert!(node.authenticate(&access_token).is_ok(), "{restorer} {round} {number}");
                }
            }
            for node in nodes {
                assert!(node.authenticate(&dead).is_err(), "{restorer} {round}");
            }
            for clock in [&world.clock, &ahead_clock] {
                clock.pass(pause);
            }
        }
        // One that has forgotten it already, and one that has just read of it.
        world.clock.pass(86_000);
        let late = world.node().await;
        world.clock.pass(LEEWAY + SKEW + 400);
        here.sync().await.unwrap();
        let token = service(&here, "at last").await;
        assert_eq!(token.record.epoch, 0);
        assert!(late.authenticate(&child(&late, &token).await).is_ok());
    }
}
