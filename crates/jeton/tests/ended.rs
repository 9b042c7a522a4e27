//! A principal learns that its token has ended, for connections that stay open.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use crate::common::{LEEWAY, TTL, World, admin, child, generate, seconds, service, world};
use jeton::{Account, Authority, Edit, Expiry, Generate, Generated, Origin, OriginRef, Principal, Rotate};
use tokio::time::{Instant, timeout};

/// How long it may take to be noticed what no change tells of: the look at the clock.
const LOOK: Duration = Duration::from_secs(1);

async fn of(authority: &Authority, token: &Generated) -> (Principal, String) {
    let child = child(authority, token).await;
    (authority.authenticate(&child).unwrap(), child)
}

/// Nothing ends it, however long one waits.
async fn lives(principal: &Principal) {
    assert!(timeout(seconds(3600), principal.ended()).await.is_err(), "it has ended");
}

/// It is told within that time, which is that of tokio and stands still while there is something to do.
async fn ends_within(principal: &Principal, span: Duration) {
    let begun = Instant::now();
    assert!(timeout(seconds(3600), principal.ended()).await.is_ok(), "it does not end");
    assert!(begun.elapsed() <= span, "it took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn whatever_kills_the_token_is_told_at_once() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active().with_role("writer"));
    for kill in ["revoke", "disable", "delete", "narrow", "rotate", "subject_changed", "alone"] {
        let request = Generate::new(kill).with_subject("alice").with_role("writer").with_scope("x");
        let token = generate(&authority, request).await;
        let (principal, child) = of(&authority, &token).await;
        let (other, _) = of(&authority, &service(&authority, &format!("not {kill}")).await).await;
        lives(&principal).await;
        let waiting = tokio::spawn({
            let principal = principal.clone();
            async move { ends_within(&principal, Duration::ZERO).await }
        });
        tokio::task::yield_now().await;
        let id = token.record.id;
        match kill {
            "revoke" => drop(authority.revoke(&admin(), id).await.unwrap()),
            "disable" => drop(authority.disable(&admin(), id).await.unwrap()),
            "delete" => authority.delete(&admin(), id).await.unwrap(),
            "narrow" => {
                let edit = Edit { roles: Some(Default::default()), ..Edit::default() };
                authority.update(&admin(), id, edit, None).await.unwrap();
            }
            "rotate" => drop(authority.rotate(&admin(), id, Rotate::default()).await.unwrap()),
            "subject_changed" => drop(authority.subject_changed("alice").await.unwrap()),
            _ => authority.revoke_token(&child, &Origin::default()).await.unwrap(),
        }
        waiting.await.unwrap();
        ends_within(&principal, Duration::ZERO).await;
        assert!(authority.authenticate(&child).is_err(), "{kill}");
        lives(&other).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_nothing_away_ends_nothing() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let (principal, _) = of(&authority, &token).await;
    let edit = Edit { name: Some("nightly".into()), ..Edit::default() };
    authority.update(&admin(), token.record.id, edit, None).await.unwrap();
    let grace = Rotate { grace: seconds(86_400), expiry: None };
    authority.rotate(&admin(), token.record.id, grace).await.unwrap();
    authority.sync().await.unwrap();
    lives(&principal).await;
}

#[tokio::test(start_paused = true)]
async fn its_time_is_over_when_it_is_refused_and_not_before() {
    let (world, authority) = world().await;
    let (principal, child) = of(&authority, &service(&authority, "CI").await).await;
    world.clock.pass(TTL + LEEWAY - 1);
    assert!(authority.authenticate(&child).is_ok());
    lives(&principal).await;
    let waiting = tokio::spawn({
        let principal = principal.clone();
        async move { ends_within(&principal, LOOK).await }
    });
    tokio::task::yield_now().await;
    world.clock.pass(1);
    waiting.await.unwrap();
    assert!(authority.authenticate(&child).is_err());
}

#[tokio::test(start_paused = true)]
async fn what_ended_elsewhere_is_told_once_the_log_is_read() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let token = service(&here, "CI").await;
    let (principal, _) = of(&here, &token).await;
    there.revoke(&admin(), token.record.id).await.unwrap();
    lives(&principal).await;
    let waiting = tokio::spawn(async move { ends_within(&principal, Duration::ZERO).await });
    tokio::task::yield_now().await;
    here.sync().await.unwrap();
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn with_the_authority_all_ends() {
    let (_world, authority) = world().await;
    let (principal, _) = of(&authority, &service(&authority, "CI").await).await;
    let waiting = tokio::spawn({
        let principal = principal.clone();
        async move { ends_within(&principal, LOOK).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(authority);
    waiting.await.unwrap();
    ends_within(&principal, Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn an_api_token_counts_for_as_long_as_an_access_token_would() {
    let (world, authority) = world().await;
    let at = async |token: &Generated| {
        let origin = OriginRef::default();
        authority.authenticate_api_token(token.api_token.expose(), origin).await.unwrap()
    };
    let token = generate(&authority, Generate::new("for long")).await;
    let short = Generate::new("short").with_expiry(Expiry::At(world.clock.at(100)));
    let short = generate(&authority, short).await;
    let (long, short, revoked) = (at(&token).await, at(&short).await, at(&token).await);

    world.clock.pass(99);
    lives(&short).await;
    world.clock.pass(1);
    ends_within(&short, LOOK).await;
    world.clock.pass(TTL - 101);
    lives(&long).await;
    world.clock.pass(1);
    ends_within(&long, LOOK).await;
    // Whoever holds the token comes again.
    let again = at(&token).await;
    lives(&again).await;
    ends_within(&revoked, LOOK).await;
    authority.revoke(&admin(), token.record.id).await.unwrap();
    ends_within(&again, Duration::ZERO).await;
}
