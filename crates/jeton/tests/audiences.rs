//! Named audiences: in force before the answer here, with the feed elsewhere, and never more than they say.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    future::Future as _,
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use crate::common::{
    Call, World, admin, child, names, principal, service,
    store::Side::{After, Before},
    world,
};
use jeton::{
    Account, Action, AuditEntry, Authority, Caller, Change, Clock as _, Generate, MAX_MEMBERS, ManageError,
    NamedAudience, Names, Origin, Principal, Rejection, Store as _,
    policy::{Denial, audience},
    rights::scopes,
};

const NAME: &str = "reports.export";

fn of(subjects: &[&str], groups: &[&str], roles: &[&str]) -> NamedAudience {
    let (subjects, groups, roles) = (names(subjects), names(groups), names(roles));
    NamedAudience { subjects, groups, roles, ..NamedAudience::new(NAME) }
}

fn admits(authority: &Authority, principal: &Principal) -> bool {
    match audience(NAME).check(principal, &authority.facts(None)) {
        Ok(()) => true,
        Err(denial) => {
            assert_eq!(denial, Denial::Audience);
            false
        }
    }
}

async fn put(authority: &Authority, audience: NamedAudience) -> NamedAudience {
    authority.put_audience(&admin(), audience, None).await.unwrap()
}

async fn user(world: &World, authority: &Authority, name: &str) -> Principal {
    world.people.set(name, Account::active());
    principal(authority, Generate::new(name).with_subject(name)).await
}

/// Rows as the feed may deliver them: again, or of what is not there.
async fn log(world: &World, rows: &[&str]) {
    for name in rows {
        let change = Change::Audience { name: (*name).to_owned() };
        let audit = AuditEntry {
            at: world.clock.now(),
            action: Action::EditAudience,
            actor: "test".into(),
            token_id: None,
            tenant: None,
            origin: Origin::default(),
            reason: None,
        };
        world.store.memory().announce(&change, &audit).await.unwrap();
    }
}

#[tokio::test]
async fn it_admits_whom_it_names_and_nobody_else() {
    let (world, authority) = world().await;
    let alice = user(&world, &authority, "alice").await;
    let group = |groups: &[&str]| Generate { groups: names(groups), ..Generate::new(groups.concat()) };
    let staff = principal(&authority, group(&["staff", "x"])).await;
    let reader = principal(&authority, Generate::new("reader").with_role("reader")).await;
    // Named as others are in another place: by subject, group, role, scope, tenant, token name and token id.
    let impostors = [
        Generate { groups: names(&["alice", "reader"]), ..Generate::new("alice").with_tenant("staff") },
        Generate { roles: names(&["alice", "staff"]), ..Generate::new("staff") },
        Generate { scopes: names(&["alice", "staff", "reader"]), ..Generate::new("scopes") },
        Generate::new("of tenant").with_tenant("alice"),
    ];
    let mut others = Vec::new();
    for impostor in impostors {
        others.push(principal(&authority, impostor).await);
    }
    let id = others[0].token_id().to_string();
    for (audience, expected) in [
        (of(&[], &[], &[]), [false; 3]),
        (of(&["alice"], &[], &[]), [true, false, false]),
        (of(&["Alice", "ali", "alice2"], &["x y", "Staff"], &["readers"]), [false; 3]),
        (of(&[], &["staff"], &[]), [false, true, false]),
        (of(&[], &[], &["reader"]), [false, false, true]),
        (of(&["alice"], &["staff"], &["reader"]), [true; 3]),
        (of(&[&id], &[], &[]), [false; 3]),
    ] {
        put(&authority, audience.clone()).await;
        let seen = [&alice, &staff, &reader].map(|principal| admits(&authority, principal));
        assert_eq!(seen, expected, "{audience:?}");
        assert!(!others.iter().any(|other| admits(&authority, other)), "{audience:?}");
    }
    put(&authority, of(&[], &[], &["external-application"])).await;
    assert!(admits(&authority, &others[0]) && !admits(&authority, &alice), "the default role is a role");
}

#[tokio::test]
async fn it_is_in_force_before_the_answer_and_elsewhere_with_the_feed() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let alice = user(&world, &here, "alice").await;
    let all = |expected: [bool; 2]| assert_eq!([&here, &there].map(|node| admits(node, &alice)), expected);
    all([false, false]);
    assert_eq!(put(&here, of(&["alice"], &[], &[])).await.version, 1);
    all([true, false]);
    there.sync().await.unwrap();
    all([true, true]);
    let later = world.builder().build().await.unwrap();
    assert!(admits(&later, &alice), "a node that starts later knows it before its first answer");

    assert_eq!(put(&there, of(&["bob"], &[], &[])).await.version, 2);
    all([true, false]);
    world.store.fail(Call::Changes, true);
    assert!(here.sync().await.is_err());
    all([true, false]);
    world.store.fail(Call::Changes, false);
    here.sync().await.unwrap();
    all([false, false]);
}

#[tokio::test]
async fn rows_twice_late_and_in_any_order_come_to_the_same() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let alice = user(&world, &here, "alice").await;
    put(&here, of(&["alice"], &[], &[])).await;
    put(&here, of(&[], &[], &[])).await;
    log(&world, &[NAME, "missing", NAME]).await;
    there.sync().await.unwrap();
    assert!(!admits(&there, &alice));
    // A read of the first version that arrives after the second one is known changes nothing.
    put(&here, of(&["alice"], &[], &[])).await;
    let mut gate = world.store.hold(Call::Audience, After);
    let slow = there.clone();
    let reading = tokio::spawn(async move { slow.sync().await });
    gate.arrived().await;
    put(&there, of(&["bob"], &[], &[])).await;
    assert!(!admits(&there, &alice));
    gate.release();
    reading.await.unwrap().unwrap();
    assert!(!admits(&there, &alice), "the older version was read before, and learned after");
}

#[tokio::test]
async fn a_node_that_starts_during_a_change_knows_it() {
    for (call, side) in [(Call::Audiences, After), (Call::Audiences, Before), (Call::Changes, Before)] {
        let world = World::new();
        let here = world.node().await;
        let alice = user(&world, &here, "alice").await;
        let mut gate = world.store.hold(call, side);
        let building = tokio::spawn(world.builder().build());
        gate.arrived().await;
        put(&here, of(&["alice"], &[], &[])).await;
        gate.release();
        assert!(admits(&building.await.unwrap().unwrap(), &alice), "{call:?} {side:?}");
    }
}

#[tokio::test]
async fn an_audience_that_cannot_be_read_holds_back_nothing_else() {
    let world = World::new();
    let (here, there) = (world.node().await, world.node().await);
    let alice = user(&world, &here, "alice").await;
    let tokens = [service(&here, "one").await, service(&here, "two").await];
    let children = [child(&here, &tokens[0]).await, child(&here, &tokens[1]).await];
    put(&here, NamedAudience::new("broken")).await;
    put(&here, of(&["alice"], &[], &[])).await;
    here.revoke(&admin(), tokens[0].record.id).await.unwrap();
    world.store.unreadable("broken", true);
    assert!(there.sync().await.is_err(), "it is told");
    assert_eq!(
        there.authenticate(&children[0]).unwrap_err().rejection(),
        Some(Rejection::CutOff),
        "after it in the same batch"
    );
    assert!(admits(&there, &alice), "the other audience is read");
    // More rows than one read of the log gives.
    log(&world, &vec![NAME; 1_100]).await;
    here.revoke(&admin(), tokens[1].record.id).await.unwrap();
    assert!(there.sync().await.is_err());
    assert_eq!(
        there.authenticate(&children[1]).unwrap_err().rejection(),
        Some(Rejection::CutOff),
        "far behind it"
    );

    world.store.fail(Call::Audience, true);
    world.store.unreadable("broken", false);
    assert!(there.sync().await.is_err());
    world.store.fail(Call::Audience, false);
    let reads = world.store.count(Call::Audience);
    there.sync().await.unwrap();
    assert_eq!(world.store.count(Call::Audience), reads + 1, "what failed is read again, and nothing else");
    there.sync().await.unwrap();
    assert_eq!(world.store.count(Call::Audience), reads + 1);
}

/// Nor one whose reading hangs, as it does while requests have all connections.
#[tokio::test]
async fn an_audience_that_hangs_holds_back_no_revocation() {
    let world = World::new();
    let here = world.node().await;
    let there = world.start(world.builder().feed_interval(Duration::from_millis(1))).await;
    let alice = user(&world, &here, "alice").await;
    let token = service(&here, "one").await;
    let access_token = child(&here, &token).await;
    let mut hangs = world.store.hold(Call::Audience, After);
    log(&world, &[NAME]).await;
    hangs.arrived().await;
    here.revoke(&admin(), token.record.id).await.unwrap();
    while there.authenticate(&access_token).is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.clock.pass(5);
    assert!(there.log_age() >= Duration::from_secs(5), "what is not read does not count as read");
    // Named again while it is read, it is read again.
    put(&here, of(&["alice"], &[], &[])).await;
    hangs.release();
    while !admits(&there, &alice) || there.log_age() > Duration::ZERO {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn what_cannot_be_one_is_refused_and_not_stored() {
    let (world, authority) = world().await;
    let many = |count: usize| (0..count).map(|number| number.to_string()).collect::<Names>();
    let named = |name: String| NamedAudience::new(name);
    let tried: Vec<(NamedAudience, &[&str])> = vec![
        (named(String::new()), &["/name"]),
        (named("a".repeat(101)), &["/name"]),
        (named("a b".into()), &["/name"]),
        (named("a/b".into()), &["/name"]),
        (named("é".into()), &["/name"]),
        (named("..".into()), &["/name"]),
        (of(&[""], &[], &[]), &["/subjects/0"]),
        (of(&["a", " b"], &["c", "d\n"], &["e\u{7f}"]), &["/subjects/0", "/groups/1", "/roles/0"]),
        (of(&[], &[&"x".repeat(201)], &[]), &["/groups/0"]),
        (NamedAudience { subjects: many(MAX_MEMBERS + 1), ..named(NAME.into()) }, &["/subjects"]),
        (NamedAudience { groups: many(MAX_MEMBERS + 1), ..named("?".into()) }, &["/name", "/groups"]),
    ];
    for (audience, pointers) in tried {
        let answer = authority.put_audience(&admin(), audience.clone(), None).await;
        let Err(ManageError::Invalid(errors)) = &answer else { panic!("{audience:?}: {answer:?}") };
        let found: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(found, pointers);
        assert!(authority.seed_audience(audience).await.is_err());
    }
    assert_eq!(world.store.count(Call::PutAudience), 0);
    let most = NamedAudience {
        subjects: many(MAX_MEMBERS),
        groups: many(MAX_MEMBERS),
        roles: many(MAX_MEMBERS),
        ..named("-._:~".repeat(20))
    };
    assert_eq!(put(&authority, most.clone()).await.subjects, most.subjects);
}

#[tokio::test]
async fn an_unknown_one_admits_nobody_and_is_not_found() {
    let (world, authority) = world().await;
    let alice = user(&world, &authority, "alice").await;
    assert!(!admits(&authority, &alice));
    assert!(matches!(authority.audience(&admin(), NAME).await, Err(ManageError::NotFound)));
    put(&authority, of(&["alice"], &[], &[])).await;
    for other in ["reports", "reports.export.", "REPORTS.EXPORT", ""] {
        assert!(audience(other).check(&alice, &authority.facts(None)).is_err(), "{other}");
    }
    assert!(audience(NAME).check(&alice, &jeton::policy::Facts::default()).is_err(), "no facts, no audience");
}

#[tokio::test]
async fn of_changes_meant_for_one_version_one_is_done() {
    let (_world, authority) = world().await;
    let put = async |version| authority.put_audience(&admin(), of(&["x"], &[], &[]), Some(version)).await;
    assert!(matches!(put(1).await, Err(ManageError::Stale)));
    assert_eq!(put(0).await.unwrap().version, 1);
    for stale in [0, 2, u64::MAX] {
        assert!(matches!(put(stale).await, Err(ManageError::Stale)), "{stale}");
    }
    assert_eq!(put(1).await.unwrap().version, 2);
    authority.seed_audience(of(&["seed"], &[], &[])).await.unwrap();
    assert_eq!(authority.audience(&admin(), NAME).await.unwrap().subjects, names(&["x"]), "seeded once");
    let given = NamedAudience { version: 77, ..of(&["y"], &[], &[]) };
    assert_eq!(authority.put_audience(&admin(), given, None).await.unwrap().version, 3, "the store's counts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_from_all_sides_leave_no_gap_and_the_last_is_in_force() {
    for _ in 0..10 {
        let (world, authority) = world().await;
        let users = [user(&world, &authority, "u0").await, user(&world, &authority, "u1").await];
        let puts: Vec<_> = (0..8)
            .map(|number| {
                let (authority, name) = (authority.clone(), format!("u{}", number % 2));
                tokio::spawn(async move { put(&authority, of(&[&name], &[], &[])).await.version })
            })
            .collect();
        let mut versions = std::collections::BTreeSet::new();
        for put in puts {
            versions.insert(put.await.unwrap());
        }
        assert!(versions.into_iter().eq(1..=8));
        let last = authority.audience(&admin(), NAME).await.unwrap();
        for user in &users {
            assert_eq!(admits(&authority, user), last.subjects.contains(user.subject().unwrap()));
        }
    }
}

#[tokio::test]
async fn who_may_read_and_write_them_is_a_matter_of_scopes_and_of_no_tenant() {
    let (world, authority) = world().await;
    put(&authority, of(&["alice"], &[], &[])).await;
    let caller = async |name: &str, scope: &[&str], tenant: Option<&str>| -> Caller {
        let request =
            Generate { scopes: names(scope), tenant: tenant.map(str::to_owned), ..Generate::new(name) };
        principal(&authority, request).await.into()
    };
    let writer = caller("writer", &[scopes::AUDIENCES_WRITE], None).await;
    let reader = caller("reader", &[scopes::TOKENS_READ], None).await;
    let others: Vec<_> = scopes::ALL
        .into_iter()
        .filter(|scope| ![scopes::AUDIENCES_WRITE, scopes::TOKENS_READ].contains(scope))
        .collect();
    let other = caller("other", &others, None).await;
    let inside = caller("inside", &scopes::ALL, Some("t")).await;
    let session = {
        world.people.set("boss", Account::active().with_role("token-admin"));
        authority.caller_of_session("boss", Some("t")).await.unwrap()
    };
    let denial = |answer: Result<(), ManageError>| match answer {
        Ok(()) => None,
        Err(ManageError::Denied(denial)) => Some(denial),
        Err(error) => panic!("{error}"),
    };
    let calls = world.store.count(Call::PutAudience);
    let (no_read, no_write) =
        (Some(Denial::scope(scopes::TOKENS_READ)), Some(Denial::scope(scopes::AUDIENCES_WRITE)));
    let tenant = Some(Denial::Tenant);
    for (who, may_read, may_write) in [
        (&reader, None, no_write.clone()),
        (&writer, no_read.clone(), None),
        (&other, no_read, no_write),
        (&inside, tenant.clone(), tenant.clone()),
        (&session, tenant.clone(), tenant),
    ] {
        assert_eq!(denial(authority.audiences(who).await.map(drop)), may_read, "{who:?}");
        assert_eq!(denial(authority.audience(who, NAME).await.map(drop)), may_read, "{who:?}");
        let answer = authority.put_audience(who, of(&["bob"], &[], &[]), None).await;
        assert_eq!(denial(answer.map(drop)), may_write, "{who:?}");
    }
    assert_eq!(world.store.count(Call::PutAudience), calls + 1);
}

#[tokio::test]
async fn an_outage_is_told_and_changes_nothing() {
    let (world, authority) = world().await;
    let alice = user(&world, &authority, "alice").await;
    put(&authority, of(&["alice"], &[], &[])).await;
    for call in [Call::PutAudience, Call::Audience, Call::Audiences] {
        world.store.fail(call, true);
    }
    let store = |answer: Result<(), ManageError>| matches!(answer, Err(ManageError::Unavailable(_)));
    assert!(store(authority.put_audience(&admin(), of(&[], &[], &[]), None).await.map(drop)));
    assert!(store(authority.seed_audience(of(&[], &[], &[])).await));
    assert!(store(authority.audience(&admin(), NAME).await.map(drop)));
    assert!(store(authority.audiences(&admin()).await.map(drop)));
    assert!(admits(&authority, &alice), "the check needs no store");
    assert!(world.builder().build().await.is_err(), "a node that cannot know them does not start");
    world.store.fail(Call::Audience, false);
    assert!(store(authority.put_audience(&admin(), of(&[], &[], &[]), None).await.map(drop)));
    world.store.fail(Call::PutAudience, false);
    assert_eq!(authority.audience(&admin(), NAME).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_change_whose_caller_goes_away_is_undone_or_done_here_too() {
    for polls in 0..4 {
        for hold in [(Call::Audience, Before), (Call::PutAudience, Before), (Call::PutAudience, After)] {
            let (world, authority) = world().await;
            let alice = user(&world, &authority, "alice").await;
            let (gate, caller) = (world.store.hold(hold.0, hold.1), admin());
            {
                let mut put = pin!(authority.put_audience(&caller, of(&["alice"], &[], &[]), None));
                let mut context = Context::from_waker(Waker::noop());
                for _ in 0..polls {
                    assert!(put.as_mut().poll(&mut context).is_pending());
                    tokio::task::yield_now().await;
                }
            }
            gate.release();
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let done = world.store.memory().audience(NAME).await.unwrap().is_some();
            assert_eq!(done, polls > 0, "what was begun runs to its end");
            assert_eq!(admits(&authority, &alice), done, "{polls} polls, {hold:?}");
        }
    }
}
