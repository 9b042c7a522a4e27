//! A model of the whole life of tokens as a suite: random sequences of all operations, done by two nodes over one store
//! and by a plain model beside them. After each step every token and every access token that was ever made is accepted
//! by both nodes exactly if it is by the model, with the same rights, and refused for a reason that the model knows.
//!
//! The model knows no epochs, generations, cut-offs, logs and caches: it marks what a change ends. It is written for
//! itself, and shares no code with what it judges.
//!
//! [`model_test!`](crate::model_test) makes the test. `JETON_MODEL_CASES` says how many sequences are tried; one that
//! fails is made as short as possible and printed.

mod changes;
mod check;
mod found;
mod grant;
mod lives;
mod operation;
mod people;
mod record;
mod system;
mod uses;

use std::{env, future::Future};

use jeton::Store;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use self::{
    lives::Model,
    operation::{Sequence, sequences},
    system::System,
};

/// How many sequences are tried over a store that is fast.
#[doc(hidden)]
pub const CASES: u32 = 250;

/// Makes a test of the model over a store.
///
/// It takes an async function that makes an empty store, beside what must live as long as it (its folder, say); and how
/// many sequences are tried, if 250 would take too long.
///
/// ```
/// async fn fresh() -> (jeton::MemoryStore, ()) {
///     (jeton::MemoryStore::new(), ())
/// }
///
/// jeton_testkit::model_test!(fresh);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! model_test {
    ($fresh:path) => {
        $crate::model_test!($fresh, $crate::model::CASES);
    };
    ($fresh:path, $cases:expr) => {
        #[test]
        fn every_sequence_of_operations_comes_to_what_the_model_says() {
            $crate::model::run($fresh, $cases);
        }
    };
}

/// Tries that many random sequences, or as many as `JETON_MODEL_CASES` says, each over a store of its own.
///
/// # Panics
///
/// If one comes to something else than the model says; with the shortest that was found.
pub fn run<S: Store, K, F: Future<Output = (S, K)>>(fresh: impl Fn() -> F, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = env::var("JETON_MODEL_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: told.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&sequences(), |sequence| {
        runtime.block_on(async {
            let (store, _kept) = fresh().await;
            follow(store, &sequence).await.map_err(TestCaseError::fail)
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

async fn follow<S: Store>(store: S, sequence: &Sequence) -> Result<(), String> {
    let system = System::new(store, sequence.personal_grace).await;
    let mut model = Model::new(system.now(), sequence.personal_grace);
    let mut system = system;
    for (step, (operation, node)) in sequence.operations.iter().enumerate() {
        let Some(operation) = model.resolve(operation) else { continue };
        let expected = model.follow(&operation);
        let found = system.follow(&operation, *node).await;
        if found.word != expected.word {
            return Err(format!("step {step}, {operation:?}: {} instead of {}", found.word, expected.word));
        }
        system.keep(found, &expected);
        check::all(&model, &system, *node)
            .await
            .map_err(|what| format!("step {step}, {operation:?}: {what}"))?;
    }
    Ok(())
}
