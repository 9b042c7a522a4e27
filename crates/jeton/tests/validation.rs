//! Bad requests: each is told by its field, and nothing is stored.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{API, Call, admin, generate, names, service, store::Side::Before, world};
use jeton::{
    Account, Conflict, Edit, Exchange, ExchangeError, Expiry, Generate, Kind, ManageError, Names, Rejection,
    Timestamp,
};

fn pointers<T: std::fmt::Debug>(answer: Result<T, ManageError>) -> Vec<String> {
    match answer {
        Err(ManageError::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
        other => unreachable!("{other:?}"),
    }
}

fn many(count: usize) -> Names {
    (0..count).map(|number| format!("n{number}")).collect()
}

/// Names and whether they are good.
fn texts() -> Vec<(String, bool)> {
    vec![
        ("a".into(), true),
        ("a".repeat(100), true),
        ("ü".repeat(100), true),
        ("CI of the shop – nightly".into(), true),
        (String::new(), false),
        (" ".into(), false),
        ("a".repeat(101), false),
        ("a".repeat(10_000), false),
        (" a".into(), false),
        ("a\u{a0}".into(), false),
        ("a\nb".into(), false),
        ("a\0b".into(), false),
        ("a\u{7f}b".into(), false),
        ("a\u{9b}b".into(), false),
    ]
}

#[tokio::test]
async fn names_and_descriptions() {
    let (world, authority) = world().await;
    let other = service(&authority, "other").await.record;
    for (name, good) in texts() {
        let made = authority.generate(&admin(), Generate::new(&*name)).await;
        assert_eq!(made.is_ok(), good, "{name:?}");
        if let Ok(made) = made {
            authority.delete(&admin(), made.record.id).await.unwrap();
        } else {
            assert_eq!(pointers(made), ["/name"]);
        }
        let edited = authority
            .update(&admin(), other.id, Edit { name: Some(name.clone()), ..Edit::default() }, None)
            .await;
        assert_eq!(edited.is_ok(), good, "{name:?}");
    }
    for (text, good) in [
        ("ü".repeat(1000), true),
        ("two\nlines\t".into(), true),
        ("a".repeat(1001), false),
        ("\0".into(), false),
    ] {
        let mut request = Generate::new("described");
        request.description.clone_from(&text);
        match authority.generate(&admin(), request).await {
            Ok(made) if good => authority.delete(&admin(), made.record.id).await.unwrap(),
            answer => assert_eq!(pointers(answer), ["/description"]),
        }
        let edit = Edit { description: Some(text), ..Edit::default() };
        assert_eq!(authority.update(&admin(), other.id, edit, None).await.is_ok(), good);
    }
    assert_eq!(world.store.count(Call::Insert), 7, "what is refused is not stored");
}

#[tokio::test]
async fn lists_and_their_entries() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active());
    let record = service(&authority, "edited").await.record;
    let edit = Edit::default;
    let table: Vec<(Edit, &[&str])> = vec![
        (Edit { roles: Some(many(64)), ..edit() }, &[]),
        (Edit { roles: Some(many(65)), ..edit() }, &["/roles"]),
        (Edit { scopes: Some(many(65)), ..edit() }, &["/scopes"]),
        (Edit { groups: Some(many(65)), ..edit() }, &["/groups"]),
        (Edit { networks: Some(vec!["10.0.0.0/8".parse().unwrap(); 65]), ..edit() }, &["/networks"]),
        (Edit { roles: Some(names(&[""])), ..edit() }, &["/roles/0"]),
        (Edit { roles: Some(names(&["a", "b\n"])), ..edit() }, &["/roles/1"]),
        (Edit { groups: Some(names(&[" g"])), ..edit() }, &["/groups/0"]),
        (Edit { groups: Some([("g".repeat(201))].into()), ..edit() }, &["/groups/0"]),
        (Edit { scopes: Some(names(&["a b"])), ..edit() }, &["/scopes/0"]),
        (Edit { scopes: Some(names(&["a\"b", "é"])), ..edit() }, &["/scopes/0", "/scopes/1"]),
        (Edit { scopes: Some(names(&["a\\b", ""])), ..edit() }, &["/scopes/0", "/scopes/1"]),
        (Edit { scopes: Some(["s".repeat(201)].into()), ..edit() }, &["/scopes/0"]),
        (Edit { audiences: Some(names(&[API])), ..edit() }, &[]),
        (Edit { audiences: Some(names(&["https://unknown.example"])), ..edit() }, &["/audiences/0"]),
        (
            Edit { audiences: Some(names(&["https://app.example/auth/exchange"])), ..edit() },
            &["/audiences/0"],
        ),
        (Edit { subject: Some(Some(" alice".into())), ..edit() }, &["/subject"]),
        (Edit { subject: Some(Some(String::new())), ..edit() }, &["/subject"]),
        (Edit { subject: Some(Some("nobody".into())), ..edit() }, &["/subject"]),
        (Edit { subject: Some(Some("Alice".into())), ..edit() }, &["/subject"]),
        (Edit { subject: Some(Some("alice".into())), ..edit() }, &[]),
        (Edit { name: Some(String::new()), roles: Some(many(65)), ..edit() }, &["/name", "/roles"]),
    ];
    for (number, (edit, wrong)) in table.into_iter().enumerate() {
        let request = Generate {
            subject: edit.subject.clone().flatten(),
            groups: edit.groups.clone().unwrap_or_default(),
            roles: edit.roles.clone().unwrap_or_default(),
            scopes: edit.scopes.clone().unwrap_or_default(),
            audiences: edit.audiences.clone().unwrap_or_default(),
            networks: edit.networks.clone().unwrap_or_default(),
            ..Generate::new(edit.name.clone().unwrap_or_else(|| number.to_string()))
        };
        let made = authority.generate(&admin(), request).await;
        let before = authority.find(&admin(), record.id).await.unwrap();
        let edited = authority.update(&admin(), record.id, edit.clone(), None).await;
        if wrong.is_empty() {
            assert!(made.is_ok() && edited.is_ok(), "{edit:?}: {made:?} {edited:?}");
        } else {
            assert_eq!(pointers(made), wrong, "{edit:?}");
            assert_eq!(pointers(edited), wrong, "{edit:?}");
            assert_eq!(authority.find(&admin(), record.id).await.unwrap(), before);
        }
    }
    assert_eq!(pointers(authority.generate(&admin(), Generate::new("t").with_tenant("")).await), ["/tenant"]);
}

#[tokio::test]
async fn inactive_users_get_no_token() {
    let (world, authority) = world().await;
    world.people.set("gone", Account::default());
    let answer = authority.generate(&admin(), Generate::new("CI").with_subject("gone")).await;
    assert_eq!(pointers(answer), ["/subject"]);
}

#[tokio::test]
async fn a_personal_token_has_a_subject() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active());
    let personal = || Generate { kind: Kind::Personal, ..Generate::new("mine") };
    assert_eq!(pointers(authority.generate(&admin(), personal()).await), ["/subject"]);
    let made = generate(&authority, personal().with_subject("alice")).await.record;
    let edit = Edit { subject: Some(None), ..Edit::default() };
    assert_eq!(pointers(authority.update(&admin(), made.id, edit, None).await), ["/subject"]);
}

#[tokio::test]
async fn beginnings_and_ends() {
    let (world, authority) = world().await;
    let at = |seconds| Expiry::At(world.clock.at(seconds));
    for (number, (expiry, wrong)) in [
        (at(1), None),
        (Expiry::At(Timestamp::MAX), None),
        (Expiry::InDays(1), None),
        (Expiry::InDays(36_500), None),
        (Expiry::Never, None),
        (Expiry::Default, None),
        (at(0), Some("/expires_at")),
        (at(-1), Some("/expires_at")),
        (Expiry::At(Timestamp::MIN), Some("/expires_at")),
        (Expiry::InDays(0), Some("/expires_in_days")),
        (Expiry::InDays(36_501), Some("/expires_in_days")),
        (Expiry::InDays(u32::MAX), Some("/expires_in_days")),
    ]
    .into_iter()
    .enumerate()
    {
        let made = authority.generate(&admin(), Generate::new(number.to_string()).with_expiry(expiry)).await;
        let free = generate(&authority, Generate::new(format!("free {number}")).with_expiry(Expiry::Never))
            .await
            .record;
        let edit = Edit { expiry: Some(expiry), ..Edit::default() };
        let edited = authority.update(&admin(), free.id, edit, None).await;
        match wrong {
            None => {
                let end = made.unwrap().record.grant.expires_at;
                assert_eq!(end, edited.unwrap().grant.expires_at);
                let days = world.clock.at(30 * 86_400);
                assert!(expiry != Expiry::Default || end == Some(days), "30 days unless told otherwise");
            }
            Some(pointer) => {
                assert!(pointers(made).contains(&pointer.to_owned()), "{expiry:?}");
                assert!(pointers(edited).contains(&pointer.to_owned()), "{expiry:?}");
            }
        }
    }
    let mut late = Generate::new("late").with_expiry(at(100));
    late.not_before = Some(world.clock.at(100));
    assert_eq!(pointers(authority.generate(&admin(), late.clone()).await), ["/not_before"]);
    late.not_before = Some(world.clock.at(99));
    let late = generate(&authority, late).await.record;
    let edit = Edit { expiry: Some(at(99)), ..Edit::default() };
    assert_eq!(pointers(authority.update(&admin(), late.id, edit, None).await), ["/expires_at"]);
}

#[tokio::test]
async fn an_end_beyond_the_signed_one_needs_a_rotation() {
    let (world, authority) = world().await;
    let record = generate(&authority, Generate::new("CI").with_expiry(Expiry::InDays(10))).await.record;
    let edit = async |expiry| {
        authority.update(&admin(), record.id, Edit { expiry: Some(expiry), ..Edit::default() }, None).await
    };
    for expiry in [Expiry::InDays(11), Expiry::Never, Expiry::Default, Expiry::At(world.clock.at(864_001))] {
        let answer = edit(expiry).await;
        assert!(matches!(answer, Err(ManageError::Conflict(Conflict::RotateToExtend))), "{expiry:?}");
    }
    edit(Expiry::InDays(5)).await.unwrap();
    edit(Expiry::InDays(10)).await.unwrap();
    assert_eq!(authority.find(&admin(), record.id).await.unwrap().grant.expires_at, record.grant.expires_at);
}

#[tokio::test]
async fn one_name_stands_for_one_token_of_a_tenant() {
    let (_world, authority) = world().await;
    let first = service(&authority, "CI").await.record;
    let request =
        |tenant: Option<&str>| Generate { tenant: tenant.map(str::to_owned), ..Generate::new("CI") };
    let taken = async |tenant| {
        matches!(authority.generate(&admin(), request(tenant)).await, Err(ManageError::NameTaken))
    };
    assert!(taken(None).await, "also without a tenant");
    assert!(!taken(Some("t1")).await && taken(Some("t1")).await && !taken(Some("t2")).await);
    let other = service(&authority, "ci").await.record;
    let rename = |name: &str| Edit { name: Some(name.into()), ..Edit::default() };
    let answer = authority.update(&admin(), other.id, rename("CI"), None).await;
    assert!(matches!(answer, Err(ManageError::NameTaken)));
    assert!(authority.update(&admin(), first.id, rename("CI"), None).await.is_ok(), "it may keep its own");
    authority.revoke(&admin(), first.id).await.unwrap();
    assert!(taken(None).await, "a revoked token is still there");
    authority.delete(&admin(), first.id).await.unwrap();
    assert!(authority.update(&admin(), other.id, rename("CI"), None).await.is_ok());
}

#[tokio::test]
async fn of_two_that_want_one_name_one_gets_it() {
    let (world, authority) = world().await;
    let mut gate = world.store.hold(Call::Insert, Before);
    let slow = authority.clone();
    let first = tokio::spawn(async move { slow.generate(&admin(), Generate::new("CI")).await });
    gate.arrived().await;
    let second = authority.generate(&admin(), Generate::new("CI")).await;
    gate.release();
    assert!(second.is_ok());
    assert!(matches!(first.await.unwrap(), Err(ManageError::NameTaken)));
}

#[tokio::test]
async fn rights_that_fit_into_no_token_are_refused_at_once() {
    let (world, authority) = world().await;
    let long = |count: usize| -> Names { (0..count).map(|number| format!("{number:0>190}")).collect() };
    let too_large = |answer: Result<(), ManageError>| {
        matches!(answer, Err(ManageError::Conflict(Conflict::TokenTooLarge)))
    };
    let request = Generate { scopes: long(60), ..Generate::new("large") };
    assert!(too_large(authority.generate(&admin(), request).await.map(drop)));
    assert_eq!(world.store.count(Call::Insert), 0);
    let record = service(&authority, "CI").await.record;
    let edit = Edit { scopes: Some(long(60)), ..Edit::default() };
    assert!(too_large(authority.update(&admin(), record.id, edit, None).await.map(drop)));
    assert_eq!(authority.find(&admin(), record.id).await.unwrap(), record);

    // The account grew since: the exchange tells it, and can be asked for less.
    world.people.set("alice", Account::active().with_scope("x"));
    let token = generate(&authority, Generate::new("alice").with_subject("alice")).await;
    world.people.set("alice", Account { scopes: long(60), ..Account::active().with_scope("x") });
    let answer = authority.exchange(token.api_token.expose(), &Exchange::default()).await;
    assert!(matches!(answer, Err(ExchangeError::TokenTooLarge)));
    let one = Exchange { scopes: Some(long(1)), ..Exchange::default() };
    let exchanged = authority.exchange(token.api_token.expose(), &one).await.unwrap();
    assert!(authority.authenticate(exchanged.access_token.expose()).is_ok());
}

#[tokio::test]
async fn every_token_that_is_given_out_is_accepted() {
    let (_world, authority) = world().await;
    // Just below the limit, from both sides of it.
    let (mut fit, mut refused) = (0, 0);
    for length in (5_500..6_300).step_by(20) {
        let scopes: Names = (0..40).map(|number| format!("{number:0>width$}", width = length / 40)).collect();
        match authority.generate(&admin(), Generate { scopes, ..Generate::new(length.to_string()) }).await {
            Ok(token) => {
                fit += 1;
                let access_token = crate::common::child(&authority, &token).await;
                assert_ne!(
                    crate::common::refusal(authority.authenticate(&access_token)),
                    Some(Rejection::TooLong)
                );
            }
            Err(error) => {
                refused += 1;
                assert!(matches!(error, ManageError::Conflict(Conflict::TokenTooLarge)), "{error}");
            }
        }
    }
    assert!(fit > 0 && refused > 0, "{fit} fit, {refused} do not");
}

#[tokio::test]
async fn a_subject_is_never_taken_for_the_token_itself() {
    let (world, authority) = world().await;
    let made = service(&authority, "CI").await.record;
    let own = made.id.to_string();
    world.people.set(&own, Account::active().with_role("writer"));
    let edit = Edit { subject: Some(Some(own)), ..Edit::default() };
    assert_eq!(pointers(authority.update(&admin(), made.id, edit, None).await), ["/subject"]);
}
