//! An exchange without HTTP, its record in memory and its API token known, beside one signature.

use std::hint::black_box;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use criterion::Criterion;
use jeton::Exchange;
use tokio::runtime::Builder;

use crate::{
    bare::Key,
    world::{ALGORITHMS, Claims, api_token, builder, child},
};

/// The part of that index, decoded.
fn part(token: &str, index: usize) -> Vec<u8> {
    BASE64.decode(token.split('.').nth(index).unwrap()).unwrap()
}

pub(crate) fn bench(criterion: &mut Criterion) {
    for algorithm in ALGORITHMS {
        let key = Key::generate(algorithm);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let authority = runtime.block_on(builder(&key).build()).unwrap();
        let parent = runtime.block_on(api_token(&authority, "one"));
        let token = runtime.block_on(child(&authority, &parent));
        let claims: Claims = serde_json::from_slice(&part(&token, 1)).unwrap();
        let head = BASE64.encode(part(&token, 0));
        let signed = &token[..token.rfind('.').unwrap()];

        let mut group = criterion.benchmark_group(format!("exchange/{algorithm}"));
        group.bench_function("bare signature", |bench| {
            bench.iter(|| key.sign(black_box(signed.as_bytes())));
        });
        group.bench_function("bare signature and JSON", |bench| {
            bench.iter(|| {
                let payload = BASE64.encode(serde_json::to_vec(black_box(&claims)).unwrap());
                let signed = format!("{head}.{payload}");
                format!("{signed}.{}", key.sign(signed.as_bytes()))
            });
        });
        group.bench_function("exchange", |bench| {
            let request = Exchange::default();
            bench.iter(|| {
                let exchanged = authority.exchange(black_box(parent.api_token.expose()), &request);
                runtime.block_on(exchanged).unwrap()
            });
        });
        group.finish();
    }
}
