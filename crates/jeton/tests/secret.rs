//! Key and secret: what proves a holder beside the API token, and nothing but the one that was given out.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{
    Call, LEEWAY, SKEW, TTL, World, admin, child, generate, principal, seconds, secret_key, service,
    signature::sign,
    store::Side::{After, Before},
};
use jeton::{
    Account, AuthenticateError, Authority, BuildError, Conflict, Edit, Exchange, ExchangeError, Exchanged,
    Generate, Generated, KeyAndSecret, ManageError, OriginRef, Rejection, Rotate, Signatures, policy::Denial,
};

const LONG: u64 = TTL + SKEW + LEEWAY;

async fn world() -> (World, Authority) {
    let world = World::new();
    let authority = world.start(world.with_secrets(Signatures::Accepted)).await;
    (world, authority)
}

fn request(name: &str) -> Generate {
    Generate::new(name).with_role("writer").with_key_and_secret()
}

fn secret(token: &Generated) -> &KeyAndSecret {
    token.secret.as_ref().unwrap()
}

async fn exchange(authority: &Authority, key: &str, secret: &str) -> Result<Exchanged, ExchangeError> {
    authority.exchange_secret(key, secret, &Exchange::default()).await
}

/// Whether the key and secret are taken, and if not, why they are refused; at every door alike.
async fn taken(authority: &Authority, pair: &KeyAndSecret) -> Result<(), Rejection> {
    let (key, secret) = (&pair.key, pair.secret.expose());
    let direct = match authority.authenticate_secret(key, secret, OriginRef::default()).await {
        Ok(_) => Ok(()),
        Err(AuthenticateError::Rejected(rejection)) => Err(rejection),
        Err(error) => unreachable!("{error}"),
    };
    let exchanged = match exchange(authority, key, secret).await {
        Ok(exchanged) => {
            assert!(authority.authenticate(exchanged.access_token.expose()).is_ok());
            Ok(())
        }
        Err(ExchangeError::Rejected(rejection)) => Err(rejection),
        Err(error) => unreachable!("{error}"),
    };
    assert_eq!(direct, exchanged);
    exchanged
}

fn rotation(grace: u64) -> Rotate {
    Rotate { grace: seconds(grace), expiry: None }
}

fn is_denied<T>(answer: &Result<T, ManageError>) -> bool {
    matches!(answer, Err(ManageError::Denied(denial)) if *denial == Denial::scope("tokens:grant"))
}

#[tokio::test]
async fn the_same_credential_has_the_same_secret_on_every_node() {
    let (world, here) = world().await;
    // Another key for new secrets, and the old one beside it.
    let there = world.start(world.builder().secret_keys([secret_key(2), secret_key(1)])).await;
    let token = generate(&here, request("CI")).await;
    assert_eq!(secret(&token).key, token.record.id.to_string());
    for node in [&here, &there] {
        assert_eq!(taken(node, secret(&token)).await, Ok(()));
    }
    let rotated = there.rotate(&admin(), token.record.id, rotation(LONG)).await.unwrap();
    assert_eq!(taken(&there, secret(&rotated)).await, Ok(()));
    assert_eq!(taken(&here, secret(&rotated)).await, Err(Rejection::Invalid), "its key is not known here");
    // A key that is taken away takes its secrets with it, and the token stays.
    let without = world.start(world.builder().secret_keys([secret_key(2)])).await;
    assert_eq!(taken(&without, secret(&token)).await, Err(Rejection::Invalid));
    assert_eq!(taken(&without, secret(&rotated)).await, Ok(()));
    assert!(without.exchange(token.api_token.expose(), &Exchange::default()).await.is_ok());
    let none = world.node().await;
    assert_eq!(taken(&none, secret(&token)).await, Err(Rejection::Invalid));
}

#[tokio::test]
async fn the_secret_of_the_token_in_force_opens_and_no_other_does() {
    let (world, authority) = world().await;
    let (one, two) = (generate(&authority, request("one")).await, generate(&authority, request("two")).await);
    let (key, right) = (&secret(&one).key, secret(&one).secret.expose());
    assert_eq!(taken(&authority, secret(&one)).await, Ok(()));
    let (number, mac) = right.split_once('.').unwrap();
    let reads = world.store.count(Call::Find);
    let other = secret(&two).secret.expose();
    let mut wrong = vec![
        String::new(),
        ".".into(),
        right[1..].into(),
        mac.into(),
        format!("{number}."),
        format!("2.{mac}"),
        format!("01.{mac}"),
        format!("+1.{mac}"),
        format!("-1.{mac}"),
        format!("1.{mac}="),
        format!("1. {mac}"),
        format!("{right}\n"),
        format!("1.{}", mac.to_uppercase()),
        other.into(),
        format!("18446744073709551616.{mac}"),
        right.repeat(1000),
        "1.é".into(),
        one.api_token.expose().into(),
    ];
    // Every single character counts.
    wrong.extend((0..right.len()).map(|at| {
        let mut bytes = right.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    }));
    for wrong in &wrong {
        let answer = exchange(&authority, key, wrong).await;
        assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Invalid))), "{wrong}: {answer:?}");
    }
    let keys = [secret(&two).key.clone(), String::new(), key.to_uppercase(), format!("{key} "), "é".into()];
    for key in &keys {
        let answer = exchange(&authority, key, right).await;
        assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Invalid))), "{key}: {answer:?}");
    }
    assert_eq!(world.store.count(Call::Find), reads, "none of them reached the store");
    assert!(authority.exchange(right, &Exchange::default()).await.is_err(), "a secret is no token");
}

#[tokio::test]
async fn a_record_without_one_accepts_none() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    assert!(token.secret.is_none());
    // The one that it would have: derived as that of a record that has one.
    let with = generate(&authority, request("with")).await;
    let forged = hmac_of(&token.record.id.to_string());
    assert_eq!(hmac_of(&with.record.id.to_string()), secret(&with).secret.expose(), "derived as it is here");
    let pair = authority.exchange_secret(&token.record.id.to_string(), &forged, &Exchange::default()).await;
    assert!(matches!(pair, Err(ExchangeError::Rejected(Rejection::Superseded))), "{pair:?}");
    let world = World::new();
    let none = world.node().await;
    let answer = none.generate(&admin(), request("x")).await;
    assert!(matches!(answer, Err(ManageError::Invalid(errors)) if errors[0].pointer == "/key_and_secret"));
}

/// The first secret of that record, made by whoever holds the key of the ring.
fn hmac_of(id: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[1; 32]);
    let tag = aws_lc_rs::hmac::sign(&key, format!("jeton secret {id} 1").as_bytes());
    format!("1.{}", crate::common::keys::encode(tag.as_ref()))
}

#[tokio::test]
async fn it_goes_with_its_credential_through_every_rotation() {
    let (world, authority) = world().await;
    let first = generate(&authority, request("CI")).await;
    let id = first.record.id;
    let rotate = async |grace| authority.rotate(&admin(), id, rotation(grace)).await;
    let old = secret(&first).clone();

    let cancelled = rotate(LONG).await.unwrap();
    authority.cancel_rotation(&admin(), id).await.unwrap();
    assert_eq!(taken(&authority, secret(&cancelled)).await, Err(Rejection::Superseded));
    assert_eq!(taken(&authority, &old).await, Ok(()));

    let second = rotate(LONG).await.unwrap();
    assert_ne!(old.secret.expose(), secret(&second).secret.expose());
    world.clock.pass(LONG - 1);
    let last = exchange(&authority, &old.key, old.secret.expose()).await.unwrap();
    assert_eq!(last.expires_in, seconds(1), "a child of the old secret ends with its grace");
    assert_eq!(taken(&authority, secret(&second)).await, Ok(()));
    let answer = authority.cancel_rotation(&admin(), id).await;
    let used = matches!(answer, Err(ManageError::Conflict(Conflict::NotCancellable)));
    assert!(used, "the secret of the new credential is a use of it");
    world.clock.pass(1);
    assert_eq!(taken(&authority, &old).await, Err(Rejection::Superseded), "the end is outside");

    let children = exchange(&authority, &old.key, secret(&second).secret.expose()).await.unwrap();
    let third = rotate(0).await.unwrap();
    for dead in [&old, secret(&cancelled), secret(&second)] {
        assert_eq!(taken(&authority, dead).await, Err(Rejection::Superseded));
    }
    assert_eq!(
        authority.authenticate(children.access_token.expose()).unwrap_err().rejection(),
        Some(Rejection::CutOff)
    );
    assert_eq!(taken(&authority, secret(&third)).await, Ok(()));

    authority.disable(&admin(), id).await.unwrap();
    assert_eq!(taken(&authority, secret(&third)).await, Err(Rejection::Disabled));
    authority.enable(&admin(), id).await.unwrap();
    assert_eq!(taken(&authority, secret(&third)).await, Ok(()));
    world.clock.pass(31 * 86_400);
    assert_eq!(taken(&authority, secret(&third)).await, Err(Rejection::Expired));
    authority.revoke(&admin(), id).await.unwrap();
    assert_eq!(taken(&authority, secret(&third)).await, Err(Rejection::Revoked));
    authority.delete(&admin(), id).await.unwrap();
    assert_eq!(taken(&authority, secret(&third)).await, Err(Rejection::Revoked));
}

#[tokio::test]
async fn its_child_is_that_of_the_token() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active().with_role("reader"));
    let bound = Generate { networks: vec!["10.0.0.0/8".parse().unwrap()], ..request("bound") };
    let token = generate(&authority, bound.with_subject("alice")).await;
    let pair = secret(&token);
    let answer = exchange(&authority, &pair.key, pair.secret.expose()).await;
    assert!(matches!(answer, Err(ExchangeError::Denied(Denial::Network))), "{answer:?}");
    let origin = jeton::Origin::new("10.1.1.1".parse().ok(), None);
    let here = Exchange { origin, ..Exchange::default() };
    let ways = [
        authority.exchange(token.api_token.expose(), &here).await.unwrap(),
        authority.exchange_secret(&pair.key, pair.secret.expose(), &here).await.unwrap(),
    ];
    let [one, other] = ways.map(|way| authority.authenticate(way.access_token.expose()).unwrap());
    assert_eq!((one.subject(), one.roles(), one.scopes()), (other.subject(), other.roles(), other.scopes()));
    assert_eq!(
        (one.networks(), one.epoch(), one.token_id()),
        (other.networks(), other.epoch(), other.token_id())
    );
    world.people.set("alice", Account { active: false, ..Account::active() });
    let answer = authority.exchange_secret(&pair.key, pair.secret.expose(), &here).await;
    assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Subject))), "{answer:?}");
}

#[tokio::test]
async fn who_may_sign_for_anyone_is_made_by_who_may_grant() {
    let (world, authority) = world().await;
    world.people.set("clerk", Account::active().with_role("clerk").with_role("writer"));
    // A clerk holds all that the token gives, and may give nothing to others.
    let clerk = principal(&authority, Generate::new("clerk").with_role("clerk").with_role("writer")).await;
    let clerk: jeton::Caller = clerk.into();
    let plain = authority.generate(&clerk, Generate::new("plain").with_role("writer")).await.unwrap();
    assert!(is_denied(&authority.generate(&clerk, request("own")).await));
    let given = generate(&authority, request("given")).await.record;

    // To keep it and to narrow it takes no more than to write.
    let roles = |list: &[&str]| Edit { roles: Some(crate::common::names(list)), ..Edit::default() };
    authority.update(&clerk, given.id, roles(&[]), None).await.unwrap();
    assert!(is_denied(&authority.update(&clerk, given.id, roles(&["writer"]), None).await));
    assert!(is_denied(&authority.rotate(&clerk, given.id, rotation(0)).await));
    assert!(is_denied(&authority.rotate(&clerk, given.id, rotation(LONG)).await));
    authority.disable(&clerk, given.id).await.unwrap();
    assert!(is_denied(&authority.enable(&clerk, given.id).await));
    authority.enable(&admin(), given.id).await.unwrap();
    assert!(authority.rotate(&clerk, plain.record.id, rotation(0)).await.is_ok(), "one without a secret");

    // A user's own token is bound to the user, and stays so.
    let own = principal(&authority, Generate::new("user").with_subject("clerk")).await.into();
    let bound = authority.generate(&own, request("bound").with_subject("clerk")).await.unwrap().record;
    let free = Edit { subject: Some(None), ..Edit::default() };
    assert!(is_denied(&authority.update(&own, bound.id, free.clone(), None).await));
    let after = authority.update(&admin(), bound.id, free, None).await.unwrap();
    assert!(after.acts_for_anyone() && after.epoch > bound.epoch);
    assert!(is_denied(&authority.rotate(&own, bound.id, rotation(0)).await));
}

#[tokio::test]
async fn a_token_alone_does_not_get_a_secret_that_signs_for_anyone() {
    let (world, authority) = world().await;
    world.people.set("root", Account::active());
    let free = generate(&authority, request("free")).await;
    let own = async |token: &Generated| {
        authority.rotate_self(token.api_token.expose(), seconds(LONG), &jeton::Origin::default()).await
    };
    assert!(is_denied(&own(&free).await));
    assert_eq!(authority.find(&admin(), free.record.id).await.unwrap().version, 1, "nothing was changed");

    // Bound to a user its secret is worth what the token is.
    let bound = generate(&authority, request("bound").with_subject("root")).await;
    let mut held = world.store.hold(Call::Update, Before);
    let (node, token) = (authority.clone(), bound.api_token.clone());
    let rotating = tokio::spawn(async move {
        node.rotate_self(token.expose(), seconds(LONG), &jeton::Origin::default()).await
    });
    held.arrived().await;
    // It loses its subject in between, and is looked at again.
    let edit = Edit { subject: Some(None), ..Edit::default() };
    authority.update(&admin(), bound.record.id, edit, None).await.unwrap();
    held.release();
    assert!(is_denied(&rotating.await.unwrap()));

    let bound = generate(&authority, request("still bound").with_subject("root")).await;
    let rotated = own(&bound).await.unwrap();
    assert_eq!(taken(&authority, secret(&rotated)).await, Ok(()));
}

#[tokio::test]
async fn every_child_got_by_a_signature_dies_when_its_user_changes() {
    for suspended in [false, true] {
        let world = World::new();
        let node = async || world.start(world.with_secrets(Signatures::Accepted)).await;
        let (here, there) = (node().await, node().await);
        for user in ["alice", "bob"] {
            world.people.set(user, Account::active().with_role("writer"));
        }
        let free = generate(&here, request("free").with_scope("extra")).await;
        let bound = generate(&here, request("bound").with_subject("bob")).await;
        let signed = async |node: &Authority, token: &Generated, user: &str| {
            let signature = sign(secret(token), world.clock.unix(), user);
            let exchanged = node.exchange_signature(&signature, &Exchange::default()).await;
            exchanged.map(|exchanged| exchanged.access_token.expose().to_owned())
        };
        let children =
            [signed(&here, &free, "alice").await.unwrap(), signed(&there, &free, "alice").await.unwrap()];
        let others = signed(&here, &bound, "bob").await.unwrap();
        assert_eq!(here.authenticate(&children[0]).unwrap().subject(), Some("alice"));
        world.people.set("alice", Account { active: !suspended, ..Account::active().with_role("reader") });
        let count =
            if suspended { here.suspend_subject("alice").await } else { here.subject_changed("alice").await };
        assert_eq!(count.unwrap(), 0, "no token of alice");
        there.sync().await.unwrap();
        for node in [&here, &there] {
            assert!(
                children
                    .iter()
                    .all(|child| crate::common::refusal(node.authenticate(child)) == Some(Rejection::CutOff))
            );
            assert!(node.authenticate(&others).is_ok(), "bound to somebody else");
        }
        // The token works on; what it may do for alice is what the directory says.
        let again = signed(&here, &free, "alice").await;
        if suspended {
            assert!(matches!(again, Err(ExchangeError::Rejected(Rejection::Subject))), "{again:?}");
        } else {
            let again = here.authenticate(&again.unwrap()).unwrap();
            assert!(!again.roles().contains("writer"), "{again:?}");
        }
        assert!(here.authenticate(&signed(&here, &free, "bob").await.unwrap()).is_ok());
    }
}

#[tokio::test]
async fn an_exchange_by_a_signature_that_meets_the_change_gives_the_new_rights_or_nothing() {
    for (call, side) in [(Call::Find, Before), (Call::Find, After)] {
        let (world, authority) = world().await;
        let writer = Account::active().with_role("writer");
        world.people.set("alice", writer.clone());
        let free = generate(&authority, request("free").with_role("reader")).await;
        let signature = sign(secret(&free), world.clock.unix(), "alice");
        let mut held = world.store.hold(call, side);
        let node = authority.clone();
        let exchanging =
            tokio::spawn(async move { node.exchange_signature(&signature, &Exchange::default()).await });
        held.arrived().await;
        world.people.set("alice", Account::active().with_role("reader"));
        authority.subject_changed("alice").await.unwrap();
        held.release();
        let exchanged = exchanging.await.unwrap().unwrap();
        let principal = authority.authenticate(exchanged.access_token.expose()).unwrap();
        assert_eq!(principal.roles(), &crate::common::names(&["reader"]), "{side:?}");
    }
}

#[tokio::test]
async fn an_exchange_by_secret_that_meets_a_revoke_or_a_rotation_gives_nothing_that_lives() {
    for side in [Before, After] {
        for revoke in [true, false] {
            let (world, authority) = world().await;
            let token = generate(&authority, request("CI")).await;
            let pair = secret(&token).clone();
            let mut held = world.store.hold(Call::Find, side);
            let node = authority.clone();
            let exchanging =
                tokio::spawn(async move { exchange(&node, &pair.key, pair.secret.expose()).await });
            held.arrived().await;
            let id = token.record.id;
            let reason = if revoke {
                authority.revoke(&admin(), id).await.unwrap();
                Rejection::Revoked
            } else {
                authority.rotate(&admin(), id, rotation(0)).await.unwrap();
                Rejection::Superseded
            };
            held.release();
            let answer = exchanging.await.unwrap();
            assert!(matches!(&answer, Err(ExchangeError::Rejected(why)) if *why == reason), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn the_keys_of_secrets_are_keys_of_their_own() {
    let world = World::new();
    let asymmetric = world.builder().secret_keys([world.api_key.signing()]).build().await;
    assert!(matches!(asymmetric, Err(BuildError::Keys | BuildError::Setting(_))));
    let shared = world.builder().api_keys([secret_key(1)]).secret_keys([secret_key(1)]).build().await;
    assert!(matches!(shared, Err(BuildError::Keys)));
    let twice = world.builder().secret_keys([secret_key(1), secret_key(1)]).build().await;
    assert!(matches!(twice, Err(BuildError::Keys)));
    // Managed keys have one, and another node has the same.
    let store = std::sync::Arc::new(jeton::MemoryStore::new());
    let node = async || {
        let master = jeton::MasterKey::from_base64url(&"A".repeat(43)).unwrap();
        let builder =
            Authority::builder(crate::common::ISSUER).store(store.clone()).directory(world.people.clone());
        builder.managed_keys(store.clone(), master).build().await.unwrap()
    };
    let (here, there) = (node().await, node().await);
    let token = generate(&here, request("CI")).await;
    assert_eq!(taken(&there, secret(&token)).await, Ok(()));
    drop(child(&there, &token).await);
}
