//! What the core costs beside the crypto that it cannot do without: `cargo bench -p jeton`.
//!
//! The bare signature is that of aws-lc-rs, with a key that was read once; `jsonwebtoken` is what a program would call by
//! hand. All of one group take turns in one run: compare those, and trust no figure alone.
#![allow(clippy::unwrap_used, reason = "a benchmark has nobody to answer to")]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod bare;
mod exchange;
mod verify;
mod world;

use criterion::{criterion_group, criterion_main};

criterion_group!(all, verify::bench, exchange::bench);
criterion_main!(all);
