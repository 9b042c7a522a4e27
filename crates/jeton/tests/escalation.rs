//! Nobody gives away what it does not hold: a table over what a caller holds, what it asks for, and the path.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{API, OTHER_API, admin, generate, names, principal, world};
use jeton::{
    Account, Authority, Caller, Edit, Exchange, Expiry, Generate, ManageError, Names, Record, policy::Denial,
    rights::scopes,
};

const DAY: u32 = 1;

fn nets(list: &[&str]) -> Vec<ipnet::IpNet> {
    list.iter().map(|net| net.parse().unwrap()).collect()
}

/// What is asked for.
#[derive(Clone, Debug)]
struct Ask {
    subject: Option<&'static str>,
    tenant: Option<&'static str>,
    roles: Names,
    scopes: Names,
    groups: Names,
    audiences: Names,
    networks: Vec<ipnet::IpNet>,
    expiry: Expiry,
}

impl Ask {
    fn request(&self) -> Generate {
        Generate {
            subject: self.subject.map(str::to_owned),
            tenant: self.tenant.map(str::to_owned),
            roles: self.roles.clone(),
            scopes: self.scopes.clone(),
            groups: self.groups.clone(),
            audiences: self.audiences.clone(),
            networks: self.networks.clone(),
            expiry: self.expiry,
            ..Generate::new("asked for")
        }
    }

    fn edit(&self) -> Edit {
        Edit {
            subject: Some(self.subject.map(str::to_owned)),
            roles: Some(self.roles.clone()),
            scopes: Some(self.scopes.clone()),
            groups: Some(self.groups.clone()),
            audiences: Some(self.audiences.clone()),
            networks: Some(self.networks.clone()),
            expiry: Some(self.expiry),
            ..Edit::default()
        }
    }
}

/// The least that one may ask for.
fn least(subject: Option<&'static str>) -> Ask {
    Ask {
        subject,
        tenant: None,
        roles: names(&["reader"]),
        scopes: Names::new(),
        groups: names(&["g1"]),
        audiences: names(&[API]),
        networks: nets(&["10.1.0.0/16"]),
        expiry: Expiry::InDays(DAY),
    }
}

/// What is asked for, and whether a caller may who acts as `me` with the rights of [`callers`].
fn asks(me: Option<&'static str>) -> Vec<(&'static str, Ask, bool)> {
    let ask = || least(me);
    vec![
        ("the least", ask(), true),
        ("all that is held", Ask { roles: names(&["clerk", "reader"]), ..ask() }, true),
        (
            "a scope of a role held",
            Ask { roles: names(&[]), scopes: names(&["reports:read"]), ..ask() },
            true,
        ),
        ("another group held", Ask { groups: names(&["g1", "g2"]), ..ask() }, true),
        ("as long a life", Ask { expiry: Expiry::InDays(30), ..ask() }, true),
        ("the other audience held", Ask { audiences: names(&[API, OTHER_API]), ..ask() }, true),
        ("the whole network", Ask { networks: nets(&["10.0.0.0/8"]), ..ask() }, true),
        ("root", Ask { subject: Some("root"), ..ask() }, false),
        ("somebody with less", Ask { subject: Some("bob"), ..ask() }, false),
        ("somebody who is not there", Ask { subject: Some("nobody"), ..ask() }, false),
        (
            "the other kind of token",
            Ask { subject: if me.is_some() { None } else { Some("alice") }, ..ask() },
            false,
        ),
        ("a role not held", Ask { roles: names(&["reader", "writer"]), ..ask() }, false),
        ("a role nobody knows", Ask { roles: names(&["reader", "new"]), ..ask() }, false),
        ("a scope not held", Ask { scopes: names(&["reports:write"]), ..ask() }, false),
        ("the right to grant", Ask { scopes: names(&[scopes::TOKENS_GRANT]), ..ask() }, false),
        ("a group not held", Ask { groups: names(&["g1", "g3"]), ..ask() }, false),
        ("a longer life", Ask { expiry: Expiry::InDays(31), ..ask() }, false),
        ("a life without end", Ask { expiry: Expiry::Never, ..ask() }, false),
        ("all audiences", Ask { audiences: names(&[]), ..ask() }, false),
        ("an audience not held", Ask { audiences: names(&[crate::common::FOREIGN_API]), ..ask() }, false),
        ("all networks", Ask { networks: vec![], ..ask() }, false),
        ("a wider network", Ask { networks: nets(&["10.0.0.0/7"]), ..ask() }, false),
        ("one more network", Ask { networks: nets(&["10.1.0.0/16", "::/0"]), ..ask() }, false),
    ]
}

/// A token of the caller: for `me`, narrowed in every direction.
fn callers_token(me: Option<&'static str>) -> Generate {
    Generate {
        subject: me.map(str::to_owned),
        roles: names(&["clerk", "reader"]),
        groups: names(&["g1", "g2"]),
        audiences: names(&[API, OTHER_API]),
        networks: nets(&["10.0.0.0/8"]),
        expiry: Expiry::InDays(30),
        ..Generate::new("the caller's")
    }
}

async fn from_inside(authority: &Authority, request: Generate) -> Caller {
    let token = generate(authority, request).await;
    let origin = jeton::Origin { address: Some("10.0.0.1".parse().unwrap()), user_agent: None };
    let asked = Exchange { origin, ..Exchange::default() };
    let exchanged = authority.exchange(token.api_token.expose(), &asked).await.unwrap();
    authority.authenticate(exchanged.access_token.expose()).unwrap().into()
}

async fn stage() -> (crate::common::World, Authority) {
    let (world, authority) = world().await;
    let everything =
        ["g1", "g2", "g3"].iter().fold(Account::active(), |account, group| account.with_group(*group));
    let alice =
        ["clerk", "reader", "writer"].iter().fold(everything, |account, role| account.with_role(*role));
    world.people.set("alice", alice);
    world.people.set("bob", Account::active());
    world.people.set("root", Account::active().with_role("token-admin"));
    (world, authority)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Generate,
    Edit,
    Enable,
}

/// Goes that path as the caller; what is there afterwards is checked too.
async fn go(authority: &Authority, caller: &Caller, path: Path, ask: &Ask) -> Result<Record, ManageError> {
    match path {
        Path::Generate => authority.generate(caller, ask.request()).await.map(|generated| generated.record),
        Path::Edit => {
            // A token that holds nothing, but was signed without end.
            let poor = Ask {
                roles: names(&["none"]),
                groups: names(&["none"]),
                expiry: Expiry::Never,
                ..least(ask.subject)
            };
            let subject = ask.subject.filter(|subject| *subject != "nobody");
            let mut request = Ask { networks: nets(&["10.1.1.1/32"]), ..poor }.request();
            request.subject = subject.map(str::to_owned);
            let before = generate(authority, request).await.record;
            let soon = Edit {
                expiry: Some(Expiry::At(before.created_at.saturating_add(crate::common::seconds(60)))),
                ..Edit::default()
            };
            let before = authority.update(&admin(), before.id, soon, None).await.unwrap();
            let answer = authority.update(caller, before.id, ask.edit(), None).await;
            if answer.is_err() {
                assert_eq!(authority.find(&admin(), before.id).await.unwrap(), before, "nothing was changed");
            }
            answer
        }
        Path::Enable => {
            let before = generate(authority, ask.request()).await.record;
            let before = authority.disable(&admin(), before.id).await.unwrap();
            let answer = authority.enable(caller, before.id).await;
            if answer.is_err() {
                assert_eq!(authority.find(&admin(), before.id).await.unwrap(), before, "nothing was changed");
            }
            answer
        }
    }
}

fn needs_grant<T: std::fmt::Debug>(answer: &Result<T, ManageError>) -> bool {
    matches!(answer, Err(ManageError::Denied(denial)) if *denial == Denial::scope(scopes::TOKENS_GRANT))
}

#[tokio::test]
async fn with_tokens_write_alone_nobody_gives_more_than_it_holds() {
    for me in [Some("alice"), None] {
        for path in [Path::Generate, Path::Edit, Path::Enable] {
            for (what, ask, may) in asks(me) {
                if ask.subject == Some("nobody") && path == Path::Enable {
                    continue; // There can be no such token.
                }
                let (_world, authority) = stage().await;
                let caller = from_inside(&authority, callers_token(me)).await;
                let answer = go(&authority, &caller, path, &ask).await;
                assert!(
                    if may { answer.is_ok() } else { needs_grant(&answer) },
                    "{what}, by {me:?}, {path:?}: {answer:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn with_tokens_grant_all_of_it_is_given() {
    for path in [Path::Generate, Path::Edit, Path::Enable] {
        for (what, ask, _) in asks(Some("alice")) {
            let (_world, authority) = stage().await;
            let caller = from_inside(&authority, callers_token(Some("alice")).with_scope("none")).await;
            let boss = principal(&authority, Generate::new("boss").with_subject("root")).await;
            assert!(caller.tenant().is_none() && boss.scopes().contains(scopes::TOKENS_GRANT));
            if ask.subject == Some("nobody") {
                let answer = authority.generate(&boss.into(), ask.request()).await;
                assert!(matches!(answer, Err(ManageError::Invalid(_))), "{answer:?}");
                continue;
            }
            let answer = go(&authority, &boss.into(), path, &ask).await;
            assert!(answer.is_ok(), "{what}, {path:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn narrowing_needs_no_right_but_to_write() {
    let (_world, authority) = stage().await;
    let caller = from_inside(&authority, callers_token(None)).await;
    let rich = generate(&authority, Generate::new("rich").with_subject("root")).await.record;
    let edit = Edit { scopes: Some(names(&["x"])), name: Some("poor".into()), ..Edit::default() };
    assert!(authority.update(&caller, rich.id, edit, None).await.is_ok());
    assert!(authority.disable(&caller, rich.id).await.is_ok());
    assert!(needs_grant(&authority.enable(&caller, rich.id).await), "what it takes it cannot give back");
    assert!(authority.revoke(&caller, rich.id).await.is_ok());
    assert!(authority.delete(&caller, rich.id).await.is_ok());
}

#[tokio::test]
async fn a_narrowed_token_makes_none_that_grows_beyond_it() {
    let (world, authority) = stage().await;
    let small = Account::active().with_role("clerk").with_group("g1");
    world.people.set("carol", small.clone());
    let own = |name: &str| Generate::new(name).with_subject("carol");
    let mut narrow = own("narrow").with_role("clerk");
    narrow.groups = names(&["g1"]);
    let narrow: Caller = principal(&authority, narrow).await.into();
    let whole: Caller = principal(&authority, own("whole")).await.into();
    let later = |name: &str| own(name).with_role("clerk").with_role("later");
    // All of this is no more than what both hold today.
    for (name, request) in [("everything", own("everything")), ("later", later("later"))] {
        assert!(needs_grant(&authority.generate(&narrow, request).await.map(drop)), "{name}");
    }
    let mut groups = own("groups").with_role("clerk");
    assert!(
        needs_grant(&authority.generate(&narrow, groups.clone()).await.map(drop)),
        "all groups, tomorrow's too"
    );
    groups.groups = names(&["g1"]);
    assert!(authority.generate(&narrow, groups).await.is_ok());
    assert!(authority.generate(&whole, own("twin")).await.is_ok(), "it grows as the caller does");
    assert!(needs_grant(&authority.generate(&whole, later("later")).await.map(drop)));
}

#[tokio::test]
async fn a_child_narrowed_by_its_exchange_gives_no_more_than_it_kept() {
    let (_world, authority) = stage().await;
    let token = generate(&authority, Generate::new("alice").with_subject("alice")).await;
    let asked = Exchange { scopes: Some(names(&[scopes::TOKENS_WRITE])), ..Exchange::default() };
    let exchanged = authority.exchange(token.api_token.expose(), &asked).await.unwrap();
    let caller: Caller = authority.authenticate(exchanged.access_token.expose()).unwrap().into();
    let own = |name: &str| Generate::new(name).with_subject("alice");
    assert!(needs_grant(&authority.generate(&caller, own("all")).await.map(drop)));
    assert!(needs_grant(
        &authority.generate(&caller, own("read").with_scope("reports:read")).await.map(drop)
    ));
    assert!(authority.generate(&caller, own("write").with_scope(scopes::TOKENS_WRITE)).await.is_ok());
}

#[tokio::test]
async fn a_caller_whose_token_was_ended_or_narrowed_meanwhile_gives_nothing() {
    for change in 0..4 {
        let (_world, authority) = stage().await;
        let token = generate(&authority, Generate::new("alice").with_subject("alice")).await;
        let id = token.record.id;
        let access_token = crate::common::child(&authority, &token).await;
        let caller: Caller = authority.authenticate(&access_token).unwrap().into();
        let ask = || Generate::new("new").with_subject("alice").with_role("reader");
        match change {
            0 => drop(authority.disable(&admin(), id).await.unwrap()),
            1 => drop(authority.revoke(&admin(), id).await.unwrap()),
            2 => authority.delete(&admin(), id).await.unwrap(),
            _ => {
                authority.disable(&admin(), id).await.unwrap();
                authority.enable(&admin(), id).await.unwrap();
            }
        }
        assert!(needs_grant(&authority.generate(&caller, ask()).await.map(drop)), "{change}");
    }
}

#[tokio::test]
async fn a_caller_of_a_tenant_never_leaves_it() {
    let (_world, authority) = stage().await;
    let make = async |name: &str, tenant: Option<&str>| {
        let mut request = Generate::new(name).with_role("reader");
        request.tenant = tenant.map(str::to_owned);
        generate(&authority, request).await.record
    };
    let (own, foreign, free) =
        (make("a", Some("t1")).await, make("a", Some("t2")).await, make("a", None).await);
    for role in ["clerk", "token-admin"] {
        let request = Generate::new(role).with_tenant("t1").with_role(role).with_role("reader");
        let caller: Caller = principal(&authority, request).await.into();
        for other in [&foreign, &free] {
            let missing = |answer: Result<(), ManageError>| matches!(answer, Err(ManageError::NotFound));
            let id = other.id;
            assert!(missing(authority.find(&caller, id).await.map(drop)));
            assert!(missing(authority.update(&caller, id, Edit::default(), None).await.map(drop)));
            assert!(missing(authority.disable(&caller, id).await.map(drop)));
            assert!(missing(authority.enable(&caller, id).await.map(drop)));
            assert!(missing(authority.revoke(&caller, id).await.map(drop)));
            assert!(missing(authority.delete(&caller, id).await));
            assert_eq!(&authority.find(&admin(), id).await.unwrap(), other);
        }
        let denied = authority.generate(&caller, Generate::new("b").with_tenant("t2")).await;
        assert!(matches!(denied, Err(ManageError::Denied(Denial::Tenant))), "{role}: {denied:?}");
        let inside = authority.generate(&caller, Generate::new(format!("by {role}"))).await.unwrap();
        assert_eq!(inside.record.grant.tenant.as_deref(), Some("t1"), "the tenant defaults to the caller's");
        assert!(authority.find(&caller, own.id).await.is_ok());
        let seen = async |tenant: Option<&str>| {
            let filter = jeton::Filter { tenant: tenant.map(str::to_owned), ..Default::default() };
            authority.list(&caller, filter, Default::default(), None, 200).await.unwrap().records
        };
        assert!(seen(None).await.iter().all(|record| record.grant.tenant.as_deref() == Some("t1")));
        assert!(!seen(None).await.is_empty() && seen(Some("t2")).await.is_empty());
    }
}

#[tokio::test]
async fn a_caller_of_no_tenant_enters_none_without_the_right_to_grant() {
    let (_world, authority) = stage().await;
    let clerk: Caller =
        principal(&authority, Generate::new("clerk").with_role("clerk").with_role("reader")).await.into();
    let ask = Generate::new("a").with_tenant("t1").with_role("reader");
    assert!(needs_grant(&authority.generate(&clerk, ask.clone()).await.map(drop)));
    let boss: Caller = principal(&authority, Generate::new("boss").with_subject("root")).await.into();
    assert!(authority.generate(&boss, ask).await.is_ok());
}

#[tokio::test]
async fn without_the_scope_nothing_is_read_or_written() {
    let (world, authority) = stage().await;
    let record = generate(&authority, Generate::new("CI")).await.record;
    let id = record.id;
    let none: Caller = principal(&authority, Generate::new("none").with_role("reader")).await.into();
    let grant: Caller =
        principal(&authority, Generate::new("grant").with_scope(scopes::TOKENS_GRANT)).await.into();
    let calls = world.store.calls();
    for caller in [&none, &grant] {
        let read = |answer: Result<(), ManageError>| matches!(answer, Err(ManageError::Denied(denial)) if denial == Denial::scope(scopes::TOKENS_READ));
        let write = |answer: Result<(), ManageError>| matches!(answer, Err(ManageError::Denied(denial)) if denial == Denial::scope(scopes::TOKENS_WRITE));
        assert!(read(authority.find(caller, id).await.map(drop)));
        assert!(read(
            authority.list(caller, Default::default(), Default::default(), None, 1).await.map(drop)
        ));
        assert!(write(authority.generate(caller, Generate::new("new")).await.map(drop)));
        assert!(write(authority.update(caller, id, Edit::default(), None).await.map(drop)));
        assert!(write(authority.disable(caller, id).await.map(drop)));
        assert!(write(authority.enable(caller, id).await.map(drop)));
        assert!(write(authority.revoke(caller, id).await.map(drop)));
        assert!(write(authority.delete(caller, id).await));
    }
    assert_eq!(world.store.calls(), calls, "nobody was asked");
    let reader: Caller =
        principal(&authority, Generate::new("r").with_scope(scopes::TOKENS_READ)).await.into();
    assert_eq!(authority.find(&reader, id).await.unwrap(), record);
    assert!(authority.revoke(&reader, id).await.is_err());
}
