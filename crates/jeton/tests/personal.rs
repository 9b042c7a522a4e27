//! Personal tokens where a user has one: the new one takes the place of the old one, whoever comes at the same time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{
    Call, LEEWAY, SKEW, TTL, World, admin, child, generate, names, seconds,
    store::Side::{After, Before},
};
use jeton::{
    Account, Authority, Caller, Conflict, Edit, Exchange, ExchangeError, Expiry, Generate, Generated, Kind,
    ManageError, Record, Rejection, Rotate, Standing, State, Unavailable,
};

const LONG: u64 = TTL + SKEW + LEEWAY;

async fn node(world: &World, grace: u64) -> Authority {
    world.start(world.builder().personal_limit(1).personal_grace(seconds(grace))).await
}

async fn world(grace: u64) -> (World, Authority, Caller) {
    let world = World::new();
    world.people.set("alice", Account::active().with_role("writer").with_role("reader"));
    let authority = node(&world, grace).await;
    let alice = alice(&authority).await;
    (world, authority, alice)
}

async fn alice(authority: &Authority) -> Caller {
    authority.caller_of_session("alice", None).await.unwrap().personal().unwrap()
}

async fn mine(authority: &Authority, caller: &Caller, name: &str) -> Generated {
    authority.generate(caller, Generate::new(name)).await.unwrap()
}

async fn taken(authority: &Authority, token: &Generated) -> Result<(), Rejection> {
    match authority.exchange(token.api_token.expose(), &Exchange::default()).await {
        Ok(_) => Ok(()),
        Err(ExchangeError::Rejected(rejection)) => Err(rejection),
        Err(error) => unreachable!("{error}"),
    }
}

async fn all(authority: &Authority) -> Vec<Record> {
    authority.list(&admin(), Default::default(), Default::default(), None, 200).await.unwrap().records
}

#[tokio::test]
async fn a_new_one_takes_the_place_of_the_old_one_at_once() {
    let (world, authority, alice) = world(0).await;
    let old = mine(&authority, &alice, "old").await;
    let access_token = child(&authority, &old).await;
    world.clock.pass(10);
    let request =
        Generate { description: "why".into(), ..Generate::new("new").with_expiry(Expiry::InDays(3)) };
    let new = authority.generate(&alice, request).await.unwrap();
    assert_eq!(taken(&authority, &old).await, Err(Rejection::Superseded));
    assert_eq!(authority.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert_eq!(taken(&authority, &new).await, Ok(()));
    let records = all(&authority).await;
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(
        (record.id, record.kind, record.created_at),
        (old.record.id, Kind::Personal, old.record.created_at)
    );
    assert_eq!((record.name.as_str(), record.description.as_str()), ("new", "why"));
    assert_eq!(record.grant.expires_at, Some(world.clock.at(3 * 86_400)));
    assert_eq!((record.credential.generation, record.last_generation, &record.previous), (2, 2, &None));
    // And what cannot be made replaces nothing.
    for bad in
        [Generate::new(""), Generate::new("x").with_role("root"), Generate::new("x").with_subject("bob")]
    {
        assert!(authority.generate(&alice, bad).await.is_err());
    }
    let tenant = Generate::new("x").with_tenant("t");
    assert!(matches!(authority.generate(&alice, tenant).await, Err(ManageError::Denied(_))));
    assert_eq!(taken(&authority, &new).await, Ok(()));
}

#[tokio::test]
async fn with_a_grace_the_old_one_goes_with_it() {
    let (world, authority, alice) = world(LONG).await;
    let first = mine(&authority, &alice, "first").await;
    let access_token = child(&authority, &first).await;
    let second = mine(&authority, &alice, "second").await;
    assert!(authority.authenticate(&access_token).is_ok());
    world.clock.pass(LONG - 1);
    assert_eq!(taken(&authority, &first).await, Ok(()));
    // A third one: the eldest goes, and its children with it.
    let children = [child(&authority, &first).await, child(&authority, &second).await];
    let third = mine(&authority, &alice, "third").await;
    assert_eq!(taken(&authority, &first).await, Err(Rejection::Superseded));
    assert_eq!(authority.authenticate(&children[0]).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert_eq!(authority.authenticate(&children[1]).unwrap_err().rejection(), Some(Rejection::CutOff));
    assert_eq!(taken(&authority, &second).await, Ok(()));
    assert_eq!(taken(&authority, &third).await, Ok(()));
    world.clock.pass(LONG);
    assert_eq!(taken(&authority, &second).await, Err(Rejection::Superseded), "the end is outside");
    assert_eq!(taken(&authority, &third).await, Ok(()));
    assert_eq!(all(&authority).await.len(), 1);
}

#[tokio::test]
async fn a_grace_shorter_than_a_child_may_live_ends_the_children() {
    for (grace, alive) in [(1, false), (LONG - 1, false), (LONG, true)] {
        let (_world, authority, alice) = world(grace).await;
        let old = mine(&authority, &alice, "old").await;
        let access_token = child(&authority, &old).await;
        mine(&authority, &alice, "new").await;
        assert_eq!(authority.authenticate(&access_token).is_ok(), alive, "{grace}");
        assert_eq!(taken(&authority, &old).await, Ok(()), "{grace}");
    }
}

#[tokio::test]
async fn the_old_one_gains_nothing_by_the_new_one() {
    let (world, authority, alice) = world(LONG).await;
    let narrow = Generate::new("narrow").with_role("reader").with_expiry(Expiry::InDays(1));
    let old = authority.generate(&alice, narrow.clone()).await.unwrap();
    mine(&authority, &alice, "all that I may").await;
    assert_eq!(taken(&authority, &old).await, Err(Rejection::Superseded), "it would be all that she may");

    // As narrow, or narrower, it stays; a later end is for the new one alone.
    authority.delete(&admin(), old.record.id).await.unwrap();
    let old = authority.generate(&alice, narrow.clone()).await.unwrap();
    let new = authority.generate(&alice, narrow.with_expiry(Expiry::InDays(30))).await.unwrap();
    assert_eq!(taken(&authority, &old).await, Ok(()));
    assert_eq!(taken(&authority, &new).await, Ok(()));
    let soon = Edit { expiry: Some(Expiry::At(world.clock.at(100))), ..Edit::default() };
    authority.update(&admin(), old.record.id, soon, None).await.unwrap();
    world.clock.pass(LONG);
    let last = mine(&authority, &alice, "after its end").await;
    assert_eq!(taken(&authority, &new).await, Err(Rejection::Expired));
    assert_ne!(last.record.id, new.record.id, "an ended one is not replaced");
    assert_eq!(taken(&authority, &last).await, Ok(()));
}

#[tokio::test]
async fn what_an_admin_disabled_is_replaced_and_does_not_come_back() {
    let (_world, authority, alice) = world(LONG).await;
    let old = mine(&authority, &alice, "old").await;
    let access_token = child(&authority, &old).await;
    authority.disable(&admin(), old.record.id).await.unwrap();
    let new = mine(&authority, &alice, "new").await;
    assert_eq!(new.record.standing, Standing::Active);
    assert_eq!(taken(&authority, &new).await, Ok(()));
    assert_eq!(taken(&authority, &old).await, Err(Rejection::Superseded), "without a grace");
    assert_eq!(authority.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::CutOff));
    authority.revoke(&admin(), new.record.id).await.unwrap();
    let next = mine(&authority, &alice, "next").await;
    assert_ne!(next.record.id, new.record.id, "revoked is for ever: this is another one");
    assert_eq!(taken(&authority, &next).await, Ok(()));
    assert_eq!(taken(&authority, &new).await, Err(Rejection::Revoked));
}

#[tokio::test]
async fn a_user_made_anew_gets_a_token_of_its_own_life() {
    for grace in [0, LONG] {
        let (world, authority, alice) = world(grace).await;
        let old = mine(&authority, &alice, "old").await;
        let access_token = child(&authority, &old).await;
        world.people.set("alice", Account::active().with_role("writer").with_incarnation("second"));
        let again = self::alice(&authority).await;
        let new = mine(&authority, &again, "new").await;
        assert_eq!(taken(&authority, &new).await, Ok(()), "{grace}");
        assert_ne!(taken(&authority, &old).await, Ok(()), "{grace}: of the life before");
        assert_eq!(
            authority.authenticate(&access_token).unwrap_err().rejection(),
            Some(Rejection::CutOff),
            "{grace}"
        );
        // Who is no active user any more makes none.
        world.people.set("alice", Account { active: false, ..Account::active() });
        let answer = authority.generate(&again, Generate::new("x")).await;
        assert!(matches!(answer, Err(ManageError::Invalid(errors)) if errors[0].pointer == "/subject"));
    }
}

#[tokio::test]
async fn two_at_a_time_leave_one_record_and_each_answer_is_sound() {
    for grace in [0, LONG] {
        for (call, side) in [
            (Call::List, After),
            (Call::Insert, Before),
            (Call::Insert, After),
            (Call::Find, After),
            (Call::Update, Before),
            (Call::Update, After),
        ] {
            for with_one in [false, true] {
                let (_, reaches) = ((), with_one || !matches!(call, Call::Find | Call::Update));
                let reaches = reaches && (!with_one || call != Call::Insert);
                if !reaches {
                    continue;
                }
                let (world, here, alice) = world(grace).await;
                let there = node(&world, grace).await;
                if with_one {
                    mine(&here, &alice, "before").await;
                }
                let mut held = world.store.hold(call, side);
                let (node, caller) = (here.clone(), alice.clone());
                let first = tokio::spawn(async move { mine(&node, &caller, "first").await });
                held.arrived().await;
                let second = mine(&there, &alice, "second").await;
                held.release();
                let first = first.await.unwrap();
                let records = all(&here).await;
                assert_eq!(records.len(), 1, "{call:?} {side:?}");
                assert_ne!(first.record.credential.generation, second.record.credential.generation);
                let (newer, older) =
                    if first.record.credential.generation > second.record.credential.generation {
                        (first, second)
                    } else {
                        (second, first)
                    };
                for node in [&here, &there] {
                    assert_eq!(taken(node, &newer).await, Ok(()), "{call:?} {side:?}");
                    let wanted = if grace == 0 { Err(Rejection::Superseded) } else { Ok(()) };
                    assert_eq!(taken(node, &older).await, wanted, "{call:?} {side:?} {grace}");
                }
            }
        }
    }
}

#[tokio::test]
async fn many_at_a_time_leave_one_that_works() {
    let (world, here, alice) = world(0).await;
    let there = node(&world, 0).await;
    let all_at_once = (0..6).map(|number| {
        let (node, alice) = ([&here, &there][number % 2].clone(), alice.clone());
        tokio::spawn(async move { mine(&node, &alice, &number.to_string()).await })
    });
    let mut tokens = Vec::new();
    for one in all_at_once.collect::<Vec<_>>() {
        tokens.push(one.await.unwrap());
    }
    let mut live = 0;
    for token in &tokens {
        live += usize::from(taken(&here, token).await.is_ok());
    }
    assert_eq!((live, all(&here).await.len()), (1, 1));
}

#[tokio::test]
async fn a_number_of_them_holds_whoever_comes_at_the_same_time() {
    let world = World::new();
    world.people.set("alice", Account::active());
    let authority = world.start(world.builder().personal_limit(3)).await;
    let alice = alice(&authority).await;
    let all_at_once = (0..10).map(|number| {
        let (authority, alice) = (authority.clone(), alice.clone());
        tokio::spawn(async move { authority.generate(&alice, Generate::new(number.to_string())).await })
    });
    let mut made = 0;
    for one in all_at_once.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(token) => {
                assert_eq!(taken(&authority, &token).await, Ok(()), "none is replaced");
                made += 1;
            }
            Err(ManageError::Conflict(Conflict::TooManyTokens)) => {}
            Err(error) => unreachable!("{error}"),
        }
    }
    assert_eq!(made, 3);
}

#[tokio::test]
async fn what_stands_in_the_way_and_is_not_the_own_is_a_conflict() {
    let world = World::new();
    world.people.set("alice", Account::active());
    let authority = world.start(world.builder().personal_limit(1).subject_limit(2)).await;
    let alice = alice(&authority).await;
    let mut services = Vec::new();
    for name in ["1", "2"] {
        services.push(generate(&authority, Generate::new(name).with_subject("alice")).await.record.id);
    }
    let full = |answer: Result<Generated, ManageError>| {
        matches!(answer, Err(ManageError::Conflict(Conflict::TooManyTokens)))
    };
    assert!(full(authority.generate(&alice, Generate::new("mine")).await), "as many as a user may have");
    authority.delete(&admin(), services[0]).await.unwrap();
    mine(&authority, &alice, "mine").await;
    mine(&authority, &alice, "to replace one is no more").await;

    // One in another tenant, which this session does not see.
    let world = World::new();
    world.people.set("alice", Account::active());
    let authority = world.start(world.builder().personal_limit(1)).await;
    let session = async |tenant: &str| {
        authority.caller_of_session("alice", Some(tenant)).await.unwrap().personal().unwrap()
    };
    mine(&authority, &session("a").await, "mine").await;
    assert!(full(authority.generate(&session("b").await, Generate::new("mine")).await));
}

#[tokio::test]
async fn a_replacement_that_meets_an_end_makes_another_one_or_fails() {
    for (call, side) in [(Call::List, After), (Call::Find, After), (Call::Update, Before)] {
        for delete in [true, false] {
            let (world, authority, alice) = world(0).await;
            let old = mine(&authority, &alice, "old").await;
            let mut held = world.store.hold(call, side);
            let (node, caller) = (authority.clone(), alice.clone());
            let replacing = tokio::spawn(async move { mine(&node, &caller, "new").await });
            held.arrived().await;
            if delete {
                authority.delete(&admin(), old.record.id).await.unwrap();
            } else {
                authority.revoke(&admin(), old.record.id).await.unwrap();
            }
            held.release();
            let new = replacing.await.unwrap();
            assert_ne!(new.record.id, old.record.id);
            assert_eq!(taken(&authority, &new).await, Ok(()));
            assert_eq!(taken(&authority, &old).await, Err(Rejection::Revoked));
        }
    }
    let (world, authority, alice) = world(0).await;
    let old = mine(&authority, &alice, "old").await;
    for call in [Call::List, Call::Find, Call::Update, Call::LongestAccessTtl] {
        world.store.fail(call, true);
        let answer = authority.generate(&alice, Generate::new("new")).await;
        assert!(matches!(answer, Err(ManageError::Unavailable(Unavailable::Store(_)))), "{call:?}");
        world.store.fail(call, false);
        assert_eq!(taken(&authority, &old).await, Ok(()), "{call:?}");
    }
}

#[tokio::test]
async fn a_replacement_is_taken_back_like_a_rotation() {
    let (_world, authority, alice) = world(LONG).await;
    let narrow = |role: &str| Generate::new(role).with_role(role);
    let old = authority.generate(&alice, narrow("writer")).await.unwrap();
    let new =
        authority.generate(&alice, Generate { roles: names(&[]), ..narrow("writer").with_scope("x") }).await;
    assert!(matches!(new, Err(ManageError::Denied(_))), "she has no such scope");
    let new = authority.generate(&alice, narrow("writer")).await.unwrap();
    authority.cancel_rotation(&alice, old.record.id).await.unwrap();
    assert_eq!(taken(&authority, &old).await, Ok(()));
    assert_eq!(taken(&authority, &new).await, Err(Rejection::Superseded));
    let third = authority.generate(&alice, narrow("writer")).await.unwrap();
    assert_eq!(taken(&authority, &third).await, Ok(()));
    let answer = authority.cancel_rotation(&alice, old.record.id).await;
    assert!(matches!(answer, Err(ManageError::Conflict(Conflict::NotCancellable))));
    let rotated = authority.rotate(&alice, old.record.id, Rotate::default()).await.unwrap();
    assert_eq!(rotated.record.state(authority.now()), State::Active);
}
