//! The store in Redis, against a real server: `tests/redis` starts one and names it in `JETON_TEST_REDIS`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may panic, and measures real time"
)]

mod cluster;
mod contract;
mod faults;
mod listening;
mod lists;
mod opening;
mod proxy;
mod server;
#[cfg(feature = "tls")]
mod tls;
