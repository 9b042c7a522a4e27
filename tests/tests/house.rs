//! The house: which crate may know which, and under which licences others' code comes in.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Package, PackageId};
use end_to_end::metadata;

/// Each published crate, and the crates of ours that it may name. Everything else is an arrow the wrong way.
const ARROWS: [(&str, &[&str]); 10] = [
    ("jeton", &[]),
    ("jeton-http", &["jeton"]),
    ("jeton-tower", &["jeton", "jeton-http"]),
    ("jeton-axum", &["jeton", "jeton-http", "jeton-tower"]),
    ("jeton-actix", &["jeton", "jeton-http"]),
    ("jeton-console", &["jeton", "jeton-http"]),
    ("jeton-sqlx", &["jeton"]),
    ("jeton-redis", &["jeton"]),
    ("jeton-remote", &["jeton"]),
    ("jeton-testkit", &["jeton", "jeton-http"]),
];

/// What a crate must not know, at whatever distance.
const STRANGERS: [(&str, &[&str]); 9] = [
    ("jeton", &["http", "hyper", "tower", "axum", "actix-web", "sqlx", "redis"]),
    ("jeton-http", &["hyper", "tower", "axum", "actix-web", "sqlx", "redis"]),
    ("jeton-tower", &["axum", "actix-web", "sqlx", "redis"]),
    ("jeton-axum", &["actix-web", "sqlx", "redis"]),
    ("jeton-actix", &["axum", "hyper", "tower", "sqlx", "redis"]),
    ("jeton-console", &["axum", "actix-web", "hyper", "tower", "sqlx", "redis"]),
    ("jeton-remote", &["tower", "axum", "actix-web", "sqlx", "redis", "openssl"]),
    ("jeton-sqlx", &["http", "hyper", "tower", "axum", "actix-web", "redis"]),
    ("jeton-redis", &["http", "hyper", "tower", "axum", "actix-web", "sqlx"]),
];

/// Licences that ask for no more than to be named.
const LICENCES: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // Of data: the authorities that browsers trust, which come in with encrypted connections to PostgreSQL.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn ours() -> Vec<&'static Package> {
    let ours = metadata().workspace_packages();
    ours.into_iter().filter(|package| package.name.starts_with("jeton")).collect()
}

#[test]
fn arrows_run_one_way() {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    for package in ours() {
        let name = package.name.as_str();
        let allowed = allowed.get(name).unwrap_or_else(|| panic!("{name} has no place in the house"));
        let dependencies =
            package.dependencies.iter().filter(|found| found.kind != DependencyKind::Development);
        for found in dependencies.map(|found| found.name.as_str()) {
            let of_workspace = found.starts_with("jeton") || ["demo", "end-to-end"].contains(&found);
            assert!(!of_workspace || allowed.contains(&found), "{name} must not know {found}");
        }
    }
}

#[test]
fn nothing_strange_comes_in_through_the_back_door() {
    let all: BTreeSet<_> = metadata().packages.iter().map(|package| package.name.as_str()).collect();
    for (name, strangers) in STRANGERS {
        let package = ours().into_iter().find(|package| package.name == name);
        let package = package.unwrap_or_else(|| panic!("there is no {name}"));
        let known = behind(&package.id);
        assert!(known.len() > 5, "{name} has more behind it than {known:?}");
        for stranger in strangers {
            assert!(!known.contains(stranger), "{name} must not know {stranger}");
        }
    }
    // The names above are names that exist.
    for name in ["http", "hyper", "tower", "axum", "actix-web", "sqlx", "redis"] {
        assert!(all.contains(name), "{name}");
    }
}

/// The names of all that a package is built from, with any features; tests aside.
fn behind(package: &PackageId) -> BTreeSet<&'static str> {
    let resolve = metadata().resolve.as_ref().unwrap();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let (mut seen, mut left) = (BTreeSet::new(), vec![package]);
    while let Some(id) = left.pop() {
        for found in &nodes[id].deps {
            let normal = found.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if normal && seen.insert(&found.pkg) {
                left.push(&found.pkg);
            }
        }
    }
    seen.into_iter().map(|id| metadata()[id].name.as_str()).collect()
}

#[test]
fn licences_ask_for_nothing() {
    for package in &metadata().packages {
        let licence = package.license.as_deref().unwrap_or_else(|| panic!("{} has no licence", package.name));
        assert!(allows(licence), "{} is under {licence}", package.name);
    }
    for package in metadata().workspace_packages() {
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "{}", package.name);
        let published = package.publish.as_ref().is_none_or(|registries| !registries.is_empty());
        assert_eq!(published, package.name.starts_with("jeton"), "{}", package.name);
    }
}

/// Whether the expression (SPDX) can be met by the licences above alone.
fn allows(expression: &str) -> bool {
    // Without its parentheses; an older way to write OR is a slash.
    let inner = |text: &str| {
        let text = text.trim();
        text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).map_or(text.to_owned(), str::to_owned)
    };
    let expression = expression.replace('/', " OR ");
    let all = split(&expression, " AND ");
    if all.len() > 1 {
        return all.iter().all(|part| allows(&inner(part)));
    }
    let any = split(&expression, " OR ");
    if any.len() > 1 {
        return any.iter().any(|part| allows(&inner(part)));
    }
    LICENCES.contains(&inner(&expression).as_str())
}

/// Split at a word that stands outside of all parentheses.
fn split<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(word) => {
                parts.push(&text[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[test]
fn expressions_are_read() {
    for good in
        ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND ISC", "ISC AND (Apache-2.0 OR ISC)"]
    {
        assert!(allows(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND (GPL-3.0)", "GPL-3.0 OR AGPL-3.0", ""] {
        assert!(!allows(bad), "{bad}");
    }
}
