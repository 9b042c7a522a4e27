//! The audit log: every change once and with it, every exchange, and refusals without a flood.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Waker},
};

use crate::common::{
    Call, World, admin, child, generate, principal, seconds, service,
    store::Side::{After, Before},
    world,
};
use jeton::{
    Account, Action, AuditEntry, AuditFilter, AuditLog as _, AuditQuery, Authority, Caller, Edit, Exchange,
    Generate, ManageError, NamedAudience, Origin, OriginRef, Reveal, Rotate, Signatures,
};

/// All entries that the store holds, the oldest first.
async fn written(world: &World) -> Vec<AuditEntry> {
    let query = AuditQuery { filter: AuditFilter::default(), before: None, limit: u32::MAX };
    let rows = world.store.memory().audit(&query).await.unwrap().rows;
    assert!(rows.is_sorted_by(|one, next| one.seq > next.seq));
    rows.into_iter().rev().map(|row| row.entry).collect()
}

async fn actions(world: &World) -> Vec<Action> {
    written(world).await.into_iter().map(|entry| entry.action).collect()
}

async fn exchange_from(authority: &Authority, token: &str, address: &str) {
    let origin = Origin::new(address.parse().ok(), Some("app"));
    let _ = authority.exchange(token, &Exchange { origin, ..Exchange::default() }).await;
}

fn long() -> Rotate {
    Rotate { grace: seconds(86_400), expiry: None }
}

#[tokio::test]
async fn every_change_has_one_entry() {
    let world = World::new();
    let authority = world.start(world.with_secrets(Signatures::Refused).reveal(Reveal::Again)).await;
    world.people.set("alice", Account::active());
    let origin = Origin::new("192.0.2.7".parse().ok(), Some("console"));
    let caller = Caller::system("root").from_origin(origin.clone()).with_reason(Some("because".into()));
    let request = Generate::new("CI").with_subject("alice").with_tenant("t").with_key_and_secret();
    let token = authority.generate(&caller, request).await.unwrap();
    let id = token.record.id;
    let edit = Edit { description: Some("x".into()), ..Edit::default() };
    authority.update(&caller, id, edit.clone(), None).await.unwrap();
    authority.update(&caller, id, edit, None).await.unwrap();
    for _ in 0..2 {
        authority.disable(&caller, id).await.unwrap();
    }
    for _ in 0..2 {
        authority.enable(&caller, id).await.unwrap();
    }
    authority.rotate(&caller, id, long()).await.unwrap();
    authority.cancel_rotation(&caller, id).await.unwrap();
    authority.reveal(&caller, id).await.unwrap();
    let before = written(&world).await;
    assert!(before.iter().all(|entry| {
        let AuditEntry { actor, token_id, tenant, reason, .. } = entry;
        entry.origin == origin
            && entry.at == world.clock.at(0)
            && (actor.as_str(), *token_id) == ("root", Some(id))
            && (tenant.as_deref(), reason.as_deref()) == (Some("t"), Some("because"))
    }));
    authority.subject_changed("alice").await.unwrap();
    authority.suspend_subject("alice").await.unwrap();
    authority.enable(&caller, id).await.unwrap();
    let rotated = authority.rotate(&caller, id, long()).await.unwrap();
    drop(child(&authority, &rotated).await);
    let own = rotated.api_token.expose();
    authority.report_leak(own, &origin).await.unwrap();
    authority.revoke_token(&child(&authority, &rotated).await, &origin).await.unwrap();
    authority.flush().await.unwrap();
    for _ in 0..2 {
        authority.revoke(&caller, id).await.unwrap();
    }
    authority.delete(&caller, id).await.unwrap();
    assert!(authority.delete(&caller, id).await.is_err());
    authority.put_audience(&caller, NamedAudience::new("a"), None).await.unwrap();
    authority.restored().await.unwrap();
    let wanted = [
        Action::Generate,
        Action::Edit,
        Action::Disable,
        Action::Enable,
        Action::Rotate,
        Action::CancelRotation,
        Action::Reveal,
        Action::CutOff,
        Action::Disable,
        Action::Enable,
        Action::Rotate,
        Action::ConfirmRotation,
        Action::ReportLeak,
        Action::RevokeAccessToken,
        Action::Exchange,
        Action::Exchange,
        Action::Revoke,
        Action::Delete,
        Action::EditAudience,
        Action::Restore,
    ];
    assert_eq!(actions(&world).await, wanted);
    let actor = |place: usize| written_at(&world, place);
    assert_eq!(actor(7).await, "directory");
    assert_eq!(actor(11).await, id.to_string(), "the token itself");
    assert_eq!(actor(12).await, id.to_string());
    assert_eq!(actor(13).await, "alice");
    assert_eq!(actor(14).await, "alice");
    assert_eq!(actor(19).await, "restored");
}

async fn written_at(world: &World, place: usize) -> String {
    written(world).await[place].actor.clone()
}

#[tokio::test]
async fn what_was_not_done_has_none_and_what_was_done_has_one() {
    let (world, authority) = world().await;
    let id = service(&authority, "CI").await.record.id;
    let rotated = authority.rotate(&admin(), id, long()).await.unwrap();
    let before = written(&world).await.len();
    world.store.fail(Call::Update, true);
    world.store.fail(Call::Insert, true);
    let edit = Edit { description: Some("x".into()), ..Edit::default() };
    assert!(authority.generate(&admin(), Generate::new("new")).await.is_err());
    assert!(authority.update(&admin(), id, edit.clone(), None).await.is_err());
    assert!(authority.disable(&admin(), id).await.is_err());
    assert!(authority.rotate(&admin(), id, Rotate::default()).await.is_err());
    assert!(authority.cancel_rotation(&admin(), id).await.is_err());
    assert!(authority.exchange(rotated.api_token.expose(), &Exchange::default()).await.is_err());
    assert!(authority.revoke(&admin(), id).await.is_err());
    assert!(authority.delete(&admin(), id).await.is_err());
    world.store.fail(Call::Update, false);
    world.store.fail(Call::Insert, false);
    assert!(authority.generate(&admin(), Generate::new("CI")).await.is_err(), "the name is taken");
    assert!(authority.update(&admin(), id, edit.clone(), Some(7)).await.is_err(), "another version");
    authority.flush().await.unwrap();
    assert_eq!(written(&world).await.len(), before);

    // However often it is tried anew.
    world.store.overtake(5);
    authority.disable(&admin(), id).await.unwrap();
    let disabled = actions(&world).await.into_iter().filter(|action| *action == Action::Disable).count();
    // Each of those that came between has written the entry of its own in the same words.
    assert_eq!(disabled, 6);

    // And whether or not somebody waits for the answer.
    for side in [Before, After] {
        let before = written(&world).await.len();
        let (mut held, caller) = (world.store.hold(Call::Update, side), admin());
        {
            let mut change = pin!(authority.update(
                &caller,
                id,
                Edit { description: Some(format!("{side:?}")), ..edit.clone() },
                None
            ));
            assert!(change.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            held.arrived().await;
        }
        held.release();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(written(&world).await.len(), before + 1, "{side:?}");
    }
}

#[tokio::test]
async fn each_exchange_has_one_and_refusals_one_a_minute() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active());
    let token = generate(&authority, Generate::new("CI").with_subject("alice").with_tenant("t")).await;
    let id = token.record.id;
    let api_token = token.api_token.expose();
    for _ in 0..3 {
        exchange_from(&authority, api_token, "192.0.2.1").await;
    }
    authority.flush().await.unwrap();
    let entries = written(&world).await;
    assert_eq!(entries.len(), 4);
    for entry in &entries[1..] {
        assert_eq!(
            (entry.action, entry.actor.as_str(), entry.token_id),
            (Action::Exchange, "alice", Some(id))
        );
        assert_eq!((entry.tenant.as_deref(), &entry.reason), (Some("t"), &None));
        assert_eq!(entry.origin, Origin::new("192.0.2.1".parse().ok(), Some("app")));
    }
    authority.disable(&admin(), id).await.unwrap();
    let refused = async || {
        authority.flush().await.unwrap();
        let entries = written(&world).await.into_iter().filter(|entry| entry.action == Action::Refuse);
        entries.map(|entry| entry.reason.unwrap()).collect::<Vec<_>>()
    };
    for _ in 0..50 {
        exchange_from(&authority, api_token, "192.0.2.1").await;
    }
    assert_eq!(refused().await, ["disabled"]);
    // Another address, another reason, another token, another kind of request.
    exchange_from(&authority, api_token, "192.0.2.2").await;
    exchange_from(&authority, "x", "192.0.2.1").await;
    let other = service(&authority, "other").await;
    authority.disable(&admin(), other.record.id).await.unwrap();
    exchange_from(&authority, other.api_token.expose(), "192.0.2.1").await;
    let from = OriginRef { address: "192.0.2.1".parse().ok(), user_agent: None };
    assert!(authority.authenticate_from("x", from).is_err());
    assert_eq!(refused().await, ["disabled", "disabled", "invalid", "disabled"]);
    // The next minute by the clock, and not a minute later.
    let rest = 60 - world.clock.unix().rem_euclid(60);
    world.clock.pass(u64::try_from(rest).unwrap() - 1);
    exchange_from(&authority, api_token, "192.0.2.1").await;
    assert_eq!(refused().await.len(), 4);
    world.clock.pass(1);
    exchange_from(&authority, api_token, "192.0.2.1").await;
    assert_eq!(refused().await.len(), 5);
}

#[tokio::test]
async fn every_refused_call_has_one_by_its_actor() {
    let world = World::new();
    let authority = world.start(world.builder().reveal(Reveal::Again).personal_limit(1)).await;
    let id = service(&authority, "CI").await.record.id;
    let nobody = principal(&authority, Generate::new("nobody")).await;
    let name = nobody.token_id().to_string();
    let nobody = Caller::from(nobody);
    authority.flush().await.unwrap();
    let before = written(&world).await.len();
    let denied = |answer: Result<(), ManageError>| {
        assert!(matches!(answer, Err(ManageError::Denied(_))), "{answer:?}")
    };
    // In minutes of their own, so that none stands for another.
    let next = || world.clock.pass(60);
    denied(authority.generate(&nobody, Generate::new("x")).await.map(drop));
    next();
    denied(authority.find(&nobody, id).await.map(drop));
    next();
    denied(authority.list(&nobody, Default::default(), Default::default(), None, 1).await.map(drop));
    next();
    denied(authority.update(&nobody, id, Edit::default(), None).await.map(drop));
    next();
    denied(authority.disable(&nobody, id).await.map(drop));
    next();
    denied(authority.enable(&nobody, id).await.map(drop));
    next();
    denied(authority.rotate(&nobody, id, long()).await.map(drop));
    next();
    denied(authority.cancel_rotation(&nobody, id).await.map(drop));
    next();
    denied(authority.reveal(&nobody, id).await.map(drop));
    next();
    denied(authority.revoke(&nobody, id).await.map(drop));
    next();
    denied(authority.delete(&nobody, id).await);
    next();
    denied(authority.audit(&nobody, AuditFilter::default(), None, 1).await.map(drop));
    next();
    denied(authority.audiences(&nobody).await.map(drop));
    next();
    denied(authority.put_audience(&nobody, NamedAudience::new("a"), None).await.map(drop));
    authority.flush().await.unwrap();
    let entries = written(&world).await.split_off(before);
    assert_eq!(entries.len(), 14);
    for entry in &entries {
        assert_eq!((entry.action, &entry.actor), (Action::Refuse, &name));
        assert!(entry.reason.is_some(), "{entry:?}");
    }
    let about: Vec<bool> = entries.iter().map(|entry| entry.token_id == Some(id)).collect();
    assert_eq!(about.iter().filter(|about| **about).count(), 9, "those about one token name it");

    // Of two who are refused from one place each has its own.
    let other = Caller::from(principal(&authority, Generate::new("other")).await);
    for caller in [&nobody, &other, &nobody] {
        denied(authority.revoke(caller, id).await.map(drop));
    }
    authority.flush().await.unwrap();
    let refused = written(&world).await.into_iter().filter(|entry| entry.action == Action::Refuse).count();
    assert_eq!(refused, 16);

    // A user who replaces the own token with one that it may not have.
    world.people.set("alice", Account::active().with_role("reader"));
    let alice = authority.caller_of_session("alice", None).await.unwrap().personal().unwrap();
    authority.generate(&alice, Generate::new("mine")).await.unwrap();
    denied(authority.generate(&alice, Generate::new("mine").with_role("writer")).await.map(drop));
    authority.flush().await.unwrap();
    let refused = written(&world).await.into_iter().filter(|entry| entry.action == Action::Refuse).count();
    assert_eq!(refused, 17);
}

#[tokio::test]
async fn an_outage_loses_nothing_that_fits() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let users: Vec<String> = (0..30).map(|number| format!("198.51.100.{number}")).collect();
    world.store.fail(Call::Append, true);
    for user in &users[..20] {
        exchange_from(&authority, token.api_token.expose(), user).await;
        assert!(authority.flush().await.is_err());
    }
    assert!(authority.audit(&admin(), AuditFilter::default(), None, 1).await.is_err(), "nobody could tell");
    world.store.fail(Call::Append, false);
    for user in &users[20..] {
        exchange_from(&authority, token.api_token.expose(), user).await;
    }
    authority.flush().await.unwrap();
    let from: Vec<String> =
        written(&world).await[1..].iter().map(|entry| entry.origin.address.unwrap().to_string()).collect();
    assert_eq!(from, users, "each once and in the order in which they came");
    let appends = world.store.count(Call::Append);
    authority.flush().await.unwrap();
    assert_eq!(world.store.count(Call::Append), appends, "nothing is left");
}

#[tokio::test]
async fn what_waits_is_bounded() {
    let (world, authority) = world().await;
    for number in 0..10_050_u32 {
        let address = std::net::Ipv4Addr::from(number).into();
        let from = OriginRef { address: Some(address), user_agent: None };
        assert!(authority.authenticate_from("x", from).is_err());
    }
    world.store.fail(Call::Append, true);
    assert!(authority.flush().await.is_err());
    world.store.fail(Call::Append, false);
    authority.flush().await.unwrap();
    assert_eq!(written(&world).await.len(), 10_000);
    let token = service(&authority, "CI").await;
    exchange_from(&authority, token.api_token.expose(), "192.0.2.1").await;
    authority.flush().await.unwrap();
    assert_eq!(actions(&world).await[10_000..], [Action::Generate, Action::Exchange]);
}

#[tokio::test]
async fn who_flushes_waits_for_what_is_under_way_and_who_goes_away_loses_nothing() {
    for side in [Before, After] {
        let (world, authority) = world().await;
        let token = service(&authority, "CI").await;
        exchange_from(&authority, token.api_token.expose(), "192.0.2.1").await;
        let (mut held, caller) = (world.store.hold(Call::Append, side), admin());
        {
            // As a request for the log does whose client hangs up.
            let mut asking = pin!(authority.audit(&caller, AuditFilter::default(), None, 1));
            assert!(asking.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            held.arrived().await;
        }
        let mut flush = pin!(authority.flush());
        for _ in 0..10 {
            assert!(flush.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "{side:?}");
            tokio::task::yield_now().await;
        }
        held.release();
        flush.await.unwrap();
        assert_eq!(actions(&world).await, [Action::Generate, Action::Exchange], "{side:?}");
    }
}

#[tokio::test]
async fn what_is_not_written_is_not_shown() {
    let world = World::new();
    let authority = world.start(world.builder().reveal(Reveal::Again)).await;
    let id = service(&authority, "CI").await.record.id;
    world.store.fail(Call::Append, true);
    assert!(matches!(authority.reveal(&admin(), id).await, Err(ManageError::Unavailable(_))));
    assert_eq!(actions(&world).await, [Action::Generate]);
    world.store.fail(Call::Append, false);
    authority.reveal(&admin(), id).await.unwrap();
    assert_eq!(actions(&world).await, [Action::Generate, Action::Reveal]);
}

#[tokio::test]
async fn a_tenant_sees_its_own_and_who_may_audit_sees_it() {
    let (world, authority) = world().await;
    let tenants = [None, Some("a"), Some("b")];
    for tenant in tenants {
        let request = Generate { tenant: tenant.map(str::to_owned), ..Generate::new("CI") };
        let token = generate(&authority, request).await;
        drop(child(&authority, &token).await);
    }
    let auditor = async |tenant: Option<&str>| {
        let name = format!("auditor {tenant:?}");
        let tenant = tenant.map(str::to_owned);
        let request = Generate { tenant, ..Generate::new(name).with_scope("tokens:audit") };
        Caller::from(principal(&authority, request).await)
    };
    let of = async |caller: &Caller, filter| {
        let rows = authority.audit(caller, filter, None, 200).await.unwrap().rows;
        rows.into_iter().map(|row| row.entry.tenant).collect::<std::collections::BTreeSet<_>>()
    };
    let all = AuditFilter::default();
    let a = auditor(Some("a")).await;
    let only_a = std::collections::BTreeSet::from([Some("a".to_owned())]);
    assert_eq!(of(&a, all.clone()).await, only_a);
    let foreign = AuditFilter { tenant: Some("b".into()), ..all.clone() };
    assert_eq!(of(&a, foreign.clone()).await, only_a, "whatever it asks for");
    let none = auditor(None).await;
    assert_eq!(of(&none, all.clone()).await.len(), 3);
    assert_eq!(of(&none, foreign).await, [Some("b".to_owned())].into());
    world.people.set("alice", Account::active().with_scope("tokens:audit"));
    let alice = authority.caller_of_session("alice", None).await.unwrap();
    assert!(authority.audit(&alice, all.clone(), None, 1).await.is_ok());
    let personal = alice.personal().unwrap();
    assert!(matches!(authority.audit(&personal, all, None, 1).await, Err(ManageError::Denied(_))));
}

#[tokio::test]
async fn a_tenant_sees_the_refusals_of_its_own_tokens() {
    let (_world, authority) = world().await;
    let request = |tenant: &str| Generate { tenant: Some(tenant.to_owned()), ..Generate::new("CI") };
    let auditor = request("a").with_scope("tokens:audit");
    let auditor = Generate { name: "auditor".to_owned(), ..auditor };
    let auditor = Caller::from(principal(&authority, auditor).await);
    for tenant in ["a", "b"] {
        let token = generate(&authority, request(tenant)).await;
        let access_token = child(&authority, &token).await;
        authority.revoke(&admin(), token.record.id).await.unwrap();
        authority.exchange(token.api_token.expose(), &jeton::Exchange::default()).await.unwrap_err();
        authority.authenticate_from(&access_token, jeton::OriginRef::default()).unwrap_err();
    }
    let refusals = AuditFilter { action: Some(Action::Refuse), ..AuditFilter::default() };
    let rows = authority.audit(&auditor, refusals, None, 200).await.unwrap().rows;
    let mut reasons: Vec<_> = rows.iter().map(|row| row.entry.reason.clone().unwrap()).collect();
    reasons.sort();
    assert_eq!(reasons, ["cut_off", "revoked"], "those of the other tenant are not there");
}

#[tokio::test]
async fn pages_go_back_in_time_without_a_gap() {
    let (world, authority) = world().await;
    for number in 0..25 {
        service(&authority, &number.to_string()).await;
        world.clock.pass(1);
    }
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = authority.audit(&admin(), AuditFilter::default(), before, 10).await.unwrap();
        seen.extend(page.rows.into_iter().map(|row| row.entry.at));
        // What comes meanwhile is newer.
        authority.report_leak("x", &Origin::default()).await.unwrap();
        service(&authority, &format!("new {}", seen.len())).await;
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|one, next| one > next));
    let filter =
        AuditFilter { since: Some(seen[3]), action: Some(Action::Generate), ..AuditFilter::default() };
    let late = authority.audit(&admin(), filter, None, 200).await.unwrap();
    assert_eq!(
        late.rows.iter().filter(|row| row.entry.at < world.clock.at(0)).count(),
        4,
        "that second is inside"
    );
    for limit in [0, 1] {
        let page = authority.audit(&admin(), AuditFilter::default(), None, limit).await.unwrap();
        assert_eq!(page.rows.len(), 1);
    }
}
