//! The check of an access token.

use std::{cell::LazyCell, hint::black_box};

use criterion::Criterion;
use jsonwebtoken::Validation;
use tokio::runtime::Runtime;

use crate::{
    bare::Key,
    world::{ALGORITHMS, Claims, ISSUER, api_token, builder, child},
};

/// Asked for in turn, as if at random: a step that has no factor in common with their number.
const MANY: usize = 10_000;
const STEP: usize = 6_899;

pub(crate) fn bench(criterion: &mut Criterion) {
    // Of two libraries that the build of all tests brings.
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
    for algorithm in ALGORITHMS {
        let runtime = Runtime::new().unwrap();
        let key = Key::generate(algorithm);
        let (forgetful, hashed, authority, parent, one) = runtime.block_on(async {
            let authority = builder(&key).build().await.unwrap();
            let forgetful = builder(&key).remembered_bytes(0).build().await.unwrap();
            let hashed = builder(&key).remember_digests().build().await.unwrap();
            let parent = api_token(&authority, "one").await;
            let one = child(&authority, &parent).await;
            (forgetful, hashed, authority, parent, one)
        });
        let mut validation = Validation::new(algorithm.as_str().parse().unwrap());
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        let decoding = key.decoding();

        let mut group = criterion.benchmark_group(format!("verify/{algorithm}"));
        group.bench_function("bare signature", |bench| {
            bench.iter(|| assert!(key.verifies(black_box(&one))));
        });
        group.bench_function("jsonwebtoken", |bench| {
            bench.iter(|| {
                jsonwebtoken::decode::<Claims>(black_box(one.as_bytes()), &decoding, &validation).unwrap()
            });
        });
        group.bench_function("nothing remembered", |bench| {
            bench.iter(|| forgetful.verifier().verify(black_box(&one)).unwrap());
        });
        group.bench_function("remembered", |bench| {
            bench.iter(|| authority.verifier().verify(black_box(&one)).unwrap());
        });
        group.bench_function("its hash remembered", |bench| {
            bench.iter(|| hashed.verifier().verify(black_box(&one)).unwrap());
        });
        // Made when they are asked for: that takes its time.
        let tokens = LazyCell::new(|| {
            let many = (0..MANY).map(|_| runtime.block_on(child(&authority, &parent))).collect::<Vec<_>>();
            many.iter().for_each(|token| drop(authority.verifier().verify(token).unwrap()));
            many
        });
        group.bench_function("remembered, one of 10000", |bench| {
            let (tokens, mut at) = (&*tokens, 0);
            bench.iter(|| {
                at = (at + STEP) % MANY;
                authority.verifier().verify(black_box(&tokens[at])).unwrap()
            });
        });
        group.finish();
    }
}
