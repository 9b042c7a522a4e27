//! Signatures by a secret: for five minutes, for the user that they name, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use crate::common::{
    Call, SKEW, World, admin, generate,
    people::Mood,
    signature::{hash, sign},
    store::Side::{After, Before},
};
use jeton::{
    Account, Authority, Exchange, ExchangeError, Generate, Generated, KeyAndSecret, Rejection, Rotate,
    Signatures, Unavailable, policy::Denial,
};
use proptest::prelude::*;

const LIFE: i64 = 300;

async fn world(signatures: Signatures) -> (World, Authority, Generated) {
    let world = World::new();
    let authority = world.start(world.with_secrets(signatures)).await;
    world.people.set("alice", Account::active().with_role("writer"));
    let token = generate(&authority, Generate::new("CI").with_role("writer").with_key_and_secret()).await;
    (world, authority, token)
}

fn secret(token: &Generated) -> &KeyAndSecret {
    token.secret.as_ref().unwrap()
}

/// The subject that the access token acts as.
async fn acts_as(authority: &Authority, signature: &str) -> Result<String, ExchangeError> {
    let exchanged = authority.exchange_signature(signature, &Exchange::default()).await?;
    let principal = authority.authenticate(exchanged.access_token.expose()).unwrap();
    assert_eq!(principal.subject(), exchanged.subject.as_deref());
    Ok(principal.subject().unwrap().to_owned())
}

async fn rejection(authority: &Authority, signature: &str) -> Rejection {
    match acts_as(authority, signature).await {
        Err(ExchangeError::Rejected(rejection)) => rejection,
        other => unreachable!("{signature}: {other:?}"),
    }
}

#[tokio::test]
async fn it_counts_for_five_minutes_from_the_moment_that_it_names() {
    let (world, authority, token) = world(Signatures::Accepted).await;
    let skew = i64::try_from(SKEW).unwrap();
    let now = world.clock.unix();
    for (at, wanted) in [
        (now, None),
        (now - LIFE + 1, None),
        (now - LIFE, Some(Rejection::Expired)),
        (now + skew, None),
        (now + skew + 1, Some(Rejection::NotYetValid)),
        (0, Some(Rejection::Expired)),
        (9_999_999_999, Some(Rejection::NotYetValid)),
    ] {
        let signature = sign(secret(&token), at, "alice");
        match wanted {
            None => assert_eq!(acts_as(&authority, &signature).await.unwrap(), "alice", "{}", at - now),
            Some(wanted) => assert_eq!(rejection(&authority, &signature).await, wanted, "{}", at - now),
        }
    }
}

#[tokio::test]
async fn unless_told_otherwise_there_are_none() {
    let (world, authority, token) = world(Signatures::Refused).await;
    let reads = world.store.count(Call::Find);
    let signature = sign(secret(&token), world.clock.unix(), "alice");
    assert_eq!(rejection(&authority, &signature).await, Rejection::Invalid);
    assert_eq!(world.store.count(Call::Find), reads);
}

#[tokio::test]
async fn every_part_is_signed_and_has_one_form() {
    let (world, authority, token) = world(Signatures::Accepted).await;
    let pair = secret(&token);
    let now = world.clock.unix();
    for user in ["alice", "alice_b", "_", "a__b", "a=b"] {
        world.people.set(user, Account::active());
    }
    world.people.set("J\u{fc}rgen _ %", Account::active());
    for (user, subject) in [
        ("alice", "alice"),
        ("%61lice", "alice"),
        ("alice_b", "alice_b"),
        ("_", "_"),
        ("a__b", "a__b"),
        ("a=b", "a=b"),
        ("J%C3%BCrgen%20_%20%25", "J\u{fc}rgen _ %"),
        ("J\u{fc}rgen%20_%20%25", "J\u{fc}rgen _ %"),
    ] {
        assert_eq!(acts_as(&authority, &sign(pair, now, user)).await.unwrap(), subject, "{user}");
    }
    // Well signed, and of no form that is read.
    for user in ["", "%", "%6", "%6g", "%C3", "a%00b", "=", "%20alice", "alice%0A", &"a".repeat(201)] {
        assert_eq!(rejection(&authority, &sign(pair, now, user)).await, Rejection::Invalid, "{user:?}");
    }
    let good = sign(pair, now, "alice");
    let signed = |moment: &str, user: &str| {
        let hash = hash(pair.secret.expose(), &format!("{}{moment}{user}", pair.key));
        format!("tkn_{}_{moment}_{user}_{hash}", pair.key)
    };
    assert_eq!(signed(&now.to_string(), "alice"), good);
    for wrong in [
        signed(&format!("0{now}"), "alice"),
        signed(&now.to_string()[1..], "alice"),
        signed(&format!("+{}", &now.to_string()[1..]), "alice"),
        signed("          ", "alice"),
        good.replace("tkn_", "TKN_"),
        good.replace("tkn_", ""),
        good.replace(&pair.key, &pair.key.to_uppercase()),
        good.replace(&pair.key, &"0".repeat(36)),
        good.replace("_alice_", "_"),
        good.replace("_alice_", "_bob_"),
        format!("{good} "),
        format!("{good}00"),
        good[..good.len() - 1].to_owned(),
        String::new(),
        "tkn_".to_owned(),
        "_".repeat(100),
    ] {
        assert_eq!(rejection(&authority, &wrong).await, Rejection::Invalid, "{wrong}");
    }
    assert_eq!(rejection(&authority, &"a".repeat(9000)).await, Rejection::TooLong);
    // Every single character counts. A hash may be in capital letters, which says the same.
    for at in 4..good.len() {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let wrong = String::from_utf8(bytes).unwrap();
        let refused = acts_as(&authority, &wrong).await;
        assert!(matches!(refused, Err(ExchangeError::Rejected(_))), "{wrong}");
    }
    // A secret of somebody else, and the secret itself.
    let other = generate(&authority, Generate::new("other").with_key_and_secret()).await;
    let crossed = KeyAndSecret { key: pair.key.clone(), secret: secret(&other).secret.clone() };
    assert_eq!(rejection(&authority, &sign(&crossed, now, "alice")).await, Rejection::Invalid);
}

#[tokio::test]
async fn before_it_is_proven_nothing_is_told() {
    let (world, authority, token) = world(Signatures::Accepted).await;
    let now = world.clock.unix();
    let forged = |key: &str| format!("tkn_{key}_{now}_alice_{}", "0".repeat(64));
    let id = token.record.id;
    let key = id.to_string();
    assert_eq!(
        rejection(&authority, &forged(&crate::common::unknown_id().to_string())).await,
        Rejection::Invalid
    );
    assert_eq!(rejection(&authority, &forged(&key)).await, Rejection::Invalid);
    let calls = world.people.calls();
    authority.disable(&admin(), id).await.unwrap();
    assert_eq!(rejection(&authority, &forged(&key)).await, Rejection::Invalid);
    assert_eq!(rejection(&authority, &sign(secret(&token), now, "alice")).await, Rejection::Disabled);
    authority.revoke(&admin(), id).await.unwrap();
    assert_eq!(rejection(&authority, &forged(&key)).await, Rejection::Invalid);
    assert_eq!(rejection(&authority, &sign(secret(&token), now, "alice")).await, Rejection::Revoked);
    assert_eq!(world.people.calls(), calls, "and the directory is not asked");
}

#[tokio::test]
async fn a_record_without_a_secret_accepts_none() {
    let (world, authority, _) = world(Signatures::Accepted).await;
    let plain = crate::common::service(&authority, "plain").await;
    // Signed by the secret that it would have.
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[1; 32]);
    let id = plain.record.id;
    let tag = aws_lc_rs::hmac::sign(&key, format!("jeton secret {id} 1").as_bytes());
    let (would_be, now) = (format!("1.{}", crate::common::keys::encode(tag.as_ref())), world.clock.unix());
    let hash = hash(&would_be, &format!("{id}{now}alice"));
    assert_eq!(rejection(&authority, &format!("tkn_{id}_{now}_alice_{hash}")).await, Rejection::Invalid);
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_user_signs_for_that_one() {
    let (world, authority, _) = world(Signatures::Accepted).await;
    world.people.set("bob", Account::active());
    world.people.call("alice", "Alice L.");
    let request = Generate::new("bound").with_subject("alice").with_key_and_secret();
    let token = generate(&authority, request).await;
    let sign = |user: &str| sign(secret(&token), world.clock.unix(), user);
    assert_eq!(acts_as(&authority, &sign("alice")).await.unwrap(), "alice");
    assert_eq!(acts_as(&authority, &sign("=Alice%20L.")).await.unwrap(), "alice");
    for other in ["bob", "Alice", "nobody"] {
        let answer = acts_as(&authority, &sign(other)).await;
        assert!(matches!(answer, Err(ExchangeError::Denied(Denial::Subject))), "{other}: {answer:?}");
    }
    // Bound by a later edit.
    let free = generate(&authority, Generate::new("free").with_key_and_secret()).await;
    let old = self::sign(secret(&free), world.clock.unix(), "bob");
    let old = authority.exchange_signature(&old, &Exchange::default()).await.unwrap().access_token;
    let edit = jeton::Edit { subject: Some(Some("alice".into())), ..jeton::Edit::default() };
    authority.update(&admin(), free.record.id, edit, None).await.unwrap();
    assert_eq!(
        authority.authenticate(old.expose()).unwrap_err().rejection(),
        Some(Rejection::CutOff),
        "made for somebody else"
    );
    let answer = acts_as(&authority, &self::sign(secret(&free), world.clock.unix(), "bob")).await;
    assert!(matches!(answer, Err(ExchangeError::Denied(Denial::Subject))), "{answer:?}");
}

#[tokio::test]
async fn the_directory_says_who_a_name_is_and_who_may_act() {
    let (world, authority, token) = world(Signatures::Accepted).await;
    world.people.call("alice", "Alice");
    let now = world.clock.unix();
    let sign = |user: &str| sign(secret(&token), now, user);
    assert_eq!(acts_as(&authority, &sign("=Alice")).await.unwrap(), "alice");
    assert_eq!(acts_as(&authority, &sign("%3DAlice")).await.unwrap(), "alice");
    for unknown in ["=alice", "=Bob", "Alice", "bob"] {
        assert_eq!(rejection(&authority, &sign(unknown)).await, Rejection::Subject, "{unknown}");
    }
    world.people.set("alice", Account { active: false, ..Account::active() });
    assert_eq!(rejection(&authority, &sign("alice")).await, Rejection::Subject);
    world.people.is(Mood::Failing);
    for user in ["alice", "=Alice"] {
        let answer = acts_as(&authority, &sign(user)).await;
        assert!(matches!(answer, Err(ExchangeError::Unavailable(Unavailable::Directory(_)))), "{answer:?}");
    }
    // A user who is called as the token is would look as if there were none.
    world.people.is(Mood::Well);
    let own = token.record.id.to_string();
    world.people.set(&own, Account::active().with_role("writer"));
    world.people.call(&own, "own");
    for user in [&own, "=own"] {
        assert_eq!(rejection(&authority, &sign(user)).await, Rejection::Subject);
    }
}

#[tokio::test]
async fn the_rights_are_those_of_the_user_within_the_bounds_of_the_token() {
    let (world, authority, token) = world(Signatures::Accepted).await;
    let account = Account::active().with_role("writer").with_role("admin").with_scope("x").with_group("g");
    world.people.set("alice", account);
    let signature = sign(secret(&token), world.clock.unix(), "alice");
    let exchanged = authority.exchange_signature(&signature, &Exchange::default()).await.unwrap();
    let principal = authority.authenticate(exchanged.access_token.expose()).unwrap();
    assert_eq!(principal.roles(), &crate::common::names(&["writer"]));
    assert_eq!(principal.scopes(), &crate::common::names(&["reports:read", "reports:write"]));
    assert_eq!(principal.groups(), &crate::common::names(&["g"]));
    world.people.set("alice", Account::active().with_role("reader"));
    let exchanged = authority.exchange_signature(&signature, &Exchange::default()).await.unwrap();
    assert_eq!(
        authority.authenticate(exchanged.access_token.expose()).unwrap().roles(),
        &crate::common::names(&[])
    );
}

#[tokio::test]
async fn it_goes_with_its_credential() {
    let (world, authority, token) = world(Signatures::Accepted).await;
    let now = world.clock.unix();
    let old = sign(secret(&token), now, "alice");
    let grace = Rotate { grace: crate::common::seconds(10), expiry: None };
    let new = authority.rotate(&admin(), token.record.id, grace).await.unwrap();
    let new = sign(secret(&new), now, "alice");
    assert!(acts_as(&authority, &old).await.is_ok() && acts_as(&authority, &new).await.is_ok());
    let answer = authority.cancel_rotation(&admin(), token.record.id).await;
    assert!(answer.is_err(), "a signature is a use");
    world.clock.pass(10);
    assert_eq!(rejection(&authority, &old).await, Rejection::Invalid);
    assert!(acts_as(&authority, &new).await.is_ok());
}

#[tokio::test]
async fn one_that_counts_once_counts_once_on_all_nodes() {
    let (world, here, token) = world(Signatures::AcceptedOnce).await;
    let there = world.start(world.with_secrets(Signatures::AcceptedOnce)).await;
    let now = world.clock.unix();
    let signature = sign(secret(&token), now, "alice");
    let tries = (0..20).map(|number| {
        let node = [&here, &there][number % 2].clone();
        let signature = signature.clone();
        tokio::spawn(async move { node.exchange_signature(&signature, &Exchange::default()).await.is_ok() })
    });
    let mut taken = 0;
    for one in tries.collect::<Vec<_>>() {
        taken += usize::from(one.await.unwrap());
    }
    assert_eq!(taken, 1);
    // The same in capital letters is the same.
    let capital = {
        let (rest, hash) = signature.rsplit_once('_').unwrap();
        format!("{rest}_{}", hash.to_uppercase())
    };
    for node in [&here, &there] {
        assert_eq!(rejection(node, &capital).await, Rejection::Replayed);
    }
    assert_eq!(acts_as(&here, &sign(secret(&token), now - 1, "alice")).await.unwrap(), "alice");
    // To its very end, also after what is over was dropped by a node whose clock is ahead.
    let latest = sign(secret(&token), now + i64::try_from(SKEW).unwrap(), "alice");
    assert!(acts_as(&here, &latest).await.is_ok());
    world.clock.pass(SKEW + 299);
    there.keep_house().await.unwrap();
    assert_eq!(rejection(&here, &latest).await, Rejection::Replayed);
    let ahead = std::sync::Arc::new(world.clock.fork());
    ahead.pass(SKEW);
    let ahead = world.start(world.with_secrets(Signatures::AcceptedOnce).clock(ahead)).await;
    ahead.keep_house().await.unwrap();
    assert_eq!(rejection(&here, &latest).await, Rejection::Replayed);
}

#[tokio::test]
async fn one_that_was_refused_was_not_used() {
    let (world, authority, token) = world(Signatures::AcceptedOnce).await;
    let signature = sign(secret(&token), world.clock.unix(), "alice");
    world.people.is(Mood::Failing);
    assert!(acts_as(&authority, &signature).await.is_err());
    world.people.is(Mood::Well);
    let wanted = Exchange { audience: Some("x".into()), ..Exchange::default() };
    assert!(authority.exchange_signature(&signature, &wanted).await.is_err());
    let wanted = Exchange { scopes: Some(crate::common::names(&["x"])), ..Exchange::default() };
    assert!(authority.exchange_signature(&signature, &wanted).await.is_err());
    for call in [Call::TakeName, Call::Find] {
        world.store.fail(call, true);
        let answer = acts_as(&authority, &signature).await;
        assert!(matches!(answer, Err(ExchangeError::Unavailable(Unavailable::Store(_)))), "{answer:?}");
        world.store.fail(call, false);
    }
    assert!(acts_as(&authority, &signature).await.is_ok());
    assert_eq!(rejection(&authority, &signature).await, Rejection::Replayed);
}

#[tokio::test]
async fn one_that_meets_a_revoke_gives_nothing_that_lives() {
    for (call, side) in
        [(Call::Find, Before), (Call::Find, After), (Call::TakeName, Before), (Call::TakeName, After)]
    {
        let (world, authority, token) = world(Signatures::AcceptedOnce).await;
        let signature = sign(secret(&token), world.clock.unix(), "alice");
        let mut held = world.store.hold(call, side);
        let node = authority.clone();
        let exchanging =
            tokio::spawn(async move { node.exchange_signature(&signature, &Exchange::default()).await });
        held.arrived().await;
        authority.revoke(&admin(), token.record.id).await.unwrap();
        held.release();
        if let Ok(exchanged) = exchanging.await.unwrap() {
            let child = authority.authenticate(exchanged.access_token.expose());
            assert_eq!(child.unwrap_err().rejection(), Some(Rejection::CutOff), "{call:?} {side:?}");
        }
    }
}

#[test]
fn whatever_comes_is_refused_and_nothing_breaks() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (world, authority, token) = runtime.block_on(world(Signatures::Accepted));
    let good = sign(secret(&token), world.clock.unix(), "alice");
    let key = secret(&token).key.clone();
    let (said, hash) = good.rsplit_once('_').map(|(said, hash)| (said.to_owned(), hash.to_owned())).unwrap();
    let reasons = std::cell::RefCell::new(BTreeSet::new());
    let text = prop_oneof![
        any::<String>(),
        "tkn_[0-9a-f-]{0,40}_[0-9]{8,12}_(%[0-9a-fA-F]{0,2}|[a-z_=]|\\PC){0,20}_[0-9a-f]{60,66}",
        ("[0-9]{10}", "(%[0-9a-f]{2}|.){0,12}", "[0-9a-fA-F]{64}")
            .prop_map(move |(moment, user, hash)| format!("tkn_{key}_{moment}_{user}_{hash}")),
        // The good one, with something else in one place.
        (0..good.len(), any::<char>()).prop_map(move |(at, other)| {
            let mut changed = good.clone();
            changed.replace_range(at..=at, &other.to_string());
            if changed == good { String::new() } else { changed }
        }),
    ];
    proptest!(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() }, |(text in text)| {
        let answer = runtime.block_on(authority.exchange_signature(&text, &Exchange::default()));
        // A digit of the hash in a capital letter is the same signature.
        let same = text.rsplit_once('_').is_some_and(|(to, by)| to == said && by.eq_ignore_ascii_case(&hash));
        prop_assert!(same || answer.is_err(), "{text}");
        if let Err(error) = answer {
            let ExchangeError::Rejected(rejection) = error else { unreachable!("{error}") };
            reasons.borrow_mut().insert(rejection.code());
        }
        let _ = runtime.block_on(authority.exchange_secret(&text, &text, &Exchange::default()));
    });
    // Whatever is not proven is told one thing.
    assert_eq!(*reasons.borrow(), BTreeSet::from(["invalid"]));
}
