//! The epoch rises exactly if rights are taken away, the version with every change, and revoked is for ever.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use crate::common::{API, OTHER_API, admin, child, generate, names, service, unknown_id, world};
use jeton::{
    Account, Conflict, Edit, Expiry, Generate, ManageError, Names, Rejection, Rotate, Standing, State,
    Store as _,
};

fn nets(list: &[&str]) -> Vec<ipnet::IpNet> {
    list.iter().map(|net| net.parse().unwrap()).collect()
}

fn request(subject: Option<&str>) -> Generate {
    Generate {
        subject: subject.map(str::to_owned),
        groups: names(&["g1", "g2"]),
        roles: names(&["reader", "writer"]),
        scopes: names(&["x", "y"]),
        audiences: names(&[API, OTHER_API]),
        networks: nets(&["10.0.0.0/8", "192.0.2.0/24"]),
        ..Generate::new("CI")
    }
}

/// What is edited, and whether that takes something away.
fn edits() -> Vec<(&'static str, Edit, bool)> {
    let edit = Edit::default;
    let some = |list: &[&str]| Some(names(list));
    vec![
        ("nothing", edit(), false),
        ("the name", Edit { name: Some("other".into()), ..edit() }, false),
        ("the description", Edit { description: Some("text".into()), ..edit() }, false),
        ("the same roles", Edit { roles: some(&["writer", "reader"]), ..edit() }, false),
        ("one more role", Edit { roles: some(&["reader", "writer", "z"]), ..edit() }, false),
        ("one role less", Edit { roles: some(&["reader"]), ..edit() }, true),
        ("another role", Edit { roles: some(&["reader", "z"]), ..edit() }, true),
        ("one more scope", Edit { scopes: some(&["x", "y", "z"]), ..edit() }, false),
        ("one scope less", Edit { scopes: some(&["y"]), ..edit() }, true),
        ("one more group", Edit { groups: some(&["g1", "g2", "g3"]), ..edit() }, false),
        ("one group less", Edit { groups: some(&["g1"]), ..edit() }, true),
        ("all audiences", Edit { audiences: some(&[]), ..edit() }, false),
        ("one audience less", Edit { audiences: some(&[API]), ..edit() }, true),
        ("all networks", Edit { networks: Some(vec![]), ..edit() }, false),
        ("a wider network", Edit { networks: Some(nets(&["10.0.0.0/7", "192.0.2.0/24"])), ..edit() }, false),
        ("one network less", Edit { networks: Some(nets(&["10.0.0.0/8"])), ..edit() }, true),
        (
            "a narrower network",
            Edit { networks: Some(nets(&["10.0.0.0/9", "192.0.2.0/24"])), ..edit() },
            true,
        ),
        (
            "the same networks",
            Edit { networks: Some(nets(&["192.0.2.0/24", "10.0.0.0/8"])), ..edit() },
            false,
        ),
        ("an earlier end", Edit { expiry: Some(Expiry::InDays(29)), ..edit() }, true),
        ("the same end", Edit { expiry: Some(Expiry::InDays(30)), ..edit() }, false),
        ("another subject", Edit { subject: Some(Some("bob".into())), ..edit() }, true),
        (
            "one taken, one given",
            Edit { roles: some(&["reader"]), scopes: some(&["x", "y", "z"]), ..edit() },
            true,
        ),
    ]
}

/// Edits whose meaning depends on whether there is a subject.
fn edits_of(subject: Option<&str>) -> Vec<(&'static str, Edit, bool)> {
    let edit = Edit::default;
    let none = || Some(Names::new());
    if subject.is_some() {
        vec![
            ("no subject", Edit { subject: Some(None), ..edit() }, true),
            ("all groups", Edit { groups: none(), ..edit() }, false),
            ("all rights", Edit { roles: none(), scopes: none(), ..edit() }, false),
            ("no roles, but scopes", Edit { roles: none(), ..edit() }, true),
        ]
    } else {
        vec![
            ("no subject still", Edit { subject: Some(None), ..edit() }, false),
            ("no groups", Edit { groups: none(), ..edit() }, true),
            ("no rights", Edit { roles: none(), scopes: none(), ..edit() }, true),
        ]
    }
}

#[tokio::test]
async fn the_epoch_rises_exactly_if_rights_are_taken_away() {
    for subject in [Some("alice"), None] {
        for (what, edit, takes) in edits().into_iter().chain(edits_of(subject)) {
            let (world, authority) = world().await;
            for user in ["alice", "bob"] {
                let account = Account::active().with_role("reader").with_group("g1").with_scope("x");
                world.people.set(user, account);
            }
            let token = generate(&authority, request(subject)).await;
            let origin = jeton::Origin { address: Some("10.1.1.1".parse().unwrap()), user_agent: None };
            let asked = jeton::Exchange { origin, ..jeton::Exchange::default() };
            let exchanged = authority.exchange(token.api_token.expose(), &asked).await.unwrap();
            let changed = edit != Edit::default();
            let after = authority.update(&admin(), token.record.id, edit, None).await.unwrap();
            assert_eq!(after.epoch, u64::from(takes), "{what}, {subject:?}");
            let same = after.grant == token.record.grant && after.name == token.record.name;
            let same = same && after.description == token.record.description;
            assert_eq!(after.version, if same { 1 } else { 2 }, "{what}, {subject:?}");
            assert!(changed || same);
            let answer = authority.authenticate(exchanged.access_token.expose());
            assert_eq!(answer.is_err(), takes, "{what}, {subject:?}");
        }
    }
}

#[tokio::test]
async fn widening_from_everything_to_something_is_narrowing() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active().with_role("reader"));
    let token = generate(&authority, Generate::new("CI").with_subject("alice")).await;
    let id = token.record.id;
    let narrowings = [
        Edit { roles: Some(names(&["reader"])), ..Edit::default() },
        Edit { groups: Some(names(&["g"])), ..Edit::default() },
        Edit { audiences: Some(names(&[API])), ..Edit::default() },
        Edit { networks: Some(nets(&["0.0.0.0/0"])), ..Edit::default() },
    ];
    for (index, edit) in narrowings.into_iter().enumerate() {
        let after = authority.update(&admin(), id, edit, None).await.unwrap();
        assert_eq!(after.epoch, index as u64 + 1);
    }
}

#[tokio::test]
async fn doing_it_twice_changes_nothing() {
    let (world, authority) = world().await;
    let id = service(&authority, "CI").await.record.id;
    assert_eq!(authority.enable(&admin(), id).await.unwrap().version, 1);
    let disabled = authority.disable(&admin(), id).await.unwrap();
    assert_eq!((disabled.version, disabled.epoch), (2, 1));
    assert_eq!(authority.disable(&admin(), id).await.unwrap(), disabled);
    let enabled = authority.enable(&admin(), id).await.unwrap();
    assert_eq!((enabled.version, enabled.epoch), (3, 1));
    assert_eq!(authority.enable(&admin(), id).await.unwrap(), enabled);
    let revoked = authority.revoke(&admin(), id).await.unwrap();
    assert_eq!((revoked.version, revoked.epoch), (4, 2));
    assert_eq!(authority.revoke(&admin(), id).await.unwrap(), revoked);
    assert_eq!(world.store.changes(None).await.unwrap().rows.len(), 3, "one row for each change");
}

#[tokio::test]
async fn revoked_is_for_ever() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let id = token.record.id;
    let revoked = authority.revoke(&admin(), id).await.unwrap();
    let edit = Edit { name: Some("other".into()), ..Edit::default() };
    for answer in [
        authority.enable(&admin(), id).await,
        authority.disable(&admin(), id).await,
        authority.update(&admin(), id, edit, None).await,
        authority.update(&admin(), id, Edit::default(), None).await,
    ] {
        assert!(matches!(answer, Err(ManageError::Conflict(Conflict::Revoked))), "{answer:?}");
    }
    assert_eq!(authority.find(&admin(), id).await.unwrap(), revoked);
    let answer = authority.exchange(token.api_token.expose(), &jeton::Exchange::default()).await;
    assert!(matches!(answer, Err(jeton::ExchangeError::Rejected(Rejection::Revoked))));
}

#[tokio::test]
async fn delete_works_in_every_state_and_once() {
    for state in State::ALL {
        let (world, authority) = world().await;
        let mut request = Generate::new("CI").with_expiry(Expiry::InDays(1));
        if state == State::NotYetValid {
            request.not_before = Some(world.clock.at(100));
        }
        let token = generate(&authority, request).await;
        let id = token.record.id;
        match state {
            State::Disabled => drop(authority.disable(&admin(), id).await.unwrap()),
            State::Revoked => drop(authority.revoke(&admin(), id).await.unwrap()),
            State::Expired => world.clock.pass(86_400),
            State::Active | State::NotYetValid => {}
        }
        assert_eq!(authority.find(&admin(), id).await.unwrap().state(world.clock.at(0)), state);
        authority.delete(&admin(), id).await.unwrap();
        assert!(matches!(authority.delete(&admin(), id).await, Err(ManageError::NotFound)), "{state:?}");
        assert!(matches!(authority.find(&admin(), id).await, Err(ManageError::NotFound)));
        assert!(matches!(authority.revoke(&admin(), id).await, Err(ManageError::NotFound)));
        let all = authority.list(&admin(), Default::default(), Default::default(), None, 10).await.unwrap();
        assert!(all.records.is_empty());
        let tombstone = world.store.memory().find(id).await.unwrap().unwrap();
        assert_eq!(tombstone.standing, Standing::Deleted, "the id never returns");
        service(&authority, "CI").await;
    }
}

#[tokio::test]
async fn a_change_meant_for_another_version_is_not_done() {
    let (world, authority) = world().await;
    let id = service(&authority, "CI").await.record.id;
    let edit = || Edit { description: Some(world.store.calls().to_string()), ..Edit::default() };
    assert_eq!(authority.update(&admin(), id, edit(), Some(1)).await.unwrap().version, 2);
    for version in [0, 1, 3, u64::MAX] {
        let answer = authority.update(&admin(), id, edit(), Some(version)).await;
        assert!(matches!(answer, Err(ManageError::Stale)), "{version}");
    }
    assert_eq!(authority.find(&admin(), id).await.unwrap().version, 2);
    let missing = authority.update(&admin(), unknown_id(), edit(), None).await;
    assert!(matches!(missing, Err(ManageError::NotFound)));
}

#[tokio::test]
async fn of_two_changes_meant_for_one_version_one_is_done() {
    let (world, authority) = world().await;
    let id = service(&authority, "CI").await.record.id;
    let mut gate = world.store.hold(crate::common::Call::Update, crate::common::store::Side::Before);
    let slow = authority.clone();
    let edit = |text: &str| Edit { description: Some(text.into()), ..Edit::default() };
    let first = edit("first");
    let first = tokio::spawn(async move { slow.update(&admin(), id, first, Some(1)).await });
    gate.arrived().await;
    authority.update(&admin(), id, edit("second"), Some(1)).await.unwrap();
    gate.release();
    assert!(matches!(first.await.unwrap(), Err(ManageError::Stale)));
    assert_eq!(authority.find(&admin(), id).await.unwrap().description, "second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_from_all_sides_end_revoked_without_a_gap() {
    for _ in 0..20 {
        let (world, authority) = world().await;
        let token = service(&authority, "CI").await;
        let id = token.record.id;
        let access_token = child(&authority, &token).await;
        let tasks: Vec<_> = (0..12)
            .map(|number| {
                let authority = authority.clone();
                tokio::spawn(async move {
                    let edit = Edit { description: Some(number.to_string()), ..Edit::default() };
                    match number % 4 {
                        0 => authority.disable(&admin(), id).await,
                        1 => authority.enable(&admin(), id).await,
                        2 => authority.update(&admin(), id, edit, None).await,
                        _ => authority.revoke(&admin(), id).await,
                    }
                })
            })
            .collect();
        let mut versions = BTreeSet::from([1]);
        for task in tasks {
            match task.await.unwrap() {
                Ok(record) => drop(versions.insert(record.version)),
                Err(error) => assert!(matches!(error, ManageError::Conflict(Conflict::Revoked)), "{error}"),
            }
        }
        let last = authority.find(&admin(), id).await.unwrap();
        assert_eq!(last.standing, Standing::Revoked);
        assert!(versions.into_iter().eq(1..=last.version), "no version is left out");
        assert_eq!(world.store.changes(None).await.unwrap().rows.len() as u64, last.version - 1);
        assert_eq!(authority.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
    }
}

#[tokio::test]
async fn nobody_who_writes_all_the_time_keeps_a_token_alive() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active());
    let make = async |name: &str| generate(&authority, Generate::new(name).with_subject("alice")).await;
    for kill in ["disable", "revoke", "delete", "rotate", "subject_changed", "suspend_subject"] {
        let token = make(kill).await;
        let id = token.record.id;
        let access_token = child(&authority, &token).await;
        world.store.overtake(500);
        match kill {
            "disable" => drop(authority.disable(&admin(), id).await.unwrap()),
            "revoke" => drop(authority.revoke(&admin(), id).await.unwrap()),
            "delete" => authority.delete(&admin(), id).await.unwrap(),
            "rotate" => drop(authority.rotate(&admin(), id, Rotate::default()).await.unwrap()),
            "subject_changed" => drop(authority.subject_changed("alice").await.unwrap()),
            _ => drop(authority.suspend_subject("alice").await.unwrap()),
        }
        assert_eq!(
            authority.authenticate(&access_token).unwrap_err().rejection(),
            Some(Rejection::CutOff),
            "{kill}"
        );
        world.store.overtake(0);
    }
    // What takes nothing away for sure gives up, and has done nothing.
    let id = make("edited").await.record.id;
    world.store.overtake(500);
    let edit = Edit { roles: Some(names(&["reader"])), ..Edit::default() };
    let answer = authority.update(&admin(), id, edit, None).await;
    assert!(matches!(answer, Err(ManageError::Unavailable(_))), "{answer:?}");
    world.store.overtake(0);
    assert_eq!(authority.find(&admin(), id).await.unwrap().grant.roles, Names::new());
}

#[tokio::test]
async fn a_store_that_lags_is_not_waited_for_without_end() {
    let (world, authority) = world().await;
    let old = service(&authority, "CI").await.record;
    let edit = Edit { description: Some("newer".into()), ..Edit::default() };
    authority.update(&admin(), old.id, edit, None).await.unwrap();
    world.store.answer_stale(&old, 1_000);
    let answer = authority.revoke(&admin(), old.id).await;
    assert!(matches!(answer, Err(ManageError::Unavailable(_))), "{answer:?}");
    assert!(world.store.count(crate::common::Call::Update) < 100);
}
