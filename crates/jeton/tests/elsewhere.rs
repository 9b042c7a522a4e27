//! Verifying elsewhere: with the keys and the cut-offs that an issuer publishes, and no store.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::common::{
    API, ISSUER, LEEWAY, OTHER_API, SKEW, TTL, World, admin, child,
    issuer::{Answers, Published, of},
    seconds, service, world,
};
use jeton::{
    AuthenticateError, Authority, BuildError, Document, Exchange, Generate, MasterKey, Rejection, Ring,
    Staleness, StaticDirectory, Verifier, VerifierBuilder, VerifyingKeys, policy::Denial,
};
use serde_json::{Value, json};

const FOREVER: Duration = Duration::from_secs(1_000_000_000);

/// Reads when the test says so.
fn builder(world: &World, source: &Published) -> VerifierBuilder {
    Verifier::builder(ISSUER)
        .audience(API)
        .source(Arc::new(source.clone()))
        .clock(world.clock.clone())
        .clock_skew(seconds(SKEW))
        .leeway(seconds(LEEWAY))
        .keys_interval(FOREVER)
        .cut_offs_interval(FOREVER)
        .retry_interval(FOREVER)
        .source_timeout(FOREVER)
}

/// Until what it reads at its start is read.
async fn started(verifier: Verifier, source: &Published) -> Verifier {
    until(|| source.asked(Document::CutOffs) > 0 && verifier.ready().is_ok()).await;
    verifier
}

async fn until(done: impl Fn() -> bool) {
    // Much is done by other threads, which may have to wait for a core.
    for _ in 0..5_000_000 {
        if done() {
            return;
        }
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
    panic!("it does not happen");
}

/// Lets all that is under way in the background go on as far as it can.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

async fn scene() -> (World, Authority, Published, Verifier) {
    let (world, authority) = world().await;
    let source = Published::new(Answers::Of(authority.clone()));
    let verifier = started(builder(&world, &source).build().unwrap(), &source).await;
    (world, authority, source, verifier)
}

fn rejection(verifier: &Verifier, token: &str) -> Option<Rejection> {
    match verifier.verify(token) {
        Ok(_) => None,
        Err(AuthenticateError::Rejected(rejection)) => Some(rejection),
        Err(other) => panic!("{other}"),
    }
}

fn is_unavailable(verifier: &Verifier, token: &str) -> bool {
    matches!(verifier.verify(token), Err(AuthenticateError::Unavailable(_)))
}

/// Keys that are made, rotated and retired while it runs.
async fn managed(world: &World) -> Authority {
    let master = MasterKey::from_base64url(&crate::common::keys::encode(&[1; 32])).unwrap();
    Authority::builder(ISSUER)
        .audience(API)
        .store(world.store.clone())
        .managed_keys(Arc::new(jeton::MemoryStore::new()), master)
        .directory(Arc::new(StaticDirectory::new()))
        .clock(world.clock.clone())
        .access_ttl(seconds(TTL))
        .feed_interval(seconds(1_000_000))
        .build()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_child_is_accepted_and_says_the_same_as_at_its_issuer() {
    let (_world, authority, _source, verifier) = scene().await;
    let token = service(&authority, "CI").await;
    let access = child(&authority, &token).await;
    assert_eq!(verifier.verify(&access).unwrap(), authority.authenticate(&access).unwrap());
    assert_eq!(rejection(&verifier, token.api_token.expose()), Some(Rejection::Invalid), "no API token");
    let elsewhere = Exchange { audience: Some(OTHER_API.into()), ..Exchange::default() };
    let other = authority.exchange(token.api_token.expose(), &elsewhere).await.unwrap();
    assert_eq!(rejection(&verifier, other.access_token.expose()), Some(Rejection::Audience));
    let cut_offs = of(&authority, Document::CutOffs).await.0;
    assert_eq!(rejection(&verifier, std::str::from_utf8(&cut_offs).unwrap()), Some(Rejection::Invalid));
}

#[tokio::test]
async fn networks_count_there_too() {
    let (_world, authority, _source, verifier) = scene().await;
    let mut request = Generate::new("CI").with_role("reader");
    request.networks = vec!["10.0.0.0/8".parse().unwrap()];
    let token = crate::common::generate(&authority, request).await;
    let from = |address: &str| jeton::OriginRef {
        address: Some(address.parse::<IpAddr>().unwrap()),
        ..jeton::OriginRef::default()
    };
    let wanted = Exchange { origin: from("10.1.2.3").into(), ..Exchange::default() };
    let exchanged = authority.exchange(token.api_token.expose(), &wanted).await.unwrap();
    let access = exchanged.access_token.expose().to_owned();
    assert!(verifier.authenticate_from(&access, from("10.1.2.3")).is_ok());
    for origin in [from("11.1.2.3"), jeton::OriginRef::default()] {
        let refused = verifier.authenticate_from(&access, origin);
        assert!(matches!(refused, Err(AuthenticateError::Denied(Denial::Network))), "{refused:?}");
    }
}

#[tokio::test]
async fn what_is_revoked_is_refused_once_the_cut_offs_are_read() {
    let (world, authority, source, verifier) = scene().await;
    let (dead, alive) = (service(&authority, "dead").await, service(&authority, "alive").await);
    let (dead_child, child_alive) = (child(&authority, &dead).await, child(&authority, &alive).await);
    let one = child(&authority, &alive).await;
    let principal = verifier.verify(&dead_child).unwrap();
    for token in [&dead_child, &child_alive, &one] {
        assert_eq!(rejection(&verifier, token), None);
    }
    authority.revoke(&admin(), dead.record.id).await.unwrap();
    authority.revoke_token(&one, &jeton::Origin::default()).await.unwrap();
    assert_eq!(rejection(&verifier, &dead_child), None, "nobody told it yet");
    world.clock.pass(1);
    verifier.refresh().await.unwrap();
    assert_eq!(rejection(&verifier, &dead_child), Some(Rejection::CutOff), "remembered or not");
    assert_eq!(rejection(&verifier, &one), Some(Rejection::Revoked));
    assert_eq!(rejection(&verifier, &child_alive), None);
    assert_eq!(verifier.status().cut_offs, 2);
    principal.ended().await;
    // What is read again later takes nothing back.
    source.answers(Answers::Down);
    world.clock.pass(TTL - 2);
    assert!(verifier.refresh().await.is_err());
    assert_eq!(rejection(&verifier, &dead_child), Some(Rejection::CutOff));
}

#[tokio::test(start_paused = true)]
async fn a_cut_off_is_kept_there_until_its_children_have_ended_on_both_clocks() {
    let (world, authority, source, verifier) = scene().await;
    let token = service(&authority, "CI").await;
    let last = child(&authority, &token).await;
    authority.revoke(&admin(), token.record.id).await.unwrap();
    world.clock.pass(1);
    verifier.refresh().await.unwrap();
    source.answers(Answers::Down);
    // The clock of this app goes after that of the issuer.
    world.clock.set_wall_by(-i64::try_from(SKEW).unwrap());
    for _ in 0..TTL + SKEW + LEEWAY + 5 {
        assert!(rejection(&verifier, &last).is_some());
        world.clock.pass(1);
        // What is over is forgotten in the background, each second.
        tokio::time::sleep(seconds(1)).await;
    }
    world.clock.pass(TTL);
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(verifier.status().cut_offs, 0, "and no longer than that");
}

#[tokio::test]
async fn a_restored_issuer_is_believed() {
    let (world, authority, _source, verifier) = scene().await;
    let access = child(&authority, &service(&authority, "CI").await).await;
    assert_eq!(rejection(&verifier, &access), None);
    authority.restored().await.unwrap();
    authority.sync().await.unwrap();
    world.clock.pass(1);
    verifier.refresh().await.unwrap();
    assert_eq!(rejection(&verifier, &access), Some(Rejection::CutOff));
}

#[tokio::test]
async fn before_the_first_answer_it_is_unavailable_and_never_a_refusal() {
    let (world, authority) = world().await;
    let access = child(&authority, &service(&authority, "CI").await).await;
    let source = Published::new(Answers::Down);
    let verifier = builder(&world, &source).build().unwrap();
    settle().await;
    assert!(is_unavailable(&verifier, &access) && verifier.ready().is_err());
    assert_eq!(rejection(&verifier, "nonsense"), Some(Rejection::Invalid), "whatever the issuer would say");
    // The keys alone do not suffice: what they signed may be revoked.
    let keys = of(&authority, Document::Keys).await.0;
    source.answers(Answers::Bytes(keys, Vec::new()));
    assert!(verifier.refresh().await.is_err());
    assert!(is_unavailable(&verifier, &access));
    source.answers(Answers::Of(authority.clone()));
    verifier.refresh().await.unwrap();
    assert_eq!(rejection(&verifier, &access), None);
    // Where there are none to be read, the keys suffice.
    let verifier = builder(&world, &source).without_cut_offs().build().unwrap();
    verifier.refresh().await.unwrap();
    assert_eq!(rejection(&verifier, &access), None);
}

#[tokio::test]
async fn an_issuer_that_fails_changes_nothing() {
    let (world, authority, source, verifier) = scene().await;
    let access = child(&authority, &service(&authority, "CI").await).await;
    let keys = of(&authority, Document::Keys).await.0;
    let good: Value = serde_json::from_slice(&keys).unwrap();
    let with = |member: &str, value: Value| {
        let mut set = good.clone();
        set["keys"][0][member] = value;
        set.to_string().into_bytes()
    };
    let twice = json!({"keys": [good["keys"][0], good["keys"][0]]}).to_string().into_bytes();
    let secret = json!({"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": "A".repeat(43)}]});
    let answers = [
        Vec::new(),
        b"<html>not found</html>".to_vec(),
        b"{\"keys\":[]}".to_vec(),
        b"{\"keys\":".to_vec(),
        vec![b' '; 300 * 1024],
        with("use", json!("enc")),
        with("d", json!("AQAB")),
        with("x", json!("AQAB")),
        with("alg", json!("RS256")),
        twice,
        secret.to_string().into_bytes(),
    ];
    for keys in answers {
        let told = String::from_utf8_lossy(&keys[..keys.len().min(80)]).into_owned();
        source.answers(Answers::Bytes(keys, b"nonsense".to_vec()));
        assert!(verifier.refresh().await.is_err(), "{told}");
        assert!(verifier.status().failing, "{told}");
        assert_eq!(rejection(&verifier, &access), None, "{told}");
    }
    world.clock.pass(100);
    assert_eq!(rejection(&verifier, &access), None);
    assert_eq!(verifier.status().keys_age, Some(seconds(100)));
    source.answers(Answers::Of(authority.clone()));
    verifier.refresh().await.unwrap();
    let status = verifier.status();
    assert_eq!(
        (status.failing, status.keys_age, status.cut_offs_age),
        (false, Some(seconds(0)), Some(seconds(0)))
    );
    assert_eq!(status.kids.join(" "), world.access_key.kid);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_hangs_holds_nothing_up() {
    let (world, authority) = world().await;
    let access = child(&authority, &service(&authority, "CI").await).await;
    let source = Published::new(Answers::Of(authority.clone()));
    let verifier = builder(&world, &source)
        .source_timeout(seconds(10))
        .retry_interval(seconds(2))
        .cut_offs_interval(seconds(10))
        .build()
        .unwrap();
    let verifier = started(verifier, &source).await;
    source.answers(Answers::Never);
    let asked = source.asked(Document::CutOffs);
    tokio::time::sleep(seconds(100)).await;
    assert_eq!(rejection(&verifier, &access), None);
    assert!(verifier.status().failing);
    let asked = source.asked(Document::CutOffs) - asked;
    assert!((7..=9).contains(&asked), "each 12 seconds: {asked}");
    source.answers(Answers::Of(authority.clone()));
    tokio::time::sleep(seconds(13)).await;
    assert!(!verifier.status().failing);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_in_a_while_and_by_our_tokens_alone() {
    let (world, authority, source, verifier) = scene().await;
    let token = service(&authority, "CI").await;
    let access = child(&authority, &token).await;
    let claims = crate::common::keys::payload(&access);
    let stranger = crate::common::TestKey::new();
    let ours = stranger.craft(&stranger.header("at+jwt"), &claims.to_string());
    let mut other = claims.clone();
    other["iss"] = json!("https://other.example");
    let theirs = stranger.craft(&stranger.header("at+jwt"), &other.to_string());
    let typed = stranger.craft(&stranger.header("api+jwt"), &claims.to_string());
    let before = source.asked(Document::Keys);
    let storm = |token: &str| {
        for _ in 0..1000 {
            assert_eq!(rejection(&verifier, token), Some(Rejection::Invalid), "at once");
        }
    };
    storm(&ours);
    settle().await;
    assert_eq!(source.asked(Document::Keys), before, "they were read less than 30 seconds ago");
    world.clock.pass(30);
    storm(&theirs);
    storm(&typed);
    settle().await;
    assert_eq!(source.asked(Document::Keys), before, "not one of ours");
    for round in 1..4 {
        storm(&ours);
        settle().await;
        storm(&ours);
        settle().await;
        assert_eq!(source.asked(Document::Keys), before + round);
        world.clock.pass(29);
        storm(&ours);
        settle().await;
        assert_eq!(source.asked(Document::Keys), before + round, "a second too early");
        world.clock.pass(1);
    }
    assert_eq!(rejection(&verifier, &access), None);
}

#[tokio::test]
async fn a_new_key_is_learnt_from_a_token_that_names_it() {
    let world = World::new();
    let authority = managed(&world).await;
    let source = Published::new(Answers::Of(authority.clone()));
    let verifier = started(builder(&world, &source).build().unwrap(), &source).await;
    let token = service(&authority, "CI").await;
    let old = child(&authority, &token).await;
    authority.rotate_keys(&admin(), Ring::Access).await.unwrap();
    world.clock.pass(360);
    let new = child(&authority, &token).await;
    assert_eq!(rejection(&verifier, &new), Some(Rejection::Invalid), "refused at once, and asked for");
    until(|| verifier.status().kids.len() == 2).await;
    assert_eq!(rejection(&verifier, &new), None);
    assert_eq!(rejection(&verifier, &old), Some(Rejection::Expired));
}

#[tokio::test(start_paused = true)]
async fn what_a_retired_key_signed_is_refused_as_soon_as_the_cut_offs_are_read() {
    let world = World::new();
    let authority = managed(&world).await;
    let source = Published::new(Answers::Of(authority.clone()));
    let verifier = builder(&world, &source).cut_offs_interval(seconds(10)).retry_interval(seconds(2));
    let verifier = started(verifier.build().unwrap(), &source).await;
    let token = service(&authority, "CI").await;
    let old = child(&authority, &token).await;
    assert_eq!(rejection(&verifier, &old), None);
    let [first] = verifier.status().kids.try_into().unwrap();
    // A key that was published before: it is told beside the cut-offs that there is another one.
    authority.rotate_keys(&admin(), Ring::Access).await.unwrap();
    world.clock.pass(5);
    tokio::time::sleep(seconds(11)).await;
    assert_eq!(verifier.status().kids.len(), 2);
    // The one that signs is retired, and none but a new one can take its place at once: it signs the cut-offs too.
    authority.retire_key(&admin(), &first).await.unwrap();
    let new = child(&authority, &token).await;
    assert_eq!(rejection(&verifier, &old), None, "nobody told it yet");
    world.clock.pass(5);
    tokio::time::sleep(seconds(15)).await;
    assert_eq!(rejection(&verifier, &old), Some(Rejection::Invalid), "remembered or not");
    assert_eq!(rejection(&verifier, &new), None);
    assert!(!verifier.status().kids.contains(&first) && !verifier.status().failing);
}

#[tokio::test]
async fn cut_offs_are_taken_from_the_issuer_alone_and_in_their_time() {
    let (world, authority, source, verifier) = scene().await;
    let token = service(&authority, "CI").await;
    let access = child(&authority, &token).await;
    let keys = of(&authority, Document::Keys).await.0;
    let signed = of(&authority, Document::CutOffs).await.0;
    let good = crate::common::keys::payload(std::str::from_utf8(&signed).unwrap());
    let record = json!({token.record.id.to_string(): 5});
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = good.clone();
        claims["records"] = record.clone();
        claims["keep"] = json!(1000);
        change(&mut claims);
        claims.to_string()
    };
    let (key, stranger) = (&world.access_key, crate::common::TestKey::new());
    let typ = "cut-offs+jwt";
    let now = world.clock.unix();
    let refused = [
        ("another type", key.craft(&key.header("at+jwt"), &with(&|_| ()))),
        ("another type", key.craft(&key.header("JWT"), &with(&|_| ()))),
        ("a stranger", stranger.craft(&stranger.header(typ), &with(&|_| ()))),
        ("a stranger under the name", stranger.craft(&key.header(typ), &with(&|_| ()))),
        ("the other ring", world.api_key.craft(&world.api_key.header(typ), &with(&|_| ()))),
        ("another issuer", key.craft(&key.header(typ), &with(&|claims| claims["iss"] = json!("https://x")))),
        ("over", key.craft(&key.header(typ), &with(&|claims| claims["exp"] = json!(now - 60)))),
        ("the future", key.craft(&key.header(typ), &with(&|claims| claims["iat"] = json!(now + 61)))),
        ("replayed", key.craft(&key.header(typ), &with(&|claims| claims["iat"] = json!(now - 61)))),
        ("an unknown claim", key.craft(&key.header(typ), &with(&|claims| claims["more"] = json!([])))),
        ("no claims", key.craft(&key.header(typ), "[]")),
        ("no record", key.craft(&key.header(typ), &with(&|claims| claims["records"] = json!({"x": 1})))),
        ("an access token", access.clone()),
    ];
    for (what, document) in refused {
        source.answers(Answers::Bytes(keys.clone(), document.into_bytes()));
        assert!(verifier.refresh().await.is_err(), "{what}");
        assert_eq!(rejection(&verifier, &access), None, "{what}");
        settle().await;
    }
    // Of another node, whose clock goes after: it counts, or the refusals above prove nothing.
    let document = key.craft(&key.header(typ), &with(&|claims| claims["iat"] = json!(now - 60)));
    source.answers(Answers::Bytes(keys, document.into_bytes()));
    verifier.refresh().await.unwrap();
    assert_eq!(rejection(&verifier, &access), Some(Rejection::CutOff));
}

#[tokio::test]
async fn an_answer_that_nothing_changed_counts_no_longer_than_what_it_is_about() {
    let (world, authority, source, verifier) = scene().await;
    verifier.refresh().await.unwrap();
    assert_eq!(source.unchanged(), 2, "keys and cut-offs");
    assert_eq!(verifier.status().cut_offs_age, Some(seconds(0)));
    world.clock.pass(29);
    verifier.refresh().await.unwrap();
    assert_eq!(source.unchanged(), 4);
    // An issuer that stands still repeats itself for ever.
    let (keys, cut_offs) =
        (of(&authority, Document::Keys).await.0, of(&authority, Document::CutOffs).await.0);
    source.answers(Answers::Bytes(keys, cut_offs));
    world.clock.pass(120 + SKEW - 30);
    verifier.refresh().await.unwrap();
    world.clock.pass(1);
    assert!(verifier.refresh().await.is_err());
    assert_eq!(verifier.status().cut_offs_age, Some(seconds(1)));
}

#[tokio::test]
async fn how_long_one_goes_on_without_the_cut_offs_is_the_operators_choice() {
    let (world, authority) = world().await;
    let source = Published::new(Answers::Of(authority.clone()));
    let strict = builder(&world, &source)
        .cut_offs_interval(seconds(99))
        .staleness(Staleness::RefuseAfter(seconds(100)));
    let strict = started(strict.build().unwrap(), &source).await;
    let lax = builder(&world, &source).build().unwrap();
    lax.refresh().await.unwrap();
    let access = child(&authority, &service(&authority, "CI").await).await;
    source.answers(Answers::Down);
    for _ in 0..100 {
        world.clock.pass(1);
        assert_eq!((rejection(&strict, &access), rejection(&lax, &access)), (None, None));
    }
    world.clock.pass(1);
    assert!(is_unavailable(&strict, &access), "remembered or not");
    assert_eq!(rejection(&lax, &access), None);
    source.answers(Answers::Of(authority.clone()));
    strict.refresh().await.unwrap();
    assert_eq!(rejection(&strict, &access), None);
}

#[tokio::test]
async fn a_document_is_signed_once_for_all_who_ask() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let ask = async || {
        let first = authority.signed_cut_offs().await.unwrap();
        for _ in 0..100 {
            assert_eq!(authority.signed_cut_offs().await.unwrap().tag(), first.tag());
        }
        first.tag().to_owned()
    };
    let first = ask().await;
    authority.disable(&admin(), token.record.id).await.unwrap();
    assert_eq!(ask().await, first, "it was signed within this second");
    world.clock.pass(1);
    let second = ask().await;
    assert_ne!(second, first);
    world.clock.pass(29);
    assert_eq!(ask().await, second, "nothing has changed");
    world.clock.pass(1);
    assert_ne!(ask().await, second, "it has aged");
}

#[tokio::test]
async fn very_many_cut_offs_fit() {
    use jeton::{RecordId, Source as _, SystemRandom};
    let (world, authority, source, verifier) = scene().await;
    let signed = of(&authority, Document::CutOffs).await.0;
    let mut claims = crate::common::keys::payload(std::str::from_utf8(&signed).unwrap());
    let token = service(&authority, "CI").await;
    let access = child(&authority, &token).await;
    let mut records = serde_json::Map::new();
    for _ in 0..100_000 {
        let id = RecordId::new(world.clock.at(0), &SystemRandom).unwrap();
        records.insert(id.to_string(), json!(1));
    }
    records.insert(token.record.id.to_string(), json!(1));
    claims["records"] = records.into();
    claims["keep"] = json!(300);
    let document = world.access_key.craft(&world.access_key.header("cut-offs+jwt"), &claims.to_string());
    assert!((5_000_000..6_000_000).contains(&document.len()), "{}", document.len());
    let keys = of(&authority, Document::Keys).await.0;
    source.answers(Answers::Bytes(keys, document.into_bytes()));
    assert!(source.fetch(Document::CutOffs, None).await.is_ok());
    verifier.refresh().await.unwrap();
    assert_eq!(rejection(&verifier, &access), Some(Rejection::CutOff));
    assert_eq!(verifier.status().cut_offs, 100_001);
}

#[tokio::test]
async fn with_given_keys_nothing_is_read() {
    let (world, authority) = world().await;
    let jwks = of(&authority, Document::Keys).await.0;
    let builder = || Verifier::builder(ISSUER).audience(API).clock(world.clock.clone());
    let keys = || VerifyingKeys::from_jwks(&jwks).unwrap();
    let verifier = builder().keys(keys()).build().unwrap();
    let token = service(&authority, "CI").await;
    let access = child(&authority, &token).await;
    assert_eq!(rejection(&verifier, &access), None);
    authority.revoke(&admin(), token.record.id).await.unwrap();
    verifier.refresh().await.unwrap();
    assert_eq!(rejection(&verifier, &access), None, "nobody tells it");
    world.clock.pass(TTL);
    assert_eq!(rejection(&verifier, &access), Some(Rejection::Expired));
    let other = Verifier::builder("https://other.example").audience(API).keys(keys());
    let other = other.clock(world.clock.clone()).build().unwrap();
    assert_eq!(rejection(&other, &access), Some(Rejection::Issuer));
    // Outside of any runtime too.
    let outside = std::thread::spawn({
        let (builder, access) = (builder().keys(keys()), access.clone());
        move || rejection(&builder.build().unwrap(), &access)
    });
    assert_eq!(outside.join().unwrap(), Some(Rejection::Expired));
}

#[tokio::test]
async fn a_wrong_set_up_does_not_build() {
    let (world, authority) = world().await;
    let keys = VerifyingKeys::from_jwks(&of(&authority, Document::Keys).await.0).unwrap();
    let source = Published::new(Answers::Down);
    let good = || builder(&world, &source);
    let stale = |after| Staleness::RefuseAfter(seconds(after));
    for (what, builder) in [
        ("no audience", Verifier::builder(ISSUER).keys(keys.clone())),
        ("an empty audience", good().audience(" ")),
        ("no issuer", Verifier::builder("").audience(API).keys(keys.clone())),
        ("no keys", Verifier::builder(ISSUER).audience(API)),
        ("both", good().keys(keys.clone())),
        ("leeway", good().leeway(seconds(61))),
        ("skew", good().clock_skew(seconds(3601))),
        ("never rests", good().keys_interval(Duration::ZERO)),
        ("never rests", good().cut_offs_interval(Duration::ZERO)),
        ("never rests", good().retry_interval(Duration::ZERO)),
        ("always too old", good().cut_offs_interval(seconds(10)).staleness(stale(10))),
        ("nothing to be too old", good().without_cut_offs().staleness(stale(10))),
        ("nothing to be too old", Verifier::builder(ISSUER).audience(API).keys(keys).staleness(stale(10))),
    ] {
        assert!(matches!(builder.build(), Err(BuildError::Setting(_))), "{what}");
    }
    assert!(good().build().is_ok());
    let outside = std::thread::spawn(move || {
        Verifier::builder(ISSUER).audience(API).source(Arc::new(source)).build().is_err()
    });
    assert!(outside.join().unwrap(), "outside of any runtime nobody reads");
}

#[tokio::test(start_paused = true)]
async fn with_the_verifier_all_reading_ends() {
    let (world, authority) = world().await;
    let source = Published::new(Answers::Of(authority));
    let verifier = builder(&world, &source).cut_offs_interval(seconds(1)).keys_interval(seconds(1));
    let verifier = started(verifier.build().unwrap(), &source).await;
    tokio::time::sleep(seconds(10)).await;
    assert!(source.asked(Document::Keys) >= 9 && source.asked(Document::CutOffs) >= 9);
    drop(verifier);
    tokio::time::sleep(seconds(2)).await;
    let asked = [Document::Keys, Document::CutOffs].map(|document| source.asked(document));
    tokio::time::sleep(seconds(100)).await;
    assert_eq!([Document::Keys, Document::CutOffs].map(|document| source.asked(document)), asked);
}
