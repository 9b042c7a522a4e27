//! The exchange narrows and never widens, and tells a refusal from an outage.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use crate::common::{
    API, FOREIGN_API, OTHER_API, TTL, admin, generate, keys::payload, names, numbers::Numbers, people::Mood,
    seconds, service, world,
};
use jeton::{
    Account, AuthenticateError, Authority, Edit, Exchange, ExchangeError, Expiry, Generate, Generated, Names,
    Principal, Rejection, Unavailable, policy::Denial,
};

async fn ask(authority: &Authority, token: &Generated, ask: Exchange) -> Result<Principal, ExchangeError> {
    let exchanged = authority.exchange(token.api_token.expose(), &ask).await?;
    Ok(authority.authenticate(exchanged.access_token.expose()).unwrap())
}

fn scopes(list: &[&str]) -> Exchange {
    Exchange { scopes: Some(names(list)), ..Exchange::default() }
}

fn target(audience: &str) -> Exchange {
    Exchange { audience: Some(audience.to_owned()), ..Exchange::default() }
}

#[tokio::test]
async fn scopes_are_narrowed_and_never_widened() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let all = names(&["extra", "reports:read", "reports:write"]);
    let whole = ask(&authority, &token, Exchange::default()).await.unwrap();
    assert_eq!(whole.scopes(), &all);
    assert_eq!(whole.roles(), &names(&["external-application", "writer"]));
    // Every subset of what is held and of what is not.
    let candidates = ["extra", "reports:read", "reports:write", "tokens:write", "nothing"];
    for bits in 0..1_u32 << candidates.len() {
        let chosen: Vec<_> = candidates
            .iter()
            .enumerate()
            .filter(|(bit, _)| bits >> bit & 1 == 1)
            .map(|(_, name)| *name)
            .collect();
        let wanted = names(&chosen);
        match ask(&authority, &token, scopes(&chosen)).await {
            Ok(principal) => {
                assert!(wanted.is_subset(&all));
                assert_eq!(principal.scopes(), &wanted);
                assert_eq!(principal.roles(), &names(&["external-application"]), "no role brings them back");
            }
            Err(error) => {
                assert!(matches!(error, ExchangeError::InvalidScope), "{error}");
                assert!(!wanted.is_subset(&all), "{wanted:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_user_narrowed_to_scopes_has_no_roles() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active().with_role("writer").with_group("g"));
    let token = generate(&authority, Generate::new("CI").with_subject("alice")).await;
    let principal = ask(&authority, &token, scopes(&["reports:read"])).await.unwrap();
    assert_eq!(principal.roles(), &names(&[]));
    assert_eq!(principal.scopes(), &names(&["reports:read"]));
    assert_eq!(principal.groups(), &names(&["g"]));
}

#[test]
fn a_scope_parameter_is_a_list_of_words() {
    let parse = |text: &str| Exchange::default().with_scope_parameter(text).map(|exchange| exchange.scopes);
    assert_eq!(parse("b a b").unwrap(), Some(names(&["a", "b"])));
    for empty in ["", "  "] {
        assert_eq!(parse(empty).unwrap(), None, "an empty parameter is none (RFC 6749 §3.2)");
    }
    for bad in ["a\tb", "\"a\"", "a\\b", "é", "a\nb"] {
        assert!(parse(bad).is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn a_user_token_is_never_more_than_the_account_now() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active().with_role("writer").with_scope("x").with_group("g"));
    let free = generate(&authority, Generate::new("free").with_subject("alice")).await;
    let request = Generate::new("bound").with_subject("alice").with_role("writer").with_scope("y");
    let bound = generate(&authority, request).await;
    let rights = |principal: Principal| (principal.roles().to_names(), principal.scopes().to_names());
    let both = names(&["reports:read", "reports:write"]);
    assert_eq!(
        rights(ask(&authority, &bound, Exchange::default()).await.unwrap()),
        (names(&["writer"]), both)
    );

    world.people.set("alice", Account::active().with_role("reader"));
    let answer = ask(&authority, &free, Exchange::default()).await.unwrap();
    assert_eq!(rights(answer), (names(&["reader"]), names(&["reports:read"])));
    assert_eq!(rights(ask(&authority, &bound, Exchange::default()).await.unwrap()), Default::default());

    world.people.set("alice", Account::active().with_role("token-admin"));
    assert_eq!(rights(ask(&authority, &bound, Exchange::default()).await.unwrap()), Default::default());
}

#[tokio::test]
async fn the_audience_is_one_that_the_token_may_be_used_for() {
    let (_world, authority) = world().await;
    let free = service(&authority, "free").await;
    let mut request = Generate::new("bound");
    request.audiences = names(&[OTHER_API, FOREIGN_API]);
    let bound = generate(&authority, request).await;
    let audiences = |principal: Principal| principal.audiences().to_names();
    assert_eq!(audiences(ask(&authority, &free, Exchange::default()).await.unwrap()), names(&[API]));
    assert_eq!(audiences(ask(&authority, &free, target(OTHER_API)).await.unwrap()), names(&[OTHER_API]));
    assert_eq!(
        audiences(ask(&authority, &bound, Exchange::default()).await.unwrap()),
        names(&[FOREIGN_API, OTHER_API])
    );
    for (token, audience) in
        [(&free, "https://attacker.example"), (&free, ""), (&free, crate::common::ISSUER), (&bound, API)]
    {
        let answer = ask(&authority, token, target(audience)).await;
        assert!(matches!(answer, Err(ExchangeError::InvalidTarget)), "{audience}");
    }
    let away = authority.exchange(free.api_token.expose(), &target(FOREIGN_API)).await.unwrap();
    let answer = authority.authenticate(away.access_token.expose());
    assert_eq!(
        crate::common::refusal(answer),
        Some(Rejection::Audience),
        "a token for elsewhere is none for here"
    );
}

#[tokio::test]
async fn an_audience_that_is_no_more_is_given_no_more() {
    let (world, authority) = world().await;
    let mut request = Generate::new("both");
    request.audiences = names(&[OTHER_API, "https://gone.example"]);
    let rich = world.start(world.builder().foreign_audience("https://gone.example")).await;
    let both = generate(&rich, request).await;
    let mut request = Generate::new("gone");
    request.audiences = names(&["https://gone.example"]);
    let gone = generate(&rich, request).await;
    let principal = ask(&authority, &both, Exchange::default()).await.unwrap();
    assert_eq!(principal.audiences(), &names(&[OTHER_API]));
    assert!(matches!(ask(&authority, &gone, Exchange::default()).await, Err(ExchangeError::InvalidTarget)));
}

#[tokio::test]
async fn networks_bind_the_exchange_and_its_children() {
    let (_world, authority) = world().await;
    let mut request = Generate::new("CI");
    request.networks = vec!["10.0.0.0/8".parse().unwrap()];
    let token = generate(&authority, request).await;
    let from = |address: Option<&str>| {
        let origin =
            jeton::Origin { address: address.map(|address| address.parse().unwrap()), user_agent: None };
        Exchange { origin, ..Exchange::default() }
    };
    for good in ["10.1.2.3", "::ffff:10.1.2.3"] {
        let principal = ask(&authority, &token, from(Some(good))).await.unwrap();
        assert!(principal.admits(Some(good.parse().unwrap())) && !principal.admits(None));
        assert!(!principal.admits(Some("11.0.0.1".parse().unwrap())));
    }
    for bad in [None, Some("11.0.0.1"), Some("::1")] {
        let answer = ask(&authority, &token, from(bad)).await;
        assert!(matches!(answer, Err(ExchangeError::Denied(Denial::Network))), "{bad:?}");
    }
}

#[tokio::test]
async fn a_child_ends_with_its_record_at_the_latest() {
    let (world, authority) = world().await;
    let token =
        generate(&authority, Generate::new("CI").with_expiry(Expiry::At(world.clock.at(1_000)))).await;
    let life = async |token: &Generated| {
        let exchanged = authority.exchange(token.api_token.expose(), &Exchange::default()).await.unwrap();
        let claims = payload(exchanged.access_token.expose());
        assert_eq!(claims["exp"], exchanged.expires_at.unix_seconds());
        assert_eq!(claims["iat"], world.clock.unix());
        assert_eq!(exchanged.expires_in, exchanged.expires_at.saturating_since(world.clock.at(0)));
        exchanged.expires_in
    };
    assert_eq!(life(&token).await, seconds(TTL));
    world.clock.pass(900);
    assert_eq!(life(&token).await, seconds(100), "the end that was signed");
    world.clock.pass(99);
    assert_eq!(life(&token).await, seconds(1));

    let token = generate(&authority, Generate::new("never").with_expiry(Expiry::Never)).await;
    let edit = Edit { expiry: Some(Expiry::At(world.clock.at(50))), ..Edit::default() };
    authority.update(&admin(), token.record.id, edit, None).await.unwrap();
    assert_eq!(life(&token).await, seconds(50), "the end of the record");
    world.clock.pass(50);
    let answer = authority.exchange(token.api_token.expose(), &Exchange::default()).await;
    assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Expired))));
}

async fn subject_is_refused(authority: &Authority, token: &Generated) {
    let answer = authority.exchange(token.api_token.expose(), &Exchange::default()).await;
    assert!(matches!(answer, Err(ExchangeError::Rejected(Rejection::Subject))), "{answer:?}");
    let answer =
        authority.authenticate_api_token(token.api_token.expose(), jeton::OriginRef::default()).await;
    assert!(matches!(answer, Err(AuthenticateError::Rejected(Rejection::Subject))), "{answer:?}");
}

#[tokio::test]
async fn a_subject_must_be_there_active_and_the_same() {
    let (world, authority) = world().await;
    let alice = Account::active().with_incarnation("first");
    world.people.set("alice", alice.clone());
    let token = generate(&authority, Generate::new("CI").with_subject("alice")).await;
    assert!(ask(&authority, &token, Exchange::default()).await.is_ok());
    world.people.set("alice", Account { active: false, ..alice.clone() });
    subject_is_refused(&authority, &token).await;
    world.people.remove("alice");
    subject_is_refused(&authority, &token).await;
    for other in ["second", "", "First"] {
        world.people.set("alice", alice.clone().with_incarnation(other));
        subject_is_refused(&authority, &token).await;
    }
    // An edit of something else does not move the token to the new life of the name.
    let edit = Edit { roles: Some(names(&["reader"])), ..Edit::default() };
    authority.update(&admin(), token.record.id, edit, None).await.unwrap();
    subject_is_refused(&authority, &token).await;
    world.people.set("alice", alice);
    assert!(ask(&authority, &token, Exchange::default()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_cannot_tell_refuses_nobody() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active());
    let token = generate(&authority, Generate::new("CI").with_subject("alice")).await;
    let service = service(&authority, "service").await;
    for mood in [Mood::Failing, Mood::Hanging] {
        world.people.is(mood);
        let fits = |unavailable: &Unavailable| match mood {
            Mood::Failing => matches!(unavailable, Unavailable::Directory(_)),
            _ => matches!(unavailable, Unavailable::DirectoryTimeout),
        };
        let answer = authority.exchange(token.api_token.expose(), &Exchange::default()).await;
        assert!(matches!(&answer, Err(ExchangeError::Unavailable(why)) if fits(why)), "{answer:?}");
        let answer =
            authority.authenticate_api_token(token.api_token.expose(), jeton::OriginRef::default()).await;
        assert!(matches!(&answer, Err(AuthenticateError::Unavailable(why)) if fits(why)), "{answer:?}");
        let answer = authority.generate(&admin(), Generate::new("new").with_subject("alice")).await;
        assert!(matches!(&answer, Err(jeton::ManageError::Unavailable(why)) if fits(why)), "{answer:?}");
        assert!(ask(&authority, &service, Exchange::default()).await.is_ok(), "it needs no directory");
        assert!(
            authority
                .revoke(&admin(), crate::common::service(&authority, &format!("{mood:?}")).await.record.id)
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn two_children_are_never_the_same() {
    let (_world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let mut seen = Names::new();
    for _ in 0..100 {
        let principal = ask(&authority, &token, Exchange::default()).await.unwrap();
        assert!(seen.insert(principal.jti().to_owned()));
    }
}

#[tokio::test]
async fn an_api_token_says_nothing_about_rights() {
    let (world, authority) = world().await;
    world.people.set("alice", Account::active().with_role("writer"));
    let request =
        Generate::new("CI").with_subject("alice").with_tenant("t").with_role("writer").with_scope("x");
    let token = generate(&authority, request).await;
    let claims = payload(token.api_token.expose());
    let members: BTreeSet<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["aud", "exp", "iat", "iss", "jti", "nbf", "sub"]));
    assert_eq!(claims["sub"], token.record.id.to_string());
    assert_eq!(claims["jti"], format!("{}.1", token.record.id));
}

const ROLES: [&str; 4] = ["reader", "writer", "clerk", "unmapped"];
const SCOPES: [&str; 6] =
    ["extra", "reports:read", "reports:write", "tokens:read", "tokens:write", "tokens:grant"];

/// Which roles bring a scope, as the settings of the tests say.
fn brought_by(scope: &str) -> &'static [&'static str] {
    match scope {
        "reports:read" => &["reader", "writer"],
        "reports:write" => &["writer"],
        "tokens:read" | "tokens:write" => &["clerk"],
        _ => &[],
    }
}

/// Account ∩ token ∩ request, name by name.
#[tokio::test]
async fn the_rights_of_a_child_are_those_of_account_token_and_request() {
    let (world, authority) = world().await;
    let mut numbers = Numbers(7);
    let (mut given, mut refused) = (0, 0);
    for number in 0..1_000 {
        let account = Account {
            roles: numbers.some(&ROLES),
            scopes: numbers.some(&SCOPES),
            groups: numbers.some(&["g1", "g2"]),
            ..Account::active()
        };
        let few = |numbers: &mut Numbers, of: &[&str]| {
            if numbers.below(3) == 0 { Names::new() } else { numbers.some(of) }
        };
        let (roles, scopes) = (few(&mut numbers, &ROLES), few(&mut numbers, &SCOPES));
        let groups = few(&mut numbers, &["g1", "g2"]);
        let user = numbers.below(3) > 0;
        world.people.set("alice", account.clone());
        let request = Generate {
            subject: user.then(|| "alice".to_owned()),
            roles: roles.clone(),
            scopes: scopes.clone(),
            groups: groups.clone(),
            ..Generate::new(number.to_string())
        };
        let token = generate(&authority, request).await;

        let in_account = |scope: &str| {
            account.scopes.contains(scope)
                || brought_by(scope).iter().any(|role| account.roles.contains(*role))
        };
        let free = user && roles.is_empty() && scopes.is_empty();
        let has_role = |role: &str| match user {
            true => account.roles.contains(role) && (free || roles.contains(role)),
            false => roles.contains(role) || role == "external-application",
        };
        let held = |scope: &str| {
            let own =
                if free { in_account(scope) } else { scopes.contains(scope) && (!user || in_account(scope)) };
            own || brought_by(scope).iter().any(|role| has_role(role))
        };
        let in_group = |group: &str| match user {
            true => account.groups.contains(group) && (groups.is_empty() || groups.contains(group)),
            false => groups.contains(group),
        };

        let wanted = (numbers.below(2) == 0).then(|| {
            let all: Vec<_> =
                SCOPES.into_iter().filter(|scope| held(scope) || numbers.below(8) == 0).collect();
            numbers.some(&all)
        });
        let asked = Exchange { scopes: wanted.clone(), ..Exchange::default() };
        let answer = ask(&authority, &token, asked).await;
        if wanted.iter().flatten().any(|scope| !held(scope)) {
            assert!(matches!(answer, Err(ExchangeError::InvalidScope)), "{answer:?}");
            refused += 1;
            continue;
        }
        let child = answer.unwrap();
        for scope in SCOPES {
            let expected = held(scope) && wanted.as_ref().is_none_or(|wanted| wanted.contains(scope));
            assert_eq!(
                child.scopes().contains(scope),
                expected,
                "{scope}: {account:?} {:?}",
                token.record.grant
            );
        }
        for role in ROLES.into_iter().chain(["external-application"]) {
            let expected = has_role(role) && (wanted.is_none() || role == "external-application");
            assert_eq!(
                child.roles().contains(role),
                expected,
                "{role}: {account:?} {:?}",
                token.record.grant
            );
        }
        for group in ["g1", "g2"] {
            assert_eq!(child.groups().contains(group), in_group(group), "{group}: {account:?}");
        }
        given += 1;
    }
    assert!(given > 500 && refused > 50, "{given} given, {refused} refused: both sides are tried");
}
