//! Users with a session of the host as callers: what the directory gives them, and nothing beyond it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use crate::common::{admin, generate, names, people::Mood, principal, world};
use jeton::{
    Account, Authority, Caller, DirectoryError, DirectorySearch, Edit, Expiry, Generate, ManageError, Match,
    StaticDirectory, Unavailable, policy::Denial, rights::scopes,
};

async fn stage() -> (crate::common::World, Authority) {
    let (world, authority) = world().await;
    let roles = |list: &[&str]| Account { roles: names(list), ..Account::active() };
    let alice = Account { groups: names(&["g1", "g2"]), ..roles(&["clerk", "reader"]) };
    world.people.set("alice", alice.with_scope("extra"));
    world.people.set("bob", roles(&["reader"]));
    world.people.set("root", roles(&["token-admin"]));
    (world, authority)
}

fn needs<T: std::fmt::Debug>(answer: &Result<T, ManageError>, scope: &str) -> bool {
    matches!(answer, Err(ManageError::Denied(denial)) if *denial == Denial::scope(scope))
}

#[tokio::test]
async fn a_session_has_the_rights_that_the_directory_gives_now() {
    let (world, authority) = stage().await;
    let session = async |subject: &str| authority.caller_of_session(subject, None).await.unwrap();
    let bob = session("bob").await;
    let list = async |caller: &Caller| {
        authority.list(caller, Default::default(), Default::default(), None, 10).await.map(drop)
    };
    assert!(needs(&list(&bob).await, scopes::TOKENS_READ));
    world.people.set("bob", Account::active().with_scope(scopes::TOKENS_READ));
    assert!(list(&session("bob").await).await.is_ok(), "a scope of the account itself");
    world.people.set("bob", Account::active().with_role("clerk"));
    let bob = session("bob").await;
    assert!(list(&bob).await.is_ok(), "a scope of a role");
    let request = Generate::new("bob's").with_subject("bob");
    let record = authority.generate(&bob, request).await.unwrap().record;
    assert_eq!(record.created_by, "bob");
    world.people.set("bob", Account::active());
    assert!(needs(&list(&session("bob").await).await, scopes::TOKENS_READ), "taken at once");
    assert_eq!(session("alice").await.name(), "alice");
}

#[tokio::test]
async fn who_is_not_there_or_not_active_is_no_caller() {
    let (world, authority) = stage().await;
    world.people.set("carol", Account { active: false, ..Account::active().with_role("token-admin") });
    for nobody in ["carol", "nobody", "", "Alice"] {
        for tenant in [None, Some("t")] {
            let answer = authority.caller_of_session(nobody, tenant).await;
            assert!(matches!(answer, Err(ManageError::Denied(Denial::Subject))), "{nobody}: {answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_cannot_tell_makes_no_caller_and_refuses_none() {
    let (world, authority) = stage().await;
    let alice = authority.caller_of_session("alice", None).await.unwrap();
    for mood in [Mood::Failing, Mood::Hanging] {
        world.people.is(mood);
        let fits = |answer: Result<(), ManageError>| match mood {
            Mood::Failing => matches!(answer, Err(ManageError::Unavailable(Unavailable::Directory(_)))),
            _ => matches!(answer, Err(ManageError::Unavailable(Unavailable::DirectoryTimeout))),
        };
        assert!(fits(authority.caller_of_session("alice", None).await.map(drop)));
        assert!(fits(authority.caller_of_session("nobody", None).await.map(drop)));
        let request = Generate::new("new").with_subject("alice");
        assert!(fits(authority.generate(&alice, request).await.map(drop)));
    }
}

/// What is asked for in a session of alice, and whether she may.
fn asks() -> Vec<(&'static str, Generate, bool)> {
    let ask = || Generate::new("asked for").with_subject("alice").with_role("reader");
    let list = |list: &[&str]| names(list);
    vec![
        ("the least", ask(), true),
        ("the whole account", Generate::new("asked for").with_subject("alice"), true),
        ("without end", ask().with_expiry(Expiry::Never), true),
        ("a role held", ask().with_role("clerk"), true),
        ("a scope held", ask().with_scope("extra"), true),
        ("a scope of a role held", ask().with_scope("reports:read"), true),
        ("groups held", Generate { groups: list(&["g1", "g2"]), ..ask() }, true),
        ("a narrower network", Generate { networks: vec!["10.0.0.0/8".parse().unwrap()], ..ask() }, true),
        ("root", Generate { subject: Some("root".into()), ..ask() }, false),
        ("bob, who has less", Generate { subject: Some("bob".into()), ..ask() }, false),
        ("nobody there", Generate { subject: Some("nobody".into()), ..ask() }, false),
        ("no subject", Generate { subject: None, ..ask() }, false),
        ("a tenant", ask().with_tenant("t"), false),
        ("a role not held", ask().with_role("writer"), false),
        ("a role nobody knows", ask().with_role("new"), false),
        ("a scope not held", ask().with_scope("reports:write"), false),
        ("the right to grant", ask().with_scope(scopes::TOKENS_GRANT), false),
        ("the role of an admin", ask().with_role("token-admin"), false),
        ("a group not held", Generate { groups: list(&["g1", "g3"]), ..ask() }, false),
    ]
}

fn edit_to(request: &Generate) -> Edit {
    Edit {
        subject: Some(request.subject.clone()),
        roles: Some(request.roles.clone()),
        scopes: Some(request.scopes.clone()),
        groups: Some(request.groups.clone()),
        networks: Some(request.networks.clone()),
        ..Edit::default()
    }
}

#[tokio::test]
async fn a_session_gives_what_its_account_holds_and_with_the_right_to_grant_the_rest() {
    for path in ["generate", "edit", "enable"] {
        for who in ["alice", "root"] {
            for (what, request, may) in asks() {
                let (_world, authority) = stage().await;
                let caller = authority.caller_of_session(who, None).await.unwrap();
                let nobody = request.subject.as_deref() == Some("nobody");
                let answer = match path {
                    "generate" => authority.generate(&caller, request).await.map(|made| made.record),
                    "edit" => {
                        let poor = Generate {
                            roles: names(&["none"]),
                            groups: names(&["none"]),
                            networks: vec!["10.1.1.1/32".parse().unwrap()],
                            subject: request.subject.clone().filter(|_| !nobody),
                            ..request.clone()
                        };
                        let before = generate(&authority, poor).await.record;
                        let answer = authority.update(&caller, before.id, edit_to(&request), None).await;
                        if answer.is_err() {
                            assert_eq!(authority.find(&admin(), before.id).await.unwrap(), before);
                        }
                        answer
                    }
                    _ if nobody => continue, // There can be no such token.
                    _ => {
                        let id = generate(&authority, request).await.record.id;
                        authority.disable(&admin(), id).await.unwrap();
                        authority.enable(&caller, id).await
                    }
                };
                let fits = match (who, nobody) {
                    ("root", true) => matches!(answer, Err(ManageError::Invalid(_))),
                    ("root", _) => answer.is_ok(),
                    _ if may => answer.is_ok(),
                    _ => needs(&answer, scopes::TOKENS_GRANT),
                };
                assert!(fits, "{what}, {path} by {who}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_of_a_tenant_never_leaves_it() {
    let (_world, authority) = stage().await;
    let foreign = generate(&authority, Generate::new("foreign").with_tenant("t2")).await.record;
    let free = generate(&authority, Generate::new("free")).await.record;
    for who in ["alice", "root"] {
        let caller = authority.caller_of_session(who, Some("t1")).await.unwrap();
        assert_eq!(caller.tenant(), Some("t1"));
        let request = |name: &str| Generate::new(name).with_subject(who);
        let own = authority.generate(&caller, request(who)).await.unwrap().record;
        assert_eq!(own.grant.tenant.as_deref(), Some("t1"), "the tenant is that of the session");
        let answer = authority.generate(&caller, request("other").with_tenant("t2")).await;
        assert!(matches!(answer, Err(ManageError::Denied(Denial::Tenant))), "{answer:?}");
        for other in [&foreign, &free] {
            assert!(matches!(authority.find(&caller, other.id).await, Err(ManageError::NotFound)));
            assert!(matches!(authority.revoke(&caller, other.id).await, Err(ManageError::NotFound)));
        }
        let seen = authority.list(&caller, Default::default(), Default::default(), None, 50).await.unwrap();
        assert!(seen.records.iter().all(|record| record.grant.tenant.as_deref() == Some("t1")));
    }
}

/// Knows many, and fails or hangs at a word.
struct Search(StaticDirectory);

#[async_trait::async_trait]
impl DirectorySearch for Search {
    async fn search(&self, text: &str, limit: usize) -> Result<Vec<Match>, DirectoryError> {
        match text {
            "fail" => Err(DirectoryError::new("the line is cut")),
            "hang" => std::future::pending().await,
            // More than was asked for.
            _ => self.0.search(text, limit + 5).await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_grant_finds_users_and_others_themselves() {
    let (world, plain) = stage().await;
    let known = StaticDirectory::new();
    for number in 0..40 {
        known.set(format!("user{number:02}"), Account::active());
    }
    for name in ["alice", "Alicia", "root"] {
        known.set(name, Account::active());
    }
    let authority = world.start(world.builder().directory_search(Arc::new(Search(known)))).await;
    let found = async |authority: &Authority, caller: &Caller, text: &str| {
        let found = authority.search_subjects(caller, text).await.unwrap();
        found.into_iter().map(|found| found.subject).collect::<Vec<_>>()
    };
    let session = async |subject, tenant| authority.caller_of_session(subject, tenant).await.unwrap();
    let (alice, root) = (session("alice", None).await, session("root", None).await);
    for caller in [&root, &admin()] {
        assert_eq!(found(&authority, caller, "ALI").await, ["Alicia", "alice"]);
        let many = found(&authority, caller, "user").await;
        assert_eq!((many.len(), many[0].as_str()), (20, "user00"));
        for (text, timeout) in [("fail", false), ("hang", true)] {
            let answer = authority.search_subjects(caller, text).await;
            assert!(matches!(answer, Err(ManageError::Unavailable(why))
                if matches!(why, Unavailable::DirectoryTimeout) == timeout));
        }
        let answer = authority.search_subjects(caller, &"x".repeat(201)).await;
        assert!(matches!(answer, Err(ManageError::Invalid(_))));
    }
    let inside = session("root", Some("t")).await;
    for (caller, own) in [(&alice, "alice"), (&inside, "root"), (&session("bob", None).await, "bob")] {
        for text in ["", own, &own.to_uppercase()[1..]] {
            assert_eq!(found(&authority, caller, text).await, [own], "{text:?}");
        }
        for text in ["user", "Alicia", "fail", "hang"] {
            assert_eq!(found(&authority, caller, text).await, [""; 0], "their text reaches nobody");
        }
    }
    let service: Caller = principal(&authority, Generate::new("s").with_role("clerk")).await.into();
    assert_eq!(found(&authority, &service, "").await, [""; 0]);
    // Without a search there is nobody but oneself.
    assert_eq!(found(&plain, &root, "").await, ["root"]);
    assert_eq!(found(&plain, &admin(), "").await, [""; 0]);
}
