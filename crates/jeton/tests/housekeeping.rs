//! What is done from time to time, by every node and as often as one likes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{Call, World, admin, child, generate, seconds, service, store::Side::After};
use jeton::{
    Action, AuditFilter, AuditLog as _, AuditQuery, Authority, BuildError, Edit, Exchange, ExchangeError,
    Expiry, Generate, OriginRef, RecordId, Rejection, Standing, Store as _,
};

const DAY: u64 = 86_400;

async fn tidy(world: &World) -> Authority {
    world.start_house(world.builder().disable_unused_after(seconds(30 * DAY))).await
}

async fn forever(authority: &Authority, name: &str) -> RecordId {
    generate(authority, Generate::new(name).with_expiry(Expiry::Never)).await.record.id
}

async fn standing(authority: &Authority, id: RecordId) -> Standing {
    authority.find(&admin(), id).await.unwrap().standing
}

#[tokio::test]
async fn a_token_that_nobody_uses_is_disabled_at_its_second() {
    let world = World::new();
    let authority = tidy(&world).await;
    let never_used = forever(&authority, "never used").await;
    world.clock.pass(30 * DAY);
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, never_used).await, Standing::Active, "for so long, and not longer");
    world.clock.pass(1);
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, never_used).await, Standing::Disabled);
    let filter = AuditFilter { action: Some(Action::Disable), ..AuditFilter::default() };
    let entries = authority.audit(&admin(), filter, None, 10).await.unwrap().rows;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].entry.actor, "housekeeping");
    assert_eq!(entries[0].entry.reason.as_deref(), Some("unused for 30 days"));
    // Who enables it has so long again.
    authority.enable(&admin(), never_used).await.unwrap();
    world.clock.pass(30 * DAY);
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, never_used).await, Standing::Active);
    world.clock.pass(1);
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, never_used).await, Standing::Disabled);
}

#[tokio::test]
async fn use_and_change_show_that_somebody_wants_it() {
    let world = World::new();
    let authority = tidy(&world).await;
    let by = async |name: &str| generate(&authority, Generate::new(name).with_expiry(Expiry::Never)).await;
    let [exchanged, through, direct, edited, rotated, disabled, late, unused] = [
        by("exchanged").await,
        by("by its child").await,
        by("directly").await,
        by("edited").await,
        by("rotated").await,
        by("disabled").await,
        generate(
            &authority,
            Generate {
                not_before: Some(world.clock.at(i64::try_from(40 * DAY).unwrap())),
                ..Generate::new("late").with_expiry(Expiry::Never)
            },
        )
        .await,
        by("unused").await,
    ];
    authority.disable(&admin(), disabled.record.id).await.unwrap();
    let version = authority.find(&admin(), disabled.record.id).await.unwrap().version;
    world.clock.pass(20 * DAY);
    let access_token = child(&authority, &through).await;
    world.clock.pass(299);
    drop(child(&authority, &exchanged).await);
    authority.authenticate_from(&access_token, OriginRef::default()).unwrap();
    authority.authenticate_api_token(direct.api_token.expose(), OriginRef::default()).await.unwrap();
    let edit = Edit { description: Some("x".into()), ..Edit::default() };
    authority.update(&admin(), edited.record.id, edit, None).await.unwrap();
    authority.rotate(&admin(), rotated.record.id, jeton::Rotate::default()).await.unwrap();
    authority.flush().await.unwrap();
    world.clock.pass(30 * DAY);
    authority.keep_house().await.unwrap();
    for kept in [&exchanged, &through, &direct, &edited, &rotated, &late] {
        assert_eq!(standing(&authority, kept.record.id).await, Standing::Active, "{}", kept.record.name);
    }
    assert_eq!(standing(&authority, unused.record.id).await, Standing::Disabled);
    assert_eq!(authority.find(&admin(), disabled.record.id).await.unwrap().version, version);
    world.clock.pass(1);
    authority.keep_house().await.unwrap();
    for gone in [&exchanged, &through, &direct, &edited, &rotated] {
        assert_eq!(standing(&authority, gone.record.id).await, Standing::Disabled, "{}", gone.record.name);
    }
    assert_eq!(standing(&authority, late.record.id).await, Standing::Active, "it began ten days ago");
    world.clock.pass(20 * DAY);
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, late.record.id).await, Standing::Disabled);
}

#[tokio::test]
async fn a_use_that_is_not_written_down_yet_counts() {
    let world = World::new();
    let authority = tidy(&world).await;
    let token = generate(&authority, Generate::new("CI").with_expiry(Expiry::Never)).await;
    drop(child(&authority, &token).await);
    authority.flush().await.unwrap();
    world.clock.pass(31 * DAY);
    drop(child(&authority, &token).await);
    world.store.fail(Call::Touch, true);
    assert!(authority.keep_house().await.is_err(), "who cannot write it down ends nothing");
    assert_eq!(standing(&authority, token.record.id).await, Standing::Active);
    world.store.fail(Call::Touch, false);
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, token.record.id).await, Standing::Active);
}

#[tokio::test]
async fn of_two_nodes_that_look_at_once_one_disables() {
    let world = World::new();
    let (here, there) = (tidy(&world).await, tidy(&world).await);
    let mut ids = Vec::new();
    for number in 0..250 {
        ids.push(forever(&here, &number.to_string()).await);
    }
    let enabled = ids[0];
    world.clock.pass(31 * DAY);
    let mut held = world.store.hold(Call::List, After);
    let node = here.clone();
    let first = tokio::spawn(async move { node.keep_house().await });
    held.arrived().await;
    there.keep_house().await.unwrap();
    // What was wanted again since the list was made is left alone.
    there.enable(&admin(), enabled).await.unwrap();
    held.release();
    first.await.unwrap().unwrap();
    assert_eq!(standing(&here, enabled).await, Standing::Active);
    for id in &ids[1..] {
        assert_eq!(standing(&here, *id).await, Standing::Disabled);
    }
    let query = AuditQuery {
        filter: AuditFilter { action: Some(Action::Disable), ..AuditFilter::default() },
        before: None,
        limit: 1000,
    };
    assert_eq!(world.store.memory().audit(&query).await.unwrap().rows.len(), 250);
}

#[tokio::test]
async fn unless_told_nothing_is_disabled_and_a_day_is_the_least() {
    let world = World::new();
    let authority = world.start_house(world.builder()).await;
    let id = forever(&authority, "CI").await;
    world.clock.pass(10_000 * DAY);
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, id).await, Standing::Active);
    let short = world.builder().disable_unused_after(seconds(DAY - 1)).build().await;
    assert!(matches!(short, Err(BuildError::Setting(_))));
}

#[tokio::test]
async fn a_tombstone_goes_when_nothing_of_it_can_live() {
    for (asked, kept) in [(0, 2), (5, 5)] {
        let world = World::new();
        let authority = world.start_house(world.builder().keep_tombstones(seconds(asked * DAY))).await;
        let token = service(&authority, "CI").await;
        let id = token.record.id;
        let old = child(&authority, &token).await;
        let revoked = service(&authority, "revoked").await.record.id;
        authority.revoke(&admin(), revoked).await.unwrap();
        authority.delete(&admin(), id).await.unwrap();
        let there = async || world.store.memory().find(id).await.unwrap().is_some();
        world.clock.pass(kept * DAY);
        authority.keep_house().await.unwrap();
        assert!(there().await, "{asked}");
        world.clock.pass(1);
        authority.keep_house().await.unwrap();
        assert!(!there().await, "{asked}");
        assert!(authority.find(&admin(), revoked).await.is_ok(), "revoked is not deleted");
        let answer = authority.exchange(token.api_token.expose(), &Exchange::default()).await;
        assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Revoked))), "{answer:?}");
        assert!(authority.authenticate(&old).is_err());
    }
}

#[tokio::test]
async fn audit_entries_are_kept_so_long() {
    let world = World::new();
    let authority = world.start_house(world.builder().keep_audit(seconds(10 * DAY))).await;
    service(&authority, "one").await;
    world.clock.pass(1);
    service(&authority, "two").await;
    let count =
        async || authority.audit(&admin(), AuditFilter::default(), None, 10).await.unwrap().rows.len();
    world.clock.pass(10 * DAY - 1);
    authority.keep_house().await.unwrap();
    assert_eq!(count().await, 2);
    world.clock.pass(1);
    authority.keep_house().await.unwrap();
    assert_eq!(count().await, 1);
    world.clock.pass(1);
    authority.keep_house().await.unwrap();
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn a_store_that_is_down_is_told_and_tried_again() {
    let world = World::new();
    let authority = tidy(&world).await;
    let id = forever(&authority, "CI").await;
    world.clock.pass(31 * DAY);
    for call in [Call::List, Call::Update, Call::PruneTombstones, Call::PruneAudit, Call::PruneNames] {
        world.store.fail(call, true);
        assert!(authority.keep_house().await.is_err(), "{call:?}");
        world.store.fail(call, false);
    }
    authority.keep_house().await.unwrap();
    assert_eq!(standing(&authority, id).await, Standing::Disabled);
}
