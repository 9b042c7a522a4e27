//! The store in PostgreSQL, against a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "some measure real time")]

mod contract;
mod faults;
mod growth;
mod listening;
mod lists;
mod log;
mod opening;
mod proxy;
mod races;
mod server;
#[cfg(feature = "postgres-tls")]
mod tls;
