//! Policies against a truth table of their own making, their printed form, and which denial is told.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{admin, names, numbers::Numbers, principal, world};
use jeton::{
    Account, Generate, NamedAudience, Principal,
    policy::{
        Denial, Facts, Policy, all_of, any_of, anybody, audience, custom, group, network, role, scope,
        subject, tenant,
    },
};

const WORDS: [&str; 3] = ["a", "b", "c"];
const ATOMS: u64 = 24;

/// The rule of each bit.
fn atom(bit: u64) -> Policy {
    let word = WORDS[(bit % 3) as usize];
    match bit {
        0..3 => subject(word),
        3..6 => role(word),
        6..9 => scope(word),
        9..12 => group(word),
        12..15 => tenant(word),
        15 => network("10.0.0.0/8".parse().unwrap()),
        16 => anybody(),
        17 => custom("never", |_, _| false),
        18 => audience("mixed"),
        19 => audience("roles"),
        20 => audience("nobody"),
        21 => audience("missing"),
        22 => network("10.9.0.0/16".parse().unwrap()),
        _ => network("2001:db8::/32".parse().unwrap()),
    }
}

/// Who asks, and the bits that are true of it by how it was made.
struct Case {
    principal: Principal,
    facts: Facts,
    truth: u64,
}

async fn cases(numbers: &mut Numbers) -> Vec<Case> {
    let (world, authority) = world().await;
    let of = |name: &str, subjects: &[&str], groups: &[&str], roles: &[&str]| NamedAudience {
        subjects: names(subjects),
        groups: names(groups),
        roles: names(roles),
        ..NamedAudience::new(name)
    };
    for audience in
        [of("mixed", &["a"], &["b"], &[]), of("roles", &["b"], &[], &["a", "c"]), of("nobody", &[], &[], &[])]
    {
        authority.put_audience(&admin(), audience, None).await.unwrap();
    }
    let mut cases = Vec::new();
    for number in 0..60 {
        let mut truth = 1 << 16;
        let mut some = |first: u64, truth: &mut u64| {
            let chosen = numbers.below(8);
            *truth |= chosen << first;
            (0..3)
                .filter(|bit| chosen >> bit & 1 == 1)
                .map(|bit| WORDS[bit].to_owned())
                .collect::<jeton::Names>()
        };
        let (roles, scopes, groups) = (some(3, &mut truth), some(6, &mut truth), some(9, &mut truth));
        let mut request = Generate::new(number.to_string());
        let who = numbers.below(4);
        if who < 3 {
            truth |= 1 << who;
            let word = WORDS[who as usize];
            world.people.set(word, Account { roles, scopes, groups, ..Account::active() });
            request = request.with_subject(word);
        } else {
            request = Generate { roles, scopes, groups, ..request };
        }
        let of = numbers.below(4);
        if of < 3 {
            truth |= 1 << (12 + of);
            request = request.with_tenant(WORDS[of as usize]);
        }
        let is = |bit: u64| truth >> bit & 1;
        let (mixed, roles) = (is(0) | is(10), is(1) | is(3) | is(5));
        truth |= mixed << 18 | roles << 19;
        // In 10.0.0.0/8, in 10.9.0.0/16, in 2001:db8::/32.
        let (address, inside) = match numbers.below(6) {
            0 => (Some("10.9.8.7"), [1, 1, 0]),
            1 => (Some("::ffff:10.0.0.1"), [1, 0, 0]),
            2 => (Some("192.0.2.1"), [0, 0, 0]),
            3 => (Some("2001:db8::1"), [0, 0, 1]),
            4 => (Some("2001:db9::a09:807"), [0, 0, 0]),
            _ => (None, [0, 0, 0]),
        };
        truth |= inside[0] << 15 | inside[1] << 22 | inside[2] << 23;
        let facts = authority.facts(address.map(|text| text.parse().unwrap()));
        cases.push(Case { principal: principal(&authority, request).await, facts, truth });
    }
    cases
}

enum Tree {
    Atom(u64),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

fn tree(numbers: &mut Numbers, depth: u32) -> Tree {
    let kind = if depth == 0 { 0 } else { numbers.below(4) };
    let parts = |numbers: &mut Numbers| {
        let count = 1 + numbers.below(4);
        (0..count).map(|_| tree(numbers, depth - 1)).collect::<Vec<_>>()
    };
    match kind {
        0 => Tree::Atom(numbers.below(ATOMS)),
        1 => Tree::Not(Box::new(tree(numbers, depth - 1))),
        2 => Tree::And(parts(numbers)),
        _ => Tree::Or(parts(numbers)),
    }
}

impl Tree {
    /// By bits alone.
    fn holds(&self, truth: u64) -> bool {
        match self {
            Self::Atom(bit) => truth >> bit & 1 == 1,
            Self::Not(part) => !part.holds(truth),
            Self::And(parts) => parts.iter().filter(|part| !part.holds(truth)).count() == 0,
            Self::Or(parts) => parts.iter().filter(|part| part.holds(truth)).count() > 0,
        }
    }

    fn policy(&self) -> Policy {
        match self {
            Self::Atom(bit) => atom(*bit),
            Self::Not(part) => !part.policy(),
            Self::And(parts) if parts.len() == 2 => parts[0].policy().and(parts[1].policy()),
            Self::Or(parts) if parts.len() == 2 => parts[0].policy().or(parts[1].policy()),
            Self::And(parts) => all_of(parts.iter().map(Self::policy)).unwrap(),
            Self::Or(parts) => any_of(parts.iter().map(Self::policy)).unwrap(),
        }
    }
}

#[tokio::test]
async fn a_policy_says_what_its_truth_table_says() {
    let mut numbers = Numbers(2026);
    let cases = cases(&mut numbers).await;
    let (mut passed, mut denied) = (0, 0);
    for _ in 0..2_000 {
        let tree = tree(&mut numbers, 4);
        let policy = tree.policy();
        for case in &cases {
            let answer = policy.check(&case.principal, &case.facts).is_ok();
            assert_eq!(answer, tree.holds(case.truth), "{policy}, {:?}, {:?}", case.principal, case.facts);
            if answer { passed += 1 } else { denied += 1 }
        }
    }
    assert!(passed > 10_000 && denied > 10_000, "{passed} passed, {denied} denied: both sides are tried");
}

#[test]
fn empty_lists_do_not_build() {
    assert!(all_of([]).is_err() && any_of([]).is_err());
}

#[test]
fn a_policy_is_printed_with_its_structure() {
    let (a, b, c) = (|| role("a"), || scope("b"), || subject("c"));
    let net = network("10.0.0.0/8".parse().unwrap());
    for (policy, text) in [
        (anybody(), "anybody"),
        (a().and(b()), "role(a) and scope(b)"),
        (a().and(b().or(c())), "role(a) and (scope(b) or subject(c))"),
        (a().and(b()).or(c()), "(role(a) and scope(b)) or subject(c)"),
        (a().and(b()).and(c()), "(role(a) and scope(b)) and subject(c)"),
        (!a(), "not (role(a))"),
        (!(a().or(b())), "not (role(a) or scope(b))"),
        ((!a()).and(b()), "not (role(a)) and scope(b)"),
        (all_of([a(), b(), c()]).unwrap(), "role(a) and scope(b) and subject(c)"),
        (all_of([a().or(b())]).unwrap(), "role(a) or scope(b)"),
        (all_of([a().or(b())]).unwrap().and(c()), "(role(a) or scope(b)) and subject(c)"),
        (group("g").or(tenant("t")).or(net), "(group(g) or tenant(t)) or network(10.0.0.0/8)"),
        (custom("office hours", |_, _| true), "office hours"),
        (audience("reports.export").or(!a()), "audience(reports.export) or not (role(a))"),
    ] {
        assert_eq!(policy.to_string(), text);
        assert_eq!(format!("{policy:?}"), format!("Policy({text})"));
    }
}

#[tokio::test]
async fn the_denial_that_is_told_is_the_one_that_helps() {
    let (_world, authority) = world().await;
    let nobody = principal(&authority, Generate::new("nobody")).await;
    let told = |policy: Policy| policy.check(&nobody, &Facts::default()).unwrap_err();
    let net = || network("10.0.0.0/8".parse().unwrap());
    assert_eq!(told(role("r")), Denial::Role);
    assert_eq!(told(subject("s")), Denial::Subject);
    assert_eq!(told(group("g")), Denial::Group);
    assert_eq!(told(tenant("t")), Denial::Tenant);
    assert_eq!(told(net()), Denial::Network);
    assert_eq!(told(audience("a")), Denial::Audience);
    assert_eq!(told(audience("a").or(scope("b"))), Denial::scope("b"));
    assert_eq!(told(!anybody()), Denial::Rule);
    assert_eq!(told(custom("no", |_, _| false)), Denial::Rule);
    assert_eq!(told(scope("a").and(scope("b"))), Denial::Scope(names(&["a", "b"])));
    // Where all must pass, another scope would not help.
    assert_eq!(told(scope("a").and(role("r"))), Denial::Role);
    assert_eq!(told(role("r").and(scope("a"))), Denial::Role);
    // Where one is enough, a scope would.
    assert_eq!(told(role("r").or(scope("a"))), Denial::scope("a"));
    assert_eq!(told(scope("a").or(scope("b"))), Denial::scope("a"));
    assert_eq!(told(role("r").or(group("g"))), Denial::Role);
    assert_eq!(told(scope("a").or(net()).and(scope("b"))), Denial::Scope(names(&["a", "b"])));
}

#[tokio::test]
async fn a_principal_with_nothing_passes_nothing_that_asks_for_something() {
    let (_world, authority) = world().await;
    let nobody = principal(&authority, Generate::new("nobody")).await;
    for policy in [
        role(""),
        scope(""),
        subject(""),
        group(""),
        tenant(""),
        audience(""),
        subject(nobody.token_id().to_string()),
    ] {
        assert!(policy.check(&nobody, &Facts::default()).is_err(), "{policy}");
    }
    assert!(role("external-application").check(&nobody, &Facts::default()).is_ok());
    assert!(authority.find(&admin(), nobody.token_id()).await.is_ok());
}
