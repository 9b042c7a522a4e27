//! How long tokens may live: one policy for each kind, the same on every path, and a list of what breaks it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use crate::common::{World, admin, principal, seconds};
use jeton::{
    Account, Authority, Caller, Edit, Endless, Expiry, ExpiryPolicy, Filter, Generate, Kind, ManageError,
    Origin, Record, Rotate,
};
use proptest::prelude::*;

const DAY: u64 = 86_400;
const ENDLESS: [Endless; 3] = [Endless::Anybody, Endless::Grantors, Endless::Nobody];

fn policy(endless: Endless, max: Option<u64>) -> ExpiryPolicy {
    ExpiryPolicy { endless, max: max.map(|days| seconds(days * DAY)), ..ExpiryPolicy::default() }
}

async fn node(world: &World, kind: Kind, policy: ExpiryPolicy) -> Authority {
    world.start(world.builder().expiry_policy(kind, policy).personal_limit(1000).subject_limit(1000)).await
}

fn request(kind: Kind, name: &str, expiry: Expiry) -> Generate {
    Generate { kind, ..Generate::new(name).with_subject("alice").with_expiry(expiry) }
}

/// Whether it was done; if it was not, then for its end.
fn done<T: std::fmt::Debug>(answer: Result<T, ManageError>) -> bool {
    match answer {
        Ok(_) => true,
        Err(ManageError::Invalid(errors)) => {
            let ends = ["/never_expires", "/expires_at", "/expires_in_days"];
            assert!(errors.len() == 1 && ends.contains(&errors[0].pointer.as_str()), "{errors:?}");
            false
        }
        Err(error) => unreachable!("{error}"),
    }
}

/// A caller of alice that holds everything but the right to grant.
async fn alice(authority: &Authority) -> Caller {
    let request = Generate::new("alice's").with_subject("alice").with_expiry(Expiry::Never);
    principal(authority, request).await.into()
}

/// Every path on which a token of that kind could live for that long, and whether it may.
async fn paths(
    world: &World,
    strict: &Authority,
    caller: &Caller,
    kind: Kind,
    expiry: Expiry,
) -> Vec<(&'static str, bool)> {
    let free = node(world, kind, ExpiryPolicy::default()).await;
    let made = async |name: &str, expiry| {
        let request = request(kind, &format!("{name} {kind:?} {expiry:?}"), expiry);
        free.generate(&admin(), request).await.unwrap()
    };
    let edit = Edit { expiry: Some(expiry), ..Edit::default() };
    let rotate = |expiry| Rotate { grace: seconds(0), expiry };
    let edited = made("edited", Expiry::Never).await.record.id;
    let rotated = made("rotated", Expiry::InDays(1)).await.record.id;
    let kept = made("rotated as it is", expiry).await.record.id;
    let enabled = made("enabled", expiry).await.record.id;
    free.disable(&admin(), enabled).await.unwrap();
    vec![
        (
            "generate",
            done(strict.generate(caller, request(kind, &format!("new {kind:?} {expiry:?}"), expiry)).await),
        ),
        ("edit", done(strict.update(caller, edited, edit, None).await)),
        ("rotate", done(strict.rotate(caller, rotated, rotate(Some(expiry))).await)),
        ("rotate as it is", done(strict.rotate(caller, kept, rotate(None)).await)),
        ("enable", done(strict.enable(caller, enabled).await)),
    ]
}

#[tokio::test]
async fn every_path_obeys_the_policy_of_its_kind() {
    for kind in [Kind::Service, Kind::Personal] {
        for endless in ENDLESS {
            for (expiry, beyond) in [
                (Expiry::Never, endless == Endless::Nobody),
                (Expiry::InDays(10), false),
                (Expiry::InDays(11), true),
            ] {
                for grantor in [true, false] {
                    let world = World::new();
                    let account = Account::active().with_role("clerk").with_role("writer");
                    world.people.set("alice", account);
                    let strict = node(&world, kind, policy(endless, Some(10))).await;
                    let other = match kind {
                        Kind::Service => Kind::Personal,
                        Kind::Personal => Kind::Service,
                    };
                    let caller = if grantor {
                        admin()
                    } else {
                        alice(&node(&world, kind, ExpiryPolicy::default()).await).await
                    };
                    let denied = expiry == Expiry::Never && endless == Endless::Grantors && !grantor;
                    for (path, allowed) in paths(&world, &strict, &caller, kind, expiry).await {
                        let wanted = !(beyond || denied);
                        assert_eq!(allowed, wanted, "{path} {kind:?} {endless:?} {expiry:?} {grantor}");
                    }
                    for (path, allowed) in paths(&world, &strict, &caller, other, expiry).await {
                        assert!(allowed, "{path}: the other kind has its own policy");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_replaced_token_obeys_it_and_one_that_rotates_itself_gets_what_is_allowed() {
    for endless in ENDLESS {
        let world = World::new();
        world.people.set("alice", Account::active());
        let free = world.start(world.builder().personal_limit(1)).await;
        let alice = free.caller_of_session("alice", None).await.unwrap().personal().unwrap();
        free.generate(&alice, Generate::new("mine").with_expiry(Expiry::InDays(90))).await.unwrap();
        let strict =
            world.builder().expiry_policy(Kind::Personal, policy(endless, Some(10))).personal_limit(1);
        let strict = world.start(strict).await;
        let replace =
            async |expiry| done(strict.generate(&alice, Generate::new("mine").with_expiry(expiry)).await);
        assert!(!replace(Expiry::InDays(11)).await && replace(Expiry::InDays(10)).await);
        assert_eq!(replace(Expiry::Never).await, endless == Endless::Anybody, "a user grants nothing");
        let last =
            free.generate(&alice, Generate::new("mine").with_expiry(Expiry::InDays(90))).await.unwrap();
        let own = async |token: &str| {
            let rotated = strict.rotate_self(token, seconds(0), &Origin::default()).await.unwrap();
            (rotated.record.grant.expires_at, rotated)
        };
        let (end, _) = own(last.api_token.expose()).await;
        assert_eq!(end, Some(world.clock.at(10 * 86_400)));
        let ever = free.generate(&alice, Generate::new("mine").with_expiry(Expiry::Never)).await.unwrap();
        let (end, ever) = own(ever.api_token.expose()).await;
        let limited = (endless == Endless::Nobody).then(|| world.clock.at(10 * 86_400));
        assert_eq!(end, limited, "{endless:?}: what was granted once goes on");
        // However often: it wins nothing by it.
        world.clock.pass(DAY);
        assert_eq!(own(ever.api_token.expose()).await.0, limited);
    }
}

#[tokio::test]
async fn the_default_is_within_the_longest_life() {
    for (default, max, wanted) in [(30, None, 30), (30, Some(10), 10), (5, Some(10), 5), (10, Some(10), 10)] {
        let world = World::new();
        world.people.set("alice", Account::active());
        let policy = ExpiryPolicy { default: seconds(default * DAY), ..policy(Endless::Nobody, max) };
        let authority = node(&world, Kind::Personal, policy).await;
        let made = authority.generate(&admin(), request(Kind::Personal, "x", Expiry::Default)).await.unwrap();
        assert_eq!(made.record.grant.expires_at, Some(world.clock.at(wanted * 86_400)));
        let service =
            authority.generate(&admin(), request(Kind::Service, "y", Expiry::Default)).await.unwrap();
        assert_eq!(service.record.grant.expires_at, Some(world.clock.at(30 * 86_400)));
    }
    let world = World::new();
    let none = ExpiryPolicy { default: Duration::ZERO, ..ExpiryPolicy::default() };
    assert!(world.builder().expiry_policy(Kind::Service, none).build().await.is_err());
    let none = policy(Endless::Anybody, Some(0));
    assert!(world.builder().expiry_policy(Kind::Personal, none).build().await.is_err());
}

async fn beyond(authority: &Authority) -> Vec<Record> {
    let filter = Filter { beyond: Some(authority.end_bounds()), ..Filter::default() };
    authority.list(&admin(), filter, Default::default(), None, 200).await.unwrap().records
}

fn end() -> impl Strategy<Value = (Kind, Option<u64>, u8)> {
    let kind = prop_oneof![Just(Kind::Service), Just(Kind::Personal)];
    // Around the moments at which something changes.
    let seconds = prop_oneof![Just(10 * DAY), Just(5 * DAY), 1..20 * DAY];
    let near = (seconds, -1_i64..=1).prop_map(|(end, off)| end.saturating_add_signed(off));
    (kind, proptest::option::weighted(0.8, near), 0..4_u8)
}

fn any_policy() -> impl Strategy<Value = ExpiryPolicy> {
    let endless = proptest::sample::select(&ENDLESS[..]);
    (endless, proptest::option::of(prop_oneof![Just(5_u64), Just(10)]))
        .prop_map(|(endless, max)| policy(endless, max))
}

#[test]
fn what_is_listed_as_beyond_is_what_would_be_refused_now() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let pause = prop_oneof![Just(0), 0..3 * DAY];
    let cases = (proptest::collection::vec(end(), 1..12), any_policy(), any_policy(), pause);
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((tokens, service, personal, pause) in cases)| {
        runtime.block_on(async {
            let world = World::new();
            world.people.set("alice", Account::active());
            let builder = || world.builder().personal_limit(1000);
            let free = world.start(builder()).await;
            for (number, (kind, end, fate)) in tokens.iter().enumerate() {
                let expiry = end.map_or(Expiry::Never, |end| Expiry::At(world.clock.at(end.cast_signed())));
                let token = free.generate(&admin(), request(*kind, &number.to_string(), expiry)).await.unwrap();
                match fate {
                    0 => drop(free.disable(&admin(), token.record.id).await.unwrap()),
                    1 => drop(free.revoke(&admin(), token.record.id).await.unwrap()),
                    _ => {}
                }
            }
            world.clock.pass(pause);
            let strict = builder().expiry_policy(Kind::Service, service).expiry_policy(Kind::Personal, personal);
            let strict = world.start(strict).await;
            let listed: Vec<_> = beyond(&strict).await.into_iter().map(|record| record.id).collect();
            let all = strict.list(&admin(), Filter::default(), Default::default(), None, 200).await.unwrap();
            for record in all.records {
                let dead = matches!(record.state(strict.now()), jeton::State::Revoked | jeton::State::Expired);
                let expiry = record.grant.expires_at.map_or(Expiry::Never, Expiry::At);
                let refused = !dead && !done(strict.generate(&admin(), request(record.kind, &format!("as {}", record.name), expiry)).await);
                assert_eq!(listed.contains(&record.id), refused, "{record:?}");
            }
        });
    });
}
