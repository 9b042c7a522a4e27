//! The store in PostgreSQL, against a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod contract;
mod faults;
mod listening;
mod log;
mod opening;
mod server;
