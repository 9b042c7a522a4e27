//! Named audiences: replaced version by version, and told of in the change log.

use std::sync::Arc;

use jeton::{Action, Change, NamedAudience, Store, StoreError};

use super::cancel::{STEPS, polled_at_most};
use crate::store::sample::{at_once, entry_at, names, read_on};

async fn put_whole(store: &dyn Store, audience: &NamedAudience) -> Result<(), StoreError> {
    let change = Change::Audience { name: audience.name.clone() };
    store.put_audience(audience, &change, &entry_at(1_000, Action::EditAudience)).await
}

/// Puts that version, with a member that tells which attempt it was.
async fn put(store: &dyn Store, name: &str, version: u64, member: &str) -> Result<(), StoreError> {
    let audience = NamedAudience { version, ..NamedAudience::new(name).with_subject(member) };
    put_whole(store, &audience).await
}

/// How many rows of the log tell of it.
async fn rows(store: &dyn Store, name: &str) -> usize {
    let told = Change::Audience { name: name.to_owned() };
    read_on(store, None).await.0.iter().filter(|row| row.change == told).count()
}

async fn version(store: &dyn Store, name: &str) -> u64 {
    store.audience(name).await.unwrap().map_or(0, |audience| audience.version)
}

pub async fn an_audience_is_found_as_it_was_put(store: Arc<dyn Store>) {
    assert_eq!(store.audience("a").await.unwrap(), None);
    assert_eq!(store.audiences().await.unwrap(), []);
    let most = NamedAudience {
        name: "reports.export:v1~x_y-z".to_owned(),
        subjects: names(&["alice@example.org", "'; DROP TABLE x; --", "日本 \u{1f511}"]),
        groups: names(&["a,b", "[\"c\"]", "Ünits"]),
        roles: names(&["reader", "\\ $1 ?1 %"]),
        version: 1,
    };
    let least = NamedAudience { version: 2, ..NamedAudience::new(&most.name) };
    let again = NamedAudience { version: 3, ..most.clone() };
    for audience in [most, least, again] {
        put_whole(&*store, &audience).await.unwrap();
        assert_eq!(store.audience(&audience.name).await.unwrap().as_ref(), Some(&audience));
        assert_eq!(store.audiences().await.unwrap(), [audience]);
    }
    assert_eq!(store.audience("REPORTS.export:v1~x_y-z").await.unwrap(), None, "names are compared exactly");
}

pub async fn audiences_come_in_the_order_of_their_names(store: Arc<dyn Store>) {
    for name in ["b", "a.b", "a", "B", "a-b", "10", "9", "~"] {
        put(&*store, name, 1, "x").await.unwrap();
    }
    let order: Vec<_> = store.audiences().await.unwrap().into_iter().map(|audience| audience.name).collect();
    assert_eq!(order, ["10", "9", "B", "a", "a-b", "a.b", "b", "~"], "byte by byte");
}

pub async fn an_audience_goes_from_version_to_version(store: Arc<dyn Store>) {
    let mut stored = 0;
    for (tried, fits) in [(0, false), (2, false), (1, true), (1, false), (0, false), (3, false), (2, true)] {
        let answer = put(&*store, "a", tried, &tried.to_string()).await;
        if fits {
            stored = tried;
            answer.unwrap();
        } else {
            assert!(matches!(answer, Err(StoreError::Conflict)), "{tried} after {stored}: {answer:?}");
        }
        let found = store.audience("a").await.unwrap();
        assert_eq!(found.as_ref().map_or(0, |audience| audience.version), stored);
        assert!(found.is_none_or(|audience| audience.subjects == names(&[&stored.to_string()])));
        assert_eq!(rows(&*store, "a").await as u64, stored, "what is refused leaves no row");
    }
    put(&*store, "b", 1, "x").await.expect("another audience has versions of its own");
}

pub async fn of_many_puts_of_one_version_one_succeeds(store: Arc<dyn Store>) {
    for round in 1..=5 {
        let write = |number: u64| {
            let store = Arc::clone(&store);
            async move { put(&*store, "a", round, &number.to_string()).await }
        };
        let answers = at_once((0..16).map(write)).await;
        let won: Vec<_> = (0..16).filter(|number| answers[*number].is_ok()).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let lost = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Conflict)));
        assert_eq!(lost.count(), 15, "{answers:?}");
        let stored = store.audience("a").await.unwrap().unwrap();
        assert_eq!((stored.version, stored.subjects), (round, names(&[&won[0].to_string()])));
    }
    assert_eq!(rows(&*store, "a").await, 5, "the losers left no row");
}

/// A node that reads a row reads the audience: it must not get the old one.
pub async fn who_reads_a_row_finds_the_audience(store: Arc<dyn Store>) {
    const PUTS: u64 = 100;
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for number in 1..=PUTS {
                put(&*store, "a", number, "x").await.unwrap();
            }
        }
    });
    let mut told = 0;
    while told < PUTS {
        let ended = writer.is_finished();
        told = rows(&*store, "a").await as u64;
        let found = version(&*store, "a").await;
        assert!(found >= told, "{told} rows, but version {found}");
        let logged = rows(&*store, "a").await as u64;
        assert!(logged >= found, "version {found}, but {logged} rows");
        assert!(!ended || told == PUTS, "the writer has ended, and rows are missing");
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

pub async fn a_dropped_put_is_done_or_undone(store: Arc<dyn Store>) {
    for step in 0..STEPS {
        let name = step.to_string();
        let answer = polled_at_most(step, put(&*store, &name, 1, "dropped")).await;
        // Again, so that what was begun must be over: it was there, or it is now.
        let again = put(&*store, &name, 1, "again").await;
        assert!(matches!(again, Ok(()) | Err(StoreError::Conflict)), "after {step} steps: {again:?}");
        assert!(answer.is_none() || again.is_err());
        let expected = if again.is_ok() { "again" } else { "dropped" };
        assert_eq!(store.audience(&name).await.unwrap().unwrap().subjects, names(&[expected]));
        assert_eq!(rows(&*store, &name).await, 1, "one put, one row");
    }
}
