//! Two threads that read while tokens are revoked, or nothing is.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use criterion::Criterion;
use jeton::{Algorithm, Authority, Caller};
use tokio::runtime::Runtime;

use crate::{
    bare::Key,
    world::{api_token, builder, child},
};

const RECORDS: usize = 1_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let (authority, tokens) = runtime.block_on(async {
        let authority = builder(&Key::generate(Algorithm::EdDsa)).build().await.unwrap();
        let mut tokens = Vec::new();
        for number in 0..RECORDS {
            let parent = api_token(&authority, &format!("read {number}")).await;
            tokens.push(child(&authority, &parent).await);
        }
        (authority, tokens)
    });
    let mut group = criterion.benchmark_group("two threads read");
    group.bench_function("nothing is revoked", |bench| {
        bench.iter_custom(|times| read(&authority, &tokens, times));
    });
    for pause in [10, 1] {
        group.bench_function(format!("a token is revoked each {pause} ms"), |bench| {
            bench.iter_custom(|times| {
                let over = AtomicBool::new(false);
                thread::scope(|scope| {
                    scope.spawn(|| runtime.block_on(revoke(&authority, Duration::from_millis(pause), &over)));
                    let took = read(&authority, &tokens, times);
                    over.store(true, Ordering::Relaxed);
                    took
                })
            });
        });
    }
    group.finish();
}

/// How long one of two threads takes for so many.
fn read(authority: &Authority, tokens: &[String], times: u64) -> Duration {
    let one = || {
        let start = Instant::now();
        for at in 0..times as usize {
            authority.verifier().verify(&tokens[at % tokens.len()]).unwrap();
        }
        start.elapsed()
    };
    thread::scope(|scope| {
        let other = scope.spawn(one);
        (one() + other.join().unwrap()) / 2
    })
}

/// Generates tokens and revokes them, until it is over.
async fn revoke(authority: &Authority, pause: Duration, over: &AtomicBool) {
    let caller = Caller::system("benchmark");
    for number in 0_u64.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let name = format!("revoked {:?} {number}", Instant::now());
        let id = api_token(authority, &name).await.record.id;
        authority.revoke(&caller, id).await.unwrap();
        tokio::time::sleep(pause).await;
    }
}
